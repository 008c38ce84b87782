/*
 * The closed ledger: the firmware's entries byte by byte, a page allocator's pages, the text, and
 * that a page which is lost, or held twice, or a counter that drifts, is seen. Expected bytes
 * follow from the maps written here. Objects are in ledger_object_test.c.
 */
#include "arena.h"
#include "mm/snapshot.h"

#include <kernel/string.h>
#include <mm/ledger.h>

#define KIB		(1ULL << 10)
#define MIB		(1ULL << 20)
#define GIB		(1ULL << 30)
#define NR_RAW		12U
#define NR_TAKEN	12U

static struct ledger ledger;

static uint64_t row(unsigned int which)
{
	return ledger.row[which];
}

static void expect_closed(struct ktest *t, struct mm *mm)
{
	ledger_take(mm, &ledger);
	KTEST_EXPECT_EQ(t, ledger_sum(&ledger), ledger.total);
	KTEST_EXPECT_EQ(t, ledger.nr_drifts, 0);
}

/* ---- the firmware's entries ---------------------------------------------- */

static struct memmap map;
static uint64_t tables[MEMMAP_BYTES(NR_RAW, NR_TAKEN) / sizeof(uint64_t) + 1];
static struct mm mm;			/* without zones: a map and nothing in it */

/* @limit: mem=; UINT64_MAX: none */
static void draw(struct ktest *t, const struct memmap_entry *entries, size_t nr, uint64_t reach,
		 uint64_t limit)
{
	unsigned int level = log_level();

	log_set_level(LOGLEVEL_EMERG);		/* what the seal drops it says */
	memmap_init(&map, tables, NR_RAW, NR_TAKEN, reach);
	for (size_t i = 0; i < nr; i++)
		KTEST_EXPECT_EQ(t, memmap_add(&map, entries[i].base, entries[i].length,
					      entries[i].type), 0);
	memmap_limit(&map, limit);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	log_set_level(level);
	mm = (struct mm){ .map = &map };
	ledger_take(&mm, &ledger);
}

static void overlapping_entries_count_once(struct ktest *t)
{
	static const struct memmap_entry entries[] = {
		{ 0, 64 * MIB, MEMMAP_USABLE },
		{ 10 * MIB, 64 * KIB, MEMMAP_ACPI },
		{ 1 * MIB, 1 * MIB, 77 },		/* unknown: reserved */
		{ 1536 * KIB, 1 * MIB, MEMMAP_NVS },	/* half of it over the last */
		{ 8 * MIB, 4 * KIB, MEMMAP_BAD },
		{ 8 * MIB, 8 * KIB, MEMMAP_RESERVED },
		{ 8 * MIB, 8 * KIB, MEMMAP_RESERVED },
		{ 63 * MIB, 2 * MIB, MEMMAP_RESERVED },	/* half of it behind the RAM */
		{ 32 * MIB, 0, MEMMAP_BAD },
	};

	draw(t, entries, ARRAY_SIZE(entries), 1ULL << 40, UINT64_MAX);
	KTEST_EXPECT_EQ(t, ledger.total, 65 * MIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_RESERVED), 512 * KIB + 4 * KIB + 2 * MIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_NVS), 1 * MIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_BAD), 4 * KIB);
	KTEST_EXPECT_EQ(t, ledger.ram, 63 * MIB - 1536 * KIB - 8 * KIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_ACPI), 64 * KIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_PARTS) + row(LEDGER_ABOVE) + row(LEDGER_BEYOND), 0);
}

static void parts_of_pages_are_left_out(struct ktest *t)
{
	static const struct memmap_entry entries[] = {
		{ 0, 0x9fc00, MEMMAP_USABLE },
		{ 0x9fc00, 0x400, MEMMAP_RESERVED },
		{ 0x100800, 0x2c00, MEMMAP_USABLE },	/* 0x800 before, 0x400 behind two pages */
		{ 0x201000, 0x1800, MEMMAP_USABLE },	/* shares 0x202000 with the next: whole */
		{ 0x202800, 0x1800, MEMMAP_ACPI },
		{ 0x300100, 0x80, MEMMAP_USABLE },	/* no page at all */
		{ 0x400000, 0x800, MEMMAP_ACPI },	/* half a page */
	};

	draw(t, entries, ARRAY_SIZE(entries), 1ULL << 40, UINT64_MAX);
	KTEST_EXPECT_EQ(t, ledger.total, 0xa0000 + 0x2c00 + 0x3000 + 0x80 + 0x800);
	KTEST_EXPECT_EQ(t, row(LEDGER_RESERVED), 0x400);
	KTEST_EXPECT_EQ(t, row(LEDGER_PARTS), 0xc00 + 0x800 + 0x400 + 0x80 + 0x800);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_ACPI), 0x2000);
}

