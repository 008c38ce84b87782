/*
 * Split, merge and carve in one zone. Expected block counts of a range come from counting aligned
 * blocks, not from walking it as the allocator does.
 */
#include "arena.h"

#include <kernel/string.h>

#define BASE_PFN	(4096U + 1024U)		/* 20 MiB: whole blocks of DMA32 on both sides */
#define LARGEST		(MAX_ORDER - 1)
#define MAX_LENGTH	2050U			/* pages of the longest range tried */

static struct arena arena;

static struct zone *open_arena(struct ktest *t, uint64_t start_pfn, uint64_t nr_pages)
{
	const struct arena_range range = { start_pfn, start_pfn + nr_pages, MEMMAP_OWNER_NONE };

	if (!arena_init(&arena, t, &range, 1))
		return NULL;
	return mm_zone_of(&arena.mm, start_pfn);
}

static void every_order_splits_and_merges(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, MAX_ORDER_NR_PAGES);

	if (!zone)
		return;
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		uint64_t split[MAX_ORDER] = { 0 };
		uint64_t splits = zone->event[ZONE_EVENT_SPLIT];
		uint64_t merges = zone->event[ZONE_EVENT_MERGE];
		struct page *page = arena_take(&arena, order);

		KTEST_ASSERT(t, page);
		KTEST_EXPECT_EQ(t, arena_pfn(&arena, page) % (1U << order), 0);
		KTEST_EXPECT_EQ(t, page->tag, page_tag(PAGE_ALLOCATED, order, ZONE_DMA32));
		for (unsigned int k = order; k < LARGEST; k++)
			split[k] = 1;
		zone_expect_free(t, __FILE__, __LINE__, zone, split);
		arena_verify(&arena, t);
		arena_give(&arena, page, order);
		ZONE_EXPECT_FREE(t, zone, [LARGEST] = 1);
		KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_SPLIT] - splits, LARGEST - order);
		KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_MERGE] - merges, LARGEST - order);
	}
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_ALLOC], 2047);	/* 1 + 2 + 4 .. + 1024 */
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_FREE], 2047);
	arena_fini(&arena, t);
}

static void merge_stops_at_an_odd_pfn(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN + 1, 3);
	struct page *page[3];

	if (!zone)
		return;
	ZONE_EXPECT_FREE(t, zone, [0] = 1, [1] = 1);
	for (unsigned int i = 0; i < 3; i++)
		page[i] = arena_take(&arena, 0);
	KTEST_EXPECT(t, page[0] && page[1] && page[2]);
	KTEST_EXPECT(t, !arena_take(&arena, 0));
	for (unsigned int i = 0; i < 3; i++)
		arena_give(&arena, page[i], 0);
	ZONE_EXPECT_FREE(t, zone, [0] = 1, [1] = 1);
	arena_fini(&arena, t);
}

/* 16 pages around a hole of one page: no block reaches over it. */
static void merge_stops_at_a_hole(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ BASE_PFN, BASE_PFN + 6, MEMMAP_OWNER_NONE },
		{ BASE_PFN + 7, BASE_PFN + 16, MEMMAP_OWNER_NONE },
	};
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];

	if (!arena_init(&arena, t, ranges, 2))
		return;
	ZONE_EXPECT_FREE(t, zone, [0] = 1, [1] = 1, [2] = 1, [3] = 1);
	for (unsigned int i = 0; i < 15; i++)
		KTEST_EXPECT(t, arena_take(&arena, 0));
	KTEST_EXPECT(t, !arena_take(&arena, 0));
	for (unsigned int i = 0; i < 16; i++) {
		if (i != 6)
			arena_give(&arena, arena.mm.pages + BASE_PFN + i, 0);
	}
	ZONE_EXPECT_FREE(t, zone, [0] = 1, [1] = 1, [2] = 1, [3] = 1);
	KTEST_EXPECT_EQ(t, arena.mm.pages[BASE_PFN + 6].state, PAGE_HOLE);
	arena_fini(&arena, t);
}

