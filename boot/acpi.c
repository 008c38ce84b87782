/*
 * Finding ACPI's tables: RSDP, then XSDT or RSDT, then each table once (ACPI 6.4, section 5.2).
 *
 * Three things are wanted: that no table in usable memory is handed out, the power switch, and the
 * CPUs. Tables are input: lengths are bounded, lists are cut at MAX_TABLES, checksums of what is
 * used are verified. Read through two windows: 0 holds the list, 1 the table.
 */
#include <kernel/print.h>
#include <kernel/string.h>

#include "acpi.h"
#include "boot.h"

#define RSDP_BYTES	20U		/* ACPI 1.0 */
#define RSDP2_BYTES	36U
#define RSDP_REVISION	15U
#define RSDP_RSDT	16U
#define RSDP_XSDT	24U

#define FADT_FACS	36U
#define FADT_DSDT	40U
#define FADT_X_FACS	132U
#define FADT_X_DSDT	140U
#define FACS_BYTES	64U

#define MAX_TABLES	256U		/* real machines have up to about 60 */
#define RESERVE_MAX	(64U << 20)	/* bytes; a table that claims more is not believed */

#define REASON_BYTES	128U
#define SIGNATURE_BYTES	4U

#define WINDOW_LIST	0U
#define WINDOW_TABLE	1U

static uint8_t rsdp[RSDP2_BYTES];
static size_t rsdp_bytes;		/* 0: none */
static unsigned int nr_tables, nr_reserved;

struct madt acpi_madt;

static bool sum_is_zero(const uint8_t *bytes, size_t nr)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

void acpi_note_rsdp(const void *text, size_t len)
{
	if (len < RSDP_BYTES || len < rsdp_bytes)
		return;
	rsdp_bytes = len < RSDP2_BYTES ? RSDP_BYTES : RSDP2_BYTES;
	memcpy(rsdp, text, rsdp_bytes);
}

/* Does [@start, @end) touch memory that the firmware calls usable? */
static bool touches_usable(const struct memmap *map, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < map->nr_raw; i++) {
		const struct memmap_entry *entry = &map->raw[i];
		uint64_t entry_end = entry->base + entry->length;

		if (entry_end < entry->base)
			entry_end = UINT64_MAX;
		if (entry->type == MEMMAP_USABLE && entry->base < end && entry_end > start)
			return true;
	}
	return false;
}

static void reserve(struct memmap *map, uint64_t start, uint64_t bytes)
{
	if (start + bytes < start || !touches_usable(map, start, start + bytes))
		return;
	if (memmap_reserve(map, start, start + bytes, MEMMAP_OWNER_FIRMWARE) == 0)
		nr_reserved++;
}

/*
 * The whole table at @paddr in @window, reserved if need be.
 * Return: NULL, said, when it cannot be read; *@bytes is its length.
 */
static const uint8_t *read_table(struct memmap *map, unsigned int window, uint64_t paddr,
				 size_t *bytes)
{
	const uint8_t *table = paddr ? map_firmware(window, paddr, ACPI_HEADER_BYTES) : NULL;
	uint32_t length;

	if (!table) {
		pr_warn("ACPI: no table can be at 0x%llx\n", (unsigned long long)paddr);
		return NULL;
	}
	length = acpi_u32(table + 4);
	if (length < ACPI_HEADER_BYTES || length > RESERVE_MAX) {
		pr_warn("ACPI: the table at 0x%llx claims %u bytes, it is ignored\n",
			(unsigned long long)paddr, length);
		return NULL;
	}
	reserve(map, paddr, length);
	nr_tables++;
	table = map_firmware(window, paddr, length);
	if (!table) {
		pr_warn("ACPI: the table at 0x%llx is too long to be read, %u bytes\n",
			(unsigned long long)paddr, length);
		return NULL;
	}
	*bytes = length;
	return table;
}

static bool checksum_is_good(const uint8_t *table, size_t bytes, uint64_t paddr)
{
	char name[SIGNATURE_BYTES + 1];

	if (sum_is_zero(table, bytes))
		return true;
	(void)printable(name, sizeof(name), (const char *)table, SIGNATURE_BYTES);
	pr_warn("ACPI: %s at 0x%llx has a wrong checksum, it is not used\n", name,
		(unsigned long long)paddr);
	return false;
}

/* The 64-bit field when the table is long enough to have it and it is set, else the 32-bit one. */
static uint64_t address_field(const uint8_t *table, size_t bytes, unsigned int wide,
			      unsigned int narrow)
{
	uint64_t address = bytes >= wide + 8 ? acpi_u64(table + wide) : 0;

	return address ? address : bytes >= narrow + 4 ? acpi_u32(table + narrow) : 0;
}

