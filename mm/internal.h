/*
 * What mm/ shares with itself: the floors from buddy to cache, and the tests and reports that look
 * inside. Nobody outside mm/ and tests/ includes this file.
 *
 * Locks, in the order in which they are taken; never the other way round:
 *
 *   1 reclaim_lock      the list of shrinkers, who reclaims    under it: nothing; callbacks run
 *                                                              without it
 *   2 cache_list_lock   the list of caches and their ids       under it: 3, 4
 *   3 cache->lock       slabs, barn and counts of one cache    under it: 4 (slabs are given back
 *                                                              after unlocking)
 *   4 zone->lock        free lists and counts of one zone      under it: nothing
 *   5 fault_lock        settings of injected failures          under it: nothing
 *
 * All are taken with interrupts masked. Nobody prints, calls back or reclaims under 3 or 4. A
 * report made in a panic takes none of them and says so.
 */
#pragma once

#include <mm/bug.h>
#include <mm/memmap.h>
#include <mm/page_alloc.h>

#include "mm/cache.h"
#include "mm/sheaf.h"
#include "mm/slab_priv.h"
#include "mm/zone.h"

/* ---- mm.c: one instance of it all ---- */

/*
 * struct mm - a page allocator. kernel_mm is the one that the kernel boots with; tests and
 * lessons make their own.
 * @block_map: one byte per MAX_ORDER_NR_PAGES pages: not 0 when the descriptors of this
 *             block are backed and filled
 */
struct mm {
	struct zone zone[MAX_NR_ZONES];
	struct page *pages;		/* descriptor of pfn 0 */
	char *direct_map;		/* address of physical address 0 */
	uint8_t *block_map;
	uint64_t nr_blocks;		/* entries of block_map */
	uint64_t max_pfn;		/* first pfn above all RAM */
	uint64_t pages_min;		/* watermark base: min_free_kbytes in pages */
	struct memmap *map;

	uint64_t alloc_failed;		/* requests that ended in NULL */
	uint64_t reclaim_runs;		/* times that shrinkers were called */
	uint64_t reclaimed;		/* what they said they freed */
	bool is_short;			/* of memory, lately: see reclaim.c */
};

extern struct mm kernel_mm;

/**
 * mm_setup() - what mm_init() does to an instance, without caches. @pages, @direct_map
 * as in struct mm.
 */
int mm_setup(struct mm *mm, struct memmap *map, struct page *pages, char *direct_map);

/** mm_release() - what mm_release_boot() does, to an instance. Return: bytes given. */
uint64_t mm_release(struct mm *mm);

struct page *mm_alloc_pages(struct mm *mm, gfp_t gfp, unsigned int order, uintptr_t who);

/**
 * mm_free_pages() - @state: what the block must be: PAGE_ALLOCATED, or PAGE_LARGE for kmalloc's.
 */
void mm_free_pages(struct mm *mm, struct page *page, unsigned int order, enum page_state state,
		   uintptr_t who);

/** mm_take_pages(), mm_give_pages() - the same, by the CPU's lists where @mm has them. */
struct page *mm_take_pages(struct mm *mm, gfp_t gfp, unsigned int order, uintptr_t who);
void mm_give_pages(struct mm *mm, struct page *page, unsigned int order, enum page_state state,
		   uintptr_t who);

/** mm_split_pages() - an allocated block becomes 2^@order allocated blocks of order 0. */
void mm_split_pages(struct page *page, unsigned int order);

/**
 * mm_inside_free_block() - is @pfn, a tail, inside a block that is free? For reports.
 */
bool mm_inside_free_block(struct mm *mm, uint64_t pfn);

/** mm_zone_of() - the zone whose pages @pfn is among. */
struct zone *mm_zone_of(struct mm *mm, uint64_t pfn);