/* The last block of DMA and the first of DMA32 touch, and stay two. */
static void merge_stops_at_a_zone_edge(struct ktest *t)
{
	static const struct arena_range range = { 4096 - 2, 4096 + 2, MEMMAP_OWNER_NONE };
	struct page *page[4];

	if (!arena_init(&arena, t, &range, 1))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		page[i] = arena_take(&arena, 0);
		KTEST_ASSERT(t, page[i]);
	}
	for (unsigned int i = 0; i < 4; i++)
		arena_give(&arena, page[i], 0);
	ZONE_EXPECT_FREE(t, &arena.mm.zone[ZONE_DMA], [1] = 1);
	ZONE_EXPECT_FREE(t, &arena.mm.zone[ZONE_DMA32], [1] = 1);
	arena_fini(&arena, t);
}

/* Aligned blocks of @order that lie in [start, end) as a whole. */
static uint64_t nr_aligned(uint64_t start, uint64_t end, unsigned int order)
{
	uint64_t first = align_up(start, 1ULL << order) >> order, last = end >> order;

	return last > first ? last - first : 0;
}

/* The free blocks of a free range: the aligned blocks that are in no larger one. */
static void expect_range(struct ktest *t, const struct zone *zone, uint64_t start, uint64_t end)
{
	uint64_t want[MAX_ORDER];

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		want[order] = nr_aligned(start, end, order);
		if (order < LARGEST)
			want[order] -= 2 * nr_aligned(start, end, order + 1);
	}
	zone_expect_free(t, __FILE__, __LINE__, zone, want);
}

/*
 * All pages of [start, start + nr) one by one, and back: first those with even pfns,
 * then the odd ones.
 */
static void take_singly_and_give_back(struct ktest *t, struct zone *zone, uint64_t start,
				      unsigned int nr)
{
	static uint8_t taken[MAX_LENGTH];
	unsigned int strangers = 0, twice = 0;

	memset(taken, 0, sizeof(taken));
	for (unsigned int i = 0; i < nr; i++) {
		struct page *page = arena_take(&arena, 0);
		uint64_t at = page ? arena_pfn(&arena, page) - start : nr;

		strangers += at >= nr;
		if (at < nr)
			twice += taken[at]++;
	}
	KTEST_EXPECT_EQ(t, strangers, 0);
	KTEST_EXPECT_EQ(t, twice, 0);
	KTEST_EXPECT(t, !arena_take(&arena, 0));
	KTEST_EXPECT_EQ(t, zone->nr_free, 0);
	for (unsigned int odd = 0; odd < 2; odd++) {
		for (unsigned int i = odd; i < nr; i += 2)
			arena_give(&arena, arena.mm.pages + start + i, 0);
	}
}

static void try_range(struct ktest *t, unsigned int offset, unsigned int nr)
{
	uint64_t start = BASE_PFN + offset;
	struct zone *zone = open_arena(t, start, nr);
	unsigned int failures = t->failures;

	if (!zone)
		return;
	expect_range(t, zone, start, start + nr);
	KTEST_EXPECT_EQ(t, zone->managed, nr);
	arena_verify(&arena, t);
	take_singly_and_give_back(t, zone, start, nr);
	expect_range(t, zone, start, start + nr);
	if (t->failures != failures)
		ktest_note(t, "that was %u pages from offset %u of a block", nr, offset);
	arena_fini(&arena, t);
}

static void short_ranges_of_any_alignment(struct ktest *t)
{
	for (unsigned int offset = 0; offset <= 17; offset++) {
		for (unsigned int nr = 1; nr <= 40 && !t->failures && !t->skipped; nr++)
			try_range(t, offset, nr);
	}
}

/*
 * Around one and two largest blocks. An emulated machine takes every fifth offset: the suite is to
 * end in a second.
 */
static void long_ranges_of_any_alignment(struct ktest *t)
{
	for (unsigned int offset = 0; offset <= 17; offset += __STDC_HOSTED__ ? 1 : 5) {
		for (unsigned int nr = 1023; nr <= MAX_LENGTH && !t->failures && !t->skipped;
		     nr++) {
			if (nr == 1027)
				nr = 2047;
			try_range(t, offset, nr);
		}
	}
}

