/*
 * The whole against the model, while nobody is at work.
 *
 * 1. Invariants. mm_verify() finds nothing.
 * 2. Ledger.     In each zone: free pages, pages on CPUs' lists, pages of slabs, and the pages of
 *                blocks that the model holds are what the zone manages. Pages taken less pages
 *                given, as the events count them, are what is no longer free.
 * 3. Dumps.      What the printed files say is read back from their text: free pages in buddyinfo,
 *                zoneinfo, meminfo and vmstat; objects in slabinfo, cache by cache; reported bugs.
 * 4. Refusals.   A request that may reclaim and got NULL is held against the shadow: no zone that
 *                it may use has an aligned stretch of pages that nobody holds and stays above the
 *                min watermark without it. What caches need for themselves counts as held.
 * 5. Reserves.   A request that lowered a zone's free pages left it min and the reserve for that
 *                kind of request; half of min if it is a high one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hosted/quire.h>
#include <mm/ledger.h>
#include <mm/mm.h>

#include "mm/snapshot.h"
#include "model.h"

#define TEXT_BYTES	65536U		/* slabinfo of 150 caches takes a quarter */

static struct {
	uint64_t nr_free[MAX_NR_ZONES];
	uint64_t blocks[MAX_NR_ZONES][MAX_ORDER];
	uint64_t taken[MAX_NR_ZONES];	/* pages taken less given, by the events */
	unsigned int nr_bugs[MM_NR_BUG_KINDS];
} begin;

static char text[TEXT_BYTES];

void print_report(unsigned int which, char *to, size_t size)
{
	static void (*const reports[NR_REPORTS])(struct seq *out) = {
		report_buddyinfo, report_slabinfo, report_zoneinfo, report_meminfo, report_vmstat,
		report_zones,
	};
	struct seq_buffer buffer;

	seq_buffer_init(&buffer, to, size);
	reports[which](&buffer.seq);
}

/* ---- reading dumps ----------------------------------------------------------------------- */

/* The number behind @label, which begins a line or a word; its @nth one. */
static uint64_t number_after(const char *label, unsigned int nth)
{
	const char *at = text;

	for (;;) {
		at = strstr(at, label);
		if (!at)
			fail(WHY_COUNTERS, "no \"%s\" number %u in a dump", label, nth);
		at += strlen(label);
		if (nth-- == 0)
			return strtoull(at, NULL, 10);
	}
}

static void expect(const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		fail(WHY_COUNTERS, "%s: %llu, the model has %llu", what, (unsigned long long)got,
		     (unsigned long long)want);
}

static void check_buddyinfo(unsigned int line, const struct zone_snapshot *zone)
{
	static const char *const label[] = { "zone      DMA ", "zone    DMA32 ", "zone   Normal " };
	uint64_t pages = 0;
	char *at = strstr(text, label[line]);

	if (!at)
		fail(WHY_COUNTERS, "no %s in buddyinfo", label[line]);
	at += strlen(label[line]);
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		pages += (uint64_t)strtoull(at, &at, 10) << order;
	expect("free pages in buddyinfo", pages, zone->nr_free);
}

static void check_slabinfo(const char *name, int64_t live)
{
	char line[40];

	snprintf(line, sizeof(line), "\n%-17s ", name);
	expect(name, number_after(line, 0), (uint64_t)live);
}

static void check_objects(void)
{
	static const char *const row[NR_KMALLOC_ROWS] = { "", "dma-", "dma32-" };
	char name[32];

	print_report(1, text, sizeof(text));
	for (unsigned int cpu = 0; cpu < model.list->nr_cpus; cpu++) {
		for (unsigned int i = cpu ? NR_SHARED : 0; i < NR_CACHES; i++) {
			snprintf(name, sizeof(name), "random-%u-%u", cpu, i);
			if (*cache_of(&model.actor[cpu], i))
				check_slabinfo(name, model.nr_live[cpu][i]);
		}
	}
	for (unsigned int i = 0; i < NR_KMALLOC_ROWS; i++) {
		for (unsigned int class = 0; class < KMALLOC_NR_CLASSES; class++) {
			unsigned int size = kmem_cache_size(kmalloc_caches[class]);

			if (size >= 1024 && is_power_of_2(size))
				snprintf(name, sizeof(name), "%skmalloc-%uk", row[i], size / 1024);
			else
				snprintf(name, sizeof(name), "%skmalloc-%u", row[i], size);
			check_slabinfo(name, model.nr_kmalloc[i][class]);
		}
	}
}

