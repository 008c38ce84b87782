/*
 * The soak's first steps: each of their requests fails once.
 *
 * What the soak (tests/soak/soak.c) would do on one CPU with this seed and 24 slots, as long as it
 * gets all that it asks for: tests/soak/steps.h draws the steps, for it and for this file. Another
 * seed or number is another trace. They are done in the same order whatever becomes of them: an
 * operation whose slot is empty (its taking failed) does nothing, and a slot that is filled again
 * is emptied first.
 */
#include "fault_nth.h"

#include <kernel/errno.h>

#include "tests/soak/steps.h"

#define SEED		0x481fe210a758f21dULL
#define NR_SLOTS	24U
#define NR_STEPS	300U

struct slot {
	uint64_t *memory;
	size_t size;
	enum soak_kind kind;		/* what filled it */
};

static struct {
	unsigned int slot;
	struct soak_step step;
} trace[NR_STEPS];
static struct kmem_cache *cache;
static struct slot slots[NR_SLOTS];
static int verdict;

/* A word of every 64, and the last: enough to see another owner. */
static uint64_t word_of(const struct slot *slot, size_t i)
{
	return ((uintptr_t)slot->memory + slot->size + i) * SOAK_GOLDEN;
}

static size_t next_word(size_t i, size_t nr)
{
	if (i + 64 < nr)
		return i + 64;
	return i + 1 < nr ? nr - 1 : nr;
}

static void fill(const struct slot *slot)
{
	size_t nr = slot->size / sizeof(uint64_t);

	for (size_t i = 0; i < nr; i = next_word(i, nr))
		slot->memory[i] = word_of(slot, i);
}

static void check(const struct slot *slot)
{
	size_t nr = slot->size / sizeof(uint64_t);

	for (size_t i = 0; i < nr; i = next_word(i, nr)) {
		if (slot->memory[i] != word_of(slot, i))
			verdict = -EIO;
	}
}

static void refused(void)
{
	if (!verdict)
		verdict = -ENOMEM;
}

static void give(struct slot *slot)
{
	if (!slot->memory)
		return;
	check(slot);
	if (slot->kind == SOAK_PAGES)
		free_pages((unsigned long)slot->memory, LARGE_ORDER(slot->size));
	else if (slot->kind == SOAK_OBJECT)
		kmem_cache_free(cache, slot->memory);
	else
		kfree(slot->memory);
	slot->memory = NULL;
}

