/*
 * A bounded walk over the MADT.
 *
 * 1. Format.  ACPI's header of 36 bytes, the APICs' address, flags; then structures of a type, a
 *             length that includes both bytes, and the rest. Those that name a CPU's local APIC by
 *             8 bits (type 0) or by 32 (type 9) count, and the one that moves the address (5).
 * 2. Bounds.  Nothing behind the table's length or @readable is looked at, and no structure before
 *             its length is known to lie inside. Each step is at least 2 bytes, so the walk ends.
 * 3. Trust.   Signature and checksum first. A CPU that is listed twice counts once: firmware lists
 *             ids below 255 in both forms.
 * 4. Not here. Where the table lies (acpi.c), whether a CPU starts (smp.c).
 */
#include <kernel/string.h>

#include "acpi.h"
#include "madt.h"
#include "reason.h"

#define LENGTH		4U	/* offsets in the header, bytes */
#define APIC_PADDR	36U
#define ENTRIES		44U

enum entry_type {
	ENTRY_LOCAL_APIC = 0,
	ENTRY_APIC_ADDRESS = 5,
	ENTRY_LOCAL_X2APIC = 9,
};

#define LOCAL_APIC_BYTES	8U
#define APIC_ADDRESS_BYTES	12U
#define LOCAL_X2APIC_BYTES	16U

#define FLAG_ENABLED	1U	/* without it a CPU is not there, or may come later */

#define NO_APIC		0xffU	/* ids that mean all CPUs, and so none */
#define NO_X2APIC	0xffffffffU

struct walk {
	const uint8_t *table;
	struct madt *madt;
	char *why;
	size_t why_size;
};

static bool is_listed(const struct madt *madt, uint32_t apic_id)
{
	for (uint32_t i = 0; i < madt->nr; i++) {
		if (madt->apic_id[i] == apic_id)
			return true;
	}
	return false;
}

static void add_cpu(struct madt *madt, uint32_t apic_id, uint32_t flags)
{
	if (!(flags & FLAG_ENABLED))
		madt->nr_disabled++;
	else if (is_listed(madt, apic_id))
		return;
	else if (madt->nr == MADT_MAX_CPUS)
		madt->nr_beyond++;
	else
		madt->apic_id[madt->nr++] = apic_id;
}

/* The structure of @bytes at @offset, all of them readable. */
static int walk_entry(const struct walk *walk, uint32_t offset, uint32_t bytes)
{
	const uint8_t *entry = walk->table + offset;
	uint32_t least = entry[0] == ENTRY_LOCAL_APIC ? LOCAL_APIC_BYTES :
			 entry[0] == ENTRY_LOCAL_X2APIC ? LOCAL_X2APIC_BYTES :
			 entry[0] == ENTRY_APIC_ADDRESS ? APIC_ADDRESS_BYTES : 0;

	if (bytes < least)
		return fault(walk, "structure of type %u at byte %u has %u bytes, needs %u",
			     entry[0], offset, bytes, least);
	if (entry[0] == ENTRY_LOCAL_APIC && entry[3] != NO_APIC)
		add_cpu(walk->madt, entry[3], acpi_u32(entry + 4));
	else if (entry[0] == ENTRY_LOCAL_X2APIC && acpi_u32(entry + 4) != NO_X2APIC)
		add_cpu(walk->madt, acpi_u32(entry + 4), acpi_u32(entry + 8));
	else if (entry[0] == ENTRY_APIC_ADDRESS)
		walk->madt->apic_paddr = acpi_u64(entry + 4);
	return 0;
}

static int check_header(const struct walk *walk, size_t readable)
{
	uint8_t sum = 0;
	uint32_t bytes;

	if (readable < ENTRIES)
		return fault(walk, "%zu bytes are too few for its header", readable);
	if (memcmp(walk->table, "APIC", 4) != 0)
		return fault(walk, "its signature is not APIC");
	bytes = acpi_u32(walk->table + LENGTH);
	if (bytes < ENTRIES || bytes > readable)
		return fault(walk, "it claims %u bytes, from %u to %zu are possible", bytes,
			     ENTRIES, readable);
	for (uint32_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + walk->table[i]);
	if (sum != 0)
		return fault(walk, "its checksum is wrong");
	return 0;
}

int madt_parse(const void *table, size_t readable, struct madt *madt, char *why, size_t why_size)
{
	const struct walk walk = { table, madt, why, why_size };
	uint32_t bytes, offset, left;
	int err;

	madt->nr = madt->nr_disabled = madt->nr_beyond = 0;
	madt->apic_paddr = 0;
	err = check_header(&walk, readable);
	if (err)
		return err;
	madt->apic_paddr = acpi_u32(walk.table + APIC_PADDR);
	bytes = acpi_u32(walk.table + LENGTH);
	for (offset = ENTRIES; offset < bytes; offset += walk.table[offset + 1]) {
		left = bytes - offset;
		if (left < 2 || walk.table[offset + 1] > left)
			return fault(&walk, "structure at byte %u does not fit in the %u left",
				     offset, left);
		if (walk.table[offset + 1] < 2)
			return fault(&walk, "structure at byte %u has %u bytes", offset,
				     walk.table[offset + 1]);
		err = walk_entry(&walk, offset, walk.table[offset + 1]);
		if (err)
			return err;
	}
	return 0;
}
