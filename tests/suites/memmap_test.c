/*
 * The memory map: what sealing makes of an entry, the reservations, the walks, the text. Whole
 * maps, the hostile ones among them, are replayed from tests/maps/ on the host.
 */
#include <kernel/errno.h>
#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/memmap.h>

#define NR_RAW		16
#define NR_TAKEN	8
#define MIB		(1ULL << 20)
#define GIB		(1ULL << 30)
#define CPU_LIMIT	(1ULL << 40)

static struct memmap map;
static uint64_t storage[MEMMAP_BYTES(NR_RAW, NR_TAKEN) / sizeof(uint64_t)];

static void fresh_map(void)
{
	memset(storage, 0xa5, sizeof(storage));
	memmap_init(&map, storage, NR_RAW, NR_TAKEN, CPU_LIMIT);
}

/* The tests provoke messages: they stay out of the KTAP. */
static int seal_quietly(void)
{
	unsigned int level = log_level();
	int result;

	log_set_level(LOGLEVEL_EMERG);
	result = memmap_seal(&map);
	log_set_level(level);
	return result;
}

static int reserve_quietly(uint64_t start, uint64_t end, enum memmap_owner owner)
{
	unsigned int level = log_level();
	int result;

	log_set_level(LOGLEVEL_EMERG);
	result = memmap_reserve(&map, start, end, owner);
	log_set_level(level);
	return result;
}

static void expect_ranges(struct ktest *t, const struct memmap_range *want, uint32_t nr)
{
	KTEST_EXPECT_EQ(t, map.nr_ranges, nr);
	for (uint32_t i = 0; i < nr && i < map.nr_ranges; i++) {
		KTEST_EXPECT_EQ(t, map.ranges[i].start, want[i].start);
		KTEST_EXPECT_EQ(t, map.ranges[i].end, want[i].end);
		KTEST_EXPECT_EQ(t, map.ranges[i].type, want[i].type);
	}
}

static void expect_taken(struct ktest *t, const struct memmap_reservation *want, uint32_t nr)
{
	KTEST_EXPECT_EQ(t, map.nr_taken, nr);
	for (uint32_t i = 0; i < nr && i < map.nr_taken; i++) {
		KTEST_EXPECT_EQ(t, map.taken[i].start, want[i].start);
		KTEST_EXPECT_EQ(t, map.taken[i].end, want[i].end);
		KTEST_EXPECT_EQ(t, map.taken[i].owner, want[i].owner);
	}
}

static void more_restrictive_type_wins(struct ktest *t)
{
	/* Least to most: usable, ACPI, reserved and unknown, NVS, bad. */
	static const uint32_t order[] = { MEMMAP_USABLE, MEMMAP_ACPI, MEMMAP_RESERVED, MEMMAP_NVS,
					  MEMMAP_BAD };

	for (uint32_t a = 0; a < ARRAY_SIZE(order); a++) {
		for (uint32_t b = 0; b < ARRAY_SIZE(order); b++) {
			fresh_map();
			memmap_add(&map, MIB, 2 * MIB, order[a]);
			memmap_add(&map, 2 * MIB, 2 * MIB, order[b]);
			(void)seal_quietly();
			if (a == b) {
				expect_ranges(t, &(struct memmap_range){ MIB, 4 * MIB, order[a] },
					      1);
				continue;
			}
			KTEST_ASSERT(t, map.nr_ranges == 2);
			KTEST_EXPECT_EQ(t, map.ranges[0].type, order[a]);
			KTEST_EXPECT_EQ(t, map.ranges[1].type, order[b]);
			KTEST_EXPECT_EQ(t, map.ranges[0].end, a > b ? 3 * MIB : 2 * MIB);
			KTEST_EXPECT_EQ(t, map.ranges[1].start, a > b ? 3 * MIB : 2 * MIB);
		}
	}
}

