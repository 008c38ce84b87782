/*
 * What must hold when both CPUs have come to rest.
 *
 * 1. mm_verify(): all invariants that mm/ itself states. It takes each lock, so a lock that was
 *    left taken is seen; reclaim's is taken by a shrinker that comes and goes.
 * 2. Places. Each object of a slab is on the slab's list, in one sheaf, or held by a program here,
 *    and only in one of them. Each page of PAGE_CPU lies on one CPU's list; each of PAGE_ALLOCATED
 *    is held here or was taken before the first schedule; each slab is on its cache's lists.
 * 3. So nothing is lost, and nothing is in two places. Sheaves count too: as objects that CPUs and
 *    barns have.
 *
 * And at all times: nothing is handed out that somebody holds, and what is held keeps its content.
 */
#include <stdlib.h>
#include <string.h>

#include <mm/ledger.h>
#include <mm/report.h>

#include "interleave.h"
#include "mm/internal.h"
#include "port.h"

#define MAX_HELD	256U
#define MAX_CACHES_WATCHED	4U
#define MAX_SLABS	64U		/* of one cache */
#define STAMP		0x5a5a5a5a5a5a5a5aULL	/* with its address: what a held object says */

struct held_page {
	struct page *page;
	unsigned int order;
};

struct held {
	void *object[MAX_HELD];
	struct held_page page[MAX_HELD];
	unsigned int nr_objects, nr_pages;
};

/* What is found where, by object of one cache. */
struct places {
	const struct kmem_cache *cache;
	struct page *slab[MAX_SLABS];
	unsigned int nr_slabs;
	uint8_t nr_places[MAX_SLABS][SLAB_MAX_OBJECTS];
};

static struct held held, held_at_first;
static uint64_t allocated_at_first;	/* pages of PAGE_ALLOCATED blocks that nobody here holds */
static unsigned int bugs_at_first;
static struct kmem_cache *caches[MAX_CACHES_WATCHED];
static unsigned int nr_caches;

/* ---- what programs hold -------------------------------------------------- */

static uint64_t stamp_of(const void *object)
{
	return STAMP ^ (uintptr_t)object;
}

void object_hold(void *object)
{
	uint64_t *word = object;

	if (!object)
		fail("CPU %u gets no object although there is memory", cpu_number());
	for (unsigned int i = 0; i < held.nr_objects; i++) {
		if (held.object[i] == object)
			fail("object %p is handed out to CPU %u, but somebody holds it", object,
			     cpu_number());
	}
	if (held.nr_objects == MAX_HELD)
		fail("more than %u objects are held", MAX_HELD);
	held.object[held.nr_objects++] = object;
	memory_access(word, sizeof(*word), true);
	*word = stamp_of(object);
}

void object_drop(void *object)
{
	const uint64_t *word = object;
	unsigned int i = 0;

	memory_access(word, sizeof(*word), false);	/* first: others may run meanwhile */
	while (i < held.nr_objects && held.object[i] != object)
		i++;
	if (i == held.nr_objects)
		fail("a program frees %p, which it does not hold", object);
	if (*word != stamp_of(object))
		fail("object %p was written to while it was held", object);
	held.object[i] = held.object[--held.nr_objects];
}

void page_hold(struct page *page, unsigned int order)
{
	if (!page)
		fail("CPU %u gets no page although there is memory", cpu_number());
	for (unsigned int i = 0; i < held.nr_pages; i++) {
		const struct held_page *h = &held.page[i];

		if (page < h->page + (1UL << h->order) && h->page < page + (1UL << order))
			fail("pfn %#lx is handed out to CPU %u, but somebody holds it",
			     (unsigned long)page_to_pfn(page), cpu_number());
	}
	if (held.nr_pages == MAX_HELD)
		fail("more than %u blocks are held", MAX_HELD);
	held.page[held.nr_pages++] = (struct held_page){ page, order };
}

void page_drop(struct page *page)
{
	unsigned int i = 0;

	while (i < held.nr_pages && held.page[i].page != page)
		i++;
	if (i == held.nr_pages)
		fail("a program frees a block that it does not hold");
	held.page[i] = held.page[--held.nr_pages];
}

