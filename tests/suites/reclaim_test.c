/*
 * What happens when nothing fits: who is asked, how often, for how much, and what comes of it.
 */
#include <mm/slab.h>

#include "arena.h"

#define ARENA_PFN	5120U
#define NR_PAGES	64U
#define MANY		1000000UL
#define MAX_ROUNDS	16U		/* as Linux's MAX_RECLAIM_RETRIES */

static struct arena arena;

/* A shrinker that counts how it is called. */
struct probe {
	struct shrinker shrinker;
	unsigned long has;		/* what it says it could free */
	unsigned long progress;		/* what it says it has freed */
	unsigned int counts, scans;
	unsigned long asked;		/* by the last scan */
	struct page *hostage;		/* given back in scan number @release_at */
	unsigned int release_at;
	bool allocates;			/* in its scan, though it must not */
	bool got_something;
	unsigned long freed_inside;	/* what reclaim() said in there */
};

static struct probe *probe_of(struct shrinker *shrinker)
{
	return container_of(shrinker, struct probe, shrinker);
}

static unsigned long probe_count(struct shrinker *shrinker, gfp_t gfp)
{
	struct probe *probe = probe_of(shrinker);

	(void)gfp;
	probe->counts++;
	return probe->has;
}

static unsigned long probe_scan(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	struct probe *probe = probe_of(shrinker);

	(void)gfp;
	probe->scans++;
	probe->asked = nr;
	if (probe->hostage && probe->scans == probe->release_at) {
		arena_give(&arena, probe->hostage, 0);
		probe->hostage = NULL;
	}
	if (probe->allocates) {
		probe->got_something =
			mm_alloc_pages(&arena.mm, GFP_KERNEL | __GFP_NOWARN, 0, RET_IP) != NULL;
		probe->freed_inside = reclaim(&arena.mm, GFP_KERNEL);
	}
	return probe->progress;
}

static struct probe probe;

/* An arena and a probe that has @has to give, and says each time that it gave @progress. */
static bool open_arena(struct ktest *t, unsigned long has, unsigned long progress)
{
	const struct arena_range range = { ARENA_PFN, ARENA_PFN + NR_PAGES, MEMMAP_OWNER_NONE };

	if (!arena_init(&arena, t, &range, 1))
		return false;
	probe = (struct probe){
		.shrinker = {
			.count_objects = probe_count,
			.scan_objects = probe_scan,
			.name = "probe",
		},
		.has = has,
		.progress = progress,
	};
	register_shrinker(&probe.shrinker);
	return true;
}

static void close_arena(struct ktest *t)
{
	unregister_shrinker(&probe.shrinker);
	arena_fini(&arena, t);
}

static struct page *take(gfp_t gfp)
{
	return mm_alloc_pages(&arena.mm, gfp | __GFP_NOWARN, 0, RET_IP);
}

static void take_all(struct ktest *t)
{
	for (unsigned int i = 0; i < NR_PAGES; i++)
		KTEST_EXPECT(t, take(GFP_KERNEL));
}

static void shrinkers_are_asked_on_shortage_only(struct ktest *t)
{
	if (!open_arena(t, MANY, 1))
		return;
	take_all(t);
	KTEST_EXPECT_EQ(t, probe.counts, 0);
	KTEST_EXPECT_EQ(t, arena.mm.reclaim_runs, 0);
	KTEST_EXPECT(t, !take(GFP_NOWAIT));
	KTEST_EXPECT(t, !take(GFP_ATOMIC));
	KTEST_EXPECT(t, !take(__GFP_NORETRY));
	KTEST_EXPECT_EQ(t, probe.counts, 0);
	KTEST_EXPECT(t, !take(GFP_KERNEL));
	KTEST_EXPECT_EQ(t, probe.counts, MAX_ROUNDS);
	KTEST_EXPECT_EQ(t, probe.scans, MAX_ROUNDS);
	KTEST_EXPECT_EQ(t, arena.mm.reclaim_runs, MAX_ROUNDS);
	KTEST_EXPECT(t, arena.mm.reclaimed >= MAX_ROUNDS);
	KTEST_EXPECT_EQ(t, arena.mm.alloc_failed, 4);
	close_arena(t);
}

