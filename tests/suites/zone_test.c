/*
 * Zones: bounds, holes, reservations, what is given back after boot, watermarks. The page that an
 * arena keeps for its block map lies in the zone above its RAM or at that zone's end, and is
 * counted here where it matters.
 */
#include "arena.h"

#include <kernel/string.h>

#define DMA_END		4096U		/* pfn of 16 MiB */
#define DMA32_END	1048576U	/* pfn of 4 GiB */

static struct arena arena;

static void expect_span(struct ktest *t, const struct zone *zone, uint64_t start, uint64_t end,
			uint64_t present, uint64_t managed)
{
	KTEST_EXPECT_EQ(t, zone->start_pfn, start);
	KTEST_EXPECT_EQ(t, zone->end_pfn, end);
	KTEST_EXPECT_EQ(t, zone->present, present);
	KTEST_EXPECT_EQ(t, zone->managed, managed);
	KTEST_EXPECT_EQ(t, zone->nr_free, managed);
}

static void expect_absent(struct ktest *t, const struct zone *zone)
{
	expect_span(t, zone, 0, 0, 0, 0);
	for (unsigned int i = 0; i < NR_WMARK; i++)
		KTEST_EXPECT_EQ(t, zone->watermark[i], 0);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		KTEST_EXPECT_EQ(t, zone->lowmem_reserve[i], 0);
}

static void memory_is_parted_at_16_mib(struct ktest *t)
{
	static const struct arena_range range = { 2047, 5121, MEMMAP_OWNER_NONE };
	struct zone *zone = arena.mm.zone;

	if (!arena_init(&arena, t, &range, 1))
		return;
	KTEST_EXPECT_EQ(t, arena.map_pfn, 6144);
	expect_span(t, &zone[ZONE_DMA], 2047, DMA_END, 2049, 2049);
	expect_span(t, &zone[ZONE_DMA32], DMA_END, 6145, 1025 + 1, 1025);
	expect_absent(t, &zone[ZONE_NORMAL]);
	ZONE_EXPECT_FREE(t, &zone[ZONE_DMA], [0] = 1, [10] = 2);
	ZONE_EXPECT_FREE(t, &zone[ZONE_DMA32], [0] = 1, [10] = 1);
	KTEST_EXPECT(t, mm_zone_of(&arena.mm, DMA_END - 1) == &zone[ZONE_DMA]);
	KTEST_EXPECT(t, mm_zone_of(&arena.mm, DMA_END) == &zone[ZONE_DMA32]);
	KTEST_EXPECT(t, mm_next_zone(&arena.mm, 0) == &zone[ZONE_DMA]);
	KTEST_EXPECT(t, mm_next_zone(&arena.mm, 1) == &zone[ZONE_DMA32]);
	KTEST_EXPECT(t, !mm_next_zone(&arena.mm, 2));
	arena_fini(&arena, t);
}

static void memory_is_parted_at_4_gib(struct ktest *t)
{
	static const struct arena_range range = {
		DMA32_END - 1024 - 3, DMA32_END + 1024 + 5, MEMMAP_OWNER_NONE,
	};
	struct zone *zone = arena.mm.zone;

	if (!arena_init(&arena, t, &range, 1))
		return;
	expect_absent(t, &zone[ZONE_DMA]);
	expect_span(t, &zone[ZONE_DMA32], DMA32_END - 1027, DMA32_END, 1027, 1027);
	expect_span(t, &zone[ZONE_NORMAL], DMA32_END, DMA32_END + 2049, 1029 + 1, 1029);
	ZONE_EXPECT_FREE(t, &zone[ZONE_DMA32], [0] = 1, [1] = 1, [10] = 1);
	ZONE_EXPECT_FREE(t, &zone[ZONE_NORMAL], [0] = 1, [2] = 1, [10] = 1);
	KTEST_EXPECT(t, mm_zone_of(&arena.mm, DMA32_END - 1) == &zone[ZONE_DMA32]);
	KTEST_EXPECT(t, mm_zone_of(&arena.mm, DMA32_END) == &zone[ZONE_NORMAL]);
	KTEST_EXPECT(t, mm_next_zone(&arena.mm, 0) == &zone[ZONE_DMA32]);
	arena_fini(&arena, t);
}