/* Pages whose descriptors say so: each page of a slab does. */
static uint64_t slab_pages_in(const struct zone *zone)
{
	uint64_t nr = 0;

	for (uint64_t pfn = zone->start_pfn; pfn < zone->end_pfn; pfn++) {
		if (pfn % MAX_ORDER_NR_PAGES == 0 && !zone_block_is_filled(zone, pfn))
			pfn += MAX_ORDER_NR_PAGES - 1;
		else
			nr += zone->pages[pfn].state == PAGE_SLAB;
	}
	return nr;
}

static void check_dumps(const struct snapshot *snap)
{
	uint64_t nr_free = 0, slab = 0, bugs = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		nr_free += snap->zone[i].nr_free;
		slab += slab_pages_in(&kernel_mm.zone[i]);
	}
	for (unsigned int i = 0; i < MM_NR_BUG_KINDS; i++)
		bugs += begin.nr_bugs[i] + model.nr_bugs[i];
	print_report(0, text, sizeof(text));
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		check_buddyinfo(i, &snap->zone[i]);
	print_report(2, text, sizeof(text));
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		expect("free in zoneinfo", number_after("pages free", i), snap->zone[i].nr_free);
		expect("managed in zoneinfo", number_after("managed", i), snap->zone[i].managed);
	}
	print_report(3, text, sizeof(text));
	expect("MemFree", number_after("MemFree:", 0), nr_free * 4);
	expect("Slab", number_after("Slab:", 0), slab * 4);
	print_report(4, text, sizeof(text));
	expect("nr_free_pages", number_after("nr_free_pages", 0), nr_free);
	expect("mm_bugs", number_after("mm_bugs", 0), bugs);
}

/* ---- the ledger -------------------------------------------------------------------------- */

static void check_zone(unsigned int index, const struct zone_snapshot *zone)
{
	uint64_t on_cpus = 0, slab = slab_pages_in(&kernel_mm.zone[index]);

	for (unsigned int cpu = 0; cpu < PORT_NR_CPUS; cpu++)
		on_cpus += zone->cpu_pages[cpu];
	expect(zone->name, zone->nr_free + on_cpus + slab + (uint64_t)model.nr_whole[index],
	       zone->managed);
	expect("pages taken less given",
	       zone->event[ZONE_EVENT_ALLOC] - zone->event[ZONE_EVENT_FREE] - begin.taken[index],
	       begin.nr_free[index] - zone->nr_free);
}

void check_all(void)
{
	struct seq_buffer buffer;
	struct snapshot snap;

	seq_buffer_init(&buffer, text, sizeof(text));
	if (mm_verify(&buffer.seq) != 0)
		fail(WHY_VERIFY, "%s", text);
	if (ledger_check(&kernel_mm, &buffer.seq) != 0)
		fail(WHY_VERIFY, "%s", text);
	for (unsigned int i = 0; i < MM_NR_BUG_KINDS; i++) {
		if (mm_bug_count((enum mm_bug_kind)i) != begin.nr_bugs[i] + model.nr_bugs[i])
			fail(WHY_BUG, "%u reports of \"%s\", expected %u",
			     mm_bug_count((enum mm_bug_kind)i), mm_bug_name((enum mm_bug_kind)i),
			     begin.nr_bugs[i] + model.nr_bugs[i]);
	}
	mm_snapshot(&kernel_mm, &snap, NULL, 0);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		check_zone(i, &snap.zone[i]);
	check_dumps(&snap);
	check_objects();
}

/* All that CPUs, sheaves and empty slabs hold goes back first. */
static void settle(struct snapshot *snap)
{
	caches_drain();
	drain_all_pages();
	caches_drain();
	mm_snapshot(&kernel_mm, snap, NULL, 0);
}

