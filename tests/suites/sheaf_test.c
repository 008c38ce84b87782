/*
 * Sheaves: objects on their way between callers and slabs, mistakes with objects that lie there,
 * and interrupts at each instruction of the way.
 */
#include <port/stack.h>

#include "object_test.h"

#define SIZE		200U
#define SHEAF		30U		/* objects of up to 256 bytes in a sheaf */
#define BARN_FULL	10U		/* sheaves that the barn keeps, as on a small machine */
#define BATCH		16U		/* objects that one free gives to slabs */
#define IN_SHEAVES	((BARN_FULL + 2) * SHEAF)	/* the most: barn, main sheaf, spare */
#define NR		(IN_SHEAVES + 3 * SHEAF)

static void *objects[NR];

/* All NR objects are out, and no sheaf is there. */
static struct kmem_cache *all_out(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-sheaf", SIZE, 0, 0, NULL);

	if (cache)
		cache->barn_max = BARN_FULL;
	if (!cache || kmem_cache_alloc_bulk(cache, GFP_KERNEL, NR, objects) != NR) {
		ktest_fail(t, __FILE__, __LINE__, "no objects");
		return NULL;
	}
	for (uintptr_t i = 0; i < NR; i++)
		pattern_fill(objects[i], SIZE, i);
	(void)kmem_cache_shrink(cache);
	KTEST_EXPECT_EQ(t, sheaf_nr_objects(cache), 0);
	KTEST_EXPECT_EQ(t, cache->nr_out, NR);
	return cache;
}

static void give(struct kmem_cache *cache, unsigned int from, unsigned int to)
{
	kmem_cache_free_bulk(cache, to - from, objects + from);
}

static void take(struct ktest *t, struct kmem_cache *cache, unsigned int from, unsigned int to)
{
	if (kmem_cache_alloc_bulk(cache, GFP_KERNEL, to - from, objects + from) != to - from)
		ktest_fail(t, __FILE__, __LINE__, "no objects");
	for (uintptr_t i = from; i < to; i++)
		pattern_fill(objects[i], SIZE, i);
}

static void expect_counts(struct ktest *t, struct kmem_cache *cache, unsigned int live,
			  unsigned int in_sheaves, unsigned int full, unsigned int empty)
{
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), live);
	KTEST_EXPECT_EQ(t, sheaf_nr_objects(cache), in_sheaves);
	KTEST_EXPECT_EQ(t, cache->nr_out, live + in_sheaves);
	KTEST_EXPECT_EQ(t, cache->nr_barn_full, full);
	KTEST_EXPECT_EQ(t, cache->nr_barn_empty, empty);
	EXPECT_SOUND(t);
}

static void all_patterns_hold(struct ktest *t, unsigned int from)
{
	for (uintptr_t i = from; i < NR; i++) {
		if (!pattern_holds(objects[i], SIZE, i))
			ktest_fail(t, __FILE__, __LINE__, "object %u was written to",
				   (unsigned int)i);
	}
}

static void close(struct ktest *t, struct kmem_cache *cache, const struct free_state *before)
{
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0));
	EXPECT_SOUND(t);
	expect_free_state(t, before);
}

static void last_freed_is_first_taken(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = all_out(t);

	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_EQ(t, cache->sheaf_size, SHEAF);
	give(cache, 0, SHEAF);
	for (unsigned int i = SHEAF; i-- > 0;)
		KTEST_EXPECT(t, kmem_cache_alloc(cache, GFP_KERNEL) == objects[i]);
	/* Over the border of two sheaves as well. */
	give(cache, 0, 2 * SHEAF);
	for (unsigned int i = 2 * SHEAF; i-- > 0;)
		KTEST_EXPECT(t, kmem_cache_alloc(cache, GFP_KERNEL) == objects[i]);
	give(cache, 0, NR);
	close(t, cache, &before);
}