static void a_machine_may_have_dma_alone(struct ktest *t)
{
	static const struct arena_range range = { 1, 160, MEMMAP_OWNER_NONE };
	struct zone *zone = arena.mm.zone;

	if (!arena_init(&arena, t, &range, 1))
		return;
	expect_span(t, &zone[ZONE_DMA], 1, 1025, 159 + 1, 159);
	/* That memory is there is no event. */
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA].event[ZONE_EVENT_FREE], 0);
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA].event[ZONE_EVENT_ALLOC], 0);
	expect_absent(t, &zone[ZONE_DMA32]);
	expect_absent(t, &zone[ZONE_NORMAL]);
	for (unsigned int i = 0; i < 159; i++)
		KTEST_EXPECT(t, arena_take(&arena, 0));
	KTEST_EXPECT(t, !arena_take(&arena, 0));
	for (unsigned int i = 1; i < 160; i++)
		arena_give(&arena, arena.mm.pages + i, 0);
	KTEST_EXPECT_EQ(t, zone[ZONE_DMA].nr_free, 159);
	arena_fini(&arena, t);
}

/*
 * Spanned counts holes, present does not; a block that is a hole from end to end has no
 * descriptors at all.
 */
static void holes_are_spanned_but_not_present(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 5120, 5200, MEMMAP_OWNER_NONE },
		{ 5300, 5400, MEMMAP_OWNER_NONE },
		{ 8192, 9216, MEMMAP_OWNER_NONE },
	};
	const struct zone *zone = &arena.mm.zone[ZONE_DMA32];
	const struct page *pages;

	if (!arena_init(&arena, t, ranges, 3))
		return;
	pages = arena.mm.pages;
	expect_span(t, zone, 5120, 9217, 80 + 100 + 1024 + 1, 80 + 100 + 1024);
	KTEST_EXPECT_EQ(t, pages[5200].state, PAGE_HOLE);
	KTEST_EXPECT_EQ(t, pages[5299].state, PAGE_HOLE);
	KTEST_EXPECT_EQ(t, pages[5400].state, PAGE_HOLE);
	KTEST_EXPECT_EQ(t, pages[6143].state, PAGE_HOLE);
	KTEST_EXPECT_EQ(t, pages[5300].state, PAGE_FREE);
	KTEST_EXPECT(t, mm_page_valid(&arena.mm, 5250));
	KTEST_EXPECT(t, !mm_page_valid(&arena.mm, 6144));
	KTEST_EXPECT(t, !mm_page_valid(&arena.mm, 8192 + 1));
	KTEST_EXPECT(t, !mm_page_valid(&arena.mm, 9217));
	arena_fini(&arena, t);
}

static void reserved_pages_are_never_handed_out(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 5120, 5121, MEMMAP_OWNER_FIRMWARE },
		{ 5121, 5200, MEMMAP_OWNER_NONE },
		{ 5200, 5230, MEMMAP_OWNER_KERNEL },
		{ 5230, 5300, MEMMAP_OWNER_NONE },
		{ 5300, 8192, MEMMAP_OWNER_MODULE },
		{ 8192, 8193, MEMMAP_OWNER_NONE },
	};
	const struct zone *zone = &arena.mm.zone[ZONE_DMA32];

	if (!arena_init(&arena, t, ranges, ARRAY_SIZE(ranges)))
		return;
	expect_span(t, zone, 5120, 9217, 8193 - 5120 + 1, 79 + 70 + 1);
	KTEST_EXPECT_EQ(t, arena.mm.pages[5120].state, PAGE_RESERVED);
	KTEST_EXPECT_EQ(t, arena.mm.pages[5215].state, PAGE_RESERVED);
	KTEST_EXPECT_EQ(t, arena.mm.pages[6143].state, PAGE_RESERVED);
	/* A block without a free page is never filled. */
	KTEST_EXPECT(t, !mm_page_valid(&arena.mm, 6144));
	KTEST_EXPECT_EQ(t, arena.mm.pages[6144].tag, ARENA_GARBAGE_TAG);
	for (unsigned int i = 0; i < 150; i++) {
		struct page *page = arena_take(&arena, 0);
		uint64_t pfn;

		KTEST_ASSERT(t, page);
		pfn = arena_pfn(&arena, page);
		KTEST_EXPECT(t, (pfn > 5120 && pfn < 5200) || (pfn >= 5230 && pfn < 5300) ||
			     pfn == 8192);
	}
	KTEST_EXPECT(t, !arena_take(&arena, 0));
	arena_fini(&arena, t);
}

/*
 * Boot information and ACPI tables come back and merge with what is around them; other
 * reservations stay.
 */
