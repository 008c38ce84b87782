/*
 * The ledger as a table: a line for each row that is not empty, its bytes, and its part of all that
 * the firmware's map names, and of the RAM in it. tools/check_dump.py reads the lines by their
 * names.
 */
#include <mm/ledger.h>
#include <mm/mm.h>

#include "mm/snapshot.h"

#define NAME_BYTES	48U

static const char *const zone_names[LEDGER_NR_ZONES] = { "DMA", "DMA32", "Normal" };

static const char *const names[LEDGER_NR_ROWS] = {
	[LEDGER_RESERVED] = "firmware: reserved",
	[LEDGER_NVS] = "firmware: ACPI NVS",
	[LEDGER_BAD] = "firmware: bad",
	[LEDGER_BEYOND] = "left out: beyond the CPU's reach",
	[LEDGER_ABOVE] = "left out: at or above mem=",
	[LEDGER_PARTS] = "left out: parts of pages",
	[LEDGER_PAGES] = "pages: from alloc_pages",
	[LEDGER_LARGE] = "pages: large kmalloc, asked for",
	[LEDGER_LARGE_ROUNDING] = "pages: large kmalloc, rounding",
	[LEDGER_LIVE] = "slabs: live objects",
	[LEDGER_CLASS_ROUNDING] = "slabs: rounding to classes",
	[LEDGER_CACHES] = "slabs: cache descriptors",
	[LEDGER_SHEAVES] = "slabs: sheaves",
	[LEDGER_IN_SLABS] = "slabs: free objects, in slabs",
	[LEDGER_ON_CPUS] = "slabs: free objects, in sheaves",
	[LEDGER_IN_BARNS] = "slabs: free objects, in barns",
	[LEDGER_LOST] = "slabs: objects written off",
	[LEDGER_ROUNDING] = "slabs: rounding of objects",
	[LEDGER_WORDS] = "slabs: free words",
	[LEDGER_TAILS] = "slabs: tails",
};

static void name_of(unsigned int row, char name[NAME_BYTES])
{
	if (row >= LEDGER_CPU && row < LEDGER_PAGES)
		ksnprintf(name, NAME_BYTES, "CPUs' pages: %s", zone_names[row - LEDGER_CPU]);
	else if (row >= LEDGER_FREE && row < LEDGER_CPU)
		ksnprintf(name, NAME_BYTES, "free: %s, order %u",
			  zone_names[(row - LEDGER_FREE) / MAX_ORDER],
			  (row - LEDGER_FREE) % MAX_ORDER);
	else if (row >= LEDGER_TAKEN && row < LEDGER_FREE)
		ksnprintf(name, NAME_BYTES, "taken: %s",
			  memmap_owner_name((enum memmap_owner)(row - LEDGER_TAKEN)));
	else
		ksnprintf(name, NAME_BYTES, "%s", names[row]);
}

/* @part of @whole in ten-thousandths, rounded down; neither product nor sum can overflow. */
static unsigned int share(uint64_t part, uint64_t whole)
{
	while (whole > UINT64_MAX / 10000) {
		part >>= 1;
		whole >>= 1;
	}
	return whole ? (unsigned int)(part * 10000 / whole) : 0;
}

static void print_share(struct seq *out, uint64_t part, uint64_t whole)
{
	unsigned int parts = share(part, whole);

	seq_printf(out, " %4u.%02u %%", parts / 100, parts % 100);
}

static void print_row(struct seq *out, const struct ledger *ledger, unsigned int row)
{
	uint64_t bytes = ledger->row[row];
	char name[NAME_BYTES];

	if (!bytes)
		return;
	name_of(row, name);
	seq_printf(out, "%-34s %20llu", name, (unsigned long long)bytes);
	print_share(out, bytes, ledger->total);
	if (row >= LEDGER_BEYOND)
		print_share(out, bytes, ledger->ram);
	seq_puts(out, "\n");
}

static void print_drifts(struct seq *out, const struct ledger *ledger)
{
	for (unsigned int i = 0; i < ledger->nr_drifts && i < LEDGER_MAX_DRIFTS; i++) {
		const struct ledger_drift *drift = &ledger->drift[i];

		seq_printf(out, "ledger: %s: %s: the counter says %llu, counted are %llu\n",
			   drift->where, drift->what, (unsigned long long)drift->counter,
			   (unsigned long long)drift->counted);
	}
	if (ledger->nr_drifts > LEDGER_MAX_DRIFTS)
		seq_printf(out, "ledger: and %u more\n", ledger->nr_drifts - LEDGER_MAX_DRIFTS);
}

void print_ledger(struct seq *out, const struct ledger *ledger)
{
	uint64_t sum = ledger_sum(ledger);

	seq_printf(out, "%-34s %20s %9s %9s\n", "row", "bytes", "of all", "of RAM");
	for (unsigned int row = 0; row < LEDGER_NR_ROWS; row++)
		print_row(out, ledger, row);
	seq_printf(out, "%-34s %20llu\n%-34s %20llu  ", "sum of the rows", (unsigned long long)sum,
		   "the firmware's total", (unsigned long long)ledger->total);
	if (sum == ledger->total)
		seq_puts(out, "equal: every byte is in one row\n");
	else if (sum < ledger->total)
		seq_printf(out, "UNEQUAL: %llu bytes are in no row\n",
			   (unsigned long long)(ledger->total - sum));
	else
		seq_printf(out, "UNEQUAL: %llu bytes too many\n",
			   (unsigned long long)(sum - ledger->total));
	if (ledger->class_slack)
		seq_printf(out,
			   "(of the live objects, up to %llu bytes are kmalloc's rounding: "
			   "kmalloc_sizes gives it a row)\n",
			   (unsigned long long)ledger->class_slack);
	print_drifts(out, ledger);
}

void report_ledger(struct seq *out)
{
	struct ledger ledger;

	if (!mm_map()) {
		seq_puts(out, "ledger: there is no map yet\n");
		return;
	}
	ledger_take(&kernel_mm, &ledger);
	print_ledger(out, &ledger);
}