static void unknown_type_is_reserved(struct ktest *t)
{
	static const struct memmap_range want[] = {
		{ 0, MIB, MEMMAP_USABLE },
		{ MIB, 3 * MIB, MEMMAP_RESERVED },
		{ 3 * MIB, 4 * MIB, MEMMAP_USABLE },
	};

	fresh_map();
	memmap_add(&map, 0, 4 * MIB, MEMMAP_USABLE);
	memmap_add(&map, MIB, MIB, 0);
	memmap_add(&map, 2 * MIB, MIB, 0xffffffff);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	expect_ranges(t, want, ARRAY_SIZE(want));
}

static void usable_shrinks_and_the_rest_grows(struct ktest *t)
{
	static const struct memmap_range want[] = {
		{ 0x0, 0x9f000, MEMMAP_USABLE },
		{ 0x9f000, 0xa1000, MEMMAP_RESERVED },
		{ 0x101000, 0x103000, MEMMAP_USABLE },
	};

	fresh_map();
	memmap_add(&map, 0, 0x9fc00, MEMMAP_USABLE);
	memmap_add(&map, 0x9fc00, 0x401, MEMMAP_RESERVED);
	memmap_add(&map, 0xa0001, 0xfff, MEMMAP_USABLE);
	memmap_add(&map, 0x100001, 0x2fff, MEMMAP_USABLE);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	expect_ranges(t, want, ARRAY_SIZE(want));
	KTEST_EXPECT_EQ(t, map.dropped, 0xc00 + 0xfff + 0xfff);
}

static void page_of_two_usable_entries_is_kept(struct ktest *t)
{
	fresh_map();
	memmap_add(&map, 0x1801, 0x27ff, MEMMAP_USABLE);
	memmap_add(&map, 0x0, 0x1801, MEMMAP_USABLE);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	expect_ranges(t, &(struct memmap_range){ 0, 0x4000, MEMMAP_USABLE }, 1);
	KTEST_EXPECT_EQ(t, map.dropped, 0);
}

static void acpi_next_to_a_hole_stays_reserved(struct ktest *t)
{
	static const struct memmap_range want[] = {
		{ 0, 0x1000, MEMMAP_USABLE },
		{ 0x1000, 0x3000, MEMMAP_ACPI },
		{ 0x3000, 0x4000, MEMMAP_RESERVED },
	};

	fresh_map();
	memmap_add(&map, 0, 0x1800, MEMMAP_USABLE);
	memmap_add(&map, 0x1800, 0x1810, MEMMAP_ACPI);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	expect_ranges(t, want, ARRAY_SIZE(want));
	expect_taken(t, &(struct memmap_reservation){ 0x1000, 0x3000, MEMMAP_OWNER_ACPI }, 1);
	KTEST_EXPECT_EQ(t, map.dropped, 0x800);
}

static void ends_of_the_address_space_are_cut(struct ktest *t)
{
	static const struct memmap_range want[] = {
		{ MIB, 2 * MIB, MEMMAP_USABLE }, { CPU_LIMIT - MIB, CPU_LIMIT, MEMMAP_NVS },
	};

	fresh_map();
	memmap_add(&map, MIB, MIB, MEMMAP_USABLE);
	memmap_add(&map, 3 * MIB, 0, MEMMAP_USABLE);
	memmap_add(&map, CPU_LIMIT - MIB, UINT64_MAX, MEMMAP_NVS);	/* wraps */
	memmap_add(&map, CPU_LIMIT, 4 * MIB, MEMMAP_USABLE);
	memmap_add(&map, UINT64_MAX, 1, MEMMAP_BAD);			/* the last byte */
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	expect_ranges(t, want, ARRAY_SIZE(want));
}

static void limit_takes_memory_and_nothing_else(struct ktest *t)
{
	static const struct memmap_range want[] = {
		{ 0, 2 * MIB, MEMMAP_USABLE }, { 4 * MIB, 5 * MIB, MEMMAP_RESERVED },
	};

	fresh_map();
	memmap_add(&map, 0, 4 * MIB, MEMMAP_USABLE);
	memmap_add(&map, 4 * MIB, MIB, MEMMAP_RESERVED);
	memmap_add(&map, 5 * MIB, MIB, MEMMAP_ACPI);
	memmap_limit(&map, 2 * MIB + 0x123);
	memmap_limit(&map, 3 * MIB);
	KTEST_EXPECT_EQ(t, map.limit, 2 * MIB);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	expect_ranges(t, want, ARRAY_SIZE(want));
	KTEST_EXPECT_EQ(t, map.dropped, 2 * MIB);
	KTEST_EXPECT_EQ(t, map.nr_taken, 0);
}