static void boot_memory_is_given_back(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 5120, 5632, MEMMAP_OWNER_NONE },
		{ 5632, 6144, MEMMAP_OWNER_BOOT_INFO },	/* the other half of that block */
		{ 6144, 7168, MEMMAP_OWNER_ACPI },	/* a whole block */
		{ 7168, 7200, MEMMAP_OWNER_MODULE },
		{ 7200, 7201, MEMMAP_OWNER_ACPI },	/* in a block that nobody has filled */
		{ 7201, 7300, MEMMAP_OWNER_KERNEL },
	};
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];

	if (!arena_init(&arena, t, ranges, ARRAY_SIZE(ranges)))
		return;
	KTEST_EXPECT_EQ(t, zone->managed, 512);
	ZONE_EXPECT_FREE(t, zone, [9] = 1);
	KTEST_EXPECT_EQ(t, mm_release(&arena.mm), (512 + 1024 + 1) * 4096);
	KTEST_EXPECT_EQ(t, zone->managed, 512 + 512 + 1024 + 1);
	ZONE_EXPECT_FREE(t, zone, [10] = 2, [0] = 1);
	KTEST_EXPECT_EQ(t, arena.mm.pages[7199].state, PAGE_RESERVED);
	KTEST_EXPECT_EQ(t, arena.mm.pages[7201].state, PAGE_RESERVED);
	KTEST_EXPECT_EQ(t, arena.mm.pages[7300].state, PAGE_HOLE);
	KTEST_EXPECT(t, zone->watermark[WMARK_MIN] > 0);	/* anew, for what is managed now */
	KTEST_EXPECT_EQ(t, mm_release(&arena.mm), 0);
	KTEST_EXPECT_EQ(t, zone->managed, 512 + 512 + 1024 + 1);
	arena_fini(&arena, t);
}

struct machine {
	const char *name;
	uint64_t managed[MAX_NR_ZONES];			/* pages */
	uint64_t watermark[MAX_NR_ZONES][NR_WMARK];
	uint64_t reserve[MAX_NR_ZONES][MAX_NR_ZONES];
};

/*
 * Worked out by hand: min_free_kbytes = sqrt(managed KiB * 16) within 128 .. 262144; a zone's
 * min is its share of that in pages; the step to low and on to high is the larger of min / 4
 * and managed / 1000; the reserve of a zone is what the zones above it manage, up to the
 * request's, divided by 256.
 */
static const struct machine machines[] = {
	/* Before anything is managed: nothing is held back. */
	{ "nothing", { 0, 0, 0 }, { { 0 } }, { { 0 } } },
	/* 800 KiB: sqrt is 113, so 128 KiB: 32 pages. */
	{ "800K", { 200, 0, 0 }, { { 32, 40, 48 } }, { { 0, 0, 0 } } },
	/* 64512 KiB: sqrt(1032192) = 1015, 253 pages. */
	{ "64M", { 3840, 12288, 0 }, { { 60, 75, 90 }, { 192, 240, 288 } }, { { 0, 48, 48 } } },
	/* 4160512 KiB: sqrt(66568192) = 8158, 2039 pages. */
	{ "4G", { 3840, 774144, 262144 },
	  { { 7, 10, 13 }, { 1517, 2291, 3065 }, { 513, 775, 1037 } },
	  { { 0, 3024, 4048 }, { 0, 0, 1024 } } },
	/* 1072659456 KiB: sqrt(17162551296) = 131005, 32751 pages. */
	{ "1T", { 3840, 774144, 267386880 },
	  { { 0, 3, 6 }, { 94, 868, 1642 }, { 32655, 300041, 567427 } },
	  { { 0, 3024, 1047504 }, { 0, 0, 1044480 } } },
	/* 8 TiB: capped at 262144 KiB: 65536 pages. */
	{ "8T", { 0, 0, 1ULL << 31 }, { { 0 }, { 0 }, { 65536, 2213019, 4360502 } }, { { 0 } } },
};

static void watermarks_are_linuxs(struct ktest *t)
{
	static struct mm mm;

	for (unsigned int m = 0; m < ARRAY_SIZE(machines); m++) {
		const struct machine *machine = &machines[m];
		unsigned int failures = t->failures;

		memset(&mm, 0, sizeof(mm));
		for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
			mm.zone[i].managed = machine->managed[i];
		zone_set_watermarks(&mm);
		for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
			for (unsigned int j = 0; j < NR_WMARK; j++)
				KTEST_EXPECT_EQ(t, mm.zone[i].watermark[j],
						machine->watermark[i][j]);
			for (unsigned int j = 0; j < MAX_NR_ZONES; j++)
				KTEST_EXPECT_EQ(t, mm.zone[i].lowmem_reserve[j],
						machine->reserve[i][j]);
		}
		if (t->failures != failures)
			ktest_note(t, "that was the machine with %s", machine->name);
	}
}

static const struct ktest_case zone_cases[] = {
	KTEST_CASE(memory_is_parted_at_16_mib),
	KTEST_CASE(memory_is_parted_at_4_gib),
	KTEST_CASE(a_machine_may_have_dma_alone),
	KTEST_CASE(holes_are_spanned_but_not_present),
	KTEST_CASE(reserved_pages_are_never_handed_out),
	KTEST_CASE(boot_memory_is_given_back),
	KTEST_CASE(watermarks_are_linuxs),
};
KTEST_SUITE(zone, zone_cases);
