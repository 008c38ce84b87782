/*
 * Buddy free lists of one zone.
 *
 * 1. Idea.       A block of order k is 2^k pages whose first pfn is a multiple of 2^k. Its buddy is
 *                the other half of the block of order k+1 that both came from: pfn ^ (1 << k). A
 *                block is taken by halving a larger one until the size fits, and given back by
 *                joining it with its buddy for as long as the buddy is free.
 * 2. Descriptor. Only a block's head carries its state; the other pages say PAGE_TAIL. So a buddy
 *                is free, whole and in this zone exactly if its tag has one expected value: one
 *                load, one compare. The head of a buddy has always been written, because the split
 *                that made the two wrote both.
 * 3. Runs.       RAM that nobody has asked for yet stands at the end of the order-10 list as runs
 *                of many blocks, one entry each: nr_blocks in the head says how many. No other
 *                descriptor of a run is filled, or read. Taking from a run carves its first block:
 *                that block's descriptors are filled, and the entry moves on by one block. Blocks
 *                of the largest order never look for a buddy, so nobody looks into a run. A block
 *                that has been carved has nr_blocks 0 when it is free.
 * 4. Invariants. B1  each free page belongs to exactly one block or run, and only its
 *                    head says PAGE_FREE.
 *                B2  two buddies of one order below MAX_ORDER-1 are never both free.
 *                B3  zone->nr_free == sum over k of free[k].nr << k.
 *                B4  every free block lies inside the zone and is aligned to its size.
 *                B5  the lists are linked the same in both directions, and count what nr says.
 *                verify.c checks all five.
 * 5. Locking.    The caller holds zone->lock; nothing here sleeps, prints or calls back.
 * 6. Cost.       Take and give: at most MAX_ORDER-1 splits or merges, no search. Taking from a run
 *                adds one pass over 16 KiB of descriptors. Many blocks at once come back in calls
 *                that each end after a bounded number of merges.
 * 7. Not here.   Choice of zone, watermarks, checks of what callers pass: page_alloc.c. Carving
 *                at boot: zone.c.
 */

#include "internal.h"

/* Merges after which a call for many blocks ends: what a lock is held for stays bounded. */
#define GIVE_MERGES	36U

static uint32_t free_tag(const struct zone *zone, unsigned int order)
{
	return page_tag(PAGE_FREE, order, zone->index);
}

/* Put @pfn between two neighbours of the list; 0 stands for its ends. */
static __always_inline void link_between(struct page *pages, struct free_area *area, uint32_t pfn,
					 uint32_t prev, uint32_t next)
{
	pages[pfn].prev = prev;
	pages[pfn].next = next;
	if (prev)
		pages[prev].next = pfn;
	else
		area->first = pfn;
	if (next)
		pages[next].prev = pfn;
	else
		area->last = pfn;
}

static __always_inline void unlink_block(struct page *pages, struct free_area *area,
					 const struct page *page)
{
	uint32_t prev = page->prev, next = page->next;

	if (prev)
		pages[prev].next = next;
	else
		area->first = next;
	if (next)
		pages[next].prev = prev;
	else
		area->last = prev;
}

/* Newest first: what was given back last is likely still in the CPU's caches. */
static __always_inline void push_block(struct page *pages, struct free_area *area, uint32_t pfn,
				       uint32_t tag)
{
	WRITE_ONCE(pages[pfn].tag, tag);
	pages[pfn].nr_blocks = 0;
	link_between(pages, area, pfn, 0, area->first);
	area->nr++;
}

void buddy_add_run_locked(struct zone *zone, uint64_t pfn, uint32_t nr_blocks)
{
	struct free_area *area = &zone->free[MAX_ORDER - 1];
	struct page *page = zone->pages + pfn;

	lock_assert_held(&zone->lock);
	WRITE_ONCE(page->tag, free_tag(zone, MAX_ORDER - 1));
	page->nr_blocks = nr_blocks;
	link_between(zone->pages, area, (uint32_t)pfn, area->last, 0);
	area->nr += nr_blocks;
	WRITE_ONCE(zone->nr_free, zone->nr_free + (nr_blocks * MAX_ORDER_NR_PAGES));
}

