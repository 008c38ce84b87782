/*
 * The closed ledger: every byte of the firmware's map in exactly one row.
 *
 * 1. Rows.       Each is counted from what holds the bytes, none is what the others leave over:
 *
 *                total, no RAM, RAM left out    the raw entries, byte by byte, by a sweep of its
 *                                               own; parts of pages against the sealed ranges
 *                taken                          reservations, where they are RAM
 *                free                           the free lists, link by link; runs by their heads
 *                CPUs' lists                    the CPUs' page stacks, entry by entry
 *                alloc_pages, large kmalloc     the descriptors of all filled blocks
 *                free objects in slabs          each slab's free list
 *                live objects                   the objects: those that are on no list and do not
 *                                               carry the mark of one that is free
 *                free objects in sheaves        the arrays of each CPU and each barn
 *                sheaves, cache descriptors     who holds them: CPUs and barns, the list of caches
 *
 * 2. So what?    A page that fell off a list, an object that is marked free and lies in no sheaf, a
 *                sheaf that nobody points to, are in no row, and the sum is short. What is in two
 *                places makes it too large. The row PAGES alone cannot be checked: whether who took
 *                a page still knows it, only they can tell.
 * 3. Drift.      The counters that reports and watermarks rely on are held against what was
 *                counted on the way. They have no part in the rows, save nr_lost, which moves bytes
 *                between the rows LIVE and LOST.
 * 4. Rounding.   The bytes from an object's size to its neighbour are in ROUNDING, whether it is
 *                live or free; large blocks of kmalloc know what was asked for, and so do its
 *                objects after kmalloc_note_sizes(): CLASS_ROUNDING. To note it always would cost
 *                each request a write: else @class_slack bounds what is in LIVE, unless krealloc()
 *                let objects shrink in their place.
 * 5. Cost.       Free lists, live slabs and filled blocks are walked; blocks that nobody ever
 *                touched, eight by eight bytes of the block map.
 * 6. Locking.    As for a snapshot: cache_list_lock, under it one zone->lock or cache->lock at a
 *                time. CPUs' stacks have no lock: the sum is exact while nobody allocates.
 */
#include <kernel/string.h>
#include <mm/ledger.h>
#include <mm/report.h>

#include "mm/snapshot.h"

_Static_assert(LEDGER_NR_ZONES == MAX_NR_ZONES, "a row for each zone");
_Static_assert(LEDGER_NAME_BYTES >= CACHE_NAME_MAX, "room for each cache's name");

/* How much an entry's type restricts: where entries overlap, the most restrictive one holds. */
enum degree { NOTHING, USABLE, ACPI, RESERVED, NVS, BAD };

static void compare(struct ledger *ledger, const char *where, const char *what, uint64_t counter,
		    uint64_t counted)
{
	if (counter == counted)
		return;
	if (ledger->nr_drifts < LEDGER_MAX_DRIFTS) {
		struct ledger_drift *drift = &ledger->drift[ledger->nr_drifts];

		*drift = (struct ledger_drift){ .what = what, .counter = counter,
						.counted = counted };
		memcpy(drift->where, where, strnlen(where, LEDGER_NAME_BYTES - 1));
	}
	ledger->nr_drifts++;
}

/* ---- the firmware's entries ---------------------------------------------- */

static enum degree degree_of(uint32_t type)
{
	switch (type) {
	case MEMMAP_USABLE:
		return USABLE;
	case MEMMAP_ACPI:
		return ACPI;
	case MEMMAP_NVS:
		return NVS;
	case MEMMAP_BAD:
		return BAD;
	default:
		return RESERVED;
	}
}

/* What byte @pos is, by all entries. *@last: up to there no entry begins or ends. */
static enum degree degree_at(const struct memmap *map, uint64_t pos, uint64_t *last)
{
	enum degree most = NOTHING;

	*last = UINT64_MAX;
	for (uint32_t i = 0; i < map->nr_raw; i++) {
		uint64_t first = map->raw[i].base, end = first + map->raw[i].length - 1;

		if (map->raw[i].length == 0)
			continue;
		if (end < first)
			end = UINT64_MAX;	/* it wraps, and is cut there */
		if (pos < first) {
			*last = min_u64(*last, first - 1);
		} else if (pos <= end) {
			*last = min_u64(*last, end);
			if (degree_of(map->raw[i].type) > most)
				most = degree_of(map->raw[i].type);
		}
	}
	return most;
}

