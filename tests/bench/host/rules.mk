# The hosted library beside other allocators, included by tests/bench/rules.mk.

HOST_BENCH := $(BENCH)/host
HOST_BENCH_HEADERS := $(addprefix tests/bench/host/,allocator.h bench.h)
HOST_BENCH_OBJECTS := $(addprefix tests/bench/host/,main.c objects.c)
DEPS_BENCH += valgrind:valgrind

# -fno-builtin: a compiler may leave out a pair of malloc() and free(). No debug information:
# valgrind 3.19 fails on what clang 14 writes.
HOST_BENCH_CFLAGS := -std=gnu11 -O2 -fno-builtin $(HOST_WARN) -I. -Iinclude -Iinclude/hosted \
	-Wl,--strip-debug

.PHONY: bench-host bench-host-record need-valgrind
need-valgrind:
	@command -v valgrind >/dev/null || { \
		echo "valgrind not found: run \`make deps-bench\`" >&2; exit 1; }

$(HOST_BENCH)/peers: tests/bench/host/fetch.sh
	@echo "  FETCH   $(HOST_BENCH)"
	@mkdir -p $(@D)
	$(HOST_NOECHO)tests/bench/host/fetch.sh $(HOST_BENCH)

$(HOST_BENCH)/bench-quire: $(HOST_BENCH_OBJECTS) tests/bench/host/pages.c \
		$(HOST)/libquire.a $(HOST_BENCH_HEADERS) $(HOST)/lib/flags
	@echo "  HOSTCC  $@"
	@mkdir -p $(@D)
	$(HOST_NOECHO)$(CC) $(HOST_BENCH_CFLAGS) -DBENCH_QUIRE $(filter %.c %.a,$^) -o $@

$(HOST_BENCH)/bench-malloc: $(HOST_BENCH_OBJECTS) $(HOST_BENCH_HEADERS) $(HOST)/lib/flags
	@echo "  HOSTCC  $@"
	@mkdir -p $(@D)
	$(HOST_NOECHO)$(CC) $(HOST_BENCH_CFLAGS) $(filter %.c,$^) -o $@

HOST_BENCH_RUN = $(PYTHON) tests/bench/host/run.py --folder $(HOST_BENCH) --out $(BENCH)/host.tsv \
	--compiler "$$($(CC) --version | head -n 1)"
HOST_BENCH_NEEDS := $(HOST_BENCH)/bench-quire $(HOST_BENCH)/bench-malloc $(HOST_BENCH)/peers

bench-host bench-host-record: $(HOST_BENCH_NEEDS) | need-python3 need-valgrind
bench-host: ## measure the library beside glibc, jemalloc, mimalloc and tcmalloc
	$(HOST_NOECHO)$(HOST_BENCH_RUN)

bench-host-record: ## the same, and make the figures those that later runs are compared with
	$(HOST_NOECHO)$(HOST_BENCH_RUN) --record