void check_start(void)
{
	struct snapshot snap;

	settle(&snap);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		begin.nr_free[i] = snap.zone[i].nr_free;
		memcpy(begin.blocks[i], snap.zone[i].free, sizeof(begin.blocks[i]));
		begin.taken[i] = snap.zone[i].event[ZONE_EVENT_ALLOC] -
				 snap.zone[i].event[ZONE_EVENT_FREE];
	}
	for (unsigned int i = 0; i < MM_NR_BUG_KINDS; i++)
		begin.nr_bugs[i] = mm_bug_count((enum mm_bug_kind)i);
}

void check_end(void)
{
	struct snapshot snap;

	settle(&snap);
	check_all();
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		for (unsigned int order = 0; order < MAX_ORDER; order++) {
			if (snap.zone[i].free[order] != begin.blocks[i][order])
				fail(WHY_LEAK, "%s: %llu free blocks of order %u, not %llu",
				     snap.zone[i].name,
				     (unsigned long long)snap.zone[i].free[order], order,
				     (unsigned long long)begin.blocks[i][order]);
		}
	}
}

/* ---- refusals and reserves --------------------------------------------------------------- */

/* Nobody's, and not a slab of those caches that caches live on. */
static bool could_be_free(uint64_t pfn)
{
	const struct page *page = pfn_to_page(pfn);
	const struct kmem_cache *cache;

	if (page_is_held(pfn))
		return false;
	if (!mm_page_valid(&kernel_mm, pfn))
		return true;			/* in a run: nobody has looked at it */
	cache = page->state == PAGE_SLAB ? cache_by_id(page->zone_or_cache) : NULL;
	return !cache || (strcmp(cache->name, "sheaf") != 0 &&
			  strcmp(cache->name, "kmem_cache") != 0);
}

static bool stretch_has_room(uint64_t first, uint64_t end, uint64_t nr)
{
	for (uint64_t pfn = align_up(first, nr); pfn + nr <= end; pfn += nr) {
		uint64_t i = 0;

		while (i < nr && could_be_free(pfn + i))
			i++;
		if (i == nr)
			return true;
	}
	return false;
}

/* Over what the map calls free: the rest was never the zone's. */
static bool has_room(const struct zone *zone, unsigned int order)
{
	uint64_t start, end = 0;

	while (memmap_next_free(mm_map(), end, &start, &end)) {
		uint64_t first = max_u64(PFN_UP(start), zone->start_pfn);

		if (stretch_has_room(first, min_u64(PFN_DOWN(end), zone->end_pfn), 1ULL << order))
			return true;
	}
	return false;
}

void check_refused(gfp_t gfp, unsigned int order)
{
	unsigned int highest = gfp_highest_zone(gfp);

	if (!(gfp & __GFP_DIRECT_RECLAIM) || (gfp & __GFP_NORETRY))
		return;
	for (unsigned int i = 0; i <= highest; i++) {
		const struct zone *zone = &kernel_mm.zone[i];
		uint64_t mark = zone->watermark[WMARK_MIN] + zone->lowmem_reserve[highest];

		if (zone->nr_free > mark + (1ULL << order) - 1 && has_room(zone, order))
			fail(WHY_REFUSED, "order %u, gfp %#x: NULL, but %s has room", order, gfp,
			     zone->name);
	}
}

struct reserves reserves_now(void)
{
	struct reserves now;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		now.nr_free[i] = kernel_mm.zone[i].nr_free;
	return now;
}

void check_reserves(const struct reserves *before, gfp_t gfp)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &kernel_mm.zone[i];
		uint64_t min = zone->watermark[WMARK_MIN];

		if (gfp & __GFP_HIGH)
			min -= min / 2;
		if (zone->nr_free < before->nr_free[i] &&
		    zone->nr_free < min + zone->lowmem_reserve[gfp_highest_zone(gfp)])
			fail(WHY_WATERMARK, "gfp %#x left %s with %llu free pages of at least %llu",
			     gfp, zone->name, (unsigned long long)zone->nr_free,
			     (unsigned long long)min +
			     zone->lowmem_reserve[gfp_highest_zone(gfp)]);
	}
}