static void nothing_usable_is_an_error(struct ktest *t)
{
	fresh_map();
	KTEST_EXPECT_EQ(t, seal_quietly(), -ENOMEM);
	fresh_map();
	memmap_add(&map, MIB, 0xfff, MEMMAP_USABLE);
	memmap_add(&map, 2 * MIB, MIB, MEMMAP_ACPI);
	KTEST_EXPECT_EQ(t, seal_quietly(), -ENOMEM);
	KTEST_EXPECT_EQ(t, seal_quietly(), -ENOMEM);
	KTEST_EXPECT(t, map.sealed);
}

static void full_table_of_entries_refuses(struct ktest *t)
{
	unsigned int level = log_level();

	fresh_map();
	for (uint32_t i = 0; i < NR_RAW; i++)
		KTEST_EXPECT_EQ(t, memmap_add(&map, i * 2 * MIB, MIB, MEMMAP_USABLE), 0);
	log_set_level(LOGLEVEL_EMERG);
	KTEST_EXPECT_EQ(t, memmap_add(&map, GIB, MIB, MEMMAP_USABLE), -ENOSPC);
	log_set_level(level);
	KTEST_EXPECT_EQ(t, map.refused, 1);
	KTEST_EXPECT_EQ(t, map.nr_raw, NR_RAW);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	KTEST_EXPECT_EQ(t, map.nr_ranges, NR_RAW);
}

/*
 * Four edges an entry: unaligned ACPI islands give a reserved page on each side, three ranges in
 * all. What could not be reserved must not be handed out either: that island ends as one reserved
 * range.
 */
static void worst_number_of_ranges_fits(struct ktest *t)
{
	const struct memmap_range *range;

	fresh_map();
	for (uint32_t i = 0; i < NR_RAW; i++)
		memmap_add(&map, i * MIB + 0x10, 0x4000, MEMMAP_ACPI);
	(void)seal_quietly();
	KTEST_EXPECT_EQ(t, map.nr_ranges, 3 * NR_TAKEN + (NR_RAW - NR_TAKEN));
	KTEST_EXPECT_EQ(t, map.nr_taken, NR_TAKEN);
	KTEST_EXPECT_EQ(t, map.refused, NR_RAW - NR_TAKEN);
	range = map.ranges + 3 * NR_TAKEN;
	for (uint32_t i = NR_TAKEN; i < NR_RAW; i++, range++) {
		KTEST_EXPECT_EQ(t, range->start, i * MIB);
		KTEST_EXPECT_EQ(t, range->end, i * MIB + 0x5000);
		KTEST_EXPECT_EQ(t, range->type, MEMMAP_RESERVED);
	}
}

/* Two entries that share a page make one range: without a slot, that is one refusal. */
static void a_range_without_a_slot_is_refused_once(struct ktest *t)
{
	fresh_map();
	memmap_add(&map, GIB, MIB, MEMMAP_USABLE);
	memmap_add(&map, 2 * GIB, 0x1800, MEMMAP_ACPI);
	memmap_add(&map, 2 * GIB + 0x1800, 0x2800, MEMMAP_ACPI);
	for (uint64_t i = 0; i < NR_TAKEN; i++)
		memmap_reserve(&map, i * 0x4000, i * 0x4000 + 0x1000, MEMMAP_OWNER_MODULE);
	KTEST_EXPECT_EQ(t, map.refused, 0);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	KTEST_EXPECT_EQ(t, map.refused, 1);
	expect_ranges(t, (struct memmap_range[]){
		{ GIB, GIB + MIB, MEMMAP_USABLE }, { 2 * GIB, 2 * GIB + 0x4000, MEMMAP_RESERVED },
	}, 2);
}

