/*
 * The MADT parser over tables built here by ACPI 6.4, section 5.2.12: good ones, each kind of
 * damage, a cut at every byte, and random bytes.
 */
#include <kernel/ktest.h>
#include <kernel/string.h>

#include "boot/madt.h"

#define MAX_BYTES	4096U
#define HEADER		44U
#define RANDOM_ROUNDS	20000U

static uint8_t table[MAX_BYTES];
static uint32_t used;
static struct madt madt;
static char why[128];

static void put32(uint32_t at, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++)
		table[at + i] = (uint8_t)(value >> (8 * i));
}

/* The length, and the checksum that makes all bytes add up to 0. */
static void seal(void)
{
	uint8_t sum = 0;

	put32(4, used);
	table[9] = 0;
	for (uint32_t i = 0; i < used; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

static void begin(void)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "APIC", 4);
	put32(36, 0xfee00000);
	used = HEADER;
	seal();
}

static void add_apic(uint8_t id, uint32_t flags)
{
	table[used] = 0;
	table[used + 1] = 8;
	table[used + 3] = id;
	put32(used + 4, flags);
	used += 8;
	seal();
}

static void add_x2apic(uint32_t id, uint32_t flags)
{
	table[used] = 9;
	table[used + 1] = 16;
	put32(used + 4, id);
	put32(used + 8, flags);
	used += 16;
	seal();
}

static void add_other(uint8_t type, uint8_t bytes)
{
	table[used] = type;
	table[used + 1] = bytes;
	used += bytes;
	seal();
}

/* Its last readable byte is the last of an area, so that a sanitizer sees a read beyond it. */
static int parse(size_t readable)
{
	static uint8_t area[MAX_BYTES];
	uint8_t *start = area + sizeof(area) - readable;

	memcpy(start, table, readable);
	memset(&madt, 0xa5, sizeof(madt));
	memset(why, 0, sizeof(why));
	return madt_parse(start, readable, &madt, why, sizeof(why));
}

static void cpus_in_order(struct ktest *t)
{
	begin();
	add_apic(4, 1);
	add_other(1, 12);			/* an I/O APIC */
	add_apic(0, 1);
	add_x2apic(300, 1);
	add_other(0x7f, 5);			/* a kind of later versions */
	KTEST_EXPECT_EQ(t, parse(MAX_BYTES), 0);
	KTEST_ASSERT(t, madt.nr == 3);
	KTEST_EXPECT_EQ(t, madt.apic_id[0], 4);
	KTEST_EXPECT_EQ(t, madt.apic_id[1], 0);
	KTEST_EXPECT_EQ(t, madt.apic_id[2], 300);
	KTEST_EXPECT_EQ(t, madt.nr_disabled, 0);
	KTEST_EXPECT_EQ(t, madt.apic_paddr, 0xfee00000);
}

static void disabled_and_nobody(struct ktest *t)
{
	begin();
	add_apic(0, 1);
	add_apic(1, 0);				/* an empty socket */
	add_apic(2, 2);				/* may be plugged in later */
	add_apic(0xff, 1);			/* the id of nobody */
	add_x2apic(0xffffffff, 1);
	add_x2apic(7, 0);
	KTEST_EXPECT_EQ(t, parse(used), 0);
	KTEST_EXPECT_EQ(t, madt.nr, 1);
	KTEST_EXPECT_EQ(t, madt.nr_disabled, 3);
}

static void listed_twice_counts_once(struct ktest *t)
{
	begin();
	add_apic(1, 1);
	add_x2apic(1, 1);
	add_apic(1, 1);
	KTEST_EXPECT_EQ(t, parse(used), 0);
	KTEST_EXPECT_EQ(t, madt.nr, 1);
}

static void more_than_there_is_room_for(struct ktest *t)
{
	begin();
	for (uint32_t id = 0; id < 250; id++)
		add_apic((uint8_t)id, 1);
	for (uint32_t id = 1000; id < 1010; id++)
		add_x2apic(id, 1);
	KTEST_EXPECT_EQ(t, parse(used), 0);
	KTEST_EXPECT_EQ(t, madt.nr, 256);
	KTEST_EXPECT_EQ(t, madt.nr_beyond, 4);
	KTEST_EXPECT_EQ(t, madt.apic_id[255], 1005);
}

static void moved_registers(struct ktest *t)
{
	begin();
	add_apic(0, 1);
	put32(used + 4, 0xfec12000);
	put32(used + 8, 1);
	add_other(5, 12);
	KTEST_EXPECT_EQ(t, parse(used), 0);
	KTEST_EXPECT_EQ(t, madt.apic_paddr, 0x1fec12000);
}

