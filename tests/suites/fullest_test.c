/*
 * What it gains to take objects from the fullest slab.
 *
 * The load: a cache grows to NR_PEAK objects, a random 70 % of them are freed, and then objects
 * are freed and allocated at random in bursts while as many stay live. The cache under test and
 * a reference, a textbook's slab allocator, see the very same calls. The reference has slabs of
 * the same size and gives empty ones back at once too, but allocates from the first one on its
 * list of partial slabs, where a full slab that loses an object goes to the front. What counts
 * is how many slabs each holds after some rounds, with the same objects live.
 *
 * The gain is in time: fullest-first gives a peak's slabs back sooner. If the load stays as it
 * is for long enough, first-found comes to the same number in the end.
 */
#include "object_test.h"

#define OBJECT_SIZE	256U		/* bytes; 16 in a page */
#define NR_PEAK 3200U /* objects; 800 KiB, so that the smallest machine has them */
#define NR_LIVE		(NR_PEAK * 3 / 10)
#define NR_SEEDS	5U
#define BURST 32U /* objects at most that are freed before as many are allocated */
#define MAX_SLABS	(2 * NR_PEAK / 8)
#define NONE		0xffffU

/* ---- the reference ------------------------------------------------------- */

struct model_slab {
	uint16_t inuse;
	uint16_t next, prev;		/* on the list of partial slabs */
};

static struct model_slab model[MAX_SLABS];
static unsigned int per_slab;
static uint16_t partial;		/* first of the list */
static unsigned int nr_model_slabs;

static void model_link(uint16_t slab)
{
	model[slab].prev = NONE;
	model[slab].next = partial;
	if (partial != NONE)
		model[partial].prev = slab;
	partial = slab;
}

static void model_unlink(uint16_t slab)
{
	if (model[slab].prev != NONE)
		model[model[slab].prev].next = model[slab].next;
	else
		partial = model[slab].next;
	if (model[slab].next != NONE)
		model[model[slab].next].prev = model[slab].prev;
}

/* Return: the slab that the object is in. */
static uint16_t model_alloc(void)
{
	uint16_t slab = partial;

	if (slab == NONE) {
		for (slab = 0; model[slab].inuse; slab++)
			;
		model_link(slab);
		nr_model_slabs++;
	}
	if (++model[slab].inuse == per_slab)
		model_unlink(slab);
	return slab;
}

static void model_free(uint16_t slab)
{
	if (model[slab].inuse == per_slab)
		model_link(slab);
	if (--model[slab].inuse == 0) {
		model_unlink(slab);
		nr_model_slabs--;
	}
}

/* ---- the load ------------------------------------------------------------ */

static void *object[NR_PEAK];		/* the cache's, and */
static uint16_t slab_in_model[NR_PEAK];	/* the reference's */

static bool take(struct kmem_cache *cache, unsigned int i)
{
	object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	slab_in_model[i] = model_alloc();
	return object[i] != NULL;
}

static void give(struct kmem_cache *cache, unsigned int i)
{
	kmem_cache_free(cache, object[i]);
	model_free(slab_in_model[i]);
}

/* Move the last one to where @i was: the live ones stand together. */
static void give_and_close_gap(struct kmem_cache *cache, unsigned int i, unsigned int last)
{
	give(cache, i);
	object[i] = object[last];
	slab_in_model[i] = slab_in_model[last];
}

/* How many slabs are held, summed over seeds, after these many rounds. */
static const unsigned int at_round[] = { 50, 100, 200, 800 };

struct count {
	uint64_t cache, model;		/* slabs */
};

static struct count count[ARRAY_SIZE(at_round)];

static void one_round(struct kmem_cache *cache, uint64_t *seed, unsigned int *live)
{
	unsigned int burst = 1 + (unsigned int)random_below(seed, BURST);

	for (unsigned int i = 0; i < burst; i++, --*live)
		give_and_close_gap(cache, (unsigned int)random_below(seed, *live), *live - 1);
	for (unsigned int i = 0; i < burst && take(cache, *live); i++)
		++*live;
}

static void churn(struct ktest *t, struct kmem_cache *cache, uint64_t seed)
{
	uint64_t before = nr_free_pages();
	unsigned int live = 0, round = 0;

	while (live < NR_PEAK && take(cache, live))
		live++;
	KTEST_EXPECT_EQ(t, live, NR_PEAK);
	for (; live > NR_LIVE; live--)
		give_and_close_gap(cache, (unsigned int)random_below(&seed, live), live - 1);
	for (size_t i = 0; i < ARRAY_SIZE(at_round); i++) {
		for (; round < at_round[i]; round++)
			one_round(cache, &seed, &live);
		KTEST_EXPECT_EQ(t, live, NR_LIVE);
		kmem_cache_shrink(cache);
		count[i].cache += (before - nr_free_pages()) >> cache->order;
		count[i].model += nr_model_slabs;
	}
	while (live > 0)
		give(cache, --live);
	KTEST_EXPECT_EQ(t, nr_model_slabs, 0);
}