static void take(struct slot *slot, const struct soak_step *step)
{
	gfp_t gfp = (step->atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN;

	give(slot);
	slot->kind = step->kind;
	slot->size = step->size;
	if (slot->kind == SOAK_PAGES)
		slot->memory = (uint64_t *)__get_free_pages(gfp, LARGE_ORDER(slot->size));
	else if (slot->kind == SOAK_OBJECT)
		slot->memory = kmem_cache_alloc(cache, gfp);
	else
		slot->memory = kmalloc(slot->size, gfp);
	if (slot->memory)
		fill(slot);
	else
		refused();
}

static void move(struct slot *slot, size_t size)
{
	struct slot was = *slot;
	uint64_t *memory;

	if (!slot->memory || slot->kind != SOAK_KMALLOC)
		return;
	check(slot);
	memory = krealloc(slot->memory, size, GFP_KERNEL | __GFP_NOWARN);
	if (!memory) {
		refused();
		check(slot);		/* still the caller's, and whole */
		return;
	}
	if (size >= sizeof(uint64_t) && was.size >= sizeof(uint64_t) &&
	    memory[0] != word_of(&was, 0))
		verdict = -EIO;
	slot->memory = memory;
	slot->size = size;
	fill(slot);
}

/* What the slot held goes through an object of its own to somebody who frees both. */
static void hand_over(struct slot *slot)
{
	struct slot *letter;

	if (!slot->memory)
		return;
	letter = kmalloc(sizeof(*letter), GFP_KERNEL | __GFP_NOWARN);
	if (!letter) {
		refused();
		return;
	}
	*letter = *slot;
	slot->memory = NULL;
	give(letter);
	kfree(letter);
}

/* Every request is served, so a slot holds what was taken until it is given or goes as a letter. */
static void draw_trace(void)
{
	enum soak_kind held[NR_SLOTS] = { SOAK_NOTHING };
	uint64_t random = soak_random(SEED, 0);

	for (unsigned int i = 0; i < NR_STEPS; i++) {
		unsigned int slot = soak_draw(&random, NR_SLOTS);

		trace[i].slot = slot;
		trace[i].step = soak_draw_step(&random, held[slot]);
		if (trace[i].step.op != SOAK_MOVE)
			held[slot] = trace[i].step.kind;
	}
}

static int run_trace(void)
{
	verdict = 0;
	for (unsigned int i = 0; i < NR_STEPS; i++) {
		struct slot *slot = &slots[trace[i].slot];
		const struct soak_step *step = &trace[i].step;

		if (step->op == SOAK_GIVE)
			give(slot);
		else if (step->op == SOAK_MOVE)
			move(slot, step->size);
		else if (step->op == SOAK_LETTER)
			hand_over(slot);
		else
			take(slot, step);
	}
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		give(&slots[i]);
	return verdict;
}

/* How many requests the trace makes that @attr picks out. A setting that never lets anything fail
 * counts them. */
static unsigned int nr_of(enum fault_kind kind, unsigned int min_order, const char *name,
			  bool stacks)
{
	struct fault_attr counting = {
		.interval = UINT64_MAX, .probability = 100, .times = -1, .min_order = min_order,
	};
	struct fault_state before, after;

	ksnprintf(counting.cache, sizeof(counting.cache), "%s", name);
	if (!stacks)
		fault_set_stacks(false);
	(void)free_state_now();
	fault_get(kind, &before);
	fault_set(kind, &counting);
	(void)run_trace();
	fault_get(kind, &after);
	fault_set(kind, &before.attr);
	if (!stacks)
		fault_set_stacks(true);
	return (unsigned int)(after.seen - before.seen);
}

/*
 * Who asks is told, but for two kinds of requests: those for slabs of several pages, without which
 * kmalloc() takes pages, and those for sheaves, without which objects come from their slabs. A
 * sheaf may be refused, and the slab that it is to come from.
 */
static void expect_absorbed(struct ktest *t, bool stacks, unsigned int absorbed)
{
	unsigned int blocks = nr_of(FAULT_PAGE_ALLOC, 1, "*", stacks), in_slab, sheaves;

	if (!stacks) {
		KTEST_EXPECT(t, absorbed > 0 && absorbed <= blocks);
		return;
	}
	sheaves = nr_of(FAULT_SLAB, 0, "sheaf", true);
	in_slab = kmem_cache_find("sheaf")->objects;
	KTEST_EXPECT(t, sheaves > 0 && absorbed >= sheaves);
	KTEST_EXPECT(t, absorbed <= sheaves + (sheaves + in_slab - 1) / in_slab + blocks);
	ktest_note(t, "with the CPU's stacks: %u of them absorbed; %u sheaves were asked for",
		   absorbed, sheaves);
}

static void the_soak(struct ktest *t)
{
	static const struct scenario scenario = { "the soak's trace", run_trace, true };

	if (!fault_nth_possible(t))
		return;
	draw_trace();
	cache = kmem_cache_create("test-trace", SOAK_CACHE_SIZE, 0, 0, NULL);
	KTEST_ASSERT(t, cache);
	for (unsigned int stacks = 0; stacks < 2; stacks++) {
		struct fault_tally tally = fault_nth_run(t, &scenario, stacks);

		KTEST_EXPECT(t, tally.points > 0);
		KTEST_EXPECT_EQ(t, tally.wrong + tally.leaks + tally.broken + tally.bugs, 0);
		ktest_note(t, "%u requests failed in turn", tally.points);
		expect_absorbed(t, stacks, tally.absorbed);
	}
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static const struct ktest_case fault_trace_cases[] = {
	KTEST_CASE(the_soak),
};
KTEST_SUITE(fault_trace, fault_trace_cases);