static void what_lies_above_is_told_apart(struct ktest *t)
{
	static const struct memmap_entry entries[] = {
		{ 0, 6 * GIB, MEMMAP_USABLE },
		{ 7 * GIB, 1 * GIB, MEMMAP_RESERVED },
		{ UINT64_MAX - 8191, 3 * 4096, MEMMAP_USABLE },	/* wraps: 8192 bytes are left */
	};

	draw(t, entries, ARRAY_SIZE(entries), 4 * GIB, 1 * GIB + 123);
	KTEST_EXPECT_EQ(t, ledger.total, 7 * GIB + 8192);
	KTEST_EXPECT_EQ(t, ledger.ram, 6 * GIB + 8192);
	KTEST_EXPECT_EQ(t, row(LEDGER_RESERVED), 1 * GIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_BEYOND), 2 * GIB + 8192);
	KTEST_EXPECT_EQ(t, row(LEDGER_ABOVE), 3 * GIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_PARTS), 0);
	draw(t, entries, ARRAY_SIZE(entries), 4 * GIB, UINT64_MAX);
	KTEST_EXPECT_EQ(t, row(LEDGER_ABOVE), 0);
	KTEST_EXPECT_EQ(t, row(LEDGER_BEYOND), 2 * GIB + 8192);
}

static void reservations_count_where_they_are_ram(struct ktest *t)
{
	static const struct memmap_entry entries[] = {
		{ 0, 1 * MIB, MEMMAP_USABLE }, { 2 * MIB, 2 * MIB, MEMMAP_USABLE },
		{ 4 * MIB, 1 * MIB, MEMMAP_ACPI },
	};

	draw(t, entries, ARRAY_SIZE(entries), 1ULL << 40, UINT64_MAX);
	KTEST_ASSERT(t, memmap_reserve(&map, 512 * KIB, 3 * MIB, MEMMAP_OWNER_MODULE) == 0);
	KTEST_ASSERT(t, memmap_reserve(&map, 768 * KIB, 896 * KIB, MEMMAP_OWNER_KERNEL) == 0);
	KTEST_ASSERT(t, memmap_reserve(&map, 6 * MIB, 7 * MIB, MEMMAP_OWNER_USER) == 0);
	KTEST_EXPECT(t, early_alloc_for(&map, 5000, PAGE_SIZE, 0, MEMMAP_OWNER_CPUS) != 0);
	ledger_take(&mm, &ledger);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_MODULE), 384 * KIB + 1 * MIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_KERNEL), 128 * KIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_USER), 0);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_ACPI), 1 * MIB);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_CPUS), 8192);
	KTEST_EXPECT_EQ(t, ledger_sum(&ledger), 384 * KIB + 128 * KIB + 2 * MIB + 8192);
}

/* ---- pages --------------------------------------------------------------- */

/* DMA: pages 16..1123 free, a kernel of 1024, 5 of ACPI's; DMA32: 3 runs and a tail of 7 pages. */
static const struct arena_range ranges[] = {
	{ 16, 1124, MEMMAP_OWNER_NONE }, { 2048, 3072, MEMMAP_OWNER_KERNEL },
	{ 3072, 3077, MEMMAP_OWNER_ACPI }, { 4096, 7168 + 7, MEMMAP_OWNER_NONE },
};

static struct arena arena;

static bool open_arena(struct ktest *t)
{
	return arena_init(&arena, t, ranges, ARRAY_SIZE(ranges));
}

static uint64_t free_row(enum zone_type zone, unsigned int order)
{
	return row(LEDGER_FREE + zone * MAX_ORDER + order) >> (order + PAGE_SHIFT);
}