static void fullest_first_holds_fewer_slabs(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-fullest", OBJECT_SIZE, 0, 0, NULL);
	unsigned int needed;

	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;		/* the choice of slabs alone */
	kmem_cache_set_min_empty(cache, 0);
	per_slab = cache->objects;
	needed = (NR_LIVE + per_slab - 1) / per_slab;
	partial = NONE;
	nr_model_slabs = 0;
	memset(model, 0, sizeof(model));
	memset(count, 0, sizeof(count));
	for (uint64_t seed = 1; seed <= NR_SEEDS; seed++)
		churn(t, cache, seed);

	for (size_t i = 0; i < ARRAY_SIZE(at_round); i++) {
		ktest_note(t,
			   "after %u rounds: fullest first: %llu slabs, first found: %llu slabs, "
			   "live objects need %u",
			   at_round[i], (unsigned long long)count[i].cache / NR_SEEDS,
			   (unsigned long long)count[i].model / NR_SEEDS, needed);
		KTEST_EXPECT(t, count[i].cache >= NR_SEEDS * needed);
		KTEST_EXPECT(t, count[i].cache <= count[i].model);
	}
	KTEST_EXPECT(t, count[1].cache < count[1].model);
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* ---- the textbook's example ---------------------------------------------- */

#define TASK_SIZE	1740U		/* bytes of a task_struct */
#define NR_TASKS	36U

static struct arena arena;

/*
 * (f) 36 structures of 1740 bytes. From the buddy lists each takes a page, and 4096 - 1740 bytes
 * of it are lost. From a cache they share slabs; at most what one slab's tail and the rounding
 * to 8 bytes take is lost.
 */
static void f_structure_wastes_less_from_its_cache(struct ktest *t)
{
	static struct page *page[NR_TASKS];
	uint64_t free, buddy_waste, cache_waste;
	struct kmem_cache *cache;

	if (!arena_open(&arena, t))
		return;
	free = arena_free_pages(&arena);
	for (unsigned int i = 0; i < NR_TASKS; i++)
		page[i] = mm_alloc_pages(&arena.mm, GFP_KERNEL, LARGE_ORDER(TASK_SIZE), RET_IP);
	buddy_waste = (free - arena_free_pages(&arena)) * PAGE_SIZE - NR_TASKS * TASK_SIZE;
	for (unsigned int i = 0; i < NR_TASKS; i++)
		mm_free_pages(&arena.mm, page[i], LARGE_ORDER(TASK_SIZE), PAGE_ALLOCATED, RET_IP);
	KTEST_EXPECT_EQ(t, arena_free_pages(&arena), free);
	KTEST_EXPECT_EQ(t, buddy_waste, 36 * (4096 - 1740));

	cache = kmem_cache_create_in(&arena.mm, "test-task", TASK_SIZE, 0, 0, NULL, RET_IP);
	KTEST_EXPECT(t, cache);
	if (cache) {
		size_t nr = kmem_cache_alloc_bulk(cache, GFP_KERNEL, NR_TASKS, object);

		KTEST_EXPECT_EQ(t, nr, NR_TASKS);
		cache_waste = (free - arena_free_pages(&arena)) * PAGE_SIZE - NR_TASKS * TASK_SIZE;
		/* Nine of 1744 bytes in four pages, 688 bytes left over: four such slabs. */
		KTEST_EXPECT_EQ(t, cache_waste, 4 * (16384 - 9 * 1740));
		KTEST_EXPECT(t, cache_waste < buddy_waste);
		ktest_note(t,
			   "36 structures of 1740 bytes: %llu bytes wasted from pages, %llu from a "
			   "cache",
			   (unsigned long long)buddy_waste, (unsigned long long)cache_waste);
		kmem_cache_free_bulk(cache, nr, object);
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	}
	KTEST_EXPECT_EQ(t, arena_free_pages(&arena), free);
	arena_fini(&arena, t);
}

static const struct ktest_case fullest_cases[] = {
	KTEST_CASE(fullest_first_holds_fewer_slabs),
	KTEST_CASE(f_structure_wastes_less_from_its_cache),
};
KTEST_SUITE(fullest, fullest_cases);
