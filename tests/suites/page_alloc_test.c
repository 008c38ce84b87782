/*
 * The public functions of page_alloc.h on the running system; fallback, reserves and watermarks,
 * for which a system has to be short of memory, on arenas.
 */
#include "arena.h"

#include <kernel/string.h>
#include <mm/report.h>

#define DMA_END_PADDR	(16ULL << 20)
#define DMA32_END_PADDR	(4ULL << 30)
#define DIRT		0x5a

static struct arena arena;

/*
 * Has the running system a block of @order, and plenty besides? Small machines have no
 * 4 MiB in one piece.
 */
static bool system_has(unsigned int order)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &kernel_mm.zone[i];
		uint64_t keep = zone->watermark[WMARK_HIGH] + zone->lowmem_reserve[ZONE_NORMAL];

		if (zone->nr_free <= keep + (1ULL << order))
			continue;
		for (unsigned int k = order; k < MAX_ORDER; k++) {
			if (zone->free[k].nr)
				return true;
		}
	}
	return false;
}

static bool is_filled_with(const void *at, uint8_t byte, size_t size)
{
	const uint8_t *bytes = at;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != byte)
			return false;
	}
	return true;
}

static void each_order_is_aligned_and_counted(struct ktest *t)
{
	uint64_t free = nr_free_pages();

	for (unsigned int order = 0; order < MAX_ORDER && system_has(order); order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		KTEST_ASSERT(t, page);
		KTEST_EXPECT_EQ(t, page_to_pfn(page) % (1U << order), 0);
		KTEST_EXPECT_EQ(t, free - nr_free_pages(), 1U << order);
		__free_pages(page, order);
		KTEST_EXPECT_EQ(t, nr_free_pages(), free);
	}
	KTEST_EXPECT_EQ(t, mm_verify(&seq_console), 0);
}

static void blocks_do_not_overlap(struct ktest *t)
{
	unsigned long addr[5];
	uint64_t free = nr_free_pages();

	for (unsigned int i = 0; i < ARRAY_SIZE(addr); i++) {
		addr[i] = __get_free_pages(GFP_KERNEL, i);
		KTEST_ASSERT(t, addr[i]);
		memset((void *)addr[i], (int)(i + 1), PAGE_SIZE << i);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(addr); i++) {
		KTEST_EXPECT(t, is_filled_with((void *)addr[i], (uint8_t)(i + 1), PAGE_SIZE << i));
		free_pages(addr[i], i);
	}
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
}

static void dma_requests_stay_below_their_limits(struct ktest *t)
{
	struct page *page = alloc_pages(GFP_KERNEL | GFP_DMA, 2);

	KTEST_ASSERT(t, page);
	KTEST_EXPECT(t, page_to_phys(page) + 4 * PAGE_SIZE <= DMA_END_PADDR);
	__free_pages(page, 2);
	page = alloc_pages(GFP_KERNEL | GFP_DMA32, 2);
	KTEST_ASSERT(t, page);
	KTEST_EXPECT(t, page_to_phys(page) + 4 * PAGE_SIZE <= DMA32_END_PADDR);
	__free_pages(page, 2);
}

static void zeroed_pages_are_zero(struct ktest *t)
{
	struct page *dirty = alloc_pages(GFP_KERNEL, 2), *page;
	unsigned long addr;

	KTEST_ASSERT(t, dirty);
	memset(page_address(dirty), DIRT, 4 * PAGE_SIZE);
	__free_pages(dirty, 2);
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	KTEST_EXPECT(t, page == dirty);		/* or the next line proves nothing */
	KTEST_ASSERT(t, page);
	KTEST_EXPECT(t, is_filled_with(page_address(page), 0, 4 * PAGE_SIZE));
	__free_pages(page, 2);

	addr = __get_free_page(GFP_KERNEL);
	KTEST_ASSERT(t, addr);
	memset((void *)addr, DIRT, PAGE_SIZE);
	free_page(addr);
	KTEST_EXPECT_EQ(t, get_zeroed_page(GFP_KERNEL), addr);
	KTEST_EXPECT(t, is_filled_with((void *)addr, 0, PAGE_SIZE));
	free_page(addr);
}

