/*
 * boot/acpi.c, boot/acpi_power.c and boot/madt.c: any bytes as ACPI's tables.
 *
 * The bytes are physical memory from 4 KiB on; RSDP, XSDT and whatever they point to lie in it as
 * the input wants. map_firmware(), which boot/window.c does on a machine, hands out a copy of just
 * the bytes that were asked for and takes the window's former copy away: a sanitizer sees a read
 * behind a table's end, and one through a window that shows something else by now. Since few
 * random bytes have the right checksum, the copies are given one if the input asks for it.
 *
 * What must hold: every table that was mapped whole, and lies in memory that the firmware calls
 * usable, is reserved; the list of CPUs has none twice; the MADT's CPUs are those that a second,
 * plain walk finds.
 *
 * acpi.c and acpi_power.c are part of this file so that their state can be set back between two
 * inputs.
 */
#include <stdlib.h>
#include <string.h>

/* boot.h has an inline function that needs the image's place, which is nowhere here. */
#define PORT_KERNEL_BASE	0
#include "boot/acpi.c"
#include "boot/acpi_power.c"
#include "fuzz.h"

#define RAM_START	0x1000U		/* where the input's bytes lie */
#define RAM_END		0x200000U	/* behind them zeroes, behind this nothing: all ones */
#define USABLE_END	0x10000U	/* up to here the firmware calls memory usable */
#define REACH		(1ULL << 36)
#define WINDOW_LIMIT	0x10000U	/* bytes; a machine's have 1 MiB, which is slow here */
#define NR_RAW		4U
#define NR_TAKEN	16U
#define MAX_SEEN	1024U
#define WHY_BYTES	128U

enum mode { MODE_MADT = 1, MODE_CHECKSUMS = 2, MODE_SHORT_RSDP = 4 };

static const uint8_t *ram;
static size_t ram_bytes;
static uint8_t mode;
static uint8_t *window[NR_WINDOWS];

static struct {
	uint64_t start, end;
} seen[MAX_SEEN];
static unsigned int nr_seen;

uint64_t cpu_reach(void)
{
	return REACH;
}

/* A copy of physical memory, in a block of just its size. */
static uint8_t *copy_of(uint64_t paddr, size_t size)
{
	uint64_t end = paddr + size, first = max_u64(paddr, RAM_START);
	uint64_t last = min_u64(end, RAM_START + ram_bytes), ones = max_u64(paddr, RAM_END);
	uint8_t *copy = calloc(size ? size : 1, 1);

	FUZZ_CHECK(copy != NULL);
	if (first < last)
		memcpy(copy + (first - paddr), ram + (first - RAM_START), last - first);
	if (ones < end)
		memset(copy + (ones - paddr), 0xff, end - ones);
	return copy;
}

static void give_checksum(uint8_t *bytes, size_t size, size_t at)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + (i == at ? 0 : bytes[i]));
	bytes[at] = (uint8_t)-sum;
}

const void *map_firmware(unsigned int index, uint64_t paddr, size_t size)
{
	uint8_t *copy;

	FUZZ_CHECK(index < NR_WINDOWS);
	free(window[index]);
	window[index] = NULL;
	if (size > WINDOW_LIMIT - paddr % 4096 || paddr >= REACH || REACH - paddr < size)
		return NULL;
	copy = window[index] = copy_of(paddr, size);
	if (size < ACPI_HEADER_BYTES || acpi_u32(copy + 4) != size)
		return copy;
	if (mode & MODE_CHECKSUMS)
		give_checksum(copy, size, 9);
	if (nr_seen < MAX_SEEN) {
		seen[nr_seen].start = paddr;
		seen[nr_seen++].end = paddr + size;
	}
	return copy;
}

static bool is_taken(const struct memmap *map, uint64_t paddr)
{
	for (uint32_t i = 0; i < map->nr_taken; i++) {
		if (map->taken[i].start <= paddr && paddr < map->taken[i].end)
			return true;
	}
	return false;
}

static void check_reserved(const struct memmap *map)
{
	for (unsigned int i = 0; i < nr_seen; i++) {
		if (seen[i].start >= USABLE_END)
			continue;
		for (uint64_t at = seen[i].start; at < seen[i].end; at += PAGE_SIZE)
			FUZZ_CHECK(is_taken(map, at));
		FUZZ_CHECK(is_taken(map, seen[i].end - 1));
	}
}

static void check_cpus(const struct madt *madt)
{
	FUZZ_CHECK(madt->nr <= MADT_MAX_CPUS);
	for (uint32_t i = 0; i < madt->nr; i++) {
		for (uint32_t j = 0; j < i; j++)
			FUZZ_CHECK(madt->apic_id[i] != madt->apic_id[j]);
	}
}

/* ---- the MADT alone ------------------------------------------------------ */

static bool is_known(const struct madt *madt, uint32_t id)
{
	for (uint32_t i = 0; i < madt->nr; i++) {
		if (madt->apic_id[i] == id)
			return true;
	}
	return false;
}

