# The benchmarks, included by Makefile after tests/rules.mk; docs/benchmarks.md explains them.

BENCH := build/bench
BENCH_ONLY ?=

# PROGRAM:PACKAGE, as in DEPS: what only a benchmark needs. Fragments below add theirs.
DEPS_BENCH :=

BENCH_RUN = $(PYTHON) tests/bench/run.py --iso $(OUT)/quire.iso --out $(BENCH)
# Always gcc's image: its figures are the recorded ones.
BENCH_CHECK = $(PYTHON) tests/bench/run.py --check --iso build/gcc/quire.iso --out $(BENCH)/check \
	--tally $(TALLY)/bench
BENCH_NEEDS := need-python3 need-$(QEMU)

.PHONY: bench bench-record check-bench deps-bench

bench: iso | $(BENCH_NEEDS) ## measure instructions per operation; BENCH_ONLY=GLOB[,GLOB...]
	$(HOST_NOECHO)$(BENCH_RUN) $(addprefix --bench=,$(BENCH_ONLY))

bench-record: iso | $(BENCH_NEEDS) ## the same, and make the figures those to compare with
	$(HOST_NOECHO)$(BENCH_RUN) --record

check-bench: check-images | $(BENCH_NEEDS) ## fail when a short benchmark has grown by 5 %
	$(HOST_NOECHO)$(BENCH_CHECK)

-include tests/bench/linux/rules.mk
-include tests/bench/host/rules.mk

deps-bench: deps ## install what the comparing benchmarks need besides
	@$(MAKE) --no-print-directory deps DEPS="$(DEPS_BENCH)"