static void the_names_of_a_page_convert(struct ktest *t)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	char *addr;

	KTEST_ASSERT(t, page);
	addr = page_address(page);
	KTEST_EXPECT(t, pfn_to_page(page_to_pfn(page)) == page);
	KTEST_EXPECT_EQ(t, page_to_phys(page), page_to_pfn(page) * 4096);
	KTEST_EXPECT_EQ(t, virt_to_phys(addr), page_to_phys(page));
	KTEST_EXPECT(t, phys_to_virt(page_to_phys(page)) == addr);
	KTEST_EXPECT(t, virt_to_page(addr) == page);
	KTEST_EXPECT(t, virt_to_page(addr + 4095) == page);
	KTEST_EXPECT(t, virt_to_page(addr + 4096) == page + 1);
	__free_pages(page, 1);
}

static void exact_requests_give_the_tail_back(struct ktest *t)
{
	static const struct { size_t size; unsigned int pages; unsigned int order; } wants[] = {
		{ 1, 1, 0 }, { 4096, 1, 0 }, { 4097, 2, 1 }, { 3 * 4096, 3, 2 },
		{ 5 * 4096 - 1, 5, 3 }, { 20000, 5, 3 }, { (1 << 20) + 1, 257, 9 },
		{ 4 << 20, 1024, 10 },
	};
	uint64_t free = nr_free_pages();

	for (unsigned int i = 0; i < ARRAY_SIZE(wants); i++) {
		char *addr;

		if (!system_has(wants[i].order))
			break;
		addr = alloc_pages_exact(wants[i].size, GFP_KERNEL);
		KTEST_ASSERT(t, addr);
		KTEST_EXPECT_EQ(t, (uintptr_t)addr % 4096, 0);
		KTEST_EXPECT_EQ(t, free - nr_free_pages(), wants[i].pages);
		memset(addr, DIRT, wants[i].size);
		free_pages_exact(addr, wants[i].size);
		KTEST_EXPECT_EQ(t, nr_free_pages(), free);
	}
	KTEST_EXPECT_EQ(t, mm_verify(&seq_console), 0);
}

static void bad_requests_are_reported(struct ktest *t)
{
	static const unsigned int orders[] = { 11, 12, 64, ~0U };
	static const gfp_t bits[] = { 0x4, 0x8, 0x400, 1U << 31 };
	unsigned int bugs = mm_bug_count(MM_BUG_BAD_REQUEST);
	unsigned int pointers = mm_bug_count(MM_BUG_BAD_POINTER);
	uint64_t free = nr_free_pages();

	mm_bug_quiet(true);
	for (unsigned int i = 0; i < 4; i++) {
		KTEST_EXPECT(t, !alloc_pages(GFP_KERNEL, orders[i]));
		KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), ++bugs);
		KTEST_EXPECT(t, !alloc_pages(GFP_KERNEL | bits[i], 0));
		KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), ++bugs);
	}
	KTEST_EXPECT(t, !alloc_pages_exact(0, GFP_KERNEL));
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), ++bugs);
	KTEST_EXPECT(t, !alloc_pages_exact((4 << 20) + 1, GFP_KERNEL));
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), ++bugs);
	KTEST_EXPECT(t, !alloc_pages_exact(SIZE_MAX, GFP_KERNEL));
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), ++bugs);
	mm_bug_quiet(false);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_POINTER), pointers);
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
}

static void freeing_nothing_is_allowed(struct ktest *t)
{
	unsigned int bugs = 0, after = 0;
	uint64_t free = nr_free_pages();

	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		bugs += mm_bug_count((enum mm_bug_kind)kind);
	__free_pages(NULL, 3);
	free_pages(0, 3);
	free_pages_exact(NULL, 5000);
	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		after += mm_bug_count((enum mm_bug_kind)kind);
	KTEST_EXPECT_EQ(t, after, bugs);
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
}

/* ---- arenas -------------------------------------------------------------- */

/* Take single pages with @gfp until none is given. Return: how many. */
static uint64_t drain(gfp_t gfp)
{
	uint64_t nr = 0;

	while (mm_alloc_pages(&arena.mm, gfp | __GFP_NOWARN, 0, RET_IP))
		nr++;
	return nr;
}

