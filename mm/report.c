/*
 * The reports' doors: take a snapshot, print it. Which files there are, what a dump looks like, and
 * what a panic shows.
 *
 * Nothing here allocates, and no lock is held while text is printed.
 */
#include "mm/snapshot.h"

#include <kernel/panic.h>
#include <mm/ledger.h>
#include <mm/mm.h>

static void report_small(struct seq *out,
			 void (*print)(struct seq *out, const struct snapshot *snap))
{
	struct snapshot snap;

	mm_snapshot(&kernel_mm, &snap, NULL, 0);
	print(out, &snap);
}

void report_buddyinfo(struct seq *out)
{
	report_small(out, print_buddyinfo);
}

void report_zoneinfo(struct seq *out)
{
	report_small(out, print_zoneinfo);
}

void report_meminfo(struct seq *out)
{
	report_small(out, print_meminfo);
}

void report_vmstat(struct seq *out)
{
	report_small(out, print_vmstat);
}

void report_zones(struct seq *out)
{
	report_small(out, print_zones);
}

static bool snapshot_with_caches(struct seq *out, struct snapshot *snap)
{
	struct cache_snapshot *table = cache_table_claim();

	if (!table) {
		seq_puts(out, "report: another CPU is printing the caches; try again\n");
		return false;
	}
	mm_snapshot(&kernel_mm, snap, table, MAX_CACHES);
	return true;
}

void report_slabinfo(struct seq *out)
{
	struct snapshot snap;

	if (!snapshot_with_caches(out, &snap))
		return;
	print_slabinfo(out, &snap);
	cache_table_release();
}

void report_slabinfo_in_use(struct seq *out)
{
	struct snapshot snap;
	unsigned int nr_idle = 0;

	if (!snapshot_with_caches(out, &snap))
		return;
	print_slabinfo_header(out);
	for (unsigned int i = 0; i < snap.nr_caches; i++) {
		if (snap.cache[i].nr_slabs)
			print_slabinfo_cache(out, &snap.cache[i]);
		else
			nr_idle++;
	}
	seq_printf(out, "(%u more caches without a slab yet: slabinfo lists them)\n", nr_idle);
	cache_table_release();
}

void report_memmap(struct seq *out)
{
	const struct memmap *map = mm_map();

	if (!map) {
		seq_puts(out, "memmap: there is no map yet\n");
		return;
	}
	memmap_print_raw(map, out);
	memmap_print(map, out);
}

static void print_section(struct seq *out, const char *name, const struct snapshot *snap,
			  void (*print)(struct seq *out, const struct snapshot *snap))
{
	seq_printf(out, "==> %s <==\n", name);
	print(out, snap);
	seq_puts(out, "==> end <==\n");
}

void report_dump(struct seq *out)
{
	struct snapshot snap;
	struct ledger ledger;

	if (!snapshot_with_caches(out, &snap))
		return;
	ledger_take(&kernel_mm, &ledger);
	seq_puts(out, "==> memmap <==\n");
	report_memmap(out);
	seq_puts(out, "==> end <==\n");
	print_section(out, "buddyinfo", &snap, print_buddyinfo);
	print_section(out, "slabinfo", &snap, print_slabinfo);
	print_section(out, "zoneinfo", &snap, print_zoneinfo);
	print_section(out, "meminfo", &snap, print_meminfo);
	print_section(out, "vmstat", &snap, print_vmstat);
	cache_table_release();
	seq_puts(out, "==> ledger <==\n");
	print_ledger(out, &ledger);
	seq_puts(out, "==> end <==\n");
}

/*
 * Zones first: if the list of caches is what broke, they are out before it is walked. That the
 * figures were read without locks is said by panic().
 */
void report_panic(void)
{
	struct seq *out = &seq_console;
	struct snapshot snap;

	zones_snapshot(&kernel_mm, &snap);
	print_zones(out, &snap);
	print_buddyinfo(out, &snap);
	caches_snapshot(&kernel_mm, &snap, NULL, 0);
	print_meminfo(out, &snap);
}
