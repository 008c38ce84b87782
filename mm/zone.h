/*
 * Zones and their buddy lists, private to mm/ and tests/: zone.c, buddy.c. Theory and invariants
 * are in those files; the order of locks is in internal.h.
 */
#pragma once

#include <kernel/spinlock.h>
#include <mm/page.h>

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, MAX_NR_ZONES };

#define ZONE_DMA_END_PFN	(16ULL << (20 - PAGE_SHIFT))	/* ISA DMA: 24 address bits */
#define ZONE_DMA32_END_PFN	(4ULL << (30 - PAGE_SHIFT))	/* PCI: 32 address bits */

/* Of the locks in mm/, as internal.h tells their order. */
enum lock_rank { RANK_RECLAIM = 1, RANK_CACHE_LIST, RANK_CACHE, RANK_ZONE };

enum zone_watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* Counted under zone->lock, so without what CPUs' lists serve; the names are vmstat's where Linux
 * has the same event. */
enum zone_event {
	ZONE_EVENT_ALLOC,		/* pages taken: pgalloc_* */
	ZONE_EVENT_FREE,		/* pages given back: pgfree */
	ZONE_EVENT_SPLIT,		/* blocks halved */
	ZONE_EVENT_MERGE,		/* pairs of buddies joined */
	ZONE_EVENT_CARVE,		/* largest blocks whose descriptors were filled */
	NR_ZONE_EVENTS,
};

/* Free blocks of one order: a list linked by pfn, newest first; uncarved runs stand at its end. */
struct free_area {
	uint32_t first;			/* pfn; 0: empty */
	uint32_t last;
	uint64_t nr;			/* blocks, those inside runs counted one by one */
};

/*
 * struct zone - pages that differ from others only in who may use them.
 * @pages: descriptor of the instance's page frame 0, so that a test's zone has an array of its own
 * Invariants B1 to B5 are stated in buddy.c and checked in verify.c.
 */
struct zone {
	const char *name;		/* "DMA", "DMA32", "Normal" */
	uint16_t index;			/* enum zone_type; stands in every tag of its pages */
	struct page *pages;
	uint8_t *block_map;		/* the instance's, see struct mm: filled blocks */
	uint64_t start_pfn, end_pfn;	/* [start, end) with holes; equal: the machine lacks it */
	uint64_t present;		/* pages of RAM */
	uint64_t managed;		/* pages that were handed to the allocator */

	struct spinlock lock;		/* guards all below */
	uint64_t nr_free;		/* pages */
	struct free_area free[MAX_ORDER];
	uint64_t event[NR_ZONE_EVENTS];

	uint64_t watermark[NR_WMARK];	/* pages; set by zone_set_watermarks(), then constant */
	/* Pages kept from requests whose highest zone is the index. */
	uint64_t lowmem_reserve[MAX_NR_ZONES];
};

static inline uint32_t page_tag(enum page_state state, unsigned int order,
				unsigned int zone_or_cache)
{
	return (uint32_t)state | (uint32_t)order << 8 | (uint32_t)zone_or_cache << 16;
}

/**
 * buddy_take_locked() - one block of @order, marked PAGE_ALLOCATED. Context: zone->lock held.
 * Return: NULL: none.
 */
struct page *buddy_take_locked(struct zone *zone, unsigned int order);

/**
 * buddy_pop_locked() - buddy_take_locked() of a block that is there as it is wanted. NULL: none, or
 * one that must be cut or carved.
 */
static inline struct page *buddy_pop_locked(struct zone *zone, unsigned int order)
{
	struct free_area *area = &zone->free[order];
	struct page *page = zone->pages + area->first;

	if (!area->first || page->nr_blocks)
		return NULL;
	area->first = page->next;
	if (page->next)
		zone->pages[page->next].prev = 0;
	else
		area->last = 0;
	area->nr--;
	WRITE_ONCE(zone->nr_free, zone->nr_free - (1UL << order));
	zone->event[ZONE_EVENT_ALLOC] += 1UL << order;
	WRITE_ONCE(page->tag, page_tag(PAGE_ALLOCATED, order, zone->index));
	return page;
}

/**
 * buddy_give_locked() - a block comes back and merges as far as it can. The caller has checked that
 * it is allocated.
 */
void buddy_give_locked(struct zone *zone, struct page *page, unsigned int order);

/**
 * buddy_give_many_locked() - the same for up to @nr blocks of one order: as many as a bounded
 * number of merges allows, one at least. Return: how many, from the first.
 */
unsigned int buddy_give_many_locked(struct zone *zone, void *const *blocks, unsigned int nr,
				    unsigned int order);

/**
 * buddy_add_run_locked() - @nr_blocks whole largest blocks that nobody has looked at yet; their
 * descriptors are not read.
 */
void buddy_add_run_locked(struct zone *zone, uint64_t pfn, uint32_t nr_blocks);

/** zone_init() - a zone without memory yet; its name comes from @index. */
void zone_init(struct zone *zone, enum zone_type index, struct page *pages, uint8_t *block_map);

/**
 * zone_add_free() - hand the pages [@start_pfn, @end_pfn) to the zone. Blocks that are whole
 * are taken as a run if @lazy; of the others the descriptors are filled and say
 * PAGE_RESERVED. Managed grows. The lock is held for a block at a time.
 */
void zone_add_free(struct zone *zone, uint64_t start_pfn, uint64_t end_pfn, bool lazy);

/**
 * zone_fill_block() - fill the descriptors of the block at @pfn: all tails, or all PAGE_HOLE.
 * Sets its byte of the block map.
 */
void zone_fill_block(struct zone *zone, uint64_t pfn, enum page_state state);

/** zone_block_is_filled() - may the descriptors of the block that holds @pfn be read? */
static inline bool zone_block_is_filled(const struct zone *zone, uint64_t pfn)
{
	return READ_ONCE(zone->block_map[pfn / MAX_ORDER_NR_PAGES]);
}
