# Lines and branches that the hosted tests reach, by gcc's --coverage; included by the Makefile.

COV := $(HOST)/cov
# No optimization, and no copy of a function in each of its callers: what gcov counts are the
# branches that were written. DEBUG: all that there is.
# Children that abort write their counters themselves (tests/host/child.c).
COV_CFLAGS := -O0 --coverage -DDEBUG=1 -D__always_inline=inline -Wl,-u,__gcov_dump

# kernel/string.c, which the other hosted programs leave to libc and its sanitizers, is looked at
# here.
COV_SUITES_SRCS := $(TEST_SRCS) kernel/string.c
COV_REPLAY_SRCS := $(REPLAY_SRCS) kernel/string.c

$(eval $(call host-variant,cov,gcc,$(COV_CFLAGS),$(sort $(COV_SUITES_SRCS) $(COV_REPLAY_SRCS))))
$(eval $(call host-program,cov,gcc,$(COV_CFLAGS),suites,$(COV_SUITES_SRCS)))
$(eval $(call host-program,cov,gcc,$(COV_CFLAGS),replay,$(COV_REPLAY_SRCS)))

# Programs and, as one word each, how they are run; * stands for one run a file.
COV_PROGRAMS := $(COV)/suites $(COV)/replay
COV_RUNS := '$(COV)/suites' '$(COV)/suites --kmalloc-sizes ledger_object' \
	'$(COV)/replay tests/maps/*.map'

.PHONY: coverage
coverage: ## lines and branches of mm/ and kernel/ that the hosted tests reach
coverage: $(COV_PROGRAMS) | need-python3 need-gcov
	$(HOST_NOECHO)$(PYTHON) tests/coverage/report.py --tally $(TALLY)/coverage \
		--objects $(COV) --sources "$(MM_SRCS) $(KERNEL_SRCS)" $(COV_RUNS)