static void noretry_asks_once(struct ktest *t)
{
	if (!open_arena(t, MANY, 1))
		return;
	take_all(t);
	KTEST_EXPECT(t, !take(GFP_KERNEL | __GFP_NORETRY));
	KTEST_EXPECT_EQ(t, probe.counts, 1);
	KTEST_EXPECT_EQ(t, probe.scans, 1);
	close_arena(t);
}

/*
 * Other shrinkers may make progress a few times; then one round with nothing from anybody ends it.
 */
static void no_progress_ends_it(struct ktest *t)
{
	uint64_t reclaimed;

	if (!open_arena(t, MANY, 0))
		return;
	take_all(t);
	while (reclaim(&arena.mm, GFP_KERNEL))
		;
	probe.scans = 0;
	reclaimed = arena.mm.reclaimed;
	KTEST_EXPECT(t, !take(GFP_KERNEL));
	KTEST_EXPECT_EQ(t, probe.scans, 1);
	KTEST_EXPECT_EQ(t, arena.mm.reclaimed, reclaimed);
	close_arena(t);
}

static void who_has_nothing_is_not_scanned(struct ktest *t)
{
	if (!open_arena(t, 0, 1))
		return;
	take_all(t);
	KTEST_EXPECT(t, !take(GFP_KERNEL));
	KTEST_EXPECT(t, probe.counts > 0);
	KTEST_EXPECT_EQ(t, probe.scans, 0);
	close_arena(t);
}

static void half_is_asked_for_at_a_time(struct ktest *t)
{
	static const struct { unsigned long has, asked; } wants[] = {
		{ 1, 1 }, { 2, 1 }, { 7, 4 }, { 100, 50 },
	};

	if (!open_arena(t, 0, 0))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(wants); i++) {
		probe.has = wants[i].has;
		(void)reclaim(&arena.mm, GFP_KERNEL);
		KTEST_EXPECT_EQ(t, probe.asked, wants[i].asked);
	}
	close_arena(t);
}

static void what_is_freed_serves_the_request(struct ktest *t)
{
	struct page *hostage;

	if (!open_arena(t, MANY, 1))
		return;
	hostage = take(GFP_KERNEL);
	for (unsigned int i = 1; i < NR_PAGES; i++)
		KTEST_EXPECT(t, take(GFP_KERNEL));
	probe.hostage = hostage;
	probe.release_at = 3;
	KTEST_EXPECT(t, hostage && take(GFP_KERNEL) == hostage);
	KTEST_EXPECT_EQ(t, probe.scans, 3);
	KTEST_EXPECT_EQ(t, arena.mm.alloc_failed, 0);
	close_arena(t);
}

/* Not after MAX_ROUNDS, as others would, but for as long as there is progress. */
static void nofail_goes_on_while_there_is_progress(struct ktest *t)
{
	struct page *hostage;

	if (!open_arena(t, MANY, 1))
		return;
	hostage = take(GFP_KERNEL);
	for (unsigned int i = 1; i < NR_PAGES; i++)
		KTEST_EXPECT(t, take(GFP_KERNEL));
	probe.hostage = hostage;
	probe.release_at = 5 * MAX_ROUNDS;
	KTEST_EXPECT(t, hostage && take(GFP_KERNEL | __GFP_NOFAIL) == hostage);
	KTEST_EXPECT_EQ(t, probe.scans, 5 * MAX_ROUNDS);
	close_arena(t);
}