static void reservations_sort_and_merge(struct ktest *t)
{
	static const struct memmap_reservation want[] = {
		{ 0x0, 0x1000, MEMMAP_OWNER_FIRMWARE }, { 0x1000, 0x2000, MEMMAP_OWNER_MODULE },
		{ 0x4000, 0x9000, MEMMAP_OWNER_EARLY },
	};

	fresh_map();
	/* outwards */
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x7001, 0x8001, MEMMAP_OWNER_EARLY), 0);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x4000, 0x6000, MEMMAP_OWNER_EARLY), 0);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x0, 0x1, MEMMAP_OWNER_FIRMWARE), 0);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x1000, 0x2000, MEMMAP_OWNER_MODULE), 0);
	/* joins the two */
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x5800, 0x7800, MEMMAP_OWNER_EARLY), 0);
	expect_taken(t, want, ARRAY_SIZE(want));
}

static void greater_owner_keeps_the_page(struct ktest *t)
{
	static const struct memmap_reservation inside[] = {
		{ 0x1000, 0x3000, MEMMAP_OWNER_BOOT_INFO }, { 0x3000, 0x5000, MEMMAP_OWNER_KERNEL },
		{ 0x5000, 0x9000, MEMMAP_OWNER_BOOT_INFO },
	};
	static const struct memmap_reservation across[] = {
		{ 0x0, 0x3000, MEMMAP_OWNER_MODULE }, { 0x3000, 0x5000, MEMMAP_OWNER_KERNEL },
		{ 0x5000, 0x8000, MEMMAP_OWNER_MODULE }, { 0x8000, 0x9000, MEMMAP_OWNER_BOOT_INFO },
	};

	fresh_map();
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x1000, 0x9000, MEMMAP_OWNER_BOOT_INFO), 0);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x3000, 0x5000, MEMMAP_OWNER_KERNEL), 0);
	expect_taken(t, inside, ARRAY_SIZE(inside));
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x0, 0x8000, MEMMAP_OWNER_MODULE), 0);
	expect_taken(t, across, ARRAY_SIZE(across));
	/* changes nothing */
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x3000, 0x4000, MEMMAP_OWNER_BOOT_INFO), 0);
	expect_taken(t, across, ARRAY_SIZE(across));
}

static void full_table_of_reservations_refuses_whole(struct ktest *t)
{
	struct memmap_reservation before[NR_TAKEN];

	fresh_map();
	for (uint64_t i = 0; i < NR_TAKEN - 1; i++)
		memmap_reserve(&map, i * 0x4000, i * 0x4000 + 0x3000, MEMMAP_OWNER_MODULE);
	KTEST_EXPECT_EQ(t, map.nr_taken, NR_TAKEN - 1);
	memcpy(before, map.taken, sizeof(before));
	/* One slot is left; a hole in the middle of a module needs two. */
	KTEST_EXPECT_EQ(t, reserve_quietly(0x5000, 0x6000, MEMMAP_OWNER_KERNEL), -ENOSPC);
	KTEST_EXPECT_EQ(t, map.refused, 1);
	expect_taken(t, before, NR_TAKEN - 1);
	/* needs one */
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0x4000, 0x5000, MEMMAP_OWNER_KERNEL), 0);
	KTEST_EXPECT_EQ(t, map.nr_taken, NR_TAKEN);
	/* frees them all */
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0, 0x20000, MEMMAP_OWNER_KERNEL), 0);
	KTEST_EXPECT_EQ(t, map.nr_taken, 1);
}

static void bad_reservations_are_refused(struct ktest *t)
{
	fresh_map();
	KTEST_EXPECT_EQ(t, reserve_quietly(0x1000, 0x1000, MEMMAP_OWNER_USER), -EINVAL);
	KTEST_EXPECT_EQ(t, reserve_quietly(0x2000, 0x1000, MEMMAP_OWNER_USER), -EINVAL);
	KTEST_EXPECT_EQ(t, reserve_quietly(0x1000, 0x2000, MEMMAP_OWNER_NONE), -EINVAL);
	KTEST_EXPECT_EQ(t, reserve_quietly(0x1000, 0x2000, MEMMAP_NR_OWNERS), -EINVAL);
	KTEST_EXPECT_EQ(t, map.nr_taken, 0);
	/* Outside RAM and up to the very end is allowed; the last page's end has no number. */
	KTEST_EXPECT_EQ(t, reserve_quietly(UINT64_MAX - 0x2fff, UINT64_MAX, MEMMAP_OWNER_USER), 0);
	KTEST_EXPECT_EQ(t, map.taken[0].start, 0xffffffffffffd000);
	KTEST_EXPECT_EQ(t, map.taken[0].end, 0xfffffffffffff000);
}

