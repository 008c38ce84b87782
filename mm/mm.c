/*
 * One memory manager from one memory map.
 *
 * mm_init() is the only way from the boot side into mm/. It backs the page array, sets up the
 * zones, and starts the caches, in the order in which mm_init() lists them. An instance (struct mm)
 * can also be built over borrowed pages with mm_setup(): tests and lessons do.
 *
 * The page array is virtual and indexed by pfn. Stretches of it are backed for RAM only,
 * rounded outwards to blocks of the largest order (16 KiB of array for 4 MiB): within a block
 * every descriptor can be read, and a hole in the physical address space that is larger than a
 * block costs nothing.
 */

#include <kernel/errno.h>
#include <kernel/string.h>
#include <mm/mm.h>

#include "internal.h"

struct mm kernel_mm;

static const uint64_t zone_end[MAX_NR_ZONES] = {
	[ZONE_DMA] = ZONE_DMA_END_PFN,
	[ZONE_DMA32] = ZONE_DMA32_END_PFN,
	[ZONE_NORMAL] = MAX_PFN,
};

struct zone *mm_zone_of(struct mm *mm, uint64_t pfn)
{
	unsigned int index = (pfn >= ZONE_DMA_END_PFN) + (pfn >= ZONE_DMA32_END_PFN);

	return &mm->zone[index];
}

struct zone *mm_next_zone(struct mm *mm, unsigned int index)
{
	for (; index < MAX_NR_ZONES; index++) {
		if (mm->zone[index].present)
			return &mm->zone[index];
	}
	return NULL;
}