/*
 * Cut the first block off the run at the list's @page, which stands for it from now on; the rest
 * keeps its place.
 */
static void carve(struct zone *zone, struct free_area *area, struct page *page)
{
	uint32_t pfn = (uint32_t)(page - zone->pages);
	uint32_t rest = pfn + (uint32_t)MAX_ORDER_NR_PAGES;
	uint32_t prev = page->prev, next = page->next;
	uint32_t nr_blocks = page->nr_blocks;

	unlink_block(zone->pages, area, page);
	if (nr_blocks > 1) {
		WRITE_ONCE(zone->pages[rest].tag, free_tag(zone, MAX_ORDER - 1));
		zone->pages[rest].nr_blocks = nr_blocks - 1;
		link_between(zone->pages, area, rest, prev, next);
	}
	zone_fill_block(zone, pfn, PAGE_TAIL);
	zone->event[ZONE_EVENT_CARVE]++;
}

struct page *buddy_take_locked(struct zone *zone, unsigned int order)
{
	struct free_area *area;
	struct page *page;
	unsigned int k = order;

	lock_assert_held(&zone->lock);
	while (k < MAX_ORDER && !zone->free[k].first)
		k++;
	if (k == MAX_ORDER)
		return NULL;

	area = &zone->free[k];
	page = zone->pages + area->first;
	area->nr--;
	if (page->nr_blocks)
		carve(zone, area, page);
	else
		unlink_block(zone->pages, area, page);

	zone->event[ZONE_EVENT_SPLIT] += k - order;
	while (k > order) {
		k--;
		push_block(zone->pages, &zone->free[k],
			   (uint32_t)(page - zone->pages) + (1U << k), free_tag(zone, k));
	}
	WRITE_ONCE(page->tag, page_tag(PAGE_ALLOCATED, order, zone->index));
	WRITE_ONCE(zone->nr_free, zone->nr_free - (1UL << order));
	zone->event[ZONE_EVENT_ALLOC] += 1UL << order;
	return page;
}

/* @tag: a free block's of @order. Return: how many pairs of buddies were joined. */
static __always_inline unsigned int give(struct zone *zone, struct page *pages, uint32_t pfn,
					 unsigned int order, uint32_t tag)
{
	struct free_area *area = &zone->free[order], *from = area;
	uint32_t half = 1U << order;

	for (; half < MAX_ORDER_NR_PAGES; half <<= 1, area++, tag += page_tag(0, 1, 0)) {
		struct page *buddy = pages + (pfn ^ half);

		if (READ_ONCE(buddy->tag) != tag)
			break;
		unlink_block(pages, area, buddy);
		area->nr--;
		/*
		 * The upper head becomes a tail: a stale PAGE_FREE there would pass
		 * for a buddy later.
		 */
		WRITE_ONCE(pages[pfn | half].tag, page_tag(PAGE_TAIL, 0, 0));
		pfn &= ~half;
	}
	push_block(pages, area, pfn, tag);
	return (unsigned int)(area - from);
}

static void count_given(struct zone *zone, uint64_t nr_pages, unsigned int merges)
{
	lock_assert_held(&zone->lock);
	WRITE_ONCE(zone->nr_free, zone->nr_free + nr_pages);
	zone->event[ZONE_EVENT_FREE] += nr_pages;
	zone->event[ZONE_EVENT_MERGE] += merges;
}

void buddy_give_locked(struct zone *zone, struct page *page, unsigned int order)
{
	struct page *pages = zone->pages;

	count_given(zone, 1UL << order,
		    give(zone, pages, (uint32_t)(page - pages), order, free_tag(zone, order)));
}

unsigned int buddy_give_many_locked(struct zone *zone, void *const *blocks, unsigned int nr,
				    unsigned int order)
{
	struct page *pages = zone->pages;
	uint32_t tag = free_tag(zone, order);
	unsigned int given = 0, merges = 0;

	while (given < nr && merges < GIVE_MERGES) {
		struct page *page = blocks[given++];

		merges += give(zone, pages, (uint32_t)(page - pages), order, tag);
	}
	count_given(zone, (uint64_t)given << order, merges);
	return given;
}