static void walks_skip_what_is_taken(struct ktest *t)
{
	/* Usable 0-8M, ACPI 8M-9M, hole, usable 16M-17M; taken: page 0, 2M-3M, the last MiB. */
	static const uint64_t free[][2] = { { 0x1000, 2 * MIB }, { 3 * MIB, 8 * MIB } };
	static const uint64_t ram[][2] = { { 0, 9 * MIB }, { 16 * MIB, 17 * MIB } };
	uint64_t start, end, from = 0;
	uint32_t i = 0;

	fresh_map();
	memmap_add(&map, 8 * MIB, MIB, MEMMAP_ACPI);
	memmap_add(&map, 16 * MIB, MIB, MEMMAP_USABLE);
	memmap_add(&map, 0, 8 * MIB, MEMMAP_USABLE);
	KTEST_EXPECT(t, !memmap_next_ram(&map, 0, &start, &end));	/* not sealed yet */
	memmap_reserve(&map, 0, 1, MEMMAP_OWNER_FIRMWARE);
	memmap_reserve(&map, 2 * MIB, 3 * MIB, MEMMAP_OWNER_MODULE);
	memmap_reserve(&map, 15 * MIB, 18 * MIB, MEMMAP_OWNER_USER);
	KTEST_EXPECT_EQ(t, seal_quietly(), 0);
	for (; memmap_next_free(&map, from, &start, &end) && i < 2; from = end, i++) {
		KTEST_EXPECT_EQ(t, start, free[i][0]);
		KTEST_EXPECT_EQ(t, end, free[i][1]);
	}
	KTEST_EXPECT_EQ(t, i, 2);
	KTEST_EXPECT(t, !memmap_next_free(&map, from, &start, &end));
	for (i = 0, from = 0; memmap_next_ram(&map, from, &start, &end) && i < 2; from = end, i++) {
		KTEST_EXPECT_EQ(t, start, ram[i][0]);
		KTEST_EXPECT_EQ(t, end, ram[i][1]);
	}
	KTEST_EXPECT_EQ(t, i, 2);
	KTEST_EXPECT(t, !memmap_next_ram(&map, UINT64_MAX, &start, &end));
	/* From the middle, off a page. */
	KTEST_ASSERT(t, memmap_next_free(&map, MIB + 1, &start, &end));
	KTEST_EXPECT_EQ(t, start, MIB + 0x1000);
	KTEST_EXPECT_EQ(t, end, 2 * MIB);
}

static void raw_block_can_be_pasted(struct ktest *t)
{
	static char text[256];
	struct seq_buffer out;

	fresh_map();
	memmap_add(&map, 0, 0x9fc00, MEMMAP_USABLE);
	memmap_add(&map, 0xfffffffffffff000, 0x1000, 4000000000U);
	seq_buffer_init(&out, text, sizeof(text));
	memmap_print_raw(&map, &out.seq);
	KTEST_EXPECT_STREQ(t, text,
			   "memmap-v1\n"
			   "0x0000000000000000 0x000000000009fc00 1\n"
			   "0xfffffffffffff000 0x0000000000001000 4000000000\n"
			   "end\n");
}

