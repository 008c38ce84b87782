# Seeded faults, each of which some test must see: run.py. Included by Makefile.

MUTANTS := $(PYTHON) tests/mutants/run.py --files $(MM_SRCS) boot/multiboot2.c boot/madt.c \
	boot/boot_info.c boot/gdt.c boot/interrupts.c boot/ipi.c boot/options.c boot/port.c \
	boot/serial.c boot/smp.c boot/stacks.c boot/traps.c \
	boot/include/port/stack.h include/kernel/stack_portable.h \
	kernel/spinlock.c
MUTANTS_CHECK = $(MUTANTS) --check --tally $(TALLY)/mutants
ONLY ?= *

# Built first, here: workers begin with copies of these objects.
MUTANTS_NEED := $(addprefix $(HOST)/gcc-san/,suites replay boot_faults random) \
	$(HOST)/gcc-tsan/random $(EXHAUST_PROGRAM) $(INTERLEAVE)/gcc/interleave

.PHONY: mutants
mutants: ## seed faults and see the tests catch each; ONLY=GLOB
mutants: check-images $(MUTANTS_NEED) | need-python3 need-$(QEMU)
	$(HOST_NOECHO)$(MUTANTS) --only '$(ONLY)'
