# Every state of small zones and small caches, included by Makefile after tests/rules.mk.

EXHAUST_SRCS := $(filter-out tests/host/port.c tests/host/cpus.c tests/host/quire.c,$(LIB_SRCS)) \
	$(addprefix tests/exhaust/,search.c port.c memory.c reference.c zone.c cache.c plans.c \
	main.c)

$(eval $(call host-variant,exhaust,gcc,-O2,$(EXHAUST_SRCS)))
$(eval $(call host-program,exhaust,gcc,-O2,exhaust,$(EXHAUST_SRCS)))

EXHAUST_CHECK = $(PYTHON) tests/exhaust/run.py --tally $(TALLY)/exhaust $(EXHAUST_PROGRAM)
EXHAUST_LONG = $(PYTHON) tests/exhaust/run.py --long --tally $(TALLY)-long/exhaust \
	$(EXHAUST_PROGRAM)

.PHONY: check-exhaust
check-exhaust: $(EXHAUST_PROGRAM) | need-python3 ## search all states of small zones and caches
	$(HOST_NOECHO)$(EXHAUST_CHECK)

check-programs: $(EXHAUST_PROGRAM)
