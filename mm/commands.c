/*
 * Console commands that show the memory manager. Those that take and give memory are in
 * commands_alloc.c.
 */
#include "mm/snapshot.h"

#include <kernel/command.h>
#include <kernel/errno.h>
#include <kernel/string.h>

/* A command without arguments that is one report. */
static int run_report(struct seq *out, int argc, void (*report)(struct seq *out))
{
	if (argc != 1)
		return -EINVAL;
	report(out);
	return 0;
}

static int cmd_buddyinfo(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_buddyinfo);
}

static int cmd_zoneinfo(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_zoneinfo);
}

static int cmd_zones(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_zones);
}

static int cmd_meminfo(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_meminfo);
}

static int cmd_vmstat(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_vmstat);
}

static int cmd_memmap(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_memmap);
}

static int cmd_ledger(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_ledger);
}

static int cmd_dump(struct seq *out, int argc, char **argv)
{
	(void)argv;
	return run_report(out, argc, report_dump);
}

static int print_one_cache(struct seq *out, const struct snapshot *snap, const char *name)
{
	for (unsigned int i = 0; i < snap->nr_caches; i++) {
		if (strcmp(snap->cache[i].name, name) != 0)
			continue;
		print_slabinfo_header(out);
		print_slabinfo_cache(out, &snap->cache[i]);
		return 0;
	}
	seq_printf(out, "slabinfo: no cache has the name \"%s\"; \"caches\" lists them\n", name);
	return -ENOENT;
}

static int cmd_slabinfo(struct seq *out, int argc, char **argv)
{
	struct cache_snapshot *table;
	struct snapshot snap;
	int err;

	if (argc == 1) {
		report_slabinfo(out);
		return 0;
	}
	if (argc != 2)
		return -EINVAL;
	table = cache_table_claim();
	if (!table) {
		seq_puts(out, "slabinfo: another CPU is printing the caches; try again\n");
		return -EBUSY;
	}
	mm_snapshot(&kernel_mm, &snap, table, MAX_CACHES);
	err = print_one_cache(out, &snap, argv[1]);
	cache_table_release();
	return err;
}

static int cmd_verify(struct seq *out, int argc, char **argv)
{
	unsigned int broken;

	(void)argv;
	if (argc != 1)
		return -EINVAL;
	broken = mm_verify(out);
	if (broken == 0)
		seq_puts(out, "verify: every invariant holds\n");
	else
		seq_printf(out, "verify: %u broken\n", broken);
	return 0;
}

static const struct command mm_commands[] = {
	{ "buddyinfo", "", "free blocks of each order, a line for each zone", cmd_buddyinfo },
	{ "slabinfo", "[CACHE]", "objects and slabs, a line for each cache", cmd_slabinfo },
	{ "zoneinfo", "", "pages, watermarks and reserves of each zone", cmd_zoneinfo },
	{ "zones", "", "the same in one line for each zone", cmd_zones },
	{ "meminfo", "", "totals in KiB", cmd_meminfo },
	{ "vmstat", "", "counts of pages and of events since boot", cmd_vmstat },
	{ "memmap", "", "the firmware's map, as it came and as it is used", cmd_memmap },
	{ "ledger", "", "where each byte of that map is; the sum must come out", cmd_ledger },
	{ "dump", "", "all of these files, from one moment", cmd_dump },
	{ "verify", "", "walk every invariant of zones, pages and caches", cmd_verify },
};
COMMAND_TABLE(mm, mm_commands);