static void pages_are_where_the_map_and_the_calls_put_them(struct ktest *t)
{
	struct page *page[2];

	if (!open_arena(t))
		return;
	expect_closed(t, &arena.mm);
	/* The block map has a page of its own, behind all others. */
	KTEST_EXPECT_EQ(t, ledger.total, (1108 + 1024 + 5 + 3079 + 1) * PAGE_SIZE);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_BLOCK_MAP), PAGE_SIZE);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_KERNEL), 1024 * PAGE_SIZE);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_ACPI), 5 * PAGE_SIZE);
	/* 16..1023 is 16 32 64 128 256 512; 1024..1123 is 64 32 4; 7168..7174 is 4 2 1. */
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA, 2), 1);
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA, 5), 2);
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA, 6), 2);
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA, 9), 1);
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA32, 10), 3);
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA32, 0), 1);

	page[0] = arena_take(&arena, 10);
	page[1] = arena_take(&arena, 3);
	KTEST_ASSERT(t, page[0] && page[1]);
	expect_closed(t, &arena.mm);
	KTEST_EXPECT_EQ(t, row(LEDGER_PAGES), (1024 + 8) * PAGE_SIZE);
	KTEST_EXPECT_EQ(t, mm_release(&arena.mm), 5 * PAGE_SIZE);
	expect_closed(t, &arena.mm);
	KTEST_EXPECT_EQ(t, row(LEDGER_TAKEN + MEMMAP_OWNER_ACPI), 0);
	KTEST_EXPECT_EQ(t, free_row(ZONE_DMA, 0), 1);
	arena_give(&arena, page[1], 3);
	arena_give(&arena, page[0], 10);
	expect_closed(t, &arena.mm);
	KTEST_EXPECT_EQ(t, row(LEDGER_PAGES), 0);
	arena_fini(&arena, t);
}

/* One fault: so many bytes are in no row (or, below 0, too many), and so many counters disagree. */
static void expect_fault(struct ktest *t, const char *what, int64_t missing, unsigned int drifts)
{
	char line[32];			/* bytes; only whether something is said counts here */
	struct seq_buffer buffer;
	unsigned int want = (missing != 0) + drifts;

	ledger_take(&arena.mm, &ledger);
	if ((int64_t)(ledger.total - ledger_sum(&ledger)) != missing || ledger.nr_drifts != drifts)
		ktest_fail(t, __FILE__, __LINE__,
			   "%s: %lld bytes are missing, expected %lld; %u counters, expected %u",
			   what, (long long)(ledger.total - ledger_sum(&ledger)),
			   (long long)missing, ledger.nr_drifts, drifts);
	seq_buffer_init(&buffer, line, sizeof(line));
	KTEST_EXPECT_EQ(t, ledger_check(&arena.mm, &buffer.seq), want);
	KTEST_EXPECT_EQ(t, buffer.len != 0, want != 0);
}

/* Off the list's head, as if a take had forgotten it: length and pages of the zone stay. */
static void a_lost_page_is_missing(struct ktest *t)
{
	struct zone *zone = &arena.mm.zone[ZONE_DMA];
	struct free_area was;

	if (!open_arena(t))
		return;
	was = zone->free[6];
	zone->free[6].first = zone->pages[was.first].next;
	expect_fault(t, "a block off its list", 64 * PAGE_SIZE, 3);
	zone->free[6].nr--;
	zone->nr_free -= 64;
	expect_fault(t, "counters that agree to it", 64 * PAGE_SIZE, 1);
	zone->managed -= 64;
	expect_fault(t, "all counters that agree to it", 64 * PAGE_SIZE, 0);
	zone->managed += 64;
	zone->nr_free += 64;
	zone->free[6] = was;
	expect_fault(t, "nothing", 0, 0);
	arena_fini(&arena, t);
}

static void a_shorter_run_is_missing(struct ktest *t)
{
	struct zone *zone = &arena.mm.zone[ZONE_DMA32];
	struct page *run;

	if (!open_arena(t))
		return;
	run = zone->pages + zone->free[10].first;
	KTEST_ASSERT(t, run->nr_blocks == 3);
	run->nr_blocks = 2;
	expect_fault(t, "a run of one block less", 4 * MIB, 3);
	run->nr_blocks = 3;
	arena_fini(&arena, t);
}

/*
 * A walk over a list that was written to ends all the same: behind the zone, of whose two blocks
 * the second is missing, or after as many steps as there are pages.
 */
static void a_broken_list_is_not_followed(struct ktest *t)
{
	struct zone *zone = &arena.mm.zone[ZONE_DMA];
	struct page *first;
	uint32_t next;

	if (!open_arena(t))
		return;
	first = zone->pages + zone->free[6].first;
	next = first->next;
	KTEST_ASSERT(t, zone->free[6].nr == 2 && next);
	first->next = (uint32_t)zone->end_pfn;
	expect_fault(t, "a link behind the zone", 64 * PAGE_SIZE, 3);
	first->next = (uint32_t)(first - zone->pages);
	ledger_take(&arena.mm, &ledger);
	KTEST_EXPECT(t, ledger_sum(&ledger) > ledger.total);
	KTEST_EXPECT_EQ(t, ledger.nr_drifts, 3);
	first->next = next;
	expect_fault(t, "nothing", 0, 0);
	arena_fini(&arena, t);
}

