/*
 * Memory before there is an allocator: whole pages from the top of RAM downwards, taken for good.
 *
 * Top-down, because low memory is the scarce kind: ISA devices and real-mode code can use nothing
 * else. Each piece is a reservation like any other, in the name of its owner; pieces of one owner
 * that touch merge, so that a row of page tables costs one slot of the table. There is no free:
 * what only boot needs belongs on a stack or in a reservation that mm_release_boot() gives back.
 * ACPI memory is never handed out here: its tables have not been read yet. One CPU, no locking.
 */
#include <mm/memmap.h>

#include "mm/fault.h"

/*
 * The highest place for @size bytes in [@floor, @ceiling) that no reservation touches.
 * Return: 0 when there is none, or only page 0.
 */
static uint64_t place_in(const struct memmap *map, uint64_t floor, uint64_t ceiling, uint64_t size,
			 uint64_t align)
{
	uint32_t i = map->nr_taken;

	while (ceiling > floor && ceiling - floor >= size) {
		uint64_t place = align_down(ceiling - size, align);

		if (place < floor)
			break;
		while (i > 0 && map->taken[i - 1].start >= place + size)
			i--;
		if (i == 0 || map->taken[i - 1].end <= place)
			return place;
		ceiling = map->taken[i - 1].start;
	}
	return 0;
}

uint64_t early_alloc_for(struct memmap *map, uint64_t size, uint64_t align, uint64_t below,
			 enum memmap_owner owner)
{
	uint64_t limit = below ? below : UINT64_MAX;

	if (size == 0 || size > PFN_PHYS(MAX_PFN) || !is_power_of_2(align) || align < PAGE_SIZE) {
		pr_err("early_alloc: no such request: 0x%llx bytes aligned to 0x%llx\n",
		       (unsigned long long)size, (unsigned long long)align);
		return 0;
	}
	if (should_fail_early())
		return 0;
	size = align_up(size, PAGE_SIZE);
	for (uint32_t i = map->nr_ranges; i > 0; i--) {
		const struct memmap_range *range = &map->ranges[i - 1];
		uint64_t place;

		if (range->type != MEMMAP_USABLE)
			continue;
		place = place_in(map, range->start, min_u64(range->end, limit), size, align);
		if (place == 0)
			continue;
		if (memmap_reserve(map, place, place + size, owner) != 0)
			return 0;
		return place;
	}
	return 0;
}

uint64_t early_alloc(struct memmap *map, uint64_t size, uint64_t align, uint64_t below)
{
	return early_alloc_for(map, size, align, below, MEMMAP_OWNER_EARLY);
}
