/*
 * Fail the first, the second, the third ... request of a scenario, until it passes untouched.
 */
#pragma once

#include "object_test.h"

#include "mm/fault.h"

/*
 * struct scenario - a piece of work that asks for memory and leaves nothing behind.
 * @run:     Return: 0 when all was had; -ENOMEM when a request failed and the caller of that
 *           interface was told so by NULL, 0 or an error, and nothing is held any more; anything
 *           else: what the interface promises does not hold.
 * @absorbs: a request may fail without anybody noticing, because there is another way
 */
struct scenario {
	const char *name;
	int (*run)(void);
	bool absorbs;
};

/*
 * struct fault_tally - what fault_nth_run() saw. All but the first two are 0 when the scenario is
 * sound.
 * @points:    requests of it that could fail
 * @absorbed:  failures after which it claimed to have had everything
 * @unsaid:    those of them that nothing excuses: neither stacks in use nor scenario->absorbs
 * @wrong:     results that are neither success nor -ENOMEM, or a failure without cause
 * @leaks:     failures after which an object or page was missing
 * @broken:    findings of mm_verify()
 * @bugs:      callers' bugs that were reported
 */
struct fault_tally {
	unsigned int points, absorbed, unsaid, wrong, leaks, broken, bugs;
};

/**
 * fault_nth_run() - @stacks: CPUs use their sheaves and page lists meanwhile, so that only what
 * they cannot serve is asked about, the sheaves' own memory included; any of it may be absorbed.
 * Findings are noted on @t; whether they are failures is for the caller to say.
 */
struct fault_tally fault_nth_run(struct ktest *t, const struct scenario *scenario, bool stacks);

/** fault_nth_expect() - both ways; the case fails for each finding, and if nothing could fail while
 *  the stacks are out of use. */
void fault_nth_expect(struct ktest *t, const struct scenario *scenario);

/** fault_nth_possible() - false: failures are injected by settings already; the case is skipped. */
bool fault_nth_possible(struct ktest *t);