/* Sheaves fill in this order: main, spare, the barn's; then slabs get their objects. */
static void sheaves_fill_and_empty(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = all_out(t);
	uint64_t slabs;

	KTEST_ASSERT(t, cache);
	slabs = cache->nr_slabs;
	give(cache, 0, SHEAF);
	expect_counts(t, cache, NR - SHEAF, SHEAF, 0, 0);
	give(cache, SHEAF, 2 * SHEAF);
	expect_counts(t, cache, NR - 2 * SHEAF, 2 * SHEAF, 0, 0);
	for (unsigned int i = 0; i < BARN_FULL; i++) {
		give(cache, (i + 2) * SHEAF, (i + 3) * SHEAF);
		expect_counts(t, cache, NR - (i + 3) * SHEAF, (i + 3) * SHEAF, i + 1, 0);
	}
	KTEST_EXPECT_EQ(t, cache->nr_slabs, slabs);
	/* The barn is full: the next one makes room for itself, and for BATCH - 1 more. */
	for (unsigned int i = 0; i < BATCH; i++) {
		give(cache, IN_SHEAVES + i, IN_SHEAVES + i + 1);
		expect_counts(t, cache, NR - IN_SHEAVES - i - 1, IN_SHEAVES - BATCH + i + 1,
			      BARN_FULL, 0);
	}
	KTEST_EXPECT_EQ(t, cache->nr_out, NR - BATCH);
	all_patterns_hold(t, IN_SHEAVES + BATCH);

	/* Back: no slab is touched before all sheaves are empty. */
	take(t, cache, 0, IN_SHEAVES);
	expect_counts(t, cache, NR - BATCH, 0, 0, BARN_FULL);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, slabs);
	/* The barn's empty sheaves are used before new ones. */
	give(cache, 0, IN_SHEAVES);
	expect_counts(t, cache, NR - BATCH - IN_SHEAVES, IN_SHEAVES, BARN_FULL, 0);
	give(cache, IN_SHEAVES + BATCH, NR);
	close(t, cache, &before);
}

/* Where neither sheaves nor the barn have room, slabs that become empty do not pile up. */
static void flushed_slabs_are_given_back(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = all_out(t);

	KTEST_ASSERT(t, cache);
	kmem_cache_set_min_empty(cache, 0);
	give(cache, 0, NR);
	KTEST_EXPECT_EQ(t, cache->empty.nr, 0);
	close(t, cache, &before);
}

/* A 4096th of the memory, and not less than ten sheaves. */
static void a_barn_keeps_its_share_of_memory(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = kmem_cache_create("test-share", 8, 0, 0, NULL);
	uint64_t bytes = 0;

	KTEST_ASSERT(t, cache);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		bytes += kernel_mm.zone[i].managed * PAGE_SIZE / 4096;
	KTEST_EXPECT_EQ(t, cache->barn_max, max_u64(bytes / (8 * SHEAF), BARN_FULL));
	close(t, cache, &before);
}

static void double_free_wherever_it_lies(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = all_out(t);
	unsigned int nr = IN_SHEAVES + 1, in_slabs = 0;

	KTEST_ASSERT(t, cache);
	give(cache, 0, nr);
	for (unsigned int i = 0; i < nr && t->failures < 5; i++) {
		in_slabs += !sheaf_holds(cache, objects[i]);
		EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kmem_cache_free(cache, objects[i]));
		EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(objects[i]));
	}
	KTEST_EXPECT_EQ(t, in_slabs, BATCH);
	expect_counts(t, cache, NR - nr, nr - BATCH, BARN_FULL, 0);
	all_patterns_hold(t, nr);
	give(cache, nr, NR);
	close(t, cache, &before);
}

static void shrink_empties_full_sheaves(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = all_out(t);

	KTEST_ASSERT(t, cache);
	give(cache, 0, NR);
	KTEST_EXPECT(t, sheaf_nr_objects(cache) > IN_SHEAVES - BATCH);
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 0);
	expect_counts(t, cache, 0, 0, 0, 0);
	expect_free_state(t, &before);
	take(t, cache, 0, SHEAF + 1);
	give(cache, 0, SHEAF + 1);
	close(t, cache, &before);
}