/* ---- objects ------------------------------------------------------------- */

void check_watch_cache(struct kmem_cache *cache)
{
	if (nr_caches == MAX_CACHES_WATCHED)
		abort();
	caches[nr_caches++] = cache;
}

static void find_slabs(struct places *places)
{
	const struct mm *mm = places->cache->mm;

	places->nr_slabs = 0;
	for (uint64_t pfn = 0; pfn < mm->max_pfn; pfn++) {
		if (!mm_page_valid(mm, pfn)) {
			pfn |= MAX_ORDER_NR_PAGES - 1;
			continue;
		}
		if (mm->pages[pfn].tag != places->cache->tag)
			continue;
		if (places->nr_slabs == MAX_SLABS)
			fail("more than %u slabs of %s", MAX_SLABS, places->cache->name);
		places->slab[places->nr_slabs++] = mm->pages + pfn;
		pfn += (1UL << places->cache->order) - 1;
	}
}

static void note_place(const struct kmem_cache *cache, void *object, void *ctx)
{
	struct places *places = ctx;
	const struct page *slab = slab_of(cache->mm, object);
	uint64_t offset = (uint64_t)((char *)object - cache->direct_map) & cache->slab_mask;
	unsigned int i = 0;

	while (i < places->nr_slabs && places->slab[i] != slab)
		i++;
	if (i == places->nr_slabs || offset % cache->stride)
		fail("%p is in a sheaf or held, but no object of %s", object, cache->name);
	places->nr_places[i][offset / cache->stride]++;
}

static void note_free(struct places *places, unsigned int i)
{
	const struct kmem_cache *cache = places->cache;
	uint64_t bitmap[SLAB_MAX_OBJECTS / 64];

	if (slab_walk_free(cache, places->slab[i], bitmap) < 0)
		fail("a slab of %s has a broken list", cache->name);
	for (unsigned int n = 0; n < cache->objects; n++)
		places->nr_places[i][n] += bitmap[n / 64] >> (n % 64) & 1;
}

/* @is_counted: all its objects that are out are held here. Else: how many are in none of these. */
static uint64_t check_places(const struct kmem_cache *cache, bool is_counted)
{
	static struct places places;
	uint64_t nr_elsewhere = 0;

	places.cache = cache;
	find_slabs(&places);
	memset(places.nr_places, 0, places.nr_slabs * sizeof(places.nr_places[0]));
	if (places.nr_slabs != cache->nr_slabs)
		fail("%s has %u slabs, of which %llu are on its lists", cache->name,
		     places.nr_slabs, (unsigned long long)cache->nr_slabs);
	for (unsigned int i = 0; i < places.nr_slabs; i++)
		note_free(&places, i);
	sheaf_for_each(cache, note_place, &places);
	for (unsigned int i = 0; i < held.nr_objects && is_counted; i++) {
		const struct page *slab = slab_of(cache->mm, held.object[i]);

		if (slab && slab->tag == cache->tag)
			note_place(cache, held.object[i], &places);
	}
	for (unsigned int i = 0; i < places.nr_slabs * cache->objects; i++) {
		unsigned int nr = places.nr_places[i / cache->objects][i % cache->objects];

		if (nr > 1 || (nr == 0 && is_counted))
			fail("object %u of a slab of %s is in %u places", i % cache->objects,
			     cache->name, nr);
		nr_elsewhere += nr == 0;
	}
	return nr_elsewhere;
}

static uint64_t nr_sheaves(const struct kmem_cache *cache)
{
	uint64_t nr = cache->nr_barn_full + cache->nr_barn_empty;

	for (unsigned int i = 0; i < NR_CPUS; i++) {
		void **top = percpu_area[i]->top[cache->stack];

		if (top != stack_none)
			nr += 1 + ((uintptr_t)stack_of_top(top)->entry[0] > 1);
	}
	return nr;
}