static void want_cpu(struct madt *want, uint64_t id, uint32_t flags)
{
	if (!(flags & 1)) {
		want->nr_disabled++;
	} else if (!is_known(want, (uint32_t)id)) {
		if (want->nr < MADT_MAX_CPUS)
			want->apic_id[want->nr++] = (uint32_t)id;
		else
			want->nr_beyond++;
	}
}

/* Return: is the table of @size bytes sound? *@want: what it says. */
static bool want_madt(const uint8_t *table, size_t size, struct madt *want)
{
	uint8_t sum = 0;
	size_t length;

	memset(want, 0, sizeof(*want));
	if (size < 44 || memcmp(table, "APIC", 4) != 0)
		return false;
	length = acpi_u32(table + 4);
	if (length < 44 || length > size)
		return false;
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + table[i]);
	if (sum)
		return false;
	want->apic_paddr = acpi_u32(table + 36);
	for (size_t at = 44; at < length; at += table[at + 1]) {
		const uint8_t *entry = table + at;

		if (length - at < 2 || entry[1] < 2 || entry[1] > length - at)
			return false;
		if ((entry[0] == 0 && entry[1] < 8) || (entry[0] == 5 && entry[1] < 12) ||
		    (entry[0] == 9 && entry[1] < 16))
			return false;
		if (entry[0] == 0 && entry[3] != 0xff)
			want_cpu(want, entry[3], acpi_u32(entry + 4));
		if (entry[0] == 9 && acpi_u32(entry + 4) != 0xffffffffU)
			want_cpu(want, acpi_u32(entry + 4), acpi_u32(entry + 8));
		if (entry[0] == 5)
			want->apic_paddr = acpi_u64(entry + 4);
	}
	return true;
}

static void run_madt(const uint8_t *bytes, size_t size)
{
	static struct madt got, want;
	uint8_t *table = malloc(size ? size : 1);
	char why[WHY_BYTES];
	bool sound;

	FUZZ_CHECK(table != NULL);
	memcpy(table, bytes, size);
	if (mode & MODE_CHECKSUMS && size >= 44 && acpi_u32(table + 4) <= size &&
	    acpi_u32(table + 4) >= 10)
		give_checksum(table, acpi_u32(table + 4), 9);
	sound = want_madt(table, size, &want);
	FUZZ_EQ(madt_parse(table, size, &got, why, sizeof(why)) == 0, sound);
	if (!sound)
		fuzz_text(why, strlen(why));
	check_cpus(&got);
	FUZZ_EQ(got.nr, want.nr);
	FUZZ_EQ(got.nr_disabled, want.nr_disabled);
	FUZZ_EQ(got.nr_beyond, want.nr_beyond);
	FUZZ_EQ(got.apic_paddr, want.apic_paddr);
	FUZZ_CHECK(memcmp(got.apic_id, want.apic_id, got.nr * sizeof(got.apic_id[0])) == 0);
	free(table);
}

/* ---- the walk ------------------------------------------------------------ */

static void note_root(struct fuzz_input *in)
{
	uint8_t root[RSDP2_BYTES];

	for (size_t i = 0; i < sizeof(root); i++)
		root[i] = take_byte(in);
	if (mode & MODE_CHECKSUMS) {
		memcpy(root, "RSD PTR ", 8);
		give_checksum(root, RSDP_BYTES, 8);
		give_checksum(root, RSDP2_BYTES, 32);
	}
	acpi_note_rsdp(root, mode & MODE_SHORT_RSDP ? RSDP_BYTES : RSDP2_BYTES);
}

static void run(const uint8_t *bytes, size_t size)
{
	static uint64_t storage[MEMMAP_BYTES(NR_RAW, NR_TAKEN) / sizeof(uint64_t) + 1];
	struct fuzz_input in = { bytes, bytes + size };
	struct memmap map;

	mode = take_byte(&in);
	if (mode & MODE_MADT) {
		run_madt(in.at, (size_t)(in.end - in.at));
		return;
	}
	rsdp_bytes = nr_tables = nr_reserved = nr_seen = 0;
	memset(&acpi_madt, 0, sizeof(acpi_madt));
	memset(&power, 0, sizeof(power));
	note_root(&in);
	ram = in.at;
	ram_bytes = (size_t)(in.end - in.at);
	memmap_init(&map, storage, NR_RAW, NR_TAKEN, REACH);
	FUZZ_EQ(memmap_add(&map, 0, USABLE_END, MEMMAP_USABLE), 0);
	FUZZ_EQ(memmap_add(&map, USABLE_END, RAM_END - USABLE_END, MEMMAP_RESERVED), 0);
	acpi_init(&map);
	check_reserved(&map);
	check_cpus(&acpi_madt);
	FUZZ_CHECK(power.type_a < 8 && power.type_b < 8);
	FUZZ_CHECK(!acpi_can_power_off() || power.pm1a != 0);
	for (unsigned int i = 0; i < NR_WINDOWS; i++) {
		free(window[i]);
		window[i] = NULL;
	}
}

const struct fuzz_target fuzz_acpi = { "acpi", NULL, run };