static void expect_fault(struct ktest *t, size_t readable, const char *reason, uint32_t sound)
{
	KTEST_EXPECT(t, parse(readable) != 0);
	KTEST_EXPECT_STREQ(t, why, reason);
	KTEST_EXPECT_EQ(t, madt.nr, sound);
}

static void damaged_header(struct ktest *t)
{
	begin();
	add_apic(0, 1);
	table[used - 5] ^= 1;
	expect_fault(t, used, "its checksum is wrong", 0);
	begin();
	table[0] = 'a';
	expect_fault(t, used, "its signature is not APIC", 0);
	begin();
	expect_fault(t, 43, "43 bytes are too few for its header", 0);
	put32(4, 43);
	expect_fault(t, used, "it claims 43 bytes, from 44 to 44 are possible", 0);
	put32(4, 45);
	expect_fault(t, used, "it claims 45 bytes, from 44 to 44 are possible", 0);
}

static void damaged_entries(struct ktest *t)
{
	begin();
	add_apic(3, 1);
	add_other(1, 0);
	used += 2;
	seal();
	expect_fault(t, used, "structure at byte 52 has 0 bytes", 1);
	begin();
	add_apic(3, 1);
	add_other(0, 7);
	expect_fault(t, used, "structure of type 0 at byte 52 has 7 bytes, needs 8", 1);
	begin();
	add_other(9, 15);
	expect_fault(t, used, "structure of type 9 at byte 44 has 15 bytes, needs 16", 0);
	begin();
	add_other(5, 11);
	expect_fault(t, used, "structure of type 5 at byte 44 has 11 bytes, needs 12", 0);
	begin();
	add_apic(3, 1);
	used--;
	seal();
	expect_fault(t, used, "structure at byte 44 does not fit in the 7 left", 0);
	used = HEADER + 1;
	table[HEADER] = 1;
	seal();
	expect_fault(t, used, "structure at byte 44 does not fit in the 1 left", 0);
	used = HEADER + 2;
	table[HEADER] = 7;
	table[HEADER + 1] = 1;
	seal();
	expect_fault(t, used, "structure at byte 44 has 1 bytes", 0);
}

/* As the table is, and with the length and the checksum made to fit the cut. */
static void cut_at_every_byte(struct ktest *t)
{
	uint32_t whole;

	begin();
	for (uint8_t id = 0; id < 5; id++)
		add_apic(id, 1);
	add_x2apic(500, 1);
	whole = used;
	for (uint32_t cut = 0; cut < whole; cut++)
		KTEST_EXPECT(t, parse(cut) != 0);
	for (used = whole - 1; used >= HEADER; used--) {
		bool at_edge = used <= HEADER + 5 * 8 && (used - HEADER) % 8 == 0;

		seal();
		KTEST_EXPECT_EQ(t, parse(used) == 0, at_edge);
		KTEST_EXPECT_EQ(t, madt.nr, min_u64((used - HEADER) / 8, 5));
	}
}

/* Whatever the bytes: it ends, it reads no byte behind the table, and it says something. */
static void seeded_damage(struct ktest *t)
{
	uint64_t random = 0x853c49e6748fea9bULL;

	for (uint32_t round = 0; round < RANDOM_ROUNDS; round++) {
		begin();
		for (uint8_t id = 0; id < 6; id++)
			add_apic(id, 1);
		add_x2apic(77, 1);
		for (uint32_t i = 0; i <= round % 4; i++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			table[HEADER + (random >> 33) % (used - HEADER)] = (uint8_t)(random >> 56);
		}
		seal();
		if (parse(used) != 0)
			KTEST_EXPECT(t, why[0] != '\0');
		KTEST_ASSERT(t, madt.nr <= 7 + used / 8 && madt.nr_beyond == 0);
	}
}

static const struct ktest_case madt_cases[] = {
	KTEST_CASE(cpus_in_order),
	KTEST_CASE(disabled_and_nobody),
	KTEST_CASE(listed_twice_counts_once),
	KTEST_CASE(more_than_there_is_room_for),
	KTEST_CASE(moved_registers),
	KTEST_CASE(damaged_header),
	KTEST_CASE(damaged_entries),
	KTEST_CASE(cut_at_every_byte),
	KTEST_CASE(seeded_damage),
};
KTEST_SUITE(madt, madt_cases);