/* A shrinker that allocates gets no reclaim inside its reclaim, and the system does not hang. */
static void reclaim_does_not_nest(struct ktest *t)
{
	if (!open_arena(t, MANY, 1))
		return;
	take_all(t);
	probe.allocates = true;
	KTEST_EXPECT(t, !take(GFP_KERNEL | __GFP_NORETRY));
	KTEST_EXPECT_EQ(t, probe.scans, 1);
	KTEST_EXPECT(t, !probe.got_something);
	KTEST_EXPECT_EQ(t, probe.freed_inside, 0);
	KTEST_EXPECT_EQ(t, arena.mm.alloc_failed, 2);
	close_arena(t);
}

static struct probe behind;		/* it on the list */

/* Who stands behind it on the list is still asked. */
static void unregistering_leaves_the_others(struct ktest *t)
{
	if (!open_arena(t, 0, 0))
		return;
	behind = probe;
	behind.shrinker.next = NULL;
	register_shrinker(&behind.shrinker);
	unregister_shrinker(&probe.shrinker);
	(void)reclaim(&arena.mm, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, probe.counts, 0);
	KTEST_EXPECT_EQ(t, behind.counts, 1);
	unregister_shrinker(&behind.shrinker);
	arena_fini(&arena, t);
}

/* A callback takes itself and the next one off the list: that one is not asked any more. */
static unsigned long scan_and_take_two_off(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	(void)gfp;
	(void)nr;
	unregister_shrinker(shrinker);
	unregister_shrinker(&behind.shrinker);
	return 0;
}

static void callbacks_take_others_off(struct ktest *t)
{
	if (!open_arena(t, 1, 0))
		return;
	behind = probe;
	behind.shrinker.next = NULL;
	probe.shrinker.scan_objects = scan_and_take_two_off;
	register_shrinker(&behind.shrinker);
	(void)reclaim(&arena.mm, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, probe.counts, 1);
	KTEST_EXPECT_EQ(t, behind.counts, 0);
	arena_fini(&arena, t);
}

/* As in Linux: neither is a number of objects. */
static void words_instead_of_numbers(struct ktest *t)
{
	if (!open_arena(t, SHRINK_EMPTY, 1))
		return;
	while (reclaim(&arena.mm, GFP_KERNEL))
		;		/* what others could spare */
	KTEST_EXPECT_EQ(t, probe.scans, 0);
	probe.has = MANY;
	probe.progress = SHRINK_STOP;
	KTEST_EXPECT_EQ(t, reclaim(&arena.mm, GFP_KERNEL), 0);
	KTEST_EXPECT_EQ(t, probe.scans, 1);
	close_arena(t);
}

/* What comes free while nobody says so (here in a callback; on another CPU) is still found. */
static void a_last_look_after_no_progress(struct ktest *t)
{
	struct page *page;

	if (!open_arena(t, MANY, 0))
		return;
	while (reclaim(&arena.mm, GFP_KERNEL))
		;		/* what others could spare */
	take_all(t);
	page = take(GFP_NOWAIT);
	KTEST_EXPECT(t, !page);
	probe.hostage = arena.mm.pages + ARENA_PFN;
	probe.release_at = probe.scans + 1;
	KTEST_EXPECT(t, take(GFP_KERNEL) == arena.mm.pages + ARENA_PFN);
	close_arena(t);
}

static void registering_twice_is_reported(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_BAD_REQUEST);

	if (!open_arena(t, 0, 0))
		return;
	mm_bug_quiet(true);
	register_shrinker(&probe.shrinker);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), bugs + 1);
	(void)reclaim(&arena.mm, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, probe.counts, 1);
	unregister_shrinker(&probe.shrinker);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), bugs + 1);
	(void)reclaim(&arena.mm, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, probe.counts, 1);
	unregister_shrinker(&probe.shrinker);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), bugs + 2);
	mm_bug_quiet(false);
	arena_fini(&arena, t);
}

/*
 * A cache over an arena of 127 pages keeps two empty slabs; whoever needs the last
 * page gets them too.
 */
