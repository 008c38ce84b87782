/*
 * What the CPUs do.
 *
 * Each scenario is small, because the number of schedules grows with a power of its length: a state
 * in which one step in each program is the interesting one. To be near the edges, the cache has two
 * objects in a sheaf and four in a slab; sizes only say how often a loop turns. Programs are told
 * by what they take and give; check.c says what must hold. A handler that gives what it took leaves
 * a list as it found it, so some keep it: only then is a stale top seen.
 */
#include <mm/page_alloc.h>

#include "interleave.h"
#include "mm/internal.h"

#define OBJECT_SIZE	8192U		/* bytes: four to a slab */
#define SHEAF		2U		/* objects in a sheaf */
#define BARN_MAX_FULL	10U		/* as mm/sheaf.c has it */
#define MAX_MINE	64U
#define LARGE		2U		/* order: a full list of eight gives four back */
#define LARGE_LIST	8U

static struct kmem_cache *cache;
/* What the set-up left to each program. */
static void *mine[NR_CPUS][MAX_MINE];
static struct page *blocks[NR_CPUS][MAX_MINE];

/* ---- steps --------------------------------------------------------------- */

static gfp_t gfp_here(void)
{
	return port_in_interrupt() ? GFP_ATOMIC : GFP_KERNEL;
}

static void *take(void)
{
	void *object = kmem_cache_alloc(cache, gfp_here());

	object_hold(object);
	return object;
}

static void give(void *object)
{
	object_drop(object);
	kmem_cache_free(cache, object);
}

static void take_and_give(void)
{
	give(take());
}

static struct page *take_pages(unsigned int order)
{
	struct page *page = alloc_pages(gfp_here(), order);

	page_hold(page, order);
	return page;
}

static void give_pages(struct page *page, unsigned int order)
{
	page_drop(page);
	__free_pages(page, order);
}

/* ---- set-ups ------------------------------------------------------------- */

static void open_cache(void)
{
	cache = kmem_cache_create("test", OBJECT_SIZE, 0, 0, NULL);
	if (!cache || cache->objects != 4)
		fail("the cache is not as the scenarios want it");
	cache->sheaf_size = SHEAF;
	kmem_cache_set_min_empty(cache, 0);
	check_watch_cache(cache);
	caches_drain();			/* of the cache of caches: not what is explored */
}

/* As CPU @cpu: have @nr in hand for its program. */
static void own(unsigned int cpu, unsigned int nr)
{
	cpu_become(cpu);
	for (unsigned int i = 0; i < nr; i++)
		mine[cpu][i] = take();
}

static unsigned int in_sheaves(unsigned int cpu)
{
	void **top = percpu_area[cpu]->top[cache->stack];

	if (top == stack_none)
		return 0;
	return stack_nr(top) + ((uintptr_t)stack_of_top(top)->entry[0] & 1 ? SHEAF : 0);
}

/* As CPU @cpu: take and give until @nr objects are in its sheaves. What is taken, is held for ever;
 * the barn and the slabs must have what it takes. */
static void have_in_sheaves(unsigned int cpu, unsigned int nr)
{
	void *spare[2 * SHEAF];

	cpu_become(cpu);
	for (unsigned int i = 0; i < ARRAY_SIZE(spare); i++)
		spare[i] = take();
	while (in_sheaves(cpu) > nr)
		(void)take();
	for (unsigned int i = 0; in_sheaves(cpu) < nr; i++)
		give(spare[i]);
}

/* As CPU @cpu, whose sheaves are full: give the barn @nr full ones. */
static void fill_barn(unsigned int cpu, unsigned int nr)
{
	void *spare[BARN_MAX_FULL * SHEAF];

	cpu_become(cpu);
	for (unsigned int i = 0; i < nr * SHEAF; i++)
		spare[i] = take();
	have_in_sheaves(cpu, 2 * SHEAF);
	for (unsigned int i = 0; i < nr * SHEAF; i++)
		give(spare[i]);
}