/* RAM that may be used as far as the limits go: what of it is in no page of RAM? */
static uint64_t bytes_in_parts(const struct memmap *map, uint64_t start, uint64_t end)
{
	uint64_t parts = 0, pos = start, first, stop;

	while (pos < end) {
		if (!memmap_next_ram(map, align_down(pos, PAGE_SIZE), &first, &stop) || first > end)
			first = stop = end;
		if (first > pos)
			parts += first - pos;
		pos = stop;
	}
	return parts;
}

/* The bytes of [@start, *@end) at or above @limit; they are cut off. */
static uint64_t cut_above(uint64_t start, uint64_t *end, uint64_t limit)
{
	uint64_t first = max_u64(start, limit), above = *end > first ? *end - first : 0;

	*end -= above;
	return above;
}

static void count_stretch(struct ledger *ledger, const struct memmap *map, uint64_t start,
			  uint64_t last, enum degree degree)
{
	uint64_t bytes = last - start + 1, end = last;

	if (degree == NOTHING)
		return;
	ledger->total += bytes;
	if (degree > ACPI) {
		ledger->row[LEDGER_RESERVED + (degree - RESERVED)] += bytes;
		return;
	}
	ledger->ram += bytes;
	if (last == UINT64_MAX)		/* 2^64 has no number: its last byte is counted here */
		ledger->row[LEDGER_BEYOND]++;
	else
		end++;
	ledger->row[LEDGER_BEYOND] += cut_above(start, &end, map->reach);
	ledger->row[LEDGER_ABOVE] += cut_above(start, &end, map->limit);
	ledger->row[LEDGER_PARTS] += bytes_in_parts(map, start, end);
}

static void count_entries(struct ledger *ledger, const struct memmap *map)
{
	uint64_t pos = 0, last;

	do {
		enum degree degree = degree_at(map, pos, &last);

		count_stretch(ledger, map, pos, last, degree);
		pos = last + 1;
	} while (last != UINT64_MAX);
}

static void count_taken(struct ledger *ledger, const struct memmap *map)
{
	for (uint32_t i = 0; i < map->nr_taken; i++) {
		const struct memmap_reservation *taken = &map->taken[i];
		uint64_t start, end, from = taken->start;

		if (taken->owner == MEMMAP_OWNER_NONE)
			continue;
		while (memmap_next_ram(map, from, &start, &end) && start < taken->end) {
			end = min_u64(end, taken->end);
			ledger->row[LEDGER_TAKEN + taken->owner] += end - start;
			from = end;
		}
	}
}

/* ---- zones --------------------------------------------------------------- */

/* Pages of a zone, by the walks over its lists and its descriptors. */
struct zone_count {
	uint64_t listed;
	uint64_t on_cpus;
	uint64_t used;			/* by callers: alloc_pages() and large kmalloc */
	uint64_t slab;
};

/* Return: blocks. A list that runs in a circle ends after as many steps as the zone has pages. */
static uint64_t count_list(const struct zone *zone, unsigned int order)
{
	uint64_t blocks = 0, steps = 0;
	uint32_t pfn = zone->free[order].first;

	while (pfn && pfn < zone->end_pfn && steps++ <= zone->end_pfn) {
		const struct page *page = zone->pages + pfn;

		blocks += page->nr_blocks ? page->nr_blocks : 1;
		pfn = page->next;
	}
	return blocks;
}

static void count_lists(struct ledger *ledger, const struct zone *zone, struct zone_count *count)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		uint64_t blocks = count_list(zone, order);
		unsigned int row = LEDGER_FREE + zone->index * MAX_ORDER + order;

		compare(ledger, zone->name, "free blocks of an order", zone->free[order].nr,
			blocks);
		ledger->row[row] = blocks << (order + PAGE_SHIFT);
		count->listed += blocks << order;
	}
	compare(ledger, zone->name, "free pages", zone->nr_free, count->listed);
}

/* The head at @page. Return: the pages that it stands for. */
static uint64_t count_head(struct ledger *ledger, const struct page *page, struct zone_count *count)
{
	uint64_t nr = 1UL << (page->order < MAX_ORDER ? page->order : 0);

	switch (page->state) {
	case PAGE_FREE:			/* counted where they are found: on lists, on stacks */
	case PAGE_CPU:
		return nr;
	case PAGE_SLAB:
		count->slab += nr;
		return nr;
	case PAGE_ALLOCATED:
		ledger->row[LEDGER_PAGES] += nr << PAGE_SHIFT;
		break;
	case PAGE_LARGE:
		ledger->row[LEDGER_LARGE] += page->asked;
		ledger->row[LEDGER_LARGE_ROUNDING] += (nr << PAGE_SHIFT) - page->asked;
		break;
	default:
		return 1;
	}
	count->used += nr;
	return nr;
}

