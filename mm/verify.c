/*
 * The invariants of buddy.c, slab.c and sheaf.c, walked.
 *
 * Two views of each zone must agree: the free lists (B2 to B5), and the page array, which is read
 * block by block from end to end: each page of a filled block belongs to exactly one head, hole or
 * reservation (B1), and what the heads add up to is what the zone says it manages. Uncarved runs
 * are known from their list entries alone. The pages that say PAGE_SLAB must be as many as the
 * caches' slabs have. Then each cache: its lists and each slab's free list (S1 to S3), its barn,
 * and every object in a sheaf (H1 to H3).
 *
 * A walk holds the lock of the zone or cache that it reads, so findings are noted and printed
 * afterwards. What it cannot prove: that a caller still knows the blocks that it holds, or that
 * live objects are intact.
 */

#include <kernel/print.h>
#include <kernel/string.h>
#include <mm/report.h>

#include "internal.h"

#define MAX_FINDINGS	20U

struct finding {
	const char *where;		/* name of a zone or cache */
	const char *what;
	uint64_t got, want;
};

struct verify {
	struct finding finding[MAX_FINDINGS];
	unsigned int nr;		/* all, those without room included */
	uint64_t slab_pages;		/* in the page arrays of the zones */
};

static __noinline __cold void note(struct verify *v, const char *where, const char *what,
				   uint64_t got, uint64_t want)
{
	if (v->nr < MAX_FINDINGS)
		v->finding[v->nr] = (struct finding){ where, what, got, want };
	v->nr++;
}

/* No call where all is well: the tails of blocks are asked about one by one. */
static inline void expect(struct verify *v, const char *where, const char *what, uint64_t got,
			  uint64_t want)
{
	if (unlikely(got != want))
		note(v, where, what, got, want);
}

/* ---- zones --------------------------------------------------------------- */

/* One entry of a free list. Return: the pages that it stands for. */
static uint64_t verify_entry(struct verify *v, const struct zone *zone, uint32_t pfn,
			     unsigned int order)
{
	const struct page *page = zone->pages + pfn;
	uint64_t nr = page->nr_blocks ? (uint64_t)page->nr_blocks << order : 1UL << order;

	expect(v, zone->name, "B1 tag of a listed block", page->tag,
	       page_tag(PAGE_FREE, order, zone->index));
	expect(v, zone->name, "B4 alignment of a free block", pfn & ((1U << order) - 1), 0);
	expect(v, zone->name, "B4 free block starts in its zone", pfn >= zone->start_pfn, 1);
	expect(v, zone->name, "B4 free block ends in its zone", pfn + nr <= zone->end_pfn, 1);
	if (page->nr_blocks) {
		expect(v, zone->name, "run on a list below the largest order", order,
		       MAX_ORDER - 1);
		expect(v, zone->name, "run that is filled already",
		       zone_block_is_filled(zone, pfn), 0);
	} else if (order < MAX_ORDER - 1) {
		expect(v, zone->name, "B2 buddies both free",
		       zone->pages[pfn ^ (1U << order)].tag == page->tag, 0);
	}
	return nr;
}

static void verify_lists(struct verify *v, const struct zone *zone)
{
	uint64_t pages = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free[order];
		uint64_t blocks = 0, steps = 0;
		uint32_t prev = 0, pfn = area->first;

		while (pfn && steps++ <= zone->end_pfn) {
			if (pfn >= zone->end_pfn) {
				expect(v, zone->name, "B5 link out of the zone", pfn, 0);
				break;
			}
			expect(v, zone->name, "B5 backward link", zone->pages[pfn].prev, prev);
			blocks += verify_entry(v, zone, pfn, order) >> order;
			prev = pfn;
			pfn = zone->pages[pfn].next;
		}
		expect(v, zone->name, "B5 last of a list", area->last, prev);
		expect(v, zone->name, "B5 length of a list", blocks, area->nr);
		pages += area->nr << order;
	}
	expect(v, zone->name, "B3 free pages", zone->nr_free, pages);
}

struct tally {
	uint64_t free;			/* pages of free blocks that are carved */
	uint64_t used;			/* allocated, large, slab, on CPUs' lists */
};

/* One head of a filled block. Return: how many pages it stands for. */
static uint64_t verify_head(struct verify *v, const struct zone *zone, uint64_t pfn,
			    struct tally *tally)
{
	const struct page *head = zone->pages + pfn;
	uint64_t nr = 1UL << (head->order < MAX_ORDER ? head->order : 0);
	uint32_t tail = page_tag(PAGE_TAIL, 0, 0);

