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
 *                adds one pass over 16 KiB of descriptors.
 * 7. Not here.   Choice of zone, watermarks, checks of what callers pass: page_alloc.c. Carving
 *                at boot: zone.c.
 */

#include "internal.h"

static uint32_t free_tag(const struct zone *zone, unsigned int order)
{
	return page_tag(PAGE_FREE, order, zone->index);
}

/* Put @pfn between two neighbours of the list; 0 stands for its ends. */
static void link_between(struct zone *zone, struct free_area *area, uint32_t pfn, uint32_t prev,
			 uint32_t next)
{
	struct page *page = zone->pages + pfn;

	page->prev = prev;
	page->next = next;
	if (prev)
		zone->pages[prev].next = pfn;
	else
		area->first = pfn;
	if (next)
		zone->pages[next].prev = pfn;
	else
		area->last = pfn;
}

static void unlink_block(struct zone *zone, struct free_area *area, const struct page *page)
{
	if (page->prev)
		zone->pages[page->prev].next = page->next;
	else
		area->first = page->next;
	if (page->next)
		zone->pages[page->next].prev = page->prev;
	else
		area->last = page->prev;
}

/* Newest first: what was given back last is likely still in the CPU's caches. */
static void push_block(struct zone *zone, uint32_t pfn, unsigned int order)
{
	struct free_area *area = &zone->free[order];
	struct page *page = zone->pages + pfn;

	page->tag = free_tag(zone, order);
	page->nr_blocks = 0;
	link_between(zone, area, pfn, 0, area->first);
	area->nr++;
}

void buddy_add_run_locked(struct zone *zone, uint64_t pfn, uint32_t nr_blocks)
{
	struct free_area *area = &zone->free[MAX_ORDER - 1];
	struct page *page = zone->pages + pfn;

	lock_assert_held(&zone->lock);
	page->tag = free_tag(zone, MAX_ORDER - 1);
	page->nr_blocks = nr_blocks;
	link_between(zone, area, (uint32_t)pfn, area->last, 0);
	area->nr += nr_blocks;
	zone->nr_free += nr_blocks * MAX_ORDER_NR_PAGES;
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

	unlink_block(zone, area, page);
	if (nr_blocks > 1) {
		zone->pages[rest].tag = free_tag(zone, MAX_ORDER - 1);
		zone->pages[rest].nr_blocks = nr_blocks - 1;
		link_between(zone, area, rest, prev, next);
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
		unlink_block(zone, area, page);

	zone->event[ZONE_EVENT_SPLIT] += k - order;
	while (k > order) {
		k--;
		push_block(zone, (uint32_t)(page - zone->pages) + (1U << k), k);
	}
	page->tag = page_tag(PAGE_ALLOCATED, order, zone->index);
	zone->nr_free -= 1UL << order;
	zone->event[ZONE_EVENT_ALLOC] += 1UL << order;
	return page;
}

void buddy_give_locked(struct zone *zone, struct page *page, unsigned int order)
{
	uint32_t pfn = (uint32_t)(page - zone->pages);

	lock_assert_held(&zone->lock);
	zone->nr_free += 1UL << order;
	zone->event[ZONE_EVENT_FREE] += 1UL << order;

	while (order < MAX_ORDER - 1) {
		uint32_t buddy_pfn = pfn ^ (1U << order);
		struct page *buddy = zone->pages + buddy_pfn;

		if (buddy->tag != free_tag(zone, order))
			break;
		unlink_block(zone, &zone->free[order], buddy);
		zone->free[order].nr--;
		zone->event[ZONE_EVENT_MERGE]++;
		/*
		 * The upper head becomes a tail: a stale PAGE_FREE there would pass
		 * for a buddy later.
		 */
		zone->pages[pfn | (1U << order)].tag = page_tag(PAGE_TAIL, 0, 0);
		pfn &= buddy_pfn;
		order++;
	}
	push_block(zone, pfn, order);
}