/* Free RAM is counted before anybody looks at it, and looked at one block at a time. */
static void a_run_is_carved_block_by_block(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 4 * MAX_ORDER_NR_PAGES);
	struct page *pages = arena.mm.pages;
	struct page *first, *second;

	if (!zone)
		return;
	ZONE_EXPECT_FREE(t, zone, [LARGEST] = 4);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_CARVE], 0);
	for (unsigned int i = 0; i < 4; i++)
		KTEST_EXPECT(t, !zone_block_is_filled(zone, BASE_PFN + i * MAX_ORDER_NR_PAGES));
	KTEST_EXPECT_EQ(t, pages[BASE_PFN + 1].tag, ARENA_GARBAGE_TAG);

	first = arena_take(&arena, 0);
	ZONE_EXPECT_FREE(t, zone, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_CARVE], 1);
	KTEST_EXPECT(t, zone_block_is_filled(zone, BASE_PFN));
	KTEST_EXPECT(t, !zone_block_is_filled(zone, BASE_PFN + MAX_ORDER_NR_PAGES));
	KTEST_EXPECT_EQ(t, pages[BASE_PFN + MAX_ORDER_NR_PAGES + 1].tag, ARENA_GARBAGE_TAG);
	second = arena_take(&arena, 9);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_CARVE], 1);
	arena_verify(&arena, t);

	arena_give(&arena, first, 0);
	arena_give(&arena, second, 9);
	ZONE_EXPECT_FREE(t, zone, [LARGEST] = 4);
	first = arena_take(&arena, LARGEST);	/* the carved block, not a new one */
	KTEST_EXPECT_EQ(t, arena_pfn(&arena, first), BASE_PFN);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_CARVE], 1);
	arena_give(&arena, first, LARGEST);
	arena_fini(&arena, t);
}

/*
 * Two runs with a hole between: each is used up, and blocks given back stand before what
 * is left of a run.
 */
static void runs_are_used_up_one_after_the_other(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ BASE_PFN, BASE_PFN + 2048, MEMMAP_OWNER_NONE },
		{ BASE_PFN + 3072, BASE_PFN + 6144, MEMMAP_OWNER_NONE },
	};
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];
	struct page *block[5];
	unsigned int seen = 0;

	if (!arena_init(&arena, t, ranges, 2))
		return;
	ZONE_EXPECT_FREE(t, zone, [LARGEST] = 5);
	for (unsigned int i = 0; i < 5; i++) {
		block[i] = arena_take(&arena, LARGEST);
		KTEST_ASSERT(t, block[i]);
		seen |= 1U << ((arena_pfn(&arena, block[i]) - BASE_PFN) / MAX_ORDER_NR_PAGES);
		arena_verify(&arena, t);
		if (i == 2) {
			arena_give(&arena, block[1], LARGEST);
			arena_verify(&arena, t);
			KTEST_EXPECT(t, arena_take(&arena, LARGEST) == block[1]);
		}
	}
	KTEST_EXPECT_EQ(t, seen, 0x3b);			/* blocks 0, 1, 3, 4, 5 of the six */
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_CARVE], 5);
	KTEST_EXPECT(t, !arena_take(&arena, LARGEST));
	for (unsigned int i = 0; i < 5; i++)
		arena_give(&arena, block[i], LARGEST);
	ZONE_EXPECT_FREE(t, zone, [LARGEST] = 5);
	arena_fini(&arena, t);
}

static void the_newest_block_is_reused_first(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 64);
	struct page *page[6];

	if (!zone)
		return;
	for (unsigned int i = 0; i < 6; i++) {
		page[i] = arena_take(&arena, 0);
		KTEST_ASSERT(t, page[i]);
	}
	/* Three pages whose buddies are in use, so that none of them merges. */
	arena_give(&arena, page[1], 0);
	arena_give(&arena, page[5], 0);
	arena_give(&arena, page[3], 0);
	KTEST_EXPECT_EQ(t, zone->free[0].nr, 3);
	KTEST_EXPECT(t, arena_take(&arena, 0) == page[3]);
	KTEST_EXPECT(t, arena_take(&arena, 0) == page[5]);
	KTEST_EXPECT(t, arena_take(&arena, 0) == page[1]);
	for (unsigned int i = 0; i < 6; i++)
		arena_give(&arena, page[i], 0);
	ZONE_EXPECT_FREE(t, zone, [6] = 1);
	arena_fini(&arena, t);
}