static void expect(unsigned int in_first, unsigned int in_second, unsigned int full,
		   unsigned int empty)
{
	if (in_sheaves(0) != in_first || in_sheaves(1) != in_second ||
	    cache->nr_barn_full != full || cache->nr_barn_empty != empty)
		fail("the set-up has %u and %u objects in sheaves, %u and %u sheaves in the barn",
		     in_sheaves(0), in_sheaves(1), cache->nr_barn_full, cache->nr_barn_empty);
}

/* Both CPUs have a sheaf with one object in it, and one in hand. */
static void half_full_sheaves(void)
{
	open_cache();
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		own(cpu, 1);
		have_in_sheaves(cpu, 1);
	}
	expect(1, 1, 0, 0);
}

/* Main and spare are empty on both, one full sheaf in the barn. */
static void empty_sheaves(void)
{
	open_cache();
	have_in_sheaves(1, 0);
	have_in_sheaves(0, 2 * SHEAF);
	fill_barn(0, 1);
	for (unsigned int i = 0; i < 2 * SHEAF; i++)
		(void)take();
	expect(0, 0, 1, 0);
}

/* Main and spare are full on both; the barn has an empty sheaf, and may want another. */
static void full_sheaves(void)
{
	open_cache();
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		own(cpu, 2);
		have_in_sheaves(cpu, 2 * SHEAF);
	}
	fill_barn(1, 1);
	for (unsigned int i = 0; i < 2 * SHEAF + 1; i++)
		(void)take();
	have_in_sheaves(1, 2 * SHEAF);
	expect(2 * SHEAF, 2 * SHEAF, 0, 1);
}

/* Main and spare are full on both, and the barn has @nr full sheaves. */
static void full_with_barn(unsigned int nr)
{
	open_cache();
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		own(cpu, 2);
		have_in_sheaves(cpu, 2 * SHEAF);
	}
	fill_barn(1, nr);
	expect(2 * SHEAF, 2 * SHEAF, nr, 0);
}

static void barn_takes_one_more(void)
{
	full_with_barn(BARN_MAX_FULL - 1);
}

static void full_barn(void)
{
	full_with_barn(BARN_MAX_FULL);
}

/* No sheaf, no slab. */
static void nothing_yet(void)
{
	open_cache();
}

/* As where there is no memory for sheaves: each CPU holds two objects of the one slab. */
static void one_slab(void)
{
	open_cache();
	cache->sheaf_size = 0;
	own(0, 2);
	own(1, 2);
}

static void own_pages(unsigned int cpu, unsigned int nr, unsigned int order)
{
	cpu_become(cpu);
	for (unsigned int i = 0; i < nr; i++)
		blocks[cpu][i] = take_pages(order);
}

static void have_single_pages(unsigned int cpu, unsigned int nr)
{
	own_pages(cpu, 1, 0);
	while (stack_nr(percpu_area[cpu]->top[page_request_stack[0][0]]) > nr)
		(void)take_pages(0);
}

/* One page is on CPU 1's list, none on CPU 0's. */
static void empty_page_lists(void)
{
	have_single_pages(0, 0);
	have_single_pages(1, 1);
}

static void two_single_pages(void)
{
	have_single_pages(0, 2);
	have_single_pages(1, 2);
}

/* As CPU @cpu: take ten more than its list of the large order holds, give until it holds @nr. */
static void have_on_list(unsigned int cpu, unsigned int nr)
{
	void ***top = &percpu_area[cpu]->top[page_request_stack[0][LARGE]];
	unsigned int given = 0;

	own_pages(cpu, LARGE_LIST + 10, LARGE);
	while (stack_nr(*top) > nr)
		(void)take_pages(LARGE);
	while (stack_nr(*top) < nr)
		give_pages(blocks[cpu][LARGE_LIST + 9 - given++], LARGE);
}

static void empty_large_lists(void)
{
	have_on_list(0, 0);
	have_on_list(1, 0);
}

static void full_large_lists(void)
{
	have_on_list(0, LARGE_LIST);
	have_on_list(1, LARGE_LIST);
}

static void half_full_large_lists(void)
{
	have_on_list(0, 2);
	have_on_list(1, 2);
}

static void full_of_both(void)
{
	full_sheaves();
	full_large_lists();
}

/* A shrinker that nobody may enter while another one is inside. */
static unsigned int inside;