/* As where there is no memory for a sheaf: each call goes to the slabs. */
static void without_sheaves(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = kmem_cache_create("test-bare", SIZE, 0, 0, NULL);

	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;
	take(t, cache, 0, NR);
	all_patterns_hold(t, 0);
	KTEST_EXPECT_EQ(t, cache->nr_out, NR);
	EXPECT_NO_BUG(t, give(cache, 0, NR - 1));
	KTEST_EXPECT_EQ(t, cache->nr_out, 1);
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kmem_cache_free(cache, objects[NR - 2]));
	EXPECT_SOUND(t);
	EXPECT_NO_BUG(t, kmem_cache_free(cache, objects[NR - 1]));
	close(t, cache, &before);
}

/* ---- writes after the free ----------------------------------------------- */

static struct arena arena;

/* The middle one of three objects in a sheaf is hit: it alone is lost. */
static void hit_one_mark(struct ktest *t, struct kmem_cache *cache, uint64_t flip)
{
	void *mine[4], *got[3] = { NULL, NULL, NULL };
	uint64_t lost = cache->nr_lost, live = cache_nr_live(cache);

	KTEST_ASSERT(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 4, mine) == 4);
	kmem_cache_free_bulk(cache, 3, mine);
	*slab_word(cache, mine[1]) ^= flip;
	EXPECT_NO_BUG(t, got[0] = kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 1, got[1] = kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT_NO_BUG(t, got[2] = kmem_cache_alloc(cache, GFP_KERNEL));
	KTEST_EXPECT(t, got[0] == mine[2] && got[1] == mine[0]);
	KTEST_EXPECT(t, got[2] && got[2] != mine[1] && got[2] != mine[3]);
	KTEST_EXPECT_EQ(t, cache->nr_lost, lost + 1);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), live + 4);
	EXPECT_NO_BUG(t, kmem_cache_free_bulk(cache, 3, got));
	EXPECT_NO_BUG(t, kmem_cache_free(cache, mine[3]));
}

/* The same, but the sheaf goes back to the slabs before anybody takes the object. */
static void hit_before_a_drain(struct ktest *t, struct kmem_cache *cache, uint64_t flip)
{
	uint64_t lost = cache->nr_lost;
	void *mine[2];

	KTEST_ASSERT(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 2, mine) == 2);
	kmem_cache_free_bulk(cache, 2, mine);
	*slab_word(cache, mine[0]) ^= flip;
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 1, KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 1));
	KTEST_EXPECT_EQ(t, cache->nr_lost, lost + 1);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
}

/*
 * A drain of all caches holds the list's lock, under which nothing may be printed: what it finds is
 * told when somebody comes by who holds none.
 */
static void what_a_drain_of_all_finds_is_told_later(struct ktest *t)
{
	struct kmem_cache *cache;
	void *object;

	if (!arena_open(&arena, t))
		return;
	cache = kmem_cache_create_in(&arena.mm, "test-hurt", SIZE, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	kmem_cache_free(cache, object);
	*slab_word(cache, object) ^= 1;
	EXPECT_NO_BUG(t, sheaf_drain_cpus(NULL));
	KTEST_EXPECT(t, cache->damaged == object);
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 1, (void)kmem_cache_shrink(cache));
	arena_abandon(&arena, t, cache);
}

static void each_bit_of_a_mark_counts(struct ktest *t)
{
	struct kmem_cache *cache;

	if (!arena_open(&arena, t))
		return;
	cache = kmem_cache_create_in(&arena.mm, "test-hurt", SIZE, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	for (unsigned int bit = 0; bit < 64 && t->failures < 5; bit++)
		hit_one_mark(t, cache, 1ULL << bit);
	hit_one_mark(t, cache, UINT64_MAX);
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 1);
	KTEST_EXPECT_EQ(t, cache->nr_lost, 65);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	for (unsigned int bit = 0; bit < 64 && t->failures < 5; bit++)
		hit_before_a_drain(t, cache, 1ULL << bit);
	EXPECT_SOUND(t);
	arena_abandon(&arena, t, cache);
}

/* ---- what mm_verify() sees ----------------------------------------------- */

static void write_nothing(struct seq *seq, const char *text, size_t len)
{
	(void)seq;
	(void)text;
	(void)len;
}

static unsigned int broken(void)
{
	struct seq nowhere = { .write = write_nothing };

	return mm_verify(&nowhere);
}

