/*
 * The soak's trace: each of its requests fails once.
 *
 * The table was recorded from tests/soak/soak.c on one CPU with seed 0x481fe210a758f21d and 24
 * slots: the first 300 things that it did to a slot, under the pressure that the soak makes. Here
 * they are done again in the same order, whatever becomes of them; an operation whose slot is empty
 * (its taking failed) does nothing, and a slot that is filled again is emptied first.
 */
#include "fault_nth.h"

#include <kernel/errno.h>

#define NR_SLOTS	24U
#define CACHE_SIZE	200U	/* bytes of an object of the soak's cache */
#define GOLDEN		0x9e3779b97f4a7c15ULL	/* 2^64 / golden ratio */

enum op { PAGES, KMALLOC, OBJECT, MOVE, LETTER, GIVE };

/* @size: bytes. @atomic: GFP_ATOMIC, else GFP_KERNEL. */
struct step {
	uint8_t op, slot;
	uint16_t size;
	bool atomic;
};

struct slot {
	uint64_t *memory;
	size_t size;
	enum op op;		/* that filled it */
};

static const struct step steps[] = {
	{ OBJECT, 14, 200, 0 }, { OBJECT, 4, 200, 1 }, { GIVE, 14, 0, 0 }, { LETTER, 4, 0, 0 },
	{ OBJECT, 19, 200, 1 }, { KMALLOC, 14, 10915, 0 }, { OBJECT, 21, 200, 0 },
	{ OBJECT, 7, 200, 0 }, { PAGES, 1, 16384, 0 }, { KMALLOC, 9, 26, 0 },
	{ KMALLOC, 6, 19530, 0 }, { PAGES, 22, 32768, 0 }, { KMALLOC, 17, 483, 1 },
	{ OBJECT, 18, 200, 0 }, { KMALLOC, 2, 139, 1 }, { GIVE, 1, 0, 0 },
	{ KMALLOC, 4, 119, 0 }, { GIVE, 18, 0, 0 }, { KMALLOC, 15, 337, 0 },
	{ PAGES, 3, 32768, 0 }, { PAGES, 10, 8192, 0 }, { KMALLOC, 0, 533, 0 },
	{ MOVE, 2, 788, 0 }, { GIVE, 22, 0, 0 }, { GIVE, 21, 0, 0 }, { GIVE, 3, 0, 0 },
	{ MOVE, 15, 1170, 0 }, { LETTER, 6, 0, 0 }, { OBJECT, 23, 200, 0 },
	{ OBJECT, 11, 200, 0 }, { KMALLOC, 16, 22, 0 }, { KMALLOC, 21, 490, 0 },
	{ MOVE, 16, 1180, 0 }, { PAGES, 18, 32768, 1 }, { LETTER, 15, 0, 0 },
	{ OBJECT, 12, 200, 0 }, { KMALLOC, 3, 87, 0 }, { MOVE, 0, 1634, 0 },
	{ PAGES, 15, 16384, 1 }, { GIVE, 17, 0, 0 }, { GIVE, 11, 0, 0 }, { KMALLOC, 8, 411, 0 },
	{ LETTER, 16, 0, 0 }, { GIVE, 19, 0, 0 }, { LETTER, 10, 0, 0 }, { OBJECT, 10, 200, 0 },
	{ GIVE, 3, 0, 0 }, { KMALLOC, 19, 17426, 0 }, { MOVE, 21, 932, 0 }, { GIVE, 9, 0, 0 },
	{ GIVE, 23, 0, 0 }, { GIVE, 14, 0, 0 }, { GIVE, 19, 0, 0 }, { GIVE, 7, 0, 0 },
	{ OBJECT, 3, 200, 1 }, { GIVE, 15, 0, 0 }, { KMALLOC, 9, 15, 1 },
	{ KMALLOC, 13, 481, 1 }, { GIVE, 12, 0, 0 }, { GIVE, 18, 0, 0 }, { OBJECT, 17, 200, 0 },
	{ KMALLOC, 22, 4531, 1 }, { LETTER, 10, 0, 0 }, { PAGES, 16, 32768, 0 },
	{ MOVE, 8, 1858, 0 }, { OBJECT, 7, 200, 0 }, { KMALLOC, 15, 589, 1 }, { GIVE, 22, 0, 0 },
	{ PAGES, 11, 8192, 0 }, { KMALLOC, 19, 168, 1 }, { KMALLOC, 1, 85, 0 },
	{ OBJECT, 18, 200, 0 }, { LETTER, 11, 0, 0 }, { GIVE, 18, 0, 0 }, { OBJECT, 14, 200, 0 },
	{ GIVE, 14, 0, 0 }, { GIVE, 4, 0, 0 }, { MOVE, 9, 52, 0 }, { KMALLOC, 14, 362, 1 },
	{ LETTER, 9, 0, 0 }, { GIVE, 0, 0, 0 }, { OBJECT, 10, 200, 1 }, { GIVE, 19, 0, 0 },
	{ MOVE, 2, 1082, 0 }, { OBJECT, 5, 200, 0 }, { KMALLOC, 20, 413, 0 },
	{ LETTER, 7, 0, 0 }, { OBJECT, 11, 200, 1 }, { GIVE, 3, 0, 0 }, { KMALLOC, 22, 357, 0 },
	{ LETTER, 21, 0, 0 }, { GIVE, 10, 0, 0 }, { PAGES, 19, 16384, 0 }, { OBJECT, 9, 200, 0 },
	{ GIVE, 13, 0, 0 }, { GIVE, 17, 0, 0 }, { PAGES, 23, 16384, 1 }, { KMALLOC, 7, 40, 0 },
	{ KMALLOC, 6, 372, 1 }, { PAGES, 13, 16384, 0 }, { LETTER, 22, 0, 0 },
	{ PAGES, 17, 8192, 0 }, { KMALLOC, 4, 300, 0 }, { LETTER, 13, 0, 0 },
	{ OBJECT, 12, 200, 1 }, { PAGES, 3, 16384, 0 }, { PAGES, 18, 16384, 0 },
	{ GIVE, 4, 0, 0 }, { GIVE, 23, 0, 0 }, { MOVE, 2, 683, 0 }, { GIVE, 6, 0, 0 },
	{ GIVE, 3, 0, 0 }, { GIVE, 2, 0, 0 }, { GIVE, 5, 0, 0 }, { GIVE, 20, 0, 0 },
	{ LETTER, 9, 0, 0 }, { GIVE, 12, 0, 0 }, { LETTER, 1, 0, 0 }, { PAGES, 0, 16384, 0 },
	{ KMALLOC, 1, 277, 0 }, { PAGES, 10, 16384, 0 }, { GIVE, 17, 0, 0 },
	{ LETTER, 11, 0, 0 }, { OBJECT, 23, 200, 1 }, { LETTER, 23, 0, 0 },
	{ KMALLOC, 21, 511, 1 }, { GIVE, 0, 0, 0 }, { MOVE, 15, 741, 0 }, { KMALLOC, 4, 147, 0 },
	{ OBJECT, 11, 200, 0 }, { KMALLOC, 5, 599, 0 }, { GIVE, 5, 0, 0 }, { GIVE, 8, 0, 0 },
	{ MOVE, 14, 617, 0 }, { PAGES, 2, 4096, 1 }, { PAGES, 3, 4096, 1 }, { GIVE, 3, 0, 0 },
	{ OBJECT, 3, 200, 0 }, { GIVE, 1, 0, 0 }, { KMALLOC, 0, 481, 0 }, { OBJECT, 6, 200, 0 },
	{ MOVE, 4, 1139, 0 }, { KMALLOC, 13, 3097, 0 }, { KMALLOC, 8, 137, 1 },
	{ GIVE, 11, 0, 0 }, { MOVE, 7, 1604, 0 }, { GIVE, 15, 0, 0 }, { GIVE, 19, 0, 0 },
	{ KMALLOC, 22, 280, 0 }, { MOVE, 14, 1229, 0 }, { KMALLOC, 23, 13347, 1 },
	{ LETTER, 18, 0, 0 }, { GIVE, 21, 0, 0 }, { PAGES, 12, 16384, 0 }, { GIVE, 12, 0, 0 },
	{ OBJECT, 12, 200, 0 }, { KMALLOC, 9, 481, 0 }, { GIVE, 6, 0, 0 }, { GIVE, 10, 0, 0 },
	{ LETTER, 7, 0, 0 }, { GIVE, 8, 0, 0 }, { KMALLOC, 20, 91, 0 }, { MOVE, 0, 44, 0 },
	{ KMALLOC, 7, 332, 1 }, { KMALLOC, 6, 96, 0 }, { KMALLOC, 8, 11819, 0 },
	{ GIVE, 6, 0, 0 }, { LETTER, 12, 0, 0 }, { GIVE, 3, 0, 0 }, { MOVE, 9, 1616, 0 },
	{ GIVE, 13, 0, 0 }, { LETTER, 23, 0, 0 }, { PAGES, 12, 32768, 0 },
	{ OBJECT, 18, 200, 0 }, { GIVE, 20, 0, 0 }, { OBJECT, 10, 200, 1 }, { MOVE, 8, 1157, 0 },
	{ LETTER, 7, 0, 0 }, { GIVE, 9, 0, 0 }, { PAGES, 3, 8192, 0 }, { KMALLOC, 20, 449, 0 },
	{ KMALLOC, 9, 823, 0 }, { OBJECT, 1, 200, 0 }, { LETTER, 18, 0, 0 },
	{ OBJECT, 18, 200, 1 }, { PAGES, 21, 8192, 0 }, { LETTER, 1, 0, 0 },
	{ OBJECT, 5, 200, 0 }, { GIVE, 2, 0, 0 }, { GIVE, 18, 0, 0 }, { GIVE, 16, 0, 0 },
	{ KMALLOC, 11, 384, 0 }, { LETTER, 10, 0, 0 }, { MOVE, 11, 659, 0 }, { GIVE, 20, 0, 0 },
	{ GIVE, 11, 0, 0 }, { KMALLOC, 18, 186, 0 }, { KMALLOC, 15, 407, 0 }, { GIVE, 3, 0, 0 },
	{ OBJECT, 20, 200, 0 }, { KMALLOC, 13, 562, 0 }, { MOVE, 8, 1877, 0 },
	{ OBJECT, 23, 200, 0 }, { LETTER, 8, 0, 0 }, { GIVE, 15, 0, 0 }, { GIVE, 23, 0, 0 },
	{ OBJECT, 10, 200, 0 }, { GIVE, 5, 0, 0 }, { GIVE, 13, 0, 0 }, { KMALLOC, 15, 460, 0 },
	{ GIVE, 12, 0, 0 }, { PAGES, 19, 8192, 1 }, { PAGES, 17, 16384, 1 }, { MOVE, 18, 68, 0 },
	{ GIVE, 4, 0, 0 }, { GIVE, 20, 0, 0 }, { OBJECT, 7, 200, 0 }, { GIVE, 17, 0, 0 },
	{ OBJECT, 16, 200, 1 }, { PAGES, 12, 16384, 0 }, { OBJECT, 17, 200, 0 },
	{ OBJECT, 8, 200, 0 }, { GIVE, 9, 0, 0 }, { LETTER, 12, 0, 0 }, { GIVE, 22, 0, 0 },
	{ OBJECT, 1, 200, 0 }, { OBJECT, 22, 200, 0 }, { MOVE, 0, 502, 0 }, { GIVE, 8, 0, 0 },
	{ OBJECT, 6, 200, 0 }, { GIVE, 0, 0, 0 }, { PAGES, 12, 8192, 1 },
	{ KMALLOC, 23, 361, 0 }, { GIVE, 6, 0, 0 }, { PAGES, 4, 8192, 0 }, { GIVE, 16, 0, 0 },
	{ KMALLOC, 5, 339, 0 }, { PAGES, 2, 16384, 0 }, { GIVE, 2, 0, 0 }, { GIVE, 10, 0, 0 },
	{ PAGES, 9, 4096, 0 }, { GIVE, 17, 0, 0 }, { PAGES, 17, 32768, 0 },
	{ PAGES, 3, 8192, 0 }, { KMALLOC, 20, 277, 1 }, { LETTER, 19, 0, 0 },
	{ OBJECT, 6, 200, 0 }, { GIVE, 22, 0, 0 }, { PAGES, 0, 4096, 0 }, { LETTER, 14, 0, 0 },
	{ GIVE, 9, 0, 0 }, { GIVE, 17, 0, 0 }, { GIVE, 15, 0, 0 }, { PAGES, 10, 32768, 1 },
	{ GIVE, 7, 0, 0 }, { GIVE, 18, 0, 0 }, { OBJECT, 16, 200, 1 }, { PAGES, 15, 16384, 0 },
	{ LETTER, 0, 0, 0 }, { LETTER, 16, 0, 0 }, { GIVE, 4, 0, 0 }, { LETTER, 21, 0, 0 },
	{ GIVE, 15, 0, 0 }, { LETTER, 1, 0, 0 }, { OBJECT, 1, 200, 1 }, { OBJECT, 11, 200, 0 },
	{ OBJECT, 13, 200, 0 }, { OBJECT, 0, 200, 0 }, { OBJECT, 18, 200, 0 },
	{ PAGES, 16, 4096, 0 }, { OBJECT, 4, 200, 1 }, { OBJECT, 19, 200, 0 },
	{ GIVE, 11, 0, 0 }, { MOVE, 23, 773, 0 }, { KMALLOC, 9, 390, 0 }, { GIVE, 12, 0, 0 },
	{ GIVE, 3, 0, 0 }, { LETTER, 19, 0, 0 }, { GIVE, 6, 0, 0 }, { PAGES, 3, 32768, 0 },
	{ KMALLOC, 2, 179, 1 }, { KMALLOC, 14, 196, 1 }, { GIVE, 10, 0, 0 }, { LETTER, 1, 0, 0 },
	{ PAGES, 21, 4096, 1 }, { OBJECT, 10, 200, 1 }, { OBJECT, 7, 200, 1 },
	{ MOVE, 23, 1995, 0 }, { GIVE, 23, 0, 0 }, { PAGES, 22, 32768, 0 }, { LETTER, 9, 0, 0 },
	{ GIVE, 18, 0, 0 }, { LETTER, 21, 0, 0 }, { MOVE, 20, 1913, 0 }, { OBJECT, 6, 200, 0 },
	{ GIVE, 2, 0, 0 }, { OBJECT, 17, 200, 0 }, { PAGES, 2, 16384, 1 }, { GIVE, 17, 0, 0 },
	{ PAGES, 11, 8192, 1 },
};