/* Give back every allocated page of [start, end). */
static void refill(uint64_t start, uint64_t end)
{
	for (uint64_t pfn = start; pfn < end; pfn++) {
		struct page *page = arena.mm.pages + pfn;

		if (mm_page_valid(&arena.mm, pfn) && page->state == PAGE_ALLOCATED)
			arena_give(&arena, page, 0);
	}
}

static void shortage_is_null_and_leaves_no_trace(struct ktest *t)
{
	static const struct arena_range range = { 5121, 5121 + 2000, MEMMAP_OWNER_NONE };
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];
	uint64_t before[MAX_ORDER];

	if (!arena_init(&arena, t, &range, 1))
		return;
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		before[order] = zone->free[order].nr;
	KTEST_EXPECT_EQ(t, drain(0), 2000);
	KTEST_EXPECT_EQ(t, arena.mm.alloc_failed, 1);
	KTEST_EXPECT(t, !arena_take(&arena, 10));
	KTEST_EXPECT_EQ(t, arena.mm.alloc_failed, 2);
	ZONE_EXPECT_FREE(t, zone, 0);
	arena_verify(&arena, t);
	refill(range.start_pfn, range.end_pfn);
	zone_expect_free(t, __FILE__, __LINE__, zone, before);
	arena_fini(&arena, t);
}

static void requests_fall_back_from_high_to_low(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 4096 - 20, 4096, MEMMAP_OWNER_NONE },
		{ 4096, 4096 + 30, MEMMAP_OWNER_NONE },
		{ 1 << 20, (1 << 20) + 40, MEMMAP_OWNER_NONE },
	};
	struct zone *zone = arena.mm.zone;

	if (!arena_init(&arena, t, ranges, 3))
		return;
	for (unsigned int i = 0; i < 90; i++) {
		struct page *page = arena_take(&arena, 0);
		unsigned int want = i < 40 ? ZONE_NORMAL : i < 70 ? ZONE_DMA32 : ZONE_DMA;

		KTEST_ASSERT(t, page);
		KTEST_EXPECT_EQ(t, page->zone_or_cache, want);
		KTEST_EXPECT(t, mm_zone_of(&arena.mm, arena_pfn(&arena, page)) == &zone[want]);
	}
	KTEST_EXPECT(t, !arena_take(&arena, 0));
	for (unsigned int i = 0; i < 3; i++)
		refill(ranges[i].start_pfn, ranges[i].end_pfn);
	KTEST_EXPECT_EQ(t, drain(GFP_DMA), 20);
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA32].nr_free, 30);
	KTEST_EXPECT_EQ(t, drain(GFP_DMA32), 30);
	KTEST_EXPECT_EQ(t, zone[ZONE_NORMAL].nr_free, 40);
	KTEST_EXPECT(t, !mm_alloc_pages(&arena.mm, GFP_NOWAIT | GFP_DMA32, 0, RET_IP));
	arena_fini(&arena, t);
}

/* DMA keeps 16 pages from requests for any zone, 8 from those for DMA32, none from its own. */
static void low_memory_is_kept_for_those_who_need_it(struct ktest *t)
{
	static const struct arena_range range = { 4096 - 64, 4096 + 64, MEMMAP_OWNER_NONE };
	struct zone *zone = arena.mm.zone;

	if (!arena_init(&arena, t, &range, 1))
		return;
	zone[ZONE_DMA].lowmem_reserve[ZONE_DMA32] = 8;
	zone[ZONE_DMA].lowmem_reserve[ZONE_NORMAL] = 16;
	zone[ZONE_DMA].watermark[WMARK_MIN] = zone[ZONE_DMA].watermark[WMARK_LOW] = 4;
	KTEST_EXPECT_EQ(t, drain(0), 64 + 64 - 16 - 4);
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA].nr_free, 16 + 4);
	KTEST_EXPECT_EQ(t, drain(GFP_DMA32), 8);
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA].nr_free, 8 + 4);
	KTEST_EXPECT_EQ(t, drain(GFP_DMA), 8);
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA].nr_free, 4);
	arena_fini(&arena, t);
}