static void verify_sees_damage(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = all_out(t);
	struct cpu_stack *main;
	uint64_t *word;
	void **top, *was;

	KTEST_ASSERT(t, cache);
	give(cache, 0, 2 * SHEAF + 1);		/* main 1, spare full, barn 1 */
	top = port_percpu()->top[cache->stack];
	main = stack_of_top(top);
	for (unsigned int i = 0; i < 2 * SHEAF + 1; i += SHEAF) {
		word = slab_word(cache, objects[i]);	/* H1, in each place */
		*word ^= 1;
		KTEST_EXPECT_EQ(t, broken(), 1);
		*word ^= 1;
	}
	was = top[-1];				/* H1: a live object in a sheaf */
	top[-1] = objects[NR - 1];
	KTEST_EXPECT_EQ(t, broken(), 1);
	top[-1] = was;
	was = main->entry[0];			/* H2: an empty spare that is said to be full */
	for (unsigned int i = 0; i < 2 * SHEAF + 1; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	main = stack_of_top(port_percpu()->top[cache->stack]);
	was = main->entry[0];
	KTEST_EXPECT_EQ(t, (uintptr_t)was & 1, 0);
	main->entry[0] = (void *)((uintptr_t)was | 1);
	KTEST_EXPECT(t, broken() > 0);
	main->entry[0] = was;
	give(cache, 0, 2 * SHEAF);
	was = (void *)cache->nr_out;		/* H3 */
	cache->nr_out = 2 * SHEAF - 1;
	KTEST_EXPECT(t, broken() > 0);
	cache->nr_out = (uint64_t)was;
	EXPECT_SOUND(t);
	give(cache, 2 * SHEAF, NR);
	close(t, cache, &before);
}

/* ---- interrupts at each instruction -------------------------------------- */

#define HELD		4U
#define MAX_STEPS	20000U		/* instructions of the longest way, with room */
#define EACH_STEP	160U		/* the whole of the fast way; behind it every 13th */

/*
 * What the interrupt handler holds: after one interrupt HELD objects, after the next none. So a
 * sequence that goes on with a stale top finds it moved either way.
 * @drains: instead it does what another CPU's request for memory does
 * @bad:    it found one that was not its own any more
 */
struct intruder {
	struct kmem_cache *cache;
	bool drains;
	void *held[HELD];
	unsigned int bad;
	unsigned int refused;
};

static void intrude(void *arg)
{
	struct intruder *in = arg;
	bool giving = in->held[0];

	if (in->drains) {
		sheaf_drain_cpus(in->cache);
		return;
	}
	for (unsigned int i = 0; i < HELD; i++) {
		void **slot = &in->held[i];

		if (giving && *slot) {
			in->bad += !pattern_holds(*slot, SIZE, (uintptr_t)*slot >> 4);
			kmem_cache_free(in->cache, *slot);
		}
		*slot = giving ? NULL : kmem_cache_alloc(in->cache, GFP_ATOMIC);
		in->refused += !giving && !*slot;
		if (*slot)
			pattern_fill(*slot, SIZE, (uintptr_t)*slot >> 4);
	}
}

static void check_intruder(struct ktest *t, const struct intruder *in, const void *mine)
{
	KTEST_EXPECT_EQ(t, in->bad, 0);
	KTEST_EXPECT_EQ(t, in->refused, 0);
	for (unsigned int i = 0; i < HELD; i++) {
		KTEST_EXPECT(t, !in->held[i] || in->held[i] != mine);
		KTEST_EXPECT(t, !in->held[i] ||
			     pattern_holds(in->held[i], SIZE, (uintptr_t)in->held[i] >> 4));
	}
}

/* One interrupted operation. Return: has the interrupt come? */
static bool one_step(struct ktest *t, struct intruder *in, unsigned int n, bool freeing)
{
	void *mine = NULL;
	bool came;

	(void)port_interrupt_after(n, intrude, in);
	if (freeing)
		kmem_cache_free(in->cache, objects[NR - 1]);
	else
		mine = kmem_cache_alloc(in->cache, GFP_KERNEL);
	came = port_interrupt_cancel();
	if (!freeing && mine) {
		pattern_fill(mine, SIZE, n);
		check_intruder(t, in, mine);
		KTEST_EXPECT(t, pattern_holds(mine, SIZE, n));
		kmem_cache_free(in->cache, mine);
	} else {
		check_intruder(t, in, NULL);
		take(t, in->cache, NR - 1, NR);
	}
	return came;
}

/* @level: objects that lie in sheaves before each operation; 0: none, and no sheaf either. */
static void at_each_instruction(struct ktest *t, unsigned int level, bool freeing, bool drains)
{
	struct free_state before = free_state_now();
	struct intruder in = { .drains = drains };
	unsigned int n, held;
	bool came = true;

	if (!port_interrupt_after(MAX_STEPS, intrude, &in)) {
		ktest_skip(t, "this port has no interrupts");
		return;
	}
	(void)port_interrupt_cancel();
	in.cache = all_out(t);
	KTEST_ASSERT(t, in.cache);
	for (n = 1; came && n < MAX_STEPS && t->failures < 5; n += n < EACH_STEP ? 1 : 13) {
		(void)kmem_cache_shrink(in.cache);
		give(in.cache, 0, level);
		if (level == SHEAF + 1)		/* main empty, spare full */
			take(t, in.cache, SHEAF, SHEAF + 1);
		came = one_step(t, &in, n, freeing);
		take(t, in.cache, 0, level == SHEAF + 1 ? SHEAF : level);
		held = 0;
		for (unsigned int i = 0; i < HELD; i++)
			held += in.held[i] != NULL;
		KTEST_EXPECT_EQ(t, cache_nr_live(in.cache), NR + held);
		if (n % 8 == 0)
			EXPECT_SOUND(t);
	}
	KTEST_EXPECT(t, !came);
	ktest_note(t, "%u instructions", n);
	all_patterns_hold(t, 0);
	for (unsigned int i = 0; i < HELD; i++) {
		if (in.held[i])
			kmem_cache_free(in.cache, in.held[i]);
	}
	give(in.cache, 0, NR);
	close(t, in.cache, &before);
}

static void interrupted_alloc(struct ktest *t)
{
	at_each_instruction(t, SHEAF / 2, false, false);
}

static void interrupted_free(struct ktest *t)
{
	at_each_instruction(t, SHEAF / 2, true, false);
}

static void interrupted_alloc_of_the_last_but_one(struct ktest *t)
{
	at_each_instruction(t, 1, false, false);
}

static void interrupted_alloc_from_the_slabs(struct ktest *t)
{
	at_each_instruction(t, 0, false, false);
}

static void interrupted_free_to_a_full_sheaf(struct ktest *t)
{
	at_each_instruction(t, 2 * SHEAF, true, false);
}

static void interrupted_exchange(struct ktest *t)
{
	at_each_instruction(t, SHEAF + 1, false, false);
}

static void alloc_interrupted_by_a_drain(struct ktest *t)
{
	at_each_instruction(t, SHEAF / 2, false, true);
}

static void free_interrupted_by_a_drain(struct ktest *t)
{
	at_each_instruction(t, 2 * SHEAF, true, true);
}

static const struct ktest_case sheaf_cases[] = {
	KTEST_CASE(last_freed_is_first_taken),
	KTEST_CASE(sheaves_fill_and_empty),
	KTEST_CASE(flushed_slabs_are_given_back),
	KTEST_CASE(a_barn_keeps_its_share_of_memory),
	KTEST_CASE(double_free_wherever_it_lies),
	KTEST_CASE(shrink_empties_full_sheaves),
	KTEST_CASE(without_sheaves),
	KTEST_CASE(each_bit_of_a_mark_counts),
	KTEST_CASE(what_a_drain_of_all_finds_is_told_later),
	KTEST_CASE(verify_sees_damage),
	KTEST_CASE(interrupted_alloc),
	KTEST_CASE(interrupted_free),
	KTEST_CASE(interrupted_alloc_of_the_last_but_one),
	KTEST_CASE(interrupted_exchange),
	KTEST_CASE(interrupted_alloc_from_the_slabs),
	KTEST_CASE(interrupted_free_to_a_full_sheaf),
	KTEST_CASE(alloc_interrupted_by_a_drain),
	KTEST_CASE(free_interrupted_by_a_drain),
};
KTEST_SUITE(sheaf, sheaf_cases);
