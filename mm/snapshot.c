/*
 * One copy of all counters, so that a report's files agree with each other however long their
 * printing takes.
 *
 * 1. What agrees. Each figure is read once, under the lock that guards it, and every file takes it
 *                 from the copy: the orders of a zone and its free pages are one critical section,
 *                 and the slab pages of meminfo, zoneinfo and vmstat are the sum over the very
 *                 caches that slabinfo lists.
 * 2. One moment.  cache_list_lock is held from the first zone to the last cache, so interrupts stay
 *                 masked and no cache comes or goes. Another CPU may move a slab between reading
 *                 its zone and its cache; holding every lock at once would stop them all, and
 *                 nothing in the files compares the two.
 * 3. Locking.     1 cache_list_lock, under it each cache->lock or each zone->lock, one at a time.
 *                 In a panic none: the holder may never let go. The walk over caches is then
 *                 bounded by MAX_CACHES, as a broken list may run in a circle.
 * 4. Memory.      A report must work when memory is short, so the table of caches is static: 64
 *                 bytes for each of MAX_CACHES. One report at a time may claim it. What prints no
 *                 cache by name needs no table, and fits on the stack.
 */
#include "mm/snapshot.h"

#include <kernel/panic.h>
#include <kernel/string.h>

_Static_assert(sizeof(struct cache_snapshot) == 64, "the static table takes 64 KiB");

static const char *const zone_names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal" };

static struct cache_snapshot cache_table[MAX_CACHES];
static bool cache_table_busy;

struct cache_snapshot *cache_table_claim(void)
{
	if (__atomic_exchange_n(&cache_table_busy, true, __ATOMIC_ACQUIRE) && !panicking())
		return NULL;
	return cache_table;
}

void cache_table_release(void)
{
	__atomic_store_n(&cache_table_busy, false, __ATOMIC_RELEASE);
}

static unsigned long lock_unless_panic(struct spinlock *lock, bool locked)
{
	return locked ? spin_lock_irqsave(lock) : 0;
}

static void unlock_unless_panic(struct spinlock *lock, bool locked, unsigned long state)
{
	if (locked)
		spin_unlock_irqrestore(lock, state);
}

static void copy_zone(struct zone_snapshot *to, struct zone *zone, bool locked)
{
	unsigned long irq = lock_unless_panic(&zone->lock, locked);

	if (zone->name) /* else: not set up yet, and the index names it */
		to->name = zone->name;
	to->start_pfn = zone->start_pfn;
	to->end_pfn = zone->end_pfn;
	to->present = zone->present;
	to->managed = zone->managed;
	to->nr_free = zone->nr_free;
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		to->free[order] = zone->free[order].nr;
	memcpy(to->event, zone->event, sizeof(to->event));
	memcpy(to->watermark, zone->watermark, sizeof(to->watermark));
	memcpy(to->lowmem_reserve, zone->lowmem_reserve, sizeof(to->lowmem_reserve));
	unlock_unless_panic(&zone->lock, locked, irq);
}

/* Only kernel_mm's pages are on CPUs' lists. */
static void copy_cpu_pages(struct snapshot *snap)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone_snapshot *to = &snap->zone[i];

		to->cpu_high = (uint16_t)page_cpu_high(&kernel_mm.zone[i]);
		for (unsigned int cpu = 0; cpu < snap->nr_cpus; cpu++)
			to->cpu_pages[cpu] = (uint16_t)page_cpu_nr(&kernel_mm.zone[i], cpu);
	}
}

void zones_snapshot(struct mm *mm, struct snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	snap->locked = !panicking();
	snap->nr_cpus = mm == &kernel_mm ? port_nr_cpus() : 1;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		snap->zone[i].name = zone_names[i];
		copy_zone(&snap->zone[i], &mm->zone[i], snap->locked);
	}
	if (mm == &kernel_mm)
		copy_cpu_pages(snap);
	snap->alloc_failed = READ_ONCE(mm->alloc_failed);
	snap->reclaim_runs = READ_ONCE(mm->reclaim_runs);
	snap->reclaimed = READ_ONCE(mm->reclaimed);
	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		snap->nr_bugs += mm_bug_count((enum mm_bug_kind)kind);
}

static void copy_cache(struct cache_snapshot *to, struct kmem_cache *cache, bool locked)
{
	unsigned long irq;

	memcpy(to->name, cache->name, sizeof(to->name));
	to->name[sizeof(to->name) - 1] = '\0';
	to->size = cache->stride;
	to->objects = (uint16_t)cache->objects;
	to->order = (uint8_t)cache->order;

	irq = lock_unless_panic(&cache->lock, locked);
	to->nr_live = cache_nr_live(cache);
	to->nr_slabs = cache->nr_slabs;
	to->nr_empty = cache->empty.nr;
	unlock_unless_panic(&cache->lock, locked, irq);
}

static void copy_caches_locked(struct mm *mm, struct snapshot *snap)
{
	struct kmem_cache *cache = cache_list;
	struct cache_snapshot one;
	bool reclaimable;

	for (unsigned int seen = 0; cache && seen < MAX_CACHES; seen++, cache = cache->next) {
		if (cache->mm != mm)
			continue;
		copy_cache(&one, cache, snap->locked);
		reclaimable = (cache->flags & SLAB_RECLAIM_ACCOUNT) != 0;
		snap->slab_pages[reclaimable] += one.nr_slabs << one.order;
		if (snap->nr_caches < snap->max_caches)
			snap->cache[snap->nr_caches++] = one;
	}
}

void caches_snapshot(struct mm *mm, struct snapshot *snap, struct cache_snapshot *table,
		     unsigned int max)
{
	unsigned long irq = lock_unless_panic(&cache_list_lock, snap->locked);

	snap->cache = table;
	snap->max_caches = max;
	copy_caches_locked(mm, snap);
	unlock_unless_panic(&cache_list_lock, snap->locked, irq);
}

void mm_snapshot(struct mm *mm, struct snapshot *snap, struct cache_snapshot *table,
		 unsigned int max)
{
	bool locked = !panicking();
	unsigned long irq = lock_unless_panic(&cache_list_lock, locked);

	zones_snapshot(mm, snap);
	snap->cache = table;
	snap->max_caches = max;
	copy_caches_locked(mm, snap);
	unlock_unless_panic(&cache_list_lock, locked, irq);
}