static void empty_slabs_are_given_back(struct ktest *t)
{
	static void *object[512];	/* three slabs of 128 KiB at most, and some */
	struct kmem_cache *cache;
	unsigned int nr = 0, pages = 0;

	if (!arena_init_ram(&arena, t, ARENA_PFN, 7))
		return;
	cache = kmem_cache_create_in(&arena.mm, "arena-1k", 1024, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;		/* its memory is to lie in slabs alone */
	while (cache->nr_slabs < 3 && nr < ARRAY_SIZE(object)) {
		object[nr] = kmem_cache_alloc(cache, GFP_NOWAIT);
		KTEST_ASSERT(t, object[nr]);
		nr++;
	}
	while (nr > 0)
		kmem_cache_free(cache, object[--nr]);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 2);
	while (take(GFP_NOWAIT))
		pages++;
	KTEST_EXPECT_EQ(t, pages, 127 - (2U << cache->order));
	while (take(GFP_KERNEL))
		pages++;
	KTEST_EXPECT_EQ(t, pages, 127);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	arena_fini(&arena, t);
}

/* ---- the kernel's own memory is short ------------------------------------ */

#define MAX_PAGES	(1UL << 18)	/* 1 GiB: to touch more takes seconds under emulation */

/* At the start of a block that is held. */
struct block {
	struct block *next;
	unsigned int order;
};

static struct block *hold_all(void)
{
	struct block *chain = NULL;

	for (unsigned int order = MAX_ORDER; order-- > 0;) {
		struct page *page;

		while ((page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order)) != NULL) {
			struct block *block = page_address(page);

			*block = (struct block){ chain, order };
			chain = block;
		}
	}
	return chain;
}

static struct block *release(struct block *chain)
{
	struct block *next = chain->next;

	free_pages((unsigned long)chain, chain->order);
	return next;
}

static uint64_t zones_free(void)
{
	return kernel_mm.zone[0].nr_free + kernel_mm.zone[1].nr_free + kernel_mm.zone[2].nr_free;
}

static void nobody_keeps_while_short(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-short", 64, 0, 0, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);
	struct block *chain;
	uint64_t before;

	if (nr_free_pages() > MAX_PAGES) {
		ktest_skip(t, "too much memory to take all of it");
	} else {
		chain = hold_all();
		KTEST_EXPECT(t, chain != NULL);
		KTEST_EXPECT(t, !alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER - 1));
		KTEST_EXPECT(t, reclaim_is_short());
		before = zones_free() + (1UL << chain->order);
		chain = release(chain);
		KTEST_EXPECT_EQ(t, zones_free(), before);	/* not on a CPU's list */
		kmem_cache_free(cache, object);
		KTEST_EXPECT_EQ(t, sheaf_nr_objects(cache), 0);
		object = NULL;
		while (chain)
			chain = release(chain);
		KTEST_EXPECT(t, !reclaim_is_short());
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_EXPECT(t, sheaf_nr_objects(cache) > 0);
	}
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static const struct ktest_case reclaim_cases[] = {
	KTEST_CASE(shrinkers_are_asked_on_shortage_only),
	KTEST_CASE(noretry_asks_once),
	KTEST_CASE(no_progress_ends_it),
	KTEST_CASE(who_has_nothing_is_not_scanned),
	KTEST_CASE(half_is_asked_for_at_a_time),
	KTEST_CASE(what_is_freed_serves_the_request),
	KTEST_CASE(nofail_goes_on_while_there_is_progress),
	KTEST_CASE(reclaim_does_not_nest),
	KTEST_CASE(unregistering_leaves_the_others),
	KTEST_CASE(callbacks_take_others_off),
	KTEST_CASE(words_instead_of_numbers),
	KTEST_CASE(a_last_look_after_no_progress),
	KTEST_CASE(registering_twice_is_reported),
	KTEST_CASE(empty_slabs_are_given_back),
	KTEST_CASE(nobody_keeps_while_short),
};
KTEST_SUITE(reclaim, reclaim_cases);