static unsigned long count_one(struct shrinker *shrinker, gfp_t gfp)
{
	(void)shrinker;
	(void)gfp;
	return 1;
}

static unsigned long scan_alone(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	(void)shrinker;
	(void)gfp;
	(void)nr;
	memory_access(&inside, sizeof(inside), true);
	if (inside++)
		fail("two CPUs reclaim at a time");
	memory_access(&inside, sizeof(inside), true);
	inside--;
	return 0;
}

static void nothing_to_reclaim(void)
{
	static struct shrinker witness = {
		.count_objects = count_one,
		.scan_objects = scan_alone,
		.name = "witness",
	};

	open_cache();
	register_shrinker(&witness);
}

/* Nothing that a request may have is left, but what lies in sheaves and on lists. */
static void no_memory(void)
{
	half_full_sheaves();
	half_full_large_lists();
	cpu_become(0);
	for (;;) {
		struct page *page = alloc_pages(GFP_NOWAIT, MAX_ORDER - 1);

		if (!page)
			break;
		page_hold(page, MAX_ORDER - 1);
	}
	for (unsigned int order = MAX_ORDER - 1; order-- > LARGE;) {
		struct page *page = mm_alloc_pages(&kernel_mm, GFP_NOWAIT, order, RET_IP);

		if (page)
			page_hold(page, order);
	}
}

/* ---- programs ------------------------------------------------------------ */

static void keep_one(void)
{
	(void)take();
}

static void keep_two(void)
{
	(void)take();
	(void)take();
}

static void bulk(void)
{
	void *objects[SHEAF];

	if (kmem_cache_alloc_bulk(cache, GFP_KERNEL, SHEAF, objects) != SHEAF)
		fail("no objects in bulk, although there is memory");
	for (unsigned int i = 0; i < SHEAF; i++)
		object_hold(objects[i]);
	for (unsigned int i = 0; i < SHEAF; i++)
		object_drop(objects[i]);
	kmem_cache_free_bulk(cache, SHEAF, objects);
}

static void give_one(void)
{
	give(mine[cpu_number()][0]);
}

static void give_two(void)
{
	give(mine[cpu_number()][0]);
	give(mine[cpu_number()][1]);
}

static void keep_page(void)
{
	(void)take_pages(0);
}

static void keep_large(void)
{
	(void)take_pages(LARGE);
}

static void keep_pages_in_bulk(void)
{
	struct page *page[2] = { NULL, NULL };

	if (alloc_pages_bulk(GFP_KERNEL, ARRAY_SIZE(page), page) != ARRAY_SIZE(page))
		fail("no pages in bulk, although there is memory");
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		page_hold(page[i], 0);
}

static void take_and_give_page(void)
{
	give_pages(take_pages(0), 0);
}

static void take_and_give_large(void)
{
	give_pages(take_pages(LARGE), LARGE);
}

static void give_large(void)
{
	give_pages(blocks[cpu_number()][0], LARGE);
}

static void give_two_large(void)
{
	give_pages(blocks[cpu_number()][0], LARGE);
	give_pages(blocks[cpu_number()][1], LARGE);
}

static void drain_sheaves(void)
{
	sheaf_drain_cpus(cache);
}

static void drain_pages(void)
{
	drain_all_pages();
}

static void shrink(void)
{
	(void)kmem_cache_shrink(cache);
}

/* Reclaim may come too late for this one; who gets a block holds it. */
static void try_large(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, LARGE);

	if (page)
		page_hold(page, LARGE);
}

static void take_and_give_both(void)
{
	take_and_give();
	take_and_give_large();
}

static void do_reclaim(void)
{
	(void)reclaim(&kernel_mm, GFP_KERNEL);
}

static void drain_both(void)
{
	sheaf_drain_cpus(cache);
	drain_all_pages();
}

static void nothing(void)
{
}

/* ---- what must hold besides ---------------------------------------------- */

static void nothing_is_cached(void)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		if (in_sheaves(cpu) || page_cpu_nr(&kernel_mm.zone[ZONE_DMA32], cpu))
			fail("CPU %u still has %u objects and %llu pages", cpu, in_sheaves(cpu),
			     (unsigned long long)page_cpu_nr(&kernel_mm.zone[ZONE_DMA32], cpu));
	}
}

