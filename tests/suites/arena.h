/*
 * Page allocators of a test's own.
 *
 * A page allocator keeps nothing in the pages that it hands out. So an arena has descriptors for
 * the RAM that its test names, but no RAM, unless it is asked for: 64 KiB stand for 16 MiB at
 * whatever addresses the test wants. Descriptors start as garbage, so that one which is read before
 * it is filled shows.
 */
#pragma once

#include "mm/internal.h"

#include <kernel/ktest.h>

#define ARENA_MAX_RANGES	12U	/* that a test may name */
#define ARENA_GARBAGE		0xa5	/* byte that unfilled descriptors consist of */
#define ARENA_GARBAGE_TAG	0xa5a5a5a5U

/* RAM, in pfns. @owner: MEMMAP_OWNER_NONE for free memory, or who has reserved all of it. */
struct arena_range {
	uint64_t start_pfn;
	uint64_t end_pfn;
	enum memmap_owner owner;
};

/*
 * @map_pfn: a page of RAM above all others, in a block of its own, that mm_setup() takes for the
 *           block map. It counts as present in its zone, and as managed nowhere.
 */
struct arena {
	struct mm mm;
	uint64_t map_pfn;

	struct memmap map;
	uint64_t tables[MEMMAP_BYTES(ARENA_MAX_RANGES + 1, 2 * ARENA_MAX_RANGES) /
			sizeof(uint64_t) + 1];
	void *pages;			/* descriptors, borrowed from the running system */
	size_t pages_size;
	void *far_pages;		/* those of pfn 2^20 and above, if ranges lie far apart */
	char *ram;			/* the page for the block map, or all of the RAM */
	size_t ram_size;
};

/**
 * arena_init() - an allocator over @ranges (ascending, disjoint, any alignment), with watermarks
 * and lowmem_reserve 0.
 *
 * Ranges within 1 GiB of each other, or below 1 GiB and between 4 and 5 GiB: the latter borrows
 * 8 MiB of the system.
 * Return: false when the system is too small for it: the case is marked as skipped,
 *         and must return.
 */
__must_check bool arena_init(struct arena *arena, struct ktest *t,
			     const struct arena_range *ranges, unsigned int nr);

/**
 * arena_init_ram() - the same over one block of 2^@order real pages at @base_pfn, of which
 * the last is taken.
 */
__must_check bool arena_init_ram(struct arena *arena, struct ktest *t, uint64_t base_pfn,
				 unsigned int order);

/** arena_fini() - check all invariants once more, then give back what was borrowed. */
void arena_fini(struct arena *arena, struct ktest *t);

/**
 * arena_abandon() - destroy @cache, whose objects are all free or lost, and give @arena back
 * unchecked.
 *
 * What is lost holds its slab for good, so @cache is made to forget its slabs.
 */
void arena_abandon(struct arena *arena, struct ktest *t, struct kmem_cache *cache);

/** arena_verify() - the case fails with what mm_verify_instance() says, if it says anything. */
void arena_verify(struct arena *arena, struct ktest *t);

/** arena_take() - a block, without reclaim and in silence. NULL: none. */
struct page *arena_take(struct arena *arena, unsigned int order);
void arena_give(struct arena *arena, struct page *page, unsigned int order);

/** arena_pfn() - of a page of @arena. */
uint64_t arena_pfn(const struct arena *arena, const struct page *page);

/**
 * zone_expect_free() - the case fails for each order whose number of free blocks is not
 * the one in @want.
 */
void zone_expect_free(struct ktest *t, const char *file, int line, const struct zone *zone,
		      const uint64_t want[MAX_ORDER]);

/* ZONE_EXPECT_FREE(t, zone, [4] = 1, [0] = 2): these free blocks and no others. */
#define ZONE_EXPECT_FREE(t, zone, ...)                                                             \
	zone_expect_free((t), __FILE__, __LINE__, (zone),                                          \
			 (const uint64_t[MAX_ORDER]){ __VA_ARGS__ })
