# Every interleaving of two CPUs and an interrupt, included by Makefile after tests/rules.mk;
# docs/testing.md explains it.

INTERLEAVE := build/interleave
INTERLEAVE_CC ?= gcc
INTERLEAVE_OUT := $(INTERLEAVE)/$(INTERLEAVE_CC)
# kernel/ and mm/ tell of each access; the rest is what they tell it to.
INTERLEAVE_MM := $(filter-out kernel/string.c,$(KERNEL_SRCS)) $(MM_SRCS)
INTERLEAVE_SRCS := $(INTERLEAVE_MM) \
	$(addprefix tests/host/,no_interrupts.c quire.c symbols.c) \
	$(addprefix tests/interleave/,callbacks.c memory.c cpu.c port.c sequence.c explore.c \
	states.c check.c scenarios.c main.c)
INTERLEAVE_OBJS := $(INTERLEAVE_SRCS:%.c=$(INTERLEAVE_OUT)/%.o)
INTERLEAVE_CFLAGS := -std=gnu11 -ffreestanding -O2 -g $(HOST_WARN) \
	-I. -Iinclude -Itests/interleave/include
# clang leaves out a load that a store to the same place follows; gcc does not.
INTERLEAVE_TELL := -fsanitize=thread \
	$(if $(filter clang,$(INTERLEAVE_CC)),-mllvm -tsan-instrument-read-before-write=1)
INTERLEAVE_LDFLAGS := -Wl,--wrap=memset,--wrap=memcpy,--wrap=memmove

INTERLEAVE_PROGRAM := $(INTERLEAVE_OUT)/interleave
INTERLEAVE_CHECK = $(PYTHON) tests/interleave/run.py --tally $(TALLY)/interleave \
	--program $(INTERLEAVE_PROGRAM)

INTERLEAVE_LONG = $(PYTHON) tests/interleave/run.py --long --tally $(TALLY)-long/interleave \
	--program $(INTERLEAVE_PROGRAM)

.PHONY: check-interleave

check-interleave: ## explore the schedules of two CPUs and an interrupt, up to a bound
check-interleave: $(INTERLEAVE_PROGRAM) | need-python3
	$(HOST_NOECHO)$(INTERLEAVE_CHECK)

check-programs: $(INTERLEAVE_PROGRAM)

$(INTERLEAVE_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(INTERLEAVE_CC) $(INTERLEAVE_CFLAGS) $(INTERLEAVE_TELL)' | cmp -s - $@ || \
		echo '$(INTERLEAVE_CC) $(INTERLEAVE_CFLAGS) $(INTERLEAVE_TELL)' >$@

$(INTERLEAVE_OUT)/kernel/%.o $(INTERLEAVE_OUT)/mm/%.o: INTERLEAVE_CFLAGS += $(INTERLEAVE_TELL)

$(INTERLEAVE_OUT)/%.o: %.c $(INTERLEAVE_OUT)/flags | need-$(INTERLEAVE_CC)
	@mkdir -p $(@D)
	@echo "  HOSTCC  interleave $<"
	$(HOST_NOECHO)$(INTERLEAVE_CC) $(INTERLEAVE_CFLAGS) -MMD -MP -c $< -o $@

$(INTERLEAVE_PROGRAM): $(INTERLEAVE_OBJS)
	@echo "  HOSTLD  $@"
	$(HOST_NOECHO)$(INTERLEAVE_CC) $(INTERLEAVE_LDFLAGS) $^ -o $@

-include $(INTERLEAVE_OBJS:.o=.d)
