/*
 * Between the counters and the text: one copy of what the reports print. mm/snapshot.c fills it,
 * mm/report_*.c turn it into text and look at nothing else. Only the reports' floor and the tests
 * include this file.
 */
#pragma once

#include "mm/internal.h"

#include <mm/report.h>

/**
 * struct zone_snapshot - one zone's counters, read under its lock. Pages, unless said otherwise.
 */
struct zone_snapshot {
	const char *name;
	uint64_t start_pfn, end_pfn;
	uint64_t present;			/* 0: the machine lacks the zone */
	uint64_t managed;
	uint64_t nr_free;
	uint64_t free[MAX_ORDER];		/* blocks */
	uint64_t event[NR_ZONE_EVENTS];		/* of pages or blocks: enum zone_event */
	uint64_t watermark[NR_WMARK];
	uint64_t lowmem_reserve[MAX_NR_ZONES];
	uint16_t cpu_pages[PORT_NR_CPUS];	/* that each CPU keeps */
	uint16_t cpu_high;			/* that each CPU keeps at most */
};

/** struct cache_snapshot - one cache's counters, read under its lock. */
struct cache_snapshot {
	char name[CACHE_NAME_MAX];
	uint32_t size;				/* bytes between objects: Linux's objsize */
	uint16_t objects;			/* per slab */
	uint8_t order;				/* of a slab */
	uint64_t nr_live;			/* objects */
	uint64_t nr_slabs;
	uint64_t nr_empty;			/* slabs without an object out, or in a sheaf */
};

/**
 * struct snapshot - all that one dump prints.
 * @slab_pages: pages of the slabs of all caches, [1] those with SLAB_RECLAIM_ACCOUNT; summed from
 *              what @cache holds, so that meminfo and slabinfo agree by construction
 * @locked:     the counters were read under their locks; false in a panic
 * @cache:      room for @max_caches, or NULL when only the sums are wanted
 */
struct snapshot {
	struct zone_snapshot zone[MAX_NR_ZONES];
	uint64_t slab_pages[2];
	uint64_t alloc_failed, reclaim_runs, reclaimed;
	uint64_t nr_bugs;			/* callers' bugs reported since boot */
	unsigned int nr_cpus;
	bool locked;
	struct cache_snapshot *cache;
	unsigned int nr_caches, max_caches;
};

/**
 * mm_snapshot() - copy the counters of @mm's zones and of its caches.
 * @table: room for @max caches; NULL, 0 when the text does not name caches.
 *
 * Context: no lock of mm/internal.h's table held, unless in a panic: then none is taken.
 */
void mm_snapshot(struct mm *mm, struct snapshot *snap, struct cache_snapshot *table,
		 unsigned int max);

/**
 * zones_snapshot() - the part that reads zones; for a panic, where the list of caches may be what
 * broke.
 */
void zones_snapshot(struct mm *mm, struct snapshot *snap);

/** caches_snapshot() - the part that reads caches; after zones_snapshot(). */
void caches_snapshot(struct mm *mm, struct snapshot *snap, struct cache_snapshot *table,
		     unsigned int max);

/**
 * cache_table_claim() - the one static table of MAX_CACHES entries, for slabinfo and dump.
 * Return: NULL while another report holds it; in a panic it is taken from whoever does.
 */
struct cache_snapshot *cache_table_claim(void);
void cache_table_release(void);

/* Snapshot to text. Pure. */
void print_buddyinfo(struct seq *out, const struct snapshot *snap);
void print_slabinfo(struct seq *out, const struct snapshot *snap);
void print_zoneinfo(struct seq *out, const struct snapshot *snap);
void print_meminfo(struct seq *out, const struct snapshot *snap);
void print_vmstat(struct seq *out, const struct snapshot *snap);
void print_zones(struct seq *out, const struct snapshot *snap);

struct ledger;
void print_ledger(struct seq *out, const struct ledger *ledger);

/* One line each of the above. */
void print_buddyinfo_zone(struct seq *out, const struct zone_snapshot *zone);
void print_slabinfo_header(struct seq *out);
void print_slabinfo_cache(struct seq *out, const struct cache_snapshot *cache);
