# The test rings, included by Makefile. Each ring leaves its count in build/check/; `check` adds
# them up.

PYTHON := /usr/bin/python3 -B
HOST := build/host
TALLY := build/check

HOST_LIB_SRCS := tests/host/port.c tests/host/no_interrupts.c tests/host/cpus.c \
	tests/host/quire.c tests/host/symbols.c
LIB_SRCS := $(filter-out kernel/string.c,$(KERNEL_SRCS)) $(MM_SRCS) $(HOST_LIB_SRCS)

HOST_WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wconversion -Wno-sign-conversion \
	-Wmissing-prototypes -Wstrict-prototypes
HOST_CFLAGS := -std=gnu11 -ffreestanding -g -fno-omit-frame-pointer -funwind-tables $(HOST_WARN) \
	-I. -Iinclude -Iinclude/hosted
SAN_CFLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_NOECHO := $(if $(V),,@)

# host-variant NAME COMPILER FLAGS SOURCES: objects of SOURCES under build/host/NAME/
define host-variant
$(HOST)/$(1)/%.o: %.c $(HOST)/$(1)/flags | need-$(2)
	@mkdir -p $$(@D)
	@echo "  HOSTCC  $(1) $$<"
	$$(HOST_NOECHO)$(2) $$(HOST_CFLAGS) $(3) -MMD -MP -c $$< -o $$@

# Rewritten only when it says something else, so that changed flags rebuild and unchanged ones do
# not.
$(HOST)/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$(2) $$(HOST_CFLAGS) $(3)' | cmp -s - $$@ || echo '$(2) $$(HOST_CFLAGS) $(3)' > $$@

-include $(patsubst %.c,$(HOST)/$(1)/%.d,$(4))
endef

# host-program NAME COMPILER FLAGS PROGRAM SOURCES: build/host/NAME/PROGRAM from SOURCES
define host-program
$(HOST)/$(1)/$(4): $(patsubst %.c,$(HOST)/$(1)/%.o,$(5))
	@echo "  HOSTLD  $$@"
	$$(HOST_NOECHO)$(2) $(3) $$^ -o $$@
endef

# What needs processes and threads.
HOST_SUITE_SRCS := $(addprefix tests/host/,child.c waiter.c panic_test.c systems_test.c \
	cpus_test.c boot_test.c)
# The parsers of boot/ are pure, so their suites run here too.
TEST_SRCS := $(LIB_SRCS) boot/multiboot2.c boot/madt.c $(SUITE_SRCS) $(HOST_SUITE_SRCS) \
	tests/host/main.c
REPLAY_SRCS := $(LIB_SRCS) tests/host/replay.c
BOOT_FAULTS_SRCS := $(LIB_SRCS) tests/host/boot_faults.c

$(eval $(call host-variant,lib,$(CC),-O2,$(LIB_SRCS)))
$(eval $(call host-variant,gcc-san,gcc,$(SAN_CFLAGS),$(TEST_SRCS) tests/host/replay.c \
	tests/host/boot_faults.c))
$(eval $(call host-variant,clang-san,clang,$(SAN_CFLAGS),$(TEST_SRCS) tests/host/replay.c \
	tests/host/boot_faults.c))
$(eval $(call host-program,gcc-san,gcc,$(SAN_CFLAGS),suites,$(TEST_SRCS)))
$(eval $(call host-program,clang-san,clang,$(SAN_CFLAGS),suites,$(TEST_SRCS)))
$(eval $(call host-program,gcc-san,gcc,$(SAN_CFLAGS),replay,$(REPLAY_SRCS)))
$(eval $(call host-program,clang-san,clang,$(SAN_CFLAGS),replay,$(REPLAY_SRCS)))
$(eval $(call host-program,gcc-san,gcc,$(SAN_CFLAGS),boot_faults,$(BOOT_FAULTS_SRCS)))
$(eval $(call host-program,clang-san,clang,$(SAN_CFLAGS),boot_faults,$(BOOT_FAULTS_SRCS)))

HOST_SUITES := $(HOST)/gcc-san/suites $(HOST)/clang-san/suites $(HOST)/gcc-san/boot_faults \
	$(HOST)/clang-san/boot_faults
HOST_REPLAYS := $(HOST)/gcc-san/replay $(HOST)/clang-san/replay

.PHONY: FORCE lib check check-programs check-long check-host check-qemu check-images lint format
FORCE:

lib: $(HOST)/libquire.a ## build mm/ and kernel/ as a hosted library, build/host/libquire.a

$(HOST)/libquire.a: $(patsubst %.c,$(HOST)/lib/%.o,$(LIB_SRCS))
	@echo "  AR      $@"
	@rm -f $@
	$(HOST_NOECHO)ar rcs $@ $^