/* A block from the middle of a list leaves it when its buddy comes. */
static void a_buddy_is_found_anywhere_in_its_list(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 64);
	struct page *pages;

	if (!zone)
		return;
	pages = arena.mm.pages + BASE_PFN;
	for (unsigned int i = 0; i < 64; i++)
		KTEST_ASSERT(t, arena_take(&arena, 0));
	for (unsigned int i = 0; i < 64; i += 2)
		arena_give(&arena, pages + i, 0);
	ZONE_EXPECT_FREE(t, zone, [0] = 32);
	arena_give(&arena, pages + 33, 0);	/* the middle, */
	arena_verify(&arena, t);
	arena_give(&arena, pages + 1, 0);	/* the oldest, */
	arena_verify(&arena, t);
	arena_give(&arena, pages + 63, 0);	/* and the newest */
	ZONE_EXPECT_FREE(t, zone, [0] = 29, [1] = 3);
	arena_verify(&arena, t);
	for (unsigned int i = 3; i < 62; i += 2) {
		if (i != 33)
			arena_give(&arena, pages + i, 0);
	}
	ZONE_EXPECT_FREE(t, zone, [6] = 1);
	arena_fini(&arena, t);
}

/*
 * Whoever holds a block may use its descriptor's words, as slabs do. Nothing of that
 * may pass for a run.
 */
static void what_an_owner_left_behind_is_forgotten(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 2 * MAX_ORDER_NR_PAGES);
	struct page *page;

	if (!zone)
		return;
	page = arena_take(&arena, LARGEST);
	KTEST_ASSERT(t, page);
	page->nr_blocks = 7;
	page->next = page->prev = BASE_PFN + 77;
	arena_give(&arena, page, LARGEST);
	arena_verify(&arena, t);
	ZONE_EXPECT_FREE(t, zone, [LARGEST] = 2);
	KTEST_EXPECT(t, arena_take(&arena, LARGEST) == page);
	KTEST_EXPECT_EQ(t, zone->event[ZONE_EVENT_CARVE], 1);
	arena_give(&arena, page, LARGEST);
	arena_fini(&arena, t);
}

/* 256 single pages merge 255 times; one hold of the lock does a part of that, and says which. */
static void giving_many_is_bounded(struct ktest *t)
{
	struct zone *zone = open_arena(t, BASE_PFN, 256);
	void *page[256];
	unsigned int given = 0, nr;

	if (!zone)
		return;
	for (unsigned int i = 0; i < 256; i++) {
		page[i] = arena_take(&arena, 0);
		KTEST_ASSERT(t, page[i]);
	}
	for (; given < 256; given += nr) {
		uint64_t merges = zone->event[ZONE_EVENT_MERGE];
		unsigned long flags = spin_lock_irqsave(&zone->lock);

		nr = buddy_give_many_locked(zone, page + given, 256 - given, 0);
		spin_unlock_irqrestore(&zone->lock, flags);
		KTEST_ASSERT(t, nr >= 1 && nr <= 256 - given);
		KTEST_EXPECT(t, zone->event[ZONE_EVENT_MERGE] - merges < 64);
		KTEST_EXPECT_EQ(t, zone->nr_free, given + nr);
		arena_verify(&arena, t);
	}
	ZONE_EXPECT_FREE(t, zone, [8] = 1);
	arena_fini(&arena, t);
}

static const struct ktest_case buddy_cases[] = {
	KTEST_CASE(every_order_splits_and_merges),
	KTEST_CASE(merge_stops_at_an_odd_pfn),
	KTEST_CASE(merge_stops_at_a_hole),
	KTEST_CASE(merge_stops_at_a_zone_edge),
	KTEST_CASE(short_ranges_of_any_alignment),
	KTEST_CASE(long_ranges_of_any_alignment),
	KTEST_CASE(a_run_is_carved_block_by_block),
	KTEST_CASE(runs_are_used_up_one_after_the_other),
	KTEST_CASE(the_newest_block_is_reused_first),
	KTEST_CASE(a_buddy_is_found_anywhere_in_its_list),
	KTEST_CASE(what_an_owner_left_behind_is_forgotten),
	KTEST_CASE(giving_many_is_bounded),
};
KTEST_SUITE(buddy, buddy_cases);
