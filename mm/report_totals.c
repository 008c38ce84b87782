/*
 * What prints the whole: slabinfo, meminfo and vmstat, in Linux's format (mm/slab_common.c,
 * fs/proc/meminfo.c, mm/vmstat.c of Linux 6.1).
 *
 * slabinfo's objsize is the distance between objects, as in Linux, so that objsize * objperslab
 * never exceeds the slab. Its active slabs are those with an object out, live or in a sheaf.
 * meminfo counts in KiB; its Slab is the sum over slabinfo's slabs. vmstat has Linux's names where
 * Linux counts the same thing; pgalloc_* and pgfree are the zones' traffic alone, without what
 * CPUs' lists serve; "allocstall" was one counter there before it became one for each zone. The
 * lines after pgfree are Quire's own.
 */
#include "mm/snapshot.h"

#define PAGES_TO_KIB(pages) ((pages) << (PAGE_SHIFT - 10))

void print_slabinfo_header(struct seq *out)
{
	seq_puts(out,
		 "slabinfo - version: 2.1\n"
		 "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		 " : tunables <limit> <batchcount> <sharedfactor>"
		 " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
}

void print_slabinfo_cache(struct seq *out, const struct cache_snapshot *cache)
{
	seq_printf(out, "%-17s %6lu %6lu %6u %4u %4d", cache->name, cache->nr_live,
		   cache->nr_slabs * cache->objects, cache->size, (unsigned int)cache->objects,
		   1 << cache->order);
	seq_printf(out, " : tunables %4u %4u %4u", 0U, 0U, 0U);
	seq_printf(out, " : slabdata %6lu %6lu %6lu\n", cache->nr_slabs - cache->nr_empty,
		   cache->nr_slabs, 0UL);
}

void print_slabinfo(struct seq *out, const struct snapshot *snap)
{
	print_slabinfo_header(out);
	for (unsigned int i = 0; i < snap->nr_caches; i++)
		print_slabinfo_cache(out, &snap->cache[i]);
}

/* Pages that a zone keeps back from ordinary requests: its high watermark and the largest reserve
 * for higher zones. */
static uint64_t zone_reserve(const struct zone_snapshot *zone)
{
	uint64_t reserve = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		reserve = max_u64(reserve, zone->lowmem_reserve[i]);
	return min_u64(reserve + zone->watermark[WMARK_HIGH], zone->managed);
}

/*
 * Linux's estimate of what could be had without swapping: free pages above the reserves, and of the
 * reclaimable slabs all but half or the low watermarks, whichever is less.
 */
static uint64_t available_pages(const struct snapshot *snap)
{
	uint64_t free = 0, reserve = 0, low = 0;
	uint64_t reclaimable = snap->slab_pages[1];

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		free += snap->zone[i].nr_free;
		low += snap->zone[i].watermark[WMARK_LOW];
		reserve += zone_reserve(&snap->zone[i]);
	}
	free += reclaimable - min_u64(reclaimable / 2, low);
	return free > reserve ? free - reserve : 0;
}

static void print_kib(struct seq *out, const char *label, uint64_t pages)
{
	seq_printf(out, "%-16s%8lu kB\n", label, PAGES_TO_KIB(pages));
}

void print_meminfo(struct seq *out, const struct snapshot *snap)
{
	uint64_t total = 0, free = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		total += snap->zone[i].managed;
		free += snap->zone[i].nr_free;
	}
	print_kib(out, "MemTotal:", total);
	print_kib(out, "MemFree:", free);
	print_kib(out, "MemAvailable:", available_pages(snap));
	print_kib(out, "Buffers:", 0);
	print_kib(out, "Cached:", 0);
	print_kib(out, "Active:", 0);
	print_kib(out, "Inactive:", 0);
	print_kib(out, "Shmem:", 0);
	print_kib(out, "KReclaimable:", snap->slab_pages[1]);
	print_kib(out, "Slab:", snap->slab_pages[0] + snap->slab_pages[1]);
	print_kib(out, "SReclaimable:", snap->slab_pages[1]);
	print_kib(out, "SUnreclaim:", snap->slab_pages[0]);
}

static void print_count(struct seq *out, const char *name, uint64_t value)
{
	seq_printf(out, "%s %lu\n", name, value);
}

void print_vmstat(struct seq *out, const struct snapshot *snap)
{
	uint64_t free = 0, event[NR_ZONE_EVENTS] = { 0 };

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		free += snap->zone[i].nr_free;
		for (unsigned int e = 0; e < NR_ZONE_EVENTS; e++)
			event[e] += snap->zone[i].event[e];
	}
	print_count(out, "nr_free_pages", free);
	print_count(out, "nr_slab_reclaimable", snap->slab_pages[1]);
	print_count(out, "nr_slab_unreclaimable", snap->slab_pages[0]);
	print_count(out, "pgalloc_dma", snap->zone[ZONE_DMA].event[ZONE_EVENT_ALLOC]);
	print_count(out, "pgalloc_dma32", snap->zone[ZONE_DMA32].event[ZONE_EVENT_ALLOC]);
	print_count(out, "pgalloc_normal", snap->zone[ZONE_NORMAL].event[ZONE_EVENT_ALLOC]);
	print_count(out, "allocstall", snap->reclaim_runs);
	print_count(out, "pgfree", event[ZONE_EVENT_FREE]);
	print_count(out, "buddy_split", event[ZONE_EVENT_SPLIT]);
	print_count(out, "buddy_merge", event[ZONE_EVENT_MERGE]);
	print_count(out, "buddy_carve", event[ZONE_EVENT_CARVE]);
	print_count(out, "alloc_failed", snap->alloc_failed);
	print_count(out, "reclaim_freed", snap->reclaimed);
	print_count(out, "mm_bugs", snap->nr_bugs);
}