# The flags of a user, not ours: the headers must not need more.
$(HOST)/example: tests/host/example.c $(HOST)/libquire.a
	@echo "  HOSTCC  $@"
	$(HOST_NOECHO)$(CC) -Wall -Iinclude -Iinclude/hosted $^ -o $@

EXHAUST_PROGRAM := $(HOST)/exhaust/exhaust
HOST_PROGRAMS := $(HOST_SUITES) $(HOST_REPLAYS) $(HOST)/example
HOST_CHECK = $(PYTHON) tests/host/run.py --tally $(TALLY)/host --suites $(HOST_SUITES) \
	--noted $(HOST)/gcc-san/suites $(HOST)/clang-san/suites \
	--replay $(HOST_REPLAYS) --maps tests/maps --example $(HOST)/example \
	--units tests tests/tools tests/host tests/qemu tests/bench tests/coverage tests/maps \
	tests/fuzz tests/mutants tests/random tests/exhaust tests/interleave
check-host: ## run the suites as a process, with sanitizers, gcc and clang
check-host: $(HOST_PROGRAMS) | need-python3
	$(HOST_NOECHO)$(HOST_CHECK)

# Both compilers' images, one with the portable stacks, one with the checks of DEBUG=1, whatever CC
# is.
check-images: | need-gcc need-clang
	$(HOST_NOECHO)$(MAKE) --no-print-directory CC=gcc STACKS=restartable iso
	$(HOST_NOECHO)$(MAKE) --no-print-directory CC=clang STACKS=restartable iso
	$(HOST_NOECHO)$(MAKE) --no-print-directory CC=gcc STACKS=portable iso
	$(HOST_NOECHO)$(MAKE) --no-print-directory CC=gcc STACKS=restartable DEBUG=1 iso

QEMU_CHECK = $(PYTHON) tests/qemu/run.py --tally $(TALLY)/qemu --logs build/check/boots \
	--gcc build/gcc/quire.iso --clang build/clang/quire.iso \
	--portable build/gcc-portable/quire.iso --debug build/gcc-debug/quire.iso --maps tests/maps
check-qemu: ## boot the matrix of machines, sizes, firmwares
check-qemu: check-images | need-python3 need-$(QEMU) need-ovmf
	$(HOST_NOECHO)$(QEMU_CHECK)

LINT = $(PYTHON) tests/lint/run.py --tally $(TALLY)/lint --kernel "$(KERNEL_SRCS)" \
	--mm "$(MM_SRCS)" --boot "$(BOOT_SRCS)"
lint: ## check floors, port, cross builds, style, contracts, analyzers, and the rules themselves
lint: | need-python3 need-gcc need-clang need-clang-tidy-14 need-cppcheck
	$(HOST_NOECHO)$(LINT)

format: ## clang-format the lines changed since the last commit; read the result before you keep it
	$(HOST_NOECHO)git clang-format-14 --extensions c,h --style file HEAD -- \
		boot kernel mm include tests || echo "git clang-format is missing: make deps"

# What `check` and `check-long` run; each folder's rules add theirs.
JOBS := $(shell nproc)
check-programs: check-images $(HOST_PROGRAMS)

# Every ring runs, whatever the others find; the sum is the verdict. Hosted programs come one by
# one, and a machine often waits: the rings in brackets have the cores that this leaves idle.
RINGS := host mutants qemu random fuzz bench lint exhaust interleave
check: ## run all; ends with N passed, N failed
check: | need-python3 need-$(QEMU) need-ovmf need-gcc need-clang
	@rm -rf $(TALLY)
	$(HOST_NOECHO)$(MAKE) --no-print-directory -j$(JOBS) check-programs
	$(HOST_NOECHO)($(LINT); nice $(EXHAUST_CHECK); $(INTERLEAVE_CHECK)) \
			>build/beside.log 2>&1 & \
		$(HOST_CHECK); $(MUTANTS_CHECK); $(QEMU_CHECK); $(RANDOM_CHECK); $(FUZZ_CHECK); \
		$(BENCH_CHECK); wait; cat build/beside.log
	@$(PYTHON) tests/tally.py sum $(addprefix $(TALLY)/,$(RINGS))

# What takes too long for `check`, likewise.
LONG_RINGS := exhaust interleave random
check-long: | need-python3 need-gcc need-clang ## run what is too long for check
	@rm -rf $(TALLY)-long
	$(HOST_NOECHO)$(MAKE) --no-print-directory -j$(JOBS) check-programs
	$(HOST_NOECHO)(nice $(EXHAUST_LONG); nice $(INTERLEAVE_LONG)) >build/beside.log 2>&1 & \
		$(RANDOM_LONG); wait; cat build/beside.log
	@$(PYTHON) tests/tally.py sum $(addprefix $(TALLY)-long/,$(LONG_RINGS))