static void a_page_held_twice_is_too_much(struct ktest *t)
{
	struct zone *zone = &arena.mm.zone[ZONE_DMA];
	struct page *page;
	uint32_t tag;

	if (!open_arena(t))
		return;
	page = zone->pages + zone->free[2].first;
	tag = page->tag;
	page->tag = page_tag(PAGE_ALLOCATED, 2, ZONE_DMA);
	expect_fault(t, "a free block that a caller holds", -4 * (int64_t)PAGE_SIZE, 1);
	page->tag = tag;
	arena_fini(&arena, t);
}

static void a_block_without_its_head_is_missing(struct ktest *t)
{
	struct page *page;

	if (!open_arena(t))
		return;
	page = arena_take(&arena, 4);
	KTEST_ASSERT(t, page);
	page->tag = page_tag(PAGE_TAIL, 0, 0);
	expect_fault(t, "a head that says it is a tail", 16 * PAGE_SIZE, 1);
	page->tag = page_tag(PAGE_ALLOCATED, 3, ZONE_DMA32);
	expect_fault(t, "a head of a lower order", 8 * PAGE_SIZE, 1);
	page->tag = page_tag(PAGE_ALLOCATED, MAX_ORDER, ZONE_DMA32);
	expect_fault(t, "a head of no order", 15 * PAGE_SIZE, 1);
	page->tag = page_tag(PAGE_CPU, 4, ZONE_DMA32);
	expect_fault(t, "a CPU's page on no stack", 16 * PAGE_SIZE, 1);
	page->tag = page_tag(PAGE_SLAB, 4, 1);
	expect_fault(t, "a slab of no cache", 16 * PAGE_SIZE, 0);
	page->tag = page_tag(PAGE_ALLOCATED, 4, ZONE_DMA32);
	arena_give(&arena, page, 4);
	arena_fini(&arena, t);
}

static void a_reservation_that_ends_is_missing(struct ktest *t)
{
	struct memmap_reservation *taken = NULL;

	if (!open_arena(t))
		return;
	for (uint32_t i = 0; i < arena.map.nr_taken; i++) {
		if (arena.map.taken[i].owner == MEMMAP_OWNER_ACPI)
			taken = &arena.map.taken[i];
	}
	KTEST_ASSERT(t, taken);
	taken->owner = MEMMAP_OWNER_NONE;	/* as by mm_release(), but nobody freed the pages */
	expect_fault(t, "pages of no owner", 5 * PAGE_SIZE, 0);
	taken->owner = MEMMAP_OWNER_ACPI;
	arena_fini(&arena, t);
}

static void each_counter_of_a_zone_is_held_against_the_count(struct ktest *t)
{
	struct zone *zone = &arena.mm.zone[ZONE_DMA];
	uint64_t *const counters[] = {
		&zone->nr_free, &zone->free[0].nr, &zone->free[10].nr, &zone->managed,
	};

	if (!open_arena(t))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(counters); i++) {
		(*counters[i])++;
		expect_fault(t, "one more", 0, 1);
		*counters[i] -= 2;
		expect_fault(t, "one less", 0, 1);
		(*counters[i])++;
	}
	arena_fini(&arena, t);
}

/* More than there is room for: the first ones are kept, all are counted. */
static void counters_without_room_are_counted(struct ktest *t)
{
	struct zone *zone = &arena.mm.zone[ZONE_DMA];

	if (!open_arena(t))
		return;
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		zone->free[order].nr += order + 1;
	expect_fault(t, "the counter of each order", 0, MAX_ORDER);
	for (unsigned int i = 0; i < LEDGER_MAX_DRIFTS; i++)
		KTEST_EXPECT_EQ(t, ledger.drift[i].counter - ledger.drift[i].counted, i + 1);
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		zone->free[order].nr -= order + 1;
	expect_fault(t, "nothing", 0, 0);
	arena_fini(&arena, t);
}

/* ---- text ---------------------------------------------------------------- */

static char text[8192];		/* bytes; the longest ledger, 80 a row */