	switch (head->state) {
	case PAGE_HOLE:
	case PAGE_RESERVED:
		return 1;
	case PAGE_FREE:
		tally->free += nr;
		break;
	case PAGE_SLAB:
		v->slab_pages += nr;
		tail = head->tag;
		/* fall through */
	case PAGE_CPU:
	case PAGE_ALLOCATED:
	case PAGE_LARGE:
		tally->used += nr;
		break;
	default:
		expect(v, zone->name, "B1 page without a head", pfn, 0);
		return 1;
	}
	if (head->order >= MAX_ORDER)
		expect(v, zone->name, "order of a block", head->order, 0);
	expect(v, zone->name, "B4 alignment of a block", pfn & (nr - 1), 0);
	for (uint64_t i = 1; i < nr; i++)
		expect(v, zone->name, "B1 tail of a block", head[i].tag, tail);
	return nr;
}

static void verify_array(struct verify *v, const struct zone *zone)
{
	struct tally tally = { 0, 0 };
	uint64_t runs = 0;

	for (uint32_t pfn = zone->free[MAX_ORDER - 1].first; pfn; pfn = zone->pages[pfn].next)
		runs += zone->pages[pfn].nr_blocks * MAX_ORDER_NR_PAGES;

	for (uint64_t block = align_down(zone->start_pfn, MAX_ORDER_NR_PAGES);
	     block < zone->end_pfn; block += MAX_ORDER_NR_PAGES) {
		uint64_t pfn = block;

		if (!zone_block_is_filled(zone, block))
			continue;
		while (pfn < block + MAX_ORDER_NR_PAGES)
			pfn += verify_head(v, zone, pfn, &tally);
	}
	expect(v, zone->name, "free pages in the array and in runs", tally.free + runs,
	       zone->nr_free);
	expect(v, zone->name, "managed pages found", tally.free + runs + tally.used, zone->managed);
}

static void verify_zone(struct verify *v, struct zone *zone)
{
	unsigned long flags = 0;
	bool lock = !panicking();

	if (lock)
		flags = spin_lock_irqsave(&zone->lock);
	verify_lists(v, zone);
	if (v->nr == 0)		/* broken lists could lead this walk anywhere */
		verify_array(v, zone);
	if (lock)
		spin_unlock_irqrestore(&zone->lock, flags);
}

/* ---- caches -------------------------------------------------------------- */

/* Return: objects out of this list's slabs. */
static uint64_t verify_slab_list(struct verify *v, const struct kmem_cache *cache,
				 const struct slab_list *list, unsigned int least,
				 unsigned int most, uint64_t *nr_slabs)
{
	uint64_t bitmap[SLAB_MAX_OBJECTS / 64];
	uint64_t nr = 0, live = 0;
	uint32_t prev = 0;

	for (uint32_t pfn = list->first; pfn && nr <= list->nr; pfn = cache->mm->pages[pfn].next) {
		const struct page *slab = cache->mm->pages + pfn;

		expect(v, cache->name, "tag of a slab", slab->tag,
		       page_tag(PAGE_SLAB, cache->order, cache->id));
		expect(v, cache->name, "backward link of a slab", slab->prev, prev);
		expect(v, cache->name, "S2 slab on the list for its filling",
		       slab->inuse >= least && slab->inuse <= most, 1);
		expect(v, cache->name, "S1 length of a slab's free list",
		       (uint64_t)slab_walk_free(cache, slab, bitmap), cache->objects - slab->inuse);
		live += slab->inuse;
		prev = pfn;
		nr++;
	}
	expect(v, cache->name, "S3 slabs on a list", nr, list->nr);
	*nr_slabs += nr;
	return live;
}

static void verify_in_sheaf(const struct kmem_cache *cache, void *object, void *ctx)
{
	uint64_t paddr = (uint64_t)((char *)object - cache->direct_map);

	expect(ctx, cache->name, "H1 mark of an object in a sheaf", *slab_word(cache, object),
	       slab_mark(cache, object));
	expect(ctx, cache->name, "H1 object in a sheaf is the cache's",
	       cache->pages[paddr >> PAGE_SHIFT].tag, cache->tag);
}

/* Bounded: a broken list may run in a circle. */
static uint64_t barn_length(const struct cpu_stack *sheaf, uint64_t expected)
{
	uint64_t nr = 0;

	for (; sheaf && nr <= expected; sheaf = sheaf->entry[0])
		nr++;
	return nr;
}