/* Ends are the last bytes; of the RAM, what is reserved is taken and the rest free. */
static void a_map_is_printed_with_its_last_bytes(struct ktest *t)
{
	static char text[1024];		/* bytes; six lines of up to 100 */
	struct seq_buffer out;

	fresh_map();
	memmap_add(&map, MIB, 3 * MIB, MEMMAP_USABLE);
	memmap_add(&map, 4 * MIB, MIB, MEMMAP_NVS);
	memmap_reserve(&map, MIB, 2 * MIB, MEMMAP_OWNER_KERNEL);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	seq_buffer_init(&out, text, sizeof(text));
	memmap_print(&map, &out.seq);
	KTEST_EXPECT_STREQ(t, strchr(text, '\n'),
			   "\n[mem 0x0000000000100000-0x00000000003fffff]       3072 kB  usable\n"
			   "[mem 0x0000000000400000-0x00000000004fffff]       1024 kB  ACPI NVS\n"
			   "taken: 1 ranges\n"
			   "[mem 0x0000000000100000-0x00000000001fffff]       1024 kB  kernel\n"
			   "RAM 3072 kB, free 2048 kB, taken 1024 kB; usable bytes left out: 0; "
			   "refused: 0\n");
}

/* What comes after the seal is refused, counted, and changes nothing. */
static void a_sealed_map_is_closed(struct ktest *t)
{
	unsigned int level = log_level();
	uint64_t start, end;

	fresh_map();
	memmap_add(&map, MIB, MIB, MEMMAP_USABLE);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	log_set_level(LOGLEVEL_EMERG);
	KTEST_EXPECT_EQ(t, memmap_add(&map, 4 * MIB, MIB, MEMMAP_USABLE), -ENOSPC);
	memmap_limit(&map, MIB + 0x1000);
	log_set_level(level);
	KTEST_EXPECT_EQ(t, map.refused, 1);
	KTEST_EXPECT_EQ(t, map.nr_raw, 1);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	KTEST_ASSERT(t, memmap_next_ram(&map, 0, &start, &end));
	KTEST_EXPECT_EQ(t, start, MIB);
	KTEST_EXPECT_EQ(t, end, 2 * MIB);
	KTEST_EXPECT(t, !memmap_next_ram(&map, end, &start, &end));
}

/* The last page of all addresses has no end that could be written down. */
static void the_last_page_cannot_be_reserved(struct ktest *t)
{
	fresh_map();
	KTEST_EXPECT_EQ(t, reserve_quietly(UINT64_MAX - 100, UINT64_MAX, MEMMAP_OWNER_KERNEL),
			-EINVAL);
	KTEST_EXPECT_EQ(t, reserve_quietly(UINT64_MAX - 5000, UINT64_MAX, MEMMAP_OWNER_KERNEL), 0);
	expect_taken(t, (struct memmap_reservation[]){
		{ UINT64_MAX - 0x1fff, UINT64_MAX - 0xfff, MEMMAP_OWNER_KERNEL },
	}, 1);
}

static const struct ktest_case memmap_cases[] = {
	KTEST_CASE(a_sealed_map_is_closed),
	KTEST_CASE(the_last_page_cannot_be_reserved),
	KTEST_CASE(more_restrictive_type_wins),
	KTEST_CASE(unknown_type_is_reserved),
	KTEST_CASE(usable_shrinks_and_the_rest_grows),
	KTEST_CASE(page_of_two_usable_entries_is_kept),
	KTEST_CASE(acpi_next_to_a_hole_stays_reserved),
	KTEST_CASE(ends_of_the_address_space_are_cut),
	KTEST_CASE(limit_takes_memory_and_nothing_else),
	KTEST_CASE(nothing_usable_is_an_error),
	KTEST_CASE(full_table_of_entries_refuses),
	KTEST_CASE(worst_number_of_ranges_fits),
	KTEST_CASE(a_range_without_a_slot_is_refused_once),
	KTEST_CASE(reservations_sort_and_merge),
	KTEST_CASE(greater_owner_keeps_the_page),
	KTEST_CASE(full_table_of_reservations_refuses_whole),
	KTEST_CASE(bad_reservations_are_refused),
	KTEST_CASE(walks_skip_what_is_taken),
	KTEST_CASE(raw_block_can_be_pasted),
	KTEST_CASE(a_map_is_printed_with_its_last_bytes),
};
KTEST_SUITE(memmap, memmap_cases);