/* From the first line on that begins with @word. */
static const char *printed_from(const char *word)
{
	struct seq_buffer buffer;
	const char *line = text;

	seq_buffer_init(&buffer, text, sizeof(text));
	print_ledger(&buffer.seq, &ledger);
	while (line && strncmp(line, word, strlen(word)) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line;
}

static void the_table_says_what_it_adds_up_to(struct ktest *t)
{
	static const char head[] =
		"row                                               bytes    of all    of RAM\n"
		"firmware: reserved                           1073741824   25.00 %\n"
		"taken: page tables                                    1    0.00 %    0.00 %\n"
		"free: DMA32, order 10                        1073741824   25.00 %   33.33 %\n"
		"CPUs' pages: Normal                          1073741824   25.00 %   33.33 %\n"
		"slabs: tails                                 1073741823   24.99 %   33.33 %\n";
	char want[1024];

	memset(&ledger, 0, sizeof(ledger));
	for (unsigned int i = 0; i < LEDGER_MAX_DRIFTS; i++)
		ledger.drift[i] = (struct ledger_drift){ "DMA32", "slab pages", i, 9 };
	ledger.total = 4 * GIB;
	ledger.ram = 3 * GIB;
	ledger.row[LEDGER_RESERVED] = 1 * GIB;
	ledger.row[LEDGER_TAKEN + MEMMAP_OWNER_PAGE_TABLES] = 1;
	ledger.row[LEDGER_FREE + ZONE_DMA32 * MAX_ORDER + 10] = 1 * GIB;
	ledger.row[LEDGER_CPU + ZONE_NORMAL] = 1 * GIB;
	ledger.row[LEDGER_TAILS] = 1 * GIB - 1;
	ledger.class_slack = 15;
	ksnprintf(want, sizeof(want), "%s%s", head,
		  "sum of the rows                              4294967296\n"
		  "the firmware's total                         4294967296"
		  "  equal: every byte is in one row\n"
		  "(of the live objects, up to 15 bytes are kmalloc's rounding: "
		  "kmalloc_sizes gives it a row)\n");
	KTEST_EXPECT_STREQ(t, printed_from("row"), want);

	ledger.total = 4 * GIB + 4096;
	ledger.nr_drifts = 1;
	ledger.class_slack = 0;
	ledger.drift[0] = (struct ledger_drift){ "DMA", "free pages", 7, 8 };
	KTEST_EXPECT_STREQ(t, printed_from("sum"),
			   "sum of the rows                              4294967296\n"
			   "the firmware's total                         4294971392"
			   "  UNEQUAL: 4096 bytes are in no row\n"
			   "ledger: DMA: free pages: the counter says 7, counted are 8\n");
	ledger.total = 4 * GIB - 1;
	ledger.nr_drifts = LEDGER_MAX_DRIFTS + 1;
	KTEST_EXPECT_STREQ(t, printed_from("ledger: and"), "ledger: and 1 more\n");
	KTEST_EXPECT_EQ(t, strncmp(printed_from("the"),
				   "the firmware's total                         4294967295"
				   "  UNEQUAL: 1 bytes too many\n", 83), 0);
}

/* A map may name nearly 2^64 bytes, or none. */
static void shares_of_the_largest_and_of_nothing(struct ktest *t)
{
	static const char large[] =
		"firmware: reserved                  9223372036854775808   50.00 %\n"
		"firmware: ACPI NVS                  9223372036854775807   49.99 %\n"
		"sum of the rows                    18446744073709551615\n";
	static const char small[] =
		"slabs: tails                                          1    0.00 %    0.00 %\n";

	memset(&ledger, 0, sizeof(ledger));
	ledger.total = UINT64_MAX;
	ledger.row[LEDGER_RESERVED] = 1ULL << 63;
	ledger.row[LEDGER_NVS] = (1ULL << 63) - 1;
	KTEST_EXPECT_EQ(t, strncmp(printed_from("firmware"), large, strlen(large)), 0);
	memset(&ledger, 0, sizeof(ledger));
	ledger.row[LEDGER_TAILS] = 1;
	KTEST_EXPECT_EQ(t, strncmp(printed_from("slabs"), small, strlen(small)), 0);
}

static const struct ktest_case ledger_cases[] = {
	KTEST_CASE(overlapping_entries_count_once),
	KTEST_CASE(parts_of_pages_are_left_out),
	KTEST_CASE(what_lies_above_is_told_apart),
	KTEST_CASE(reservations_count_where_they_are_ram),
	KTEST_CASE(pages_are_where_the_map_and_the_calls_put_them),
	KTEST_CASE(a_lost_page_is_missing),
	KTEST_CASE(a_shorter_run_is_missing),
	KTEST_CASE(a_broken_list_is_not_followed),
	KTEST_CASE(a_page_held_twice_is_too_much),
	KTEST_CASE(a_block_without_its_head_is_missing),
	KTEST_CASE(a_reservation_that_ends_is_missing),
	KTEST_CASE(each_counter_of_a_zone_is_held_against_the_count),
	KTEST_CASE(counters_without_room_are_counted),
	KTEST_CASE(the_table_says_what_it_adds_up_to),
	KTEST_CASE(shares_of_the_largest_and_of_nothing),
};
KTEST_SUITE(ledger, ledger_cases);