static void verify_cache(struct verify *v, struct kmem_cache *cache)
{
	uint64_t nr_slabs = 0, live;
	unsigned long flags = 0;
	bool lock = !panicking();

	if (lock)
		flags = spin_lock_irqsave(&cache->lock);
	live = verify_slab_list(v, cache, &cache->empty, 0, 0, &nr_slabs);
	live += verify_slab_list(v, cache, &cache->full, cache->objects, cache->objects, &nr_slabs);
	for (unsigned int i = 0; i < SLAB_NR_FILL; i++) {
		/* The list n holds the inuse with slab_fill() n, which full slabs are not on. */
		unsigned int least = (i << cache->fill_shift) + 1;
		unsigned int most = (i + 1) << cache->fill_shift;

		if (most >= cache->objects)
			most = cache->objects - 1;
		live += verify_slab_list(v, cache, &cache->fill[i], least, most, &nr_slabs);
	}
	expect(v, cache->name, "S3 slabs", nr_slabs, cache->nr_slabs);
	expect(v, cache->name, "S3 objects out of slabs", live - cache->nr_lost, cache->nr_out);
	expect(v, cache->name, "H2 full sheaves in the barn",
	       barn_length(cache->barn_full, cache->nr_barn_full), cache->nr_barn_full);
	expect(v, cache->name, "H2 empty sheaves in the barn",
	       barn_length(cache->barn_empty, cache->nr_barn_empty), cache->nr_barn_empty);
	expect(v, cache->name, "H4 more sheaves in the barn than it may keep",
	       max_u64(cache->nr_barn_full, cache->nr_barn_empty) > cache->barn_max, 0);
	sheaf_for_each(cache, verify_in_sheaf, v);
	expect(v, cache->name, "H3 objects in sheaves are out of slabs",
	       sheaf_nr_objects(cache) <= cache->nr_out, 1);
	if (lock)
		spin_unlock_irqrestore(&cache->lock, flags);
}

/* ---- the whole ----------------------------------------------------------- */

static unsigned int say(struct seq *out, const struct verify *v)
{
	for (unsigned int i = 0; i < v->nr && i < MAX_FINDINGS; i++) {
		const struct finding *f = &v->finding[i];

		seq_printf(out, "verify: %s: %s: %llu (%#llx), expected %llu (%#llx)\n", f->where,
			   f->what, (unsigned long long)f->got, (unsigned long long)f->got,
			   (unsigned long long)f->want, (unsigned long long)f->want);
	}
	if (v->nr > MAX_FINDINGS)
		seq_printf(out, "verify: and %u more\n", v->nr - MAX_FINDINGS);
	return v->nr;
}

/* Pages of all slabs over @mm, as the caches count them. */
static uint64_t slab_pages_of(const struct mm *mm)
{
	bool lock = !panicking();
	unsigned long flags = 0;
	uint64_t nr = 0;

	if (lock)
		flags = spin_lock_irqsave(&cache_list_lock);
	for (struct kmem_cache *cache = cache_list; cache; cache = cache->next)
		nr += cache->mm == mm ? READ_ONCE(cache->nr_slabs) << cache->order : 0;
	if (lock)
		spin_unlock_irqrestore(&cache_list_lock, flags);
	return nr;
}

unsigned int mm_verify_instance(struct mm *mm, struct seq *out)
{
	struct verify v = { .nr = 0 };
	struct zone *zone;

	for (unsigned int i = 0; (zone = mm_next_zone(mm, i)) != NULL; i = zone->index + 1U)
		verify_zone(&v, zone);
	if (v.nr == 0)
		expect(&v, "all zones", "slab pages found", v.slab_pages, slab_pages_of(mm));
	return say(out, &v);
}

unsigned int mm_verify(struct seq *out)
{
	struct verify v = { .nr = 0 };
	unsigned int broken = mm_verify_instance(&kernel_mm, out);
	bool lock = !panicking();
	unsigned long flags = 0;

	if (!lock)
		seq_puts(out, "verify: in a panic: no lock is taken\n");
	if (lock)
		flags = spin_lock_irqsave(&cache_list_lock);
	for (struct kmem_cache *cache = cache_list; cache; cache = cache->next)
		verify_cache(&v, cache);
	if (lock)
		spin_unlock_irqrestore(&cache_list_lock, flags);
	return broken + say(out, &v);
}
