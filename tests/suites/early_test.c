/*
 * Memory before the allocator: highest place first, bounds, alignment, and that no page is handed
 * out twice.
 */
#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/memmap.h>

#define NR_RAW		8
#define NR_TAKEN	16
#define MIB		(1ULL << 20)
#define GIB		(1ULL << 30)

static struct memmap map;
static uint64_t storage[MEMMAP_BYTES(NR_RAW, NR_TAKEN) / sizeof(uint64_t)];

/* RAM: 0-640K, 1M-64M with a reservation at 32M-33M, ACPI 64M-65M, 4G-4G+8M. */
static int seal_small_machine(void)
{
	memset(storage, 0xa5, sizeof(storage));
	memmap_init(&map, storage, NR_RAW, NR_TAKEN, 1ULL << 40);
	memmap_add(&map, 4 * GIB, 8 * MIB, MEMMAP_USABLE);
	memmap_add(&map, 0, 0xa0000, MEMMAP_USABLE);
	memmap_add(&map, 64 * MIB, MIB, MEMMAP_ACPI);
	memmap_add(&map, MIB, 63 * MIB, MEMMAP_USABLE);
	memmap_reserve(&map, 32 * MIB, 33 * MIB, MEMMAP_OWNER_KERNEL);
	return memmap_seal(&map);
}

static void highest_place_first(struct ktest *t)
{
	KTEST_ASSERT(t, seal_small_machine() == 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0),
			4 * GIB + 8 * MIB - PAGE_SIZE);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 1, PAGE_SIZE, 0), 4 * GIB + 8 * MIB - 2 * PAGE_SIZE);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 7 * MIB, PAGE_SIZE, 0), 4 * GIB + MIB - 2 * PAGE_SIZE);
	/* 1 MiB less two pages is left above 4 GiB; ACPI memory at 64M is not touched. */
	KTEST_EXPECT_EQ(t, early_alloc(&map, MIB, PAGE_SIZE, 0), 63 * MIB);
	KTEST_EXPECT_EQ(t, early_alloc(&map, MIB - 2 * PAGE_SIZE, PAGE_SIZE, 0), 4 * GIB);
}

static void below_is_honoured(struct ktest *t)
{
	KTEST_ASSERT(t, seal_small_machine() == 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 4 * GIB), 64 * MIB - PAGE_SIZE);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 16 * MIB + 1),
			16 * MIB - PAGE_SIZE);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0x3fff), 0x2000);
	/* 0x1000 alone is left */
	KTEST_EXPECT_EQ(t, early_alloc(&map, 2 * PAGE_SIZE, PAGE_SIZE, 0x3000), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0x3000), 0x1000);
	/* page 0 is never given */
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0x1000), 0);
}

static void alignment_is_honoured(struct ktest *t)
{
	KTEST_ASSERT(t, seal_small_machine() == 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, 2 * MIB, 0), 4 * GIB + 6 * MIB);
	/* 32M is the kernel's, 0 nobody's */
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, 32 * MIB, 4 * GIB), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, GIB, 0), 4 * GIB);
}

/* From 5M to 10M there is room for 4M, but not for 4M on a multiple of 4M. */
static void alignment_does_not_lead_below_the_range(struct ktest *t)
{
	memset(storage, 0xa5, sizeof(storage));
	memmap_init(&map, storage, NR_RAW, NR_TAKEN, 1ULL << 40);
	memmap_add(&map, 5 * MIB, 5 * MIB, MEMMAP_USABLE);
	KTEST_ASSERT(t, memmap_seal(&map) == 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 4 * MIB, 4 * MIB, 0), 0);
	KTEST_EXPECT_EQ(t, map.nr_taken, 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 4 * MIB, MIB, 0), 6 * MIB);
}

static void reservations_are_stepped_over(struct ktest *t)
{
	KTEST_ASSERT(t, seal_small_machine() == 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, MIB, PAGE_SIZE, 33 * MIB + PAGE_SIZE), 31 * MIB);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 31 * MIB, PAGE_SIZE, 4 * GIB), 33 * MIB);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 31 * MIB, PAGE_SIZE, 4 * GIB), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 30 * MIB, PAGE_SIZE, 4 * GIB), MIB);
}

static void touching_pieces_take_one_slot(struct ktest *t)
{
	uint32_t before;

	KTEST_ASSERT(t, seal_small_machine() == 0);
	before = map.nr_taken;
	for (int i = 0; i < 100; i++)
		KTEST_EXPECT(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0) != 0);
	KTEST_EXPECT_EQ(t, map.nr_taken, before + 1);
	KTEST_EXPECT_EQ(t, map.taken[map.nr_taken - 1].start, 4 * GIB + 8 * MIB - 100 * PAGE_SIZE);
}

/*
 * Page by page until nothing is left: as many as were free, none twice, since each stands below the
 * one before.
 */
static void every_page_is_given_once(struct ktest *t)
{
	uint64_t free = 0, given = 0, last = UINT64_MAX, place, start, end;

	KTEST_ASSERT(t, seal_small_machine() == 0);
	for (uint64_t from = 0; memmap_next_free(&map, from, &start, &end); from = end)
		free += PFN_DOWN(end - start);
	while ((place = early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0)) != 0) {
		KTEST_ASSERT(t, place < last);
		last = place;
		given++;
	}
	KTEST_EXPECT_EQ(t, given, free - 1);	/* all but page 0 */
	KTEST_EXPECT_EQ(t, last, PAGE_SIZE);
}

static void odd_requests_get_nothing(struct ktest *t)
{
	unsigned int level = log_level();

	KTEST_ASSERT(t, seal_small_machine() == 0);
	log_set_level(LOGLEVEL_EMERG);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 0, PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, UINT64_MAX, PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, 0, 0), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, 0x3000, 0), 0);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, 0x800, 0), 0);
	log_set_level(level);
	KTEST_EXPECT_EQ(t, early_alloc(&map, 64 * GIB, PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(t, map.nr_taken, 2);	/* the kernel's and ACPI's */
}

static void full_table_gives_nothing(struct ktest *t)
{
	unsigned int level = log_level();

	KTEST_ASSERT(t, seal_small_machine() == 0);
	for (uint64_t i = 0; map.nr_taken < NR_TAKEN; i++)
		KTEST_ASSERT(t, memmap_reserve(&map, GIB + i * MIB, GIB + i * MIB + 1,
					       MEMMAP_OWNER_USER) == 0);
	log_set_level(LOGLEVEL_EMERG);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0), 0);
	log_set_level(level);
	KTEST_EXPECT_EQ(t, map.nr_taken, NR_TAKEN);
	KTEST_EXPECT_EQ(t, map.refused, 1);
}

static const struct ktest_case early_cases[] = {
	KTEST_CASE(highest_place_first),
	KTEST_CASE(below_is_honoured),
	KTEST_CASE(alignment_is_honoured),
	KTEST_CASE(alignment_does_not_lead_below_the_range),
	KTEST_CASE(reservations_are_stepped_over),
	KTEST_CASE(touching_pieces_take_one_slot),
	KTEST_CASE(every_page_is_given_once),
	KTEST_CASE(odd_requests_get_nothing),
	KTEST_CASE(full_table_gives_nothing),
};
KTEST_SUITE(early, early_cases);