/* ---- the list ------------------------------------------------------------ */

/* Of preemptions, of interrupts, of both together: for make check, and for make check-long. */
#define NEAR(p, i, both)	{ (p), (i), (both) }
#define FAR(p, i, both)		{ (p), (i), (both) }

const struct scenario scenarios[] = {
	{ "pop-and-push", "objects from and to half full sheaves", half_full_sheaves,
	  { take_and_give, take_and_give }, take_and_give, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "keep", "each takes what the other must not get", half_full_sheaves,
	  { keep_two, give_one }, keep_one, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "bulk", "two at a time", half_full_sheaves,
	  { bulk, give_one }, keep_one, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "barn-empty", "main and spare are empty: one full sheaf for two", empty_sheaves,
	  { keep_one, keep_one }, keep_one, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "barn-full", "main and spare are full: to the barn", full_sheaves,
	  { give_one, give_one }, take_and_give, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "barn-last", "main and spare are full: one place in the barn", barn_takes_one_more,
	  { give_one, give_one }, take_and_give, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "flush", "main, spare and barn are full: to the slabs", full_barn,
	  { give_two, give_one }, take_and_give, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "first-use", "no slab and no sheaf are there", nothing_yet,
	  { keep_one, keep_one }, take_and_give, NULL, NEAR(2, 1, 2), FAR(2, 1, 3) },
	{ "one-slab", "the last objects of one slab, freed by both", one_slab,
	  { give_two, give_two }, take_and_give, NULL, NEAR(2, 1, 2), FAR(2, 1, 3) },
	{ "drain-idle", "a drain of all, when nobody uses anything", full_of_both,
	  { drain_both, nothing }, NULL, nothing_is_cached, NEAR(2, 0, 2), FAR(4, 0, 4) },
	{ "drain-sheaves", "a drain of all CPUs against alloc and free", half_full_sheaves,
	  { drain_sheaves, take_and_give }, take_and_give, NULL, NEAR(2, 1, 2), FAR(2, 1, 3) },
	{ "shrink", "a shrink against alloc and free", full_sheaves,
	  { shrink, give_one }, take_and_give, NULL, NEAR(2, 1, 2), FAR(2, 1, 3) },
	{ "two-shrinks", "each CPU drains the other", half_full_sheaves,
	  { shrink, shrink }, take_and_give, NULL, NEAR(2, 1, 2), FAR(2, 1, 3) },
	{ "page-cut", "single pages: an empty list cuts a block", empty_page_lists,
	  { keep_page, take_and_give_page }, keep_page, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "page-bulk", "single pages, two at a time", two_single_pages,
	  { keep_pages_in_bulk, take_and_give_page }, keep_page, NULL,
	  NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "page-refill", "blocks of order 2: empty lists are refilled", empty_large_lists,
	  { keep_large, take_and_give_large }, keep_large, NULL,
	  NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "page-flush", "full lists give back", full_large_lists,
	  { give_two_large, give_large }, keep_large, NULL, NEAR(2, 1, 3), FAR(3, 1, 4) },
	{ "drain-pages", "a drain of all lists against alloc and free", half_full_large_lists,
	  { drain_pages, take_and_give_large }, take_and_give_large, NULL,
	  NEAR(2, 1, 2), FAR(3, 1, 4) },
	{ "two-reclaims", "one at a time, the other waits", nothing_to_reclaim,
	  { do_reclaim, do_reclaim }, take_and_give, NULL, NEAR(2, 0, 2), FAR(2, 1, 2) },
	{ "reclaim", "memory is out: both reclaim", no_memory,
	  { try_large, try_large }, take_and_give, NULL, NEAR(2, 1, 2), FAR(2, 1, 3) },
	{ "reclaim-and-use", "one reclaims what the other is using", no_memory,
	  { try_large, take_and_give_both }, NULL, NULL, NEAR(2, 0, 2), FAR(3, 0, 3) },
};
const unsigned int nr_scenarios = ARRAY_SIZE(scenarios);
