/*
 * What textbooks say of the buddy system, step by step, on arenas of their own.
 */
#include "arena.h"

#define BASE_PFN	1024U		/* 4 MiB: aligned to the largest block */
#define BIG_BASE_PFN	4096U		/* 16 MiB: DMA32's start, so that 16 MiB lie in one zone */

static struct arena arena;

static struct zone *open_arena(struct ktest *t, uint64_t base_pfn, uint64_t nr_pages)
{
	const struct arena_range range = { base_pfn, base_pfn + nr_pages, MEMMAP_OWNER_NONE };

	if (!arena_init(&arena, t, &range, 1))
		return NULL;
	return mm_zone_of(&arena.mm, base_pfn);
}

static struct page *take_kib(unsigned int kib)
{
	return arena_take(&arena, LARGE_ORDER(kib * 1024UL));
}

/* (a) 256 KiB: 14 KiB takes 16, 70 takes 128; then 90 fails although 112 are free. */
static void a_256k_fragments_and_merges(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 64);
	struct page *small, *large;

	if (!zone)
		return;
	ZONE_EXPECT_FREE(t, zone, [6] = 1);
	small = take_kib(14);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [4] = 1, [3] = 1, [2] = 1);
	KTEST_EXPECT_EQ(t, zone->nr_free * 4, 256 - 16);
	large = take_kib(70);
	ZONE_EXPECT_FREE(t, zone, [4] = 1, [3] = 1, [2] = 1);
	KTEST_EXPECT_EQ(t, zone->nr_free * 4, 112);
	KTEST_EXPECT(t, small && large);
	KTEST_EXPECT(t, !take_kib(90));
	ZONE_EXPECT_FREE(t, zone, [4] = 1, [3] = 1, [2] = 1);
	KTEST_EXPECT_EQ(t, arena.mm.alloc_failed, 1);

	/* 16 with 16, 32 with 32, 64 with 64: up the tree to the half that is in use. */
	arena_give(&arena, small, 2);
	ZONE_EXPECT_FREE(t, zone, [5] = 1);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_MERGE], 3);
	arena_give(&arena, large, 5);
	ZONE_EXPECT_FREE(t, zone, [6] = 1);
	arena_fini(&arena, t);
}

/* (b) 64 units: 8, 8 and 4 are asked for; the two 8s were buddies. */
static void b_64_units_split_and_rebuild(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 64);
	struct page *first, *second, *third, *unit;

	if (!zone)
		return;
	first = arena_take(&arena, 3);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [4] = 1, [3] = 1);
	second = arena_take(&arena, 3);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [4] = 1);
	third = arena_take(&arena, 2);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [3] = 1, [2] = 1);

	arena_give(&arena, first, 3);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [3] = 2, [2] = 1);
	arena_give(&arena, second, 3);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [4] = 1, [3] = 1, [2] = 1);
	arena_give(&arena, third, 2);
	ZONE_EXPECT_FREE(t, zone, [6] = 1);

	unit = arena_take(&arena, 0);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [4] = 1, [3] = 1, [2] = 1, [1] = 1, [0] = 1);
	arena_give(&arena, unit, 0);
	ZONE_EXPECT_FREE(t, zone, [6] = 1);
	arena_fini(&arena, t);
}

/* (c) 128 KiB, no block of order 5: one of order 6 is split. What is smaller stays as it is. */
static void c_empty_order_5_splits_order_6(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 64 + 16);
	struct page *page;

	if (!zone)
		return;
	ZONE_EXPECT_FREE(t, zone, [6] = 1, [4] = 1);
	page = take_kib(128);
	KTEST_EXPECT(t, page);
	ZONE_EXPECT_FREE(t, zone, [5] = 1, [4] = 1);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_SPLIT], 1);
	arena_give(&arena, page, 5);
	ZONE_EXPECT_FREE(t, zone, [6] = 1, [4] = 1);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_MERGE], 1);
	arena_fini(&arena, t);
}

/* (d) 16 MiB, 4 KiB asked: one block of each order between remains, and three of the largest. */
static void d_16m_leaves_one_of_each_order(struct ktest *t)
{
	struct zone *zone = open_arena(t, BIG_BASE_PFN, 4096);
	struct page *page;

	if (!zone)
		return;
	ZONE_EXPECT_FREE(t, zone, [10] = 4);
	page = take_kib(4);
	KTEST_EXPECT(t, page);
	ZONE_EXPECT_FREE(t, zone, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3);
	arena_give(&arena, page, 0);
	ZONE_EXPECT_FREE(t, zone, [10] = 4);
	arena_fini(&arena, t);
}

/* (e) Two buddies of any size: their addresses differ in one bit, the one that is their size. */
static void e_buddies_differ_in_one_address_bit(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, MAX_ORDER_NR_PAGES);

	if (!zone)
		return;
	for (unsigned int order = 0; order < MAX_ORDER - 1; order++) {
		struct page *a = arena_take(&arena, order), *b = arena_take(&arena, order);
		uint64_t differ;

		KTEST_ASSERT(t, a && b);
		differ = PFN_PHYS(arena_pfn(&arena, a)) ^ PFN_PHYS(arena_pfn(&arena, b));
		KTEST_EXPECT_EQ(t, differ, 4096ULL << order);
		arena_give(&arena, a, order);
		KTEST_EXPECT_EQ(t, zone->free[MAX_ORDER - 1].nr, 0);
		arena_give(&arena, b, order);
		ZONE_EXPECT_FREE(t, zone, [10] = 1);
	}
	arena_fini(&arena, t);
}

static const struct ktest_case textbook_cases[] = {
	KTEST_CASE(a_256k_fragments_and_merges),
	KTEST_CASE(b_64_units_split_and_rebuild),
	KTEST_CASE(c_empty_order_5_splits_order_6),
	KTEST_CASE(d_16m_leaves_one_of_each_order),
	KTEST_CASE(e_buddies_differ_in_one_address_bit),
};
KTEST_SUITE(textbook, textbook_cases);
