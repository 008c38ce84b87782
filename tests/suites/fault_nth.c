/*
 * The harness of fault_nth.h.
 *
 * Before, and after each run: sheaves, page lists and empty slabs are given back; then the free
 * blocks of each order, all free pages and the live objects of each cache are what callers hold.
 * They must be the same, whichever request has failed.
 */
#include "fault_nth.h"

#include <kernel/errno.h>

#define MAX_POINTS	5000U	/* more is a scenario that never passes */
#define MAX_FINDINGS	5U	/* then the rest is more of the same */

static struct {
	struct free_state free;
	uint32_t live[MAX_CACHES];
	unsigned int bugs;
} before;

static unsigned int bugs_so_far(void)
{
	unsigned int nr = 0;

	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		nr += mm_bug_count((enum mm_bug_kind)kind);
	return nr;
}

static uint32_t live_of(unsigned int id)
{
	return caches_by_id[id] ? (uint32_t)cache_nr_live(caches_by_id[id]) : 0;
}

static void remember(void)
{
	before.free = free_state_now();
	before.bugs = bugs_so_far();
	for (unsigned int id = 1; id < MAX_CACHES; id++)
		before.live[id] = live_of(id);
}

/* Return: is all there that was there? */
static bool is_all_back(struct ktest *t, const char *name, unsigned int n)
{
	struct free_state now = free_state_now();
	bool good = true;

	for (unsigned int id = 1; id < MAX_CACHES; id++) {
		if (live_of(id) == before.live[id])
			continue;
		ktest_note(t, "%s, request %u failed: %u live objects of %s, %u before", name, n,
			   live_of(id), caches_by_id[id] ? caches_by_id[id]->name : "no cache",
			   before.live[id]);
		good = false;
	}
	if (memcmp(now.nr, before.free.nr, sizeof(now.nr)) != 0 ||
	    now.pages != before.free.pages) {
		ktest_note(t, "%s, request %u failed: %llu pages free, %llu before; or other "
			   "blocks", name, n, (unsigned long long)now.pages,
			   (unsigned long long)before.free.pages);
		good = false;
	}
	return good;
}

/* Let request @n fail. Return: there was one. */
static bool run_once(struct ktest *t, const struct scenario *scenario, bool stacks, unsigned int n,
		     struct fault_tally *tally)
{
	unsigned int level = log_level(), broken;
	bool failed;
	int err;

	log_set_level(LOGLEVEL_ERR);	/* what is refused is said each time */
	fault_nth_begin(n);
	err = scenario->run();
	failed = fault_nth_end();
	log_set_level(level);
	if (err != 0 && (err != -ENOMEM || !failed)) {
		ktest_note(t, "%s, request %u: %d", scenario->name, n, err);
		tally->wrong++;
	}
	tally->absorbed += failed && err == 0;
	if (failed && err == 0 && !stacks && !scenario->absorbs) {
		ktest_note(t, "%s: request %u failed, and nobody was told", scenario->name, n);
		tally->unsaid++;
	}
	tally->leaks += !is_all_back(t, scenario->name, n);
	broken = mm_verify(t->out);
	if (broken)
		ktest_note(t, "%s: after request %u failed", scenario->name, n);
	tally->broken += broken;
	return failed;
}

static unsigned int findings(const struct fault_tally *tally)
{
	return tally->unsaid + tally->wrong + tally->leaks + tally->broken + tally->bugs;
}

struct fault_tally fault_nth_run(struct ktest *t, const struct scenario *scenario, bool stacks)
{
	struct fault_tally tally = { 0 };
	unsigned int n = 1;

	if (!stacks)
		fault_set_stacks(false);
	remember();
	while (run_once(t, scenario, stacks, n, &tally)) {
		tally.points = n++;
		if (findings(&tally) >= MAX_FINDINGS)
			break;
		if (n > MAX_POINTS) {
			ktest_note(t, "%s: %u requests and no end", scenario->name, MAX_POINTS);
			tally.wrong++;
			break;
		}
	}
	tally.bugs = bugs_so_far() - before.bugs;
	if (!stacks)
		fault_set_stacks(true);
	return tally;
}

void fault_nth_expect(struct ktest *t, const struct scenario *scenario)
{
	for (unsigned int stacks = 0; stacks < 2; stacks++) {
		struct fault_tally tally = fault_nth_run(t, scenario, stacks);

		KTEST_EXPECT(t, tally.points > 0 || stacks);
		KTEST_EXPECT_EQ(t, tally.unsaid, 0);
		KTEST_EXPECT_EQ(t, tally.wrong, 0);
		KTEST_EXPECT_EQ(t, tally.leaks, 0);
		KTEST_EXPECT_EQ(t, tally.broken, 0);
		KTEST_EXPECT_EQ(t, tally.bugs, 0);
		ktest_note(t, "%s%s: %u requests failed in turn", scenario->name,
			   stacks ? ", with the CPU's stacks" : "", tally.points);
	}
}

bool fault_nth_possible(struct ktest *t)
{
	if (!READ_ONCE(fault_armed))
		return true;
	ktest_skip(t, "failslab or fail_page_alloc is on");
	return false;
}
