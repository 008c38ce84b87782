# Random operations against a model: tests/random/main.c. Included by Makefile.

RANDOM_SRCS := $(addprefix tests/random/,main.c generate.c execute.c holding.c misuse.c check.c \
	shrink.c emit.c)
RANDOM_PARTS := $(LIB_SRCS) $(RANDOM_SRCS)
TSAN_CFLAGS := -O1 -fsanitize=thread

# The objects of the library are those of the suites; the program's own stand beside them.
$(eval $(call host-variant,clang-tsan,clang,$(TSAN_CFLAGS),$(RANDOM_PARTS)))
$(eval $(call host-variant,gcc-tsan,gcc,$(TSAN_CFLAGS),$(RANDOM_PARTS)))
$(eval $(call host-program,gcc-san,gcc,$(SAN_CFLAGS),random,$(RANDOM_PARTS)))
$(eval $(call host-program,clang-san,clang,$(SAN_CFLAGS),random,$(RANDOM_PARTS)))
$(eval $(call host-program,clang-tsan,clang,$(TSAN_CFLAGS),random,$(RANDOM_PARTS)))
$(eval $(call host-program,gcc-tsan,gcc,$(TSAN_CFLAGS),random,$(RANDOM_PARTS)))
-include $(patsubst %.c,$(HOST)/gcc-san/%.d,$(RANDOM_SRCS))
-include $(patsubst %.c,$(HOST)/clang-san/%.d,$(RANDOM_SRCS))

RANDOM_PROGRAMS := $(addprefix $(HOST)/,gcc-san/random clang-san/random gcc-tsan/random \
	clang-tsan/random)
RANDOM_RUN = $(PYTHON) tests/random/run.py --flags="$(HOST_CFLAGS)"
RANDOM_CHECK = $(RANDOM_RUN) --tally $(TALLY)/random
RANDOM_LONG = $(RANDOM_RUN) --long --tally $(TALLY)-long/random

.PHONY: check-random
check-random: ## random operations against a model, under sanitizers, also with threads
check-random: $(RANDOM_PROGRAMS) | need-python3
	$(HOST_NOECHO)$(RANDOM_CHECK)

check-programs: $(RANDOM_PROGRAMS)