bool mm_inside_free_block(struct mm *mm, uint64_t pfn)
{
	struct zone *zone = mm_zone_of(mm, pfn);
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	bool inside = false;

	for (unsigned int order = 1; order < MAX_ORDER && !inside; order++) {
		const struct page *page = mm->pages + align_down(pfn, 1UL << order);
		struct page head = { .tag = READ_ONCE(page->tag) };

		inside = (head.state == PAGE_FREE || head.state == PAGE_CPU) && head.order >= order;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return inside;
}

/* Spans and present counts, from the RAM of the map. */
static void measure_zones(struct mm *mm)
{
	uint64_t start, end, from = 0;

	while (memmap_next_ram(mm->map, from, &start, &end)) {
		uint64_t pfn = PFN_DOWN(start), last = PFN_DOWN(end);

		from = end;
		mm->max_pfn = last;
		while (pfn < last) {
			struct zone *zone = mm_zone_of(mm, pfn);
			uint64_t stop = min_u64(last, zone_end[zone->index]);

			if (!zone->present)
				zone->start_pfn = pfn;
			zone->end_pfn = stop;
			zone->present += stop - pfn;
			pfn = stop;
		}
	}
}

/*
 * A ragged block: holes, and reserved wherever the map has RAM. Blocks that have been filled
 * stay as they are.
 */
static void fill_ragged_block(struct mm *mm, uint64_t pfn)
{
	uint64_t first = align_down(pfn, MAX_ORDER_NR_PAGES);
	uint64_t stop = first + MAX_ORDER_NR_PAGES;
	struct zone *zone = mm_zone_of(mm, pfn);
	uint64_t start, end, from = PFN_PHYS(first);

	if (zone_block_is_filled(zone, pfn))
		return;
	zone_fill_block(zone, pfn, PAGE_HOLE);
	while (memmap_next_ram(mm->map, from, &start, &end) && PFN_DOWN(start) < stop) {
		uint64_t last = min_u64(PFN_DOWN(end), stop);

		for (uint64_t i = PFN_DOWN(start); i < last; i++)
			mm->pages[i].tag = page_tag(PAGE_RESERVED, 0, zone->index);
		from = end;
	}
}

/*
 * Hand [start, end) bytes to the zones. At boot (@lazy) whole blocks become runs and only ragged
 * ones are filled; later every block is, because it held a reservation and so is no part of a run.
 */
static void add_free_stretch(struct mm *mm, uint64_t start, uint64_t end, bool lazy)
{
	uint64_t pfn = PFN_DOWN(start), last = PFN_DOWN(end);

	while (pfn < last) {
		struct zone *zone = mm_zone_of(mm, pfn);
		uint64_t stop = min_u64(last, zone_end[zone->index]);
		uint64_t block = align_down(pfn, MAX_ORDER_NR_PAGES);

		while (block < stop) {
			bool is_whole = block >= pfn && block + MAX_ORDER_NR_PAGES <= stop;

			if (lazy && is_whole) {
				block = align_down(stop, MAX_ORDER_NR_PAGES);
			} else {
				fill_ragged_block(mm, block);
				block += MAX_ORDER_NR_PAGES;
			}
		}
		zone_add_free(zone, pfn, stop, lazy);
		pfn = stop;
	}
}

/* The RAM of a reservation goes to the zones; the reservation itself is forgotten. */
static uint64_t release_reservation(struct mm *mm, struct memmap_reservation *taken)
{
	uint64_t start, end, from = taken->start, released = 0;

	taken->owner = MEMMAP_OWNER_NONE;
	while (memmap_next_ram(mm->map, from, &start, &end) && start < taken->end) {
		end = min_u64(end, taken->end);
		add_free_stretch(mm, start, end, false);
		released += end - start;
		from = end;
	}
	return released;
}

/* Page 0 is no block: its number ends lists, and its address is NULL's. */
static int keep_page_zero(struct memmap *map)
{
	uint64_t start = PAGE_SIZE, end;

	(void)memmap_next_ram(map, 0, &start, &end);
	return start != 0 ? 0 : memmap_reserve(map, 0, PAGE_SIZE, MEMMAP_OWNER_FIRMWARE);
}

int mm_setup(struct mm *mm, struct memmap *map, struct page *pages, char *direct_map)
{
	uint64_t start, end, from = 0, bytes, paddr;
	int err = keep_page_zero(map);

	if (err)
		return err;

	memset(mm, 0, sizeof(*mm));
	mm->map = map;
	mm->pages = pages;
	mm->direct_map = direct_map;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		zone_init(&mm->zone[i], (enum zone_type)i, pages, NULL);
	measure_zones(mm);

	bytes = align_up(mm->max_pfn, MAX_ORDER_NR_PAGES) / MAX_ORDER_NR_PAGES;
	paddr = early_alloc_for(map, bytes, PAGE_SIZE, 0, MEMMAP_OWNER_BLOCK_MAP);
	if (!paddr) {
		pr_err("mm: no room for a block map of %llu bytes\n", (unsigned long long)bytes);
		return -ENOMEM;
	}
	mm->block_map = (uint8_t *)(direct_map + paddr);
	memset(mm->block_map, 0, bytes);
	mm->nr_blocks = bytes;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		mm->zone[i].block_map = mm->block_map;

	map->closed = true;
	while (memmap_next_free(map, from, &start, &end)) {
		from = end;
		add_free_stretch(mm, start, end, true);
	}
	zone_set_watermarks(mm);
	return 0;
}

/*
 * Back the page array for all RAM, rounded outwards to blocks, each part of it once and in
 * ascending order.
 */
static int back_page_array(const struct memmap *map, struct page *pages)
{
	uint64_t start, end, from = 0;
	uint64_t first = 0, last = 0;	/* the stretch that is being put together, in pfns */
	bool more;

	do {
		more = memmap_next_ram(map, from, &start, &end);
		if (more && align_down(PFN_DOWN(start), MAX_ORDER_NR_PAGES) <= last) {
			last = align_up(PFN_DOWN(end), MAX_ORDER_NR_PAGES);
			from = end;
			continue;
		}
		if (last > first) {
			int err = port_back_page_array(pages + first,
						       (last - first) * sizeof(*pages));

			if (err)
				return err;
		}
		if (more) {
			first = align_down(PFN_DOWN(start), MAX_ORDER_NR_PAGES);
			last = align_up(PFN_DOWN(end), MAX_ORDER_NR_PAGES);
			from = end;
		}
	} while (more);
	return 0;
}

int mm_init(struct memmap *map)
{
	int err;

	MM_ASSERT(map->sealed);
	err = back_page_array(map, (struct page *)PORT_PAGE_ARRAY);
	if (err) {
		pr_err("mm: no memory to back the page array\n");
		return err;
	}
	err = mm_setup(&kernel_mm, map, (struct page *)PORT_PAGE_ARRAY, (char *)PORT_DIRECT_MAP);
	if (err)
		return err;
	page_cpu_init();	/* from here on CPUs have lists of pages */
	caches_init();		/* the cache that cache descriptors come from */
	sheaves_init();		/* from here on caches have sheaves */
	kmalloc_init();		/* needs it for its size classes */
	boot_caches_init();	/* named caches of the kernel's own structures */
	return 0;
}

const struct memmap *mm_map(void)
{
	return kernel_mm.map;
}

uint64_t mm_release(struct mm *mm)
{
	struct memmap *map = mm->map;
	uint64_t released = 0;

	for (uint32_t i = 0; i < map->nr_taken; i++) {
		struct memmap_reservation *taken = &map->taken[i];

		if (taken->owner != MEMMAP_OWNER_BOOT_INFO && taken->owner != MEMMAP_OWNER_ACPI)
			continue;
		released += release_reservation(mm, taken);
	}
	zone_set_watermarks(mm);
	return released;
}

uint64_t mm_release_boot(void)
{
	return mm_release(&kernel_mm);
}

static uint64_t zone_cpu_pages(const struct zone *zone)
{
	uint64_t nr = 0;

	for (unsigned int cpu = 0; cpu < PORT_NR_CPUS; cpu++)
		nr += page_cpu_nr(zone, cpu);
	return nr;
}

uint64_t nr_free_pages(void)
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &kernel_mm.zone[i];
		unsigned long flags = spin_lock_irqsave(&zone->lock);

		nr += zone->nr_free;
		spin_unlock_irqrestore(&zone->lock, flags);
		nr += zone_cpu_pages(zone);
	}
	return nr;
}