static struct kmem_cache *cache;
static struct slot slots[NR_SLOTS];
static int verdict;

/* A word of every 64, and the last: enough to see another owner. */
static uint64_t word_of(const struct slot *slot, size_t i)
{
	return ((uintptr_t)slot->memory + slot->size + i) * GOLDEN;
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
	if (slot->op == PAGES)
		free_pages((unsigned long)slot->memory, LARGE_ORDER(slot->size));
	else if (slot->op == OBJECT)
		kmem_cache_free(cache, slot->memory);
	else
		kfree(slot->memory);
	slot->memory = NULL;
}

static void take(struct slot *slot, const struct step *step)
{
	gfp_t gfp = (step->atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN;

	give(slot);
	slot->op = (enum op)step->op;
	slot->size = step->size;
	if (slot->op == PAGES)
		slot->memory = (uint64_t *)__get_free_pages(gfp, LARGE_ORDER(slot->size));
	else if (slot->op == OBJECT)
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

	if (!slot->memory || slot->op != KMALLOC)
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

static int run_trace(void)
{
	verdict = 0;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct slot *slot = &slots[steps[i].slot];

		if (steps[i].op == GIVE)
			give(slot);
		else if (steps[i].op == MOVE)
			move(slot, steps[i].size);
		else if (steps[i].op == LETTER)
			hand_over(slot);
		else
			take(slot, &steps[i]);
	}
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		give(&slots[i]);
	return verdict;
}

static void the_soak(struct ktest *t)
{
	static const struct scenario scenario = { "the soak's trace", run_trace, false };
	struct fault_tally tally;

	if (!fault_nth_possible(t))
		return;
	cache = kmem_cache_create("test-trace", CACHE_SIZE, 0, 0, NULL);
	KTEST_ASSERT(t, cache);
	for (unsigned int stacks = 0; stacks < 2; stacks++) {
		tally = fault_nth_run(t, &scenario, stacks);
		KTEST_EXPECT(t, tally.points > 0);
		/*
		 * The 4531 bytes, the only size between a page and 8 KiB, may be refused an object
		 * and that one's slab: then they get two pages.
		 */
		KTEST_EXPECT_EQ(t, tally.unsaid, stacks ? 0 : 2);
		KTEST_EXPECT_EQ(t, tally.wrong + tally.leaks + tally.broken + tally.bugs, 0);
		ktest_note(t, "%u requests failed in turn", tally.points);
	}
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static const struct ktest_case fault_trace_cases[] = {
	KTEST_CASE(the_soak),
};
KTEST_SUITE(fault_trace, fault_trace_cases);