/** mm_page_valid() - may the descriptor of @pfn be read? True for every page of a carved block. */
static inline bool mm_page_valid(const struct mm *mm, uint64_t pfn)
{
	uint64_t block = pfn / MAX_ORDER_NR_PAGES;

	return block < mm->nr_blocks && READ_ONCE(mm->block_map[block]);
}

/**
 * mm_next_zone() - for walks: the first zone at or after @index that the machine has;
 * NULL at the end.
 */
struct zone *mm_next_zone(struct mm *mm, unsigned int index);

/*
 * watermark.c: min, low, high and lowmem_reserve, by Linux's formulas, from the
 * zones' managed pages.
 */
void zone_set_watermarks(struct mm *mm);

/* ---- page_cpu.c ---------------------------------------------------------- */

/* Indices into percpu->top, by zone and order, and by a request's two zone bits and order. Orders
 * have 16 columns, so that an index needs no multiplication; those without a stack have one that is
 * empty and full. */
extern uint8_t page_stack[MAX_NR_ZONES][16];
extern uint8_t page_request_stack[4][16];
extern uint32_t page_stack_cpus[];	/* by index: with more CPUs than that none begins one */

void page_cpu_init(void);

/** page_cpu_stack() - where a request looks first. Any CPU may have changed it meanwhile. */
static inline unsigned int page_cpu_stack(gfp_t gfp, unsigned int order)
{
	return READ_ONCE(page_request_stack[gfp & 3][order]);
}

/**
 * page_cpu_take() - a block marked PAGE_CPU of the highest zone of @gfp or one below, after a
 * refill if need be. NULL: there is none to be had this way.
 */
struct page *page_cpu_take(gfp_t gfp, unsigned int order);

/**
 * page_cpu_give() - what stack_push() had no room for.
 * Return: false: this CPU has no such stack, @page is still the caller's.
 */
bool page_cpu_give(unsigned int stack, struct page *page);

#define PAGE_CPU_SINGLES 30U	/* blocks of order 0 on a full stack */
#define PAGE_CPU_BATCH	16U	/* blocks that one refill takes at most; zoneinfo's batch */

/** page_cpu_high() - pages of @zone that a CPU keeps at most; 0: the zone is too small. */
uint64_t page_cpu_high(const struct zone *zone);

/** page_cpu_nr() - pages of @zone that CPU @cpu keeps. */
uint64_t page_cpu_nr(const struct zone *zone, unsigned int cpu);

/** drain_local_pages() - this CPU's page lists go to the buddy lists. Context: any. */
void drain_local_pages(void);

/** drain_all_pages() - all CPUs' do; CPUs are interrupted when one has any. Context: no lock held,
 *  interrupts enabled. */
void drain_all_pages(void);

/** page_lists_set() - @on: CPUs keep pages; else they give them back and take no others.
 *  Context: as drain_all_pages(), by one CPU at a time. */
void page_lists_set(bool on);

/** gfp_highest_zone() - the highest zone that a request may use. */
static inline unsigned int gfp_highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return ZONE_DMA;
	return gfp & __GFP_DMA32 ? ZONE_DMA32 : ZONE_NORMAL;
}

/* ---- reclaim.c ----------------------------------------------------------- */

/**
 * reclaim() - ask the shrinkers and the caches.
 * Return: how much was freed, in pages and objects; 0: give up.
 */
unsigned long reclaim(struct mm *mm, gfp_t gfp);

/**
 * reclaim_is_short() - was kernel_mm's memory short lately, so that no CPU may begin to keep some?
 */
bool reclaim_is_short(void);

/* ---- verify.c ------------------------------------------------------------ */

/**
 * mm_verify_instance() - the zones and the page array of one instance.
 * Return: how many invariants are broken.
 */
unsigned int mm_verify_instance(struct mm *mm, struct seq *out);

#define LARGE_ORDER(size)	((size) <= PAGE_SIZE ? 0U : ilog2((size) - 1) + 1 - PAGE_SHIFT)
