# The fuzz targets: under libFuzzer for `make fuzz`, and over their corpora, with gcc and clang, for
# `make check`. Included by Makefile, after tests/rules.mk.

FUZZ_TARGETS := multiboot2 memmap acpi cmdline edit commands pages objects
FUZZ_SRCS := $(LIB_SRCS) boot/multiboot2.c boot/madt.c tests/fuzz/fuzz.c \
	$(patsubst %,tests/fuzz/%.c,$(FUZZ_TARGETS))
FUZZ_WRAP := -Wl,--wrap=port_write,--wrap=port_stop_cpus,--wrap=port_seed
FUZZ_CFLAGS := -O2 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZER_SRCS := $(FUZZ_SRCS) tests/fuzz/libfuzzer.c
FUZZ_REPLAY_SRCS := $(FUZZ_SRCS) tests/fuzz/replay.c

$(eval $(call host-variant,fuzz,clang,$(FUZZ_CFLAGS),$(FUZZER_SRCS)))
$(eval $(call host-program,fuzz,clang,$(FUZZ_CFLAGS) $(FUZZ_WRAP),fuzz,$(FUZZER_SRCS)))
$(eval $(call host-program,gcc-san,gcc,$(SAN_CFLAGS) $(FUZZ_WRAP),fuzz-replay,$(FUZZ_REPLAY_SRCS)))
$(eval $(call host-program,clang-san,clang,$(SAN_CFLAGS) $(FUZZ_WRAP),fuzz-replay,\
	$(FUZZ_REPLAY_SRCS)))
-include $(patsubst %.c,$(HOST)/gcc-san/%.d,$(filter-out $(TEST_SRCS),$(FUZZ_REPLAY_SRCS)))
-include $(patsubst %.c,$(HOST)/clang-san/%.d,$(filter-out $(TEST_SRCS),$(FUZZ_REPLAY_SRCS)))

FUZZ_REPLAYS := $(HOST)/gcc-san/fuzz-replay $(HOST)/clang-san/fuzz-replay
FUZZ_CORPUS := tests/fuzz/corpus
# SECONDS has another default in Makefile.
FUZZ_SECONDS = $(if $(filter command environment,$(origin SECONDS)),$(SECONDS),600)
FUZZ_ONLY ?= $(FUZZ_TARGETS)
FUZZ_CHOSEN = $(or $(strip $(FUZZ_ONLY)),$(error FUZZ_ONLY is empty))$(foreach name,\
	$(filter-out $(FUZZ_TARGETS),$(FUZZ_ONLY)),\
	$(error FUZZ_ONLY=$(name): expected some of $(FUZZ_TARGETS)))

.PHONY: fuzz fuzz-merge check-fuzz
fuzz: ## run the fuzz targets for SECONDS=600, two at a time; FUZZ_ONLY='NAME ...'
fuzz: $(HOST)/fuzz/fuzz | need-python3
	$(HOST_NOECHO)$(PYTHON) tests/fuzz/run.py fuzz --program $< --corpus $(FUZZ_CORPUS) \
		--work build/fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_CHOSEN)

fuzz-merge: $(HOST)/fuzz/fuzz | need-python3 ## minimise what `fuzz` grew into tests/fuzz/corpus/
	$(HOST_NOECHO)$(PYTHON) tests/fuzz/run.py merge --program $< --corpus $(FUZZ_CORPUS) \
		--work build/fuzz $(FUZZ_CHOSEN)

FUZZ_CHECK = $(PYTHON) tests/fuzz/run.py replay --tally $(TALLY)/fuzz --corpus $(FUZZ_CORPUS) \
	--programs $(FUZZ_REPLAYS) -- $(FUZZ_TARGETS)
check-programs: $(FUZZ_REPLAYS)
check-fuzz: $(FUZZ_REPLAYS) | need-python3 ## replay the corpora of the fuzz targets
	$(HOST_NOECHO)$(FUZZ_CHECK)