/* The list is not needed any more when the FADT is read: its window takes the DSDT. */
static void read_fadt(struct memmap *map, uint64_t paddr)
{
	const uint8_t *fadt, *dsdt;
	size_t fadt_bytes, dsdt_bytes = 0;
	uint64_t facs, dsdt_paddr;

	fadt = map_firmware(WINDOW_TABLE, paddr, ACPI_HEADER_BYTES);
	fadt_bytes = fadt ? acpi_u32(fadt + 4) : 0;
	fadt = map_firmware(WINDOW_TABLE, paddr, fadt_bytes);
	if (!fadt || !checksum_is_good(fadt, fadt_bytes, paddr))
		return;
	facs = address_field(fadt, fadt_bytes, FADT_X_FACS, FADT_FACS);
	if (facs)
		reserve(map, facs, FACS_BYTES);
	dsdt_paddr = address_field(fadt, fadt_bytes, FADT_X_DSDT, FADT_DSDT);
	dsdt = read_table(map, WINDOW_LIST, dsdt_paddr, &dsdt_bytes);
	if (dsdt && !checksum_is_good(dsdt, dsdt_bytes, dsdt_paddr))
		dsdt = NULL;
	acpi_power_learn(fadt, fadt_bytes, dsdt, dsdt_bytes);
}

static void read_madt(const uint8_t *table, size_t bytes, uint64_t paddr)
{
	char why[REASON_BYTES];

	if (madt_parse(table, bytes, &acpi_madt, why, sizeof(why)) == 0)
		return;
	pr_warn("ACPI: the MADT at 0x%llx is not used, so only one CPU is: %s\n",
		(unsigned long long)paddr, why);
	acpi_madt.nr = 0;
	acpi_madt.nr_disabled = 0;
	acpi_madt.nr_beyond = 0;
}

/* What the tables in the list are wanted for. Addresses; 0: there is none. */
struct found {
	uint64_t fadt, madt;
};

static void walk_list(struct memmap *map, uint64_t paddr, unsigned int entry_bytes,
		      struct found *found)
{
	size_t bytes, table_bytes;
	const uint8_t *list = read_table(map, WINDOW_LIST, paddr, &bytes);
	size_t nr;

	if (!list || !checksum_is_good(list, bytes, paddr))
		return;
	nr = (bytes - ACPI_HEADER_BYTES) / entry_bytes;
	if (nr > MAX_TABLES) {
		pr_warn("ACPI: %zu tables, only %u are looked at\n", nr, MAX_TABLES);
		nr = MAX_TABLES;
	}
	for (size_t i = 0; i < nr; i++) {
		const uint8_t *entry = list + ACPI_HEADER_BYTES + i * entry_bytes;
		uint64_t at = entry_bytes == 8 ? acpi_u64(entry) : acpi_u32(entry);
		const uint8_t *table = read_table(map, WINDOW_TABLE, at, &table_bytes);

		if (table && memcmp(table, "FACP", 4) == 0)
			found->fadt = at;
		if (table && memcmp(table, "APIC", 4) == 0 && !found->madt) {
			found->madt = at;
			read_madt(table, table_bytes, at);
		}
	}
}

void acpi_init(struct memmap *map)
{
	struct found found = { 0, 0 };
	uint64_t xsdt = 0;

	if (rsdp_bytes == 0) {
		pr_warn("ACPI: the boot loader gave no root pointer, so only one CPU is used\n");
		return;
	}
	if (memcmp(rsdp, "RSD PTR ", 8) != 0 || !sum_is_zero(rsdp, RSDP_BYTES)) {
		pr_warn("ACPI: the root pointer's signature or checksum is wrong, "
			"no table is used, and only one CPU\n");
		return;
	}
	if (rsdp_bytes >= RSDP2_BYTES && rsdp[RSDP_REVISION] >= 2 && sum_is_zero(rsdp, RSDP2_BYTES))
		xsdt = acpi_u64(rsdp + RSDP_XSDT);
	if (xsdt)
		walk_list(map, xsdt, 8, &found);
	else
		walk_list(map, acpi_u32(rsdp + RSDP_RSDT), 4, &found);
	if (!found.madt)
		pr_warn("ACPI: no MADT, so only one CPU is used\n");
	if (found.fadt)
		read_fadt(map, found.fadt);
	else
		pr_warn("ACPI: no FADT\n");
	pr_info("ACPI: %u tables, %u in usable memory; power-off %s\n", nr_tables, nr_reserved,
		acpi_can_power_off() ? "found" : "not found");
}
