/*
 * What prints zones: buddyinfo and zoneinfo in Linux's format (mm/vmstat.c of Linux 6.1, node 0
 * alone), and the lines for people.
 *
 * Linux leaves zones without pages out of buddyinfo, but lists them in zoneinfo as far as
 * "protection", because the columns of that line are the zones; so does this. Fields of Linux that
 * count what Quire has not, such as file pages of a zone, are left out; readers find fields by
 * name. Counters are exact, so the "vm stats threshold" is 0, and there is no reclaim in the
 * background that could give a node up, so node_unreclaimable is 0.
 */
#include "mm/snapshot.h"

void print_buddyinfo_zone(struct seq *out, const struct zone_snapshot *zone)
{
	seq_printf(out, "Node %d, zone %8s ", 0, zone->name);
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		seq_printf(out, "%6lu ", zone->free[order]);
	seq_puts(out, "\n");
}

void print_buddyinfo(struct seq *out, const struct snapshot *snap)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		if (snap->zone[i].present != 0)
			print_buddyinfo_zone(out, &snap->zone[i]);
}

static void print_stat(struct seq *out, const char *name, uint64_t value)
{
	seq_printf(out, "\n      %-12s %lu", name, value);
}

static void print_node_stats(struct seq *out, const struct snapshot *snap)
{
	seq_puts(out, "\n  per-node stats");
	print_stat(out, "nr_inactive_anon", 0);
	print_stat(out, "nr_active_anon", 0);
	print_stat(out, "nr_inactive_file", 0);
	print_stat(out, "nr_active_file", 0);
	print_stat(out, "nr_unevictable", 0);
	print_stat(out, "nr_slab_reclaimable", snap->slab_pages[1]);
	print_stat(out, "nr_slab_unreclaimable", snap->slab_pages[0]);
}

static void print_zone_pages(struct seq *out, const struct zone_snapshot *zone)
{
	seq_printf(out,
		   "\n  pages free     %lu"
		   "\n        boost    %lu"
		   "\n        min      %lu"
		   "\n        low      %lu"
		   "\n        high     %lu"
		   "\n        spanned  %lu"
		   "\n        present  %lu"
		   "\n        managed  %lu"
		   "\n        cma      %lu",
		   zone->nr_free, 0UL, zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW],
		   zone->watermark[WMARK_HIGH], zone->end_pfn - zone->start_pfn, zone->present,
		   zone->managed, 0UL);
	seq_printf(out, "\n        protection: (%lu", zone->lowmem_reserve[0]);
	for (unsigned int i = 1; i < MAX_NR_ZONES; i++)
		seq_printf(out, ", %lu", zone->lowmem_reserve[i]);
	seq_puts(out, ")");
}

static void print_pagesets(struct seq *out, const struct snapshot *snap,
			   const struct zone_snapshot *zone)
{
	seq_puts(out, "\n  pagesets");
	for (unsigned int cpu = 0; cpu < snap->nr_cpus; cpu++)
		seq_printf(out,
			   "\n    cpu: %u"
			   "\n              count: %u"
			   "\n              high:  %u"
			   "\n              batch: %u"
			   "\n  vm stats threshold: %u",
			   cpu, zone->cpu_pages[cpu], zone->cpu_high, PAGE_CPU_BATCH, 0U);
}

void print_zoneinfo(struct seq *out, const struct snapshot *snap)
{
	bool node_printed = false;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone_snapshot *zone = &snap->zone[i];

		seq_printf(out, "Node %d, zone %8s", 0, zone->name);
		if (zone->present != 0 && !node_printed) {
			print_node_stats(out, snap);
			node_printed = true;
		}
		print_zone_pages(out, zone);
		if (zone->present != 0) {
			print_stat(out, "nr_free_pages", zone->nr_free);
			print_pagesets(out, snap, zone);
			seq_printf(out,
				   "\n  node_unreclaimable:  %u"
				   "\n  start_pfn:           %lu",
				   0U, zone->start_pfn);
		}
		seq_puts(out, "\n");
	}
}

void print_zones(struct seq *out, const struct snapshot *snap)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone_snapshot *zone = &snap->zone[i];

		if (zone->present == 0)
			continue;
		seq_printf(out,
			   "zone %-6s [0x%011lx-0x%011lx] pages: %lu present, %lu managed, "
			   "%lu free, watermarks %lu/%lu/%lu\n",
			   zone->name, PFN_PHYS(zone->start_pfn), PFN_PHYS(zone->end_pfn) - 1,
			   zone->present, zone->managed, zone->nr_free, zone->watermark[WMARK_MIN],
			   zone->watermark[WMARK_LOW], zone->watermark[WMARK_HIGH]);
	}
}