/* 256 pages, min 64, low 80: who stops where. */
static void watermarks_stop_each_kind_of_request(struct ktest *t)
{
	static const struct arena_range range = { 5120, 5376, MEMMAP_OWNER_NONE };
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];

	if (!arena_init(&arena, t, &range, 1))
		return;
	zone->watermark[WMARK_MIN] = 64;
	zone->watermark[WMARK_LOW] = 80;
	zone->watermark[WMARK_HIGH] = 96;
	KTEST_EXPECT_EQ(t, drain(GFP_NOWAIT), 256 - 64);
	KTEST_EXPECT_EQ(t, arena.mm.reclaim_runs, 0);
	KTEST_EXPECT_EQ(t, drain(GFP_KERNEL), 0);
	KTEST_EXPECT(t, arena.mm.reclaim_runs > 0);
	KTEST_EXPECT_EQ(t, zone->nr_free, 64);

	arena.mm.reclaim_runs = 0;
	KTEST_EXPECT_EQ(t, drain(GFP_ATOMIC), 32);
	KTEST_EXPECT_EQ(t, zone->nr_free, 32);
	KTEST_EXPECT_EQ(t, arena.mm.reclaim_runs, 0);

	KTEST_ASSERT(t, mm_alloc_pages(&arena.mm, GFP_KERNEL | __GFP_NOFAIL, 4, RET_IP));
	for (unsigned int left = 16; left > 0 && zone->nr_free; left--) {
		KTEST_EXPECT_EQ(t, zone->nr_free, left);
		KTEST_ASSERT(t, mm_alloc_pages(&arena.mm, GFP_KERNEL | __GFP_NOFAIL, 0, RET_IP));
	}
	KTEST_EXPECT_EQ(t, zone->nr_free, 0);
	arena_fini(&arena, t);
}

/* A block counts in full: what is left after it must be above the mark. */
static void watermarks_count_whole_blocks(struct ktest *t)
{
	static const struct arena_range range = { 5120, 5184, MEMMAP_OWNER_NONE };
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];
	struct page *page;

	if (!arena_init(&arena, t, &range, 1))
		return;
	zone->watermark[WMARK_MIN] = zone->watermark[WMARK_LOW] = 33;
	KTEST_EXPECT(t, !arena_take(&arena, 5));
	zone->watermark[WMARK_MIN] = zone->watermark[WMARK_LOW] = 32;
	page = arena_take(&arena, 5);
	KTEST_ASSERT(t, page);
	KTEST_EXPECT_EQ(t, zone->nr_free, 32);
	arena_give(&arena, page, 5);
	arena_fini(&arena, t);
}

/* The running system: a reserve is kept, and of a zone that it lacks nothing is. */
static void the_running_system_has_reserves(struct ktest *t)
{
	unsigned int nr_zones = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &kernel_mm.zone[i];

		nr_zones += zone->present != 0;
		KTEST_EXPECT(t, zone->watermark[WMARK_MIN] <= zone->watermark[WMARK_LOW]);
		KTEST_EXPECT(t, zone->watermark[WMARK_LOW] <= zone->watermark[WMARK_HIGH]);
		if (zone->managed >= 1000)
			KTEST_EXPECT(t, zone->watermark[WMARK_LOW] > zone->watermark[WMARK_MIN]);
		else if (zone->managed == 0)
			KTEST_EXPECT_EQ(t, zone->watermark[WMARK_HIGH], 0);
	}
	KTEST_EXPECT(t, nr_zones > 0);
	KTEST_EXPECT(t, kernel_mm.pages_min >= 32);	/* 128 KiB */
}

static const struct ktest_case page_alloc_cases[] = {
	KTEST_CASE(each_order_is_aligned_and_counted),
	KTEST_CASE(blocks_do_not_overlap),
	KTEST_CASE(dma_requests_stay_below_their_limits),
	KTEST_CASE(zeroed_pages_are_zero),
	KTEST_CASE(the_names_of_a_page_convert),
	KTEST_CASE(exact_requests_give_the_tail_back),
	KTEST_CASE(bad_requests_are_reported),
	KTEST_CASE(freeing_nothing_is_allowed),
	KTEST_CASE(shortage_is_null_and_leaves_no_trace),
	KTEST_CASE(requests_fall_back_from_high_to_low),
	KTEST_CASE(low_memory_is_kept_for_those_who_need_it),
	KTEST_CASE(watermarks_stop_each_kind_of_request),
	KTEST_CASE(watermarks_count_whole_blocks),
	KTEST_CASE(the_running_system_has_reserves),
};
KTEST_SUITE(page_alloc, page_alloc_cases);