typedef uint64_t __attribute__((may_alias)) block_word;

/* The first filled block at or after @block, or @end. */
static uint64_t next_filled(const struct mm *mm, uint64_t block, uint64_t end)
{
	while (block < end && !READ_ONCE(mm->block_map[block])) {
		const block_word *eight = (const block_word *)(mm->block_map + block);

		block += block % sizeof(*eight) == 0 && end - block >= sizeof(*eight) && !*eight ?
				 sizeof(*eight) : 1;
	}
	return block;
}

static void count_array(struct ledger *ledger, const struct mm *mm, const struct zone *zone,
			struct zone_count *count)
{
	uint64_t end = align_up(zone->end_pfn, MAX_ORDER_NR_PAGES) / MAX_ORDER_NR_PAGES;
	uint64_t block = next_filled(mm, zone->start_pfn / MAX_ORDER_NR_PAGES, end);

	for (; block < end; block = next_filled(mm, block + 1, end)) {
		uint64_t pfn = block * MAX_ORDER_NR_PAGES;

		while (pfn < (block + 1) * MAX_ORDER_NR_PAGES)
			pfn += count_head(ledger, zone->pages + pfn, count);
	}
}

static void count_zone(struct ledger *ledger, struct mm *mm, struct zone *zone)
{
	struct zone_count count = { 0, 0, 0, 0 };
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	count_lists(ledger, zone, &count);
	count_array(ledger, mm, zone, &count);
	for (unsigned int cpu = 0; mm == &kernel_mm && cpu < PORT_NR_CPUS; cpu++)
		count.on_cpus += page_cpu_nr(zone, cpu);
	ledger->row[LEDGER_CPU + zone->index] = count.on_cpus << PAGE_SHIFT;
	compare(ledger, zone->name, "managed pages", zone->managed,
		count.listed + count.on_cpus + count.used + count.slab);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* ---- caches -------------------------------------------------------------- */

struct cache_count {
	uint64_t slabs;
	uint64_t free;			/* objects on slabs' lists */
	uint64_t out;			/* objects that carry no sign of being free */
	uint64_t marked;		/* on no list, but marked: in sheaves, or written off */
	uint64_t rounding;		/* bytes of those that are out, by the sizes they note */
	uint64_t broken;		/* slabs whose list does not decode to its end */
};

/* Bytes of @object that kmalloc() was not asked for, as far as that is noted. */
static uint64_t rounding_of(const struct kmem_cache *cache, const void *object)
{
	uint64_t asked = cache->flags & SLAB_NOTE_SIZE ? *slab_word(cache, object) : 0;

	return asked > 0 && asked <= cache->object_size ? cache->object_size - asked : 0;
}

static void count_slab(const struct kmem_cache *cache, const struct page *slab,
		       struct cache_count *count)
{
	char *object = cache->direct_map + PFN_PHYS(slab - cache->pages);
	uint64_t bitmap[SLAB_MAX_OBJECTS / 64];

	count->slabs++;
	count->broken += slab_walk_free(cache, slab, bitmap) < 0;
	for (unsigned int i = 0; i < cache->objects; i++, object += cache->stride) {
		if (bitmap[i / 64] >> (i % 64) & 1) {
			count->free++;
		} else if (*slab_word(cache, object) != slab_mark(cache, object)) {
			count->out++;
			count->rounding += rounding_of(cache, object);
		} else {
			count->marked++;
		}
	}
}

static void count_slabs(const struct kmem_cache *cache, const struct slab_list *list,
			struct cache_count *count)
{
	uint64_t steps = 0;

	/* One more than there should be is enough to say that it runs in a circle. */
	for (uint32_t pfn = list->first; pfn && steps <= list->nr; steps++) {
		count_slab(cache, cache->pages + pfn, count);
		pfn = cache->pages[pfn].next;
	}
}

/*
 * Of @cache's objects those that callers hold. Written off are objects whose content nothing is
 * known of, and such that were never handed out, which carry their marks and lie in no sheaf.
 */
static uint64_t count_live(const struct kmem_cache *cache, const struct cache_count *count,
			   const struct sheaf_count *sheaves)
{
	uint64_t in_sheaves = sheaves->on_cpus + sheaves->in_barn;
	uint64_t beside = count->marked > in_sheaves ? count->marked - in_sheaves : 0;
	uint64_t lost = cache->nr_lost - min_u64(beside, cache->nr_lost);

	return count->out - lost;
}

/* Return: the objects that callers hold. */
static uint64_t count_objects(struct ledger *ledger, const struct kmem_cache *cache,
			      const struct cache_count *count)
{
	struct sheaf_count sheaves = sheaf_count(cache);
	uint64_t live = count_live(cache, count, &sheaves);
	uint64_t size = cache->object_size, nr = count->slabs * cache->objects;
	uint64_t word = cache->word ? sizeof(uint64_t) : 0;

	ledger->row[LEDGER_IN_SLABS] += count->free * size;
	ledger->row[LEDGER_ON_CPUS] += sheaves.on_cpus * size;
	ledger->row[LEDGER_IN_BARNS] += sheaves.in_barn * size;
	ledger->row[LEDGER_LOST] += cache->nr_lost * size;
	ledger->row[LEDGER_ROUNDING] += nr * (cache->stride - size - word);
	ledger->row[LEDGER_WORDS] += nr * word;
	ledger->row[LEDGER_TAILS] += count->slabs * ((PAGE_SIZE << cache->order) -
						     (uint64_t)cache->objects * cache->stride);
	compare(ledger, cache->name, "slabs", cache->nr_slabs, count->slabs);
	compare(ledger, cache->name, "objects out of slabs", cache->nr_out,
		live + sheaves.on_cpus + sheaves.in_barn);
	compare(ledger, cache->name, "slabs with a broken free list", 0, count->broken);
	return live;
}

static void count_cache(struct ledger *ledger, struct kmem_cache *cache)
{
	struct cache_count count = { 0 };
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	uint64_t live;

	count_slabs(cache, &cache->empty, &count);
	count_slabs(cache, &cache->full, &count);
	for (unsigned int i = 0; i < SLAB_NR_FILL; i++)
		count_slabs(cache, &cache->fill[i], &count);
	live = count_objects(ledger, cache, &count);
	spin_unlock_irqrestore(&cache->lock, flags);
	/* The first cache's objects are the descriptors of the others: counted by who holds them,
	 * as sheaves are. */
	if (cache != cache_list && !sheaf_is_from(cache)) {
		bool noted = cache->flags & SLAB_NOTE_SIZE;
		unsigned int least = live && !noted ? kmalloc_least(cache) : 0;
		uint64_t bytes = live * cache->object_size;
		uint64_t rounding = min_u64(count.rounding, bytes);

		ledger->row[LEDGER_LIVE] += bytes - rounding;
		ledger->row[LEDGER_CLASS_ROUNDING] += rounding;
		ledger->class_slack += least ? live * (cache->object_size - least) : 0;
	}
}

static uint64_t count_sheaves(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	uint64_t nr = sheaf_count(cache).sheaves;

	spin_unlock_irqrestore(&cache->lock, flags);
	return nr;
}

static void count_caches_locked(struct ledger *ledger, struct mm *mm)
{
	for (struct kmem_cache *cache = cache_list; cache; cache = cache->next) {
		if (cache->mm == mm)
			count_cache(ledger, cache);
		if (mm != &kernel_mm)
			continue;
		/* Of whatever instance: their descriptors and sheaves are kernel_mm's. */
		ledger->row[LEDGER_SHEAVES] += count_sheaves(cache) * sizeof(struct cpu_stack);
		if (cache != cache_list)
			ledger->row[LEDGER_CACHES] += sizeof(*cache);
	}
}

/* ---- the whole ----------------------------------------------------------- */

void ledger_take(struct mm *mm, struct ledger *ledger)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	struct zone *zone;

	memset(ledger, 0, sizeof(*ledger));
	count_entries(ledger, mm->map);
	count_taken(ledger, mm->map);
	for (unsigned int i = 0; (zone = mm_next_zone(mm, i)) != NULL; i = zone->index + 1U)
		count_zone(ledger, mm, zone);
	count_caches_locked(ledger, mm);
	spin_unlock_irqrestore(&cache_list_lock, flags);
}

uint64_t ledger_sum(const struct ledger *ledger)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < LEDGER_NR_ROWS; i++)
		sum += ledger->row[i];
	return sum;
}

unsigned int ledger_check(struct mm *mm, struct seq *out)
{
	struct ledger ledger;
	uint64_t sum;

	ledger_take(mm, &ledger);
	sum = ledger_sum(&ledger);
	if (sum == ledger.total && !ledger.nr_drifts)
		return 0;
	print_ledger(out, &ledger);
	return ledger.nr_drifts + (sum != ledger.total);
}