static void check_objects(void)
{
	struct kmem_cache *sheaves = kmem_cache_find("sheaf");
	uint64_t nr = 0, out;

	for (unsigned int i = 0; i < nr_caches; i++)
		(void)check_places(caches[i], true);
	for (const struct kmem_cache *cache = cache_list; cache; cache = cache->next)
		nr += nr_sheaves(cache);
	out = check_places(sheaves, false);
	if (out != nr)
		fail("%llu sheaves are out, but CPUs and barns have %llu", (unsigned long long)out,
		     (unsigned long long)nr);
}

/* ---- pages --------------------------------------------------------------- */

static uint64_t nr_on_list(void **top)
{
	uint64_t nr = 0;

	for (unsigned int left = stack_nr(top); left > 0; left--) {
		const struct page *page = *--top;

		if (page->state != PAGE_CPU)
			fail("pfn %#lx is on a CPU's list in state %u",
			     (unsigned long)page_to_pfn(page), page->state);
		nr += 1UL << page->order;
	}
	return nr;
}

static uint64_t nr_on_lists(void)
{
	uint64_t nr = 0;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		for (unsigned int i = 0; i < STACK_NEVER; i++)
			nr += nr_on_list(percpu_area[cpu]->top[i]);
	}
	return nr;
}

static uint64_t nr_in_state(enum page_state state)
{
	uint64_t nr = 0;

	for (uint64_t pfn = 0; pfn < kernel_mm.max_pfn; pfn++) {
		const struct page *page = kernel_mm.pages + pfn;

		if (!mm_page_valid(&kernel_mm, pfn))
			pfn |= MAX_ORDER_NR_PAGES - 1;
		else if (page->state == state)
			nr += 1UL << page->order;
	}
	return nr;
}

static uint64_t nr_pages_held(void)
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < held.nr_pages; i++)
		nr += 1UL << held.page[i].order;
	return nr;
}

static void check_pages(void)
{
	uint64_t found = nr_in_state(PAGE_CPU), listed = nr_on_lists();

	if (found != listed)
		fail("%llu pages say that a CPU has them, %llu are on lists",
		     (unsigned long long)found, (unsigned long long)listed);
	for (unsigned int i = 0; i < held.nr_pages; i++) {
		if (held.page[i].page->state != PAGE_ALLOCATED ||
		    held.page[i].page->order != held.page[i].order)
			fail("pfn %#lx is held, and in state %u",
			     (unsigned long)page_to_pfn(held.page[i].page),
			     held.page[i].page->state);
	}
	found = nr_in_state(PAGE_ALLOCATED);
	if (found != allocated_at_first + nr_pages_held())
		fail("%llu pages are allocated, %llu of them are held", (unsigned long long)found,
		     (unsigned long long)(allocated_at_first + nr_pages_held()));
}

/* ---- the whole ----------------------------------------------------------- */

static unsigned int nr_bugs(void)
{
	unsigned int nr = 0;

	for (int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		nr += mm_bug_count((enum mm_bug_kind)kind);
	return nr;
}

static unsigned long none(struct shrinker *shrinker, gfp_t gfp)
{
	(void)shrinker;
	(void)gfp;
	return 0;
}

static void check_reclaim(void)
{
	static struct shrinker visitor = { .count_objects = none, .name = "visitor" };

	register_shrinker(&visitor);
	unregister_shrinker(&visitor);
}

void check_keep(void)
{
	held_at_first = held;
	allocated_at_first = nr_in_state(PAGE_ALLOCATED) - nr_pages_held();
	bugs_at_first = nr_bugs();
}

void check_restore(void)
{
	held = held_at_first;
	port_hush();
}

void check_all(void)
{
	unsigned int broken;

	if (nr_bugs() != bugs_at_first)
		fail("a bug was reported: %s", port_said());
	port_hush();
	broken = mm_verify(&seq_console);
	if (broken)
		fail("%u invariants are broken: %s", broken, port_said());
	port_hush();
	if (ledger_check(&kernel_mm, &seq_console))
		fail("the ledger is not closed: %s", port_said());
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		if (percpu_area[cpu]->busy)
			fail("CPU %u is busy for ever", cpu);
	}
	check_reclaim();
	check_objects();
	check_pages();
}
