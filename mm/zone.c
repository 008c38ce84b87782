/*
 * Zones: bounds, the filling of the page array, and how memory enters a zone.
 *
 * 1. Blocks.     The page array is filled one block of the largest order at a time (1024 pages,
 *                16 KiB of descriptors), and a byte per block in block_map says that it has been.
 *                Zone edges (16 MiB, 4 GiB) are edges of such blocks, so a block has one zone.
 * 2. Entering.   A free stretch of RAM is a ragged head, whole blocks, and a ragged tail. The
 *                whole blocks enter as one run that is carved as it is used (buddy.c). The
 *                ragged blocks, two a stretch at most, are filled at once: PAGE_HOLE where
 *                there is no RAM, PAGE_RESERVED where RAM is taken, and the free pages go to
 *                the lists in the largest aligned pieces. Nothing is lost at an edge, because
 *                pieces go down to a page.
 * 3. Never filled: blocks without a free page. Reserved gigabytes, such as the page array's
 *                own, cost no time.
 * 4. Who marks what: the caller of zone_add_free() has filled ragged blocks as PAGE_HOLE /
 *                PAGE_RESERVED before (mm.c knows the map); here pages only change from
 *                PAGE_RESERVED to free.
 */

#include <kernel/string.h>

#include "internal.h"

_Static_assert(ZONE_DMA_END_PFN % MAX_ORDER_NR_PAGES == 0, "a block lies in one zone");
_Static_assert(ZONE_DMA32_END_PFN % MAX_ORDER_NR_PAGES == 0, "a block lies in one zone");

static const char *const zone_names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal" };

void zone_init(struct zone *zone, enum zone_type index, struct page *pages, uint8_t *block_map)
{
	memset(zone, 0, sizeof(*zone));
	zone->name = zone_names[index];
	zone->index = (uint16_t)index;
	zone->pages = pages;
	zone->block_map = block_map;
	spin_lock_init(&zone->lock, RANK_ZONE, "zone->lock");
}

void zone_fill_block(struct zone *zone, uint64_t pfn, enum page_state state)
{
	uint64_t block = pfn / MAX_ORDER_NR_PAGES;
	struct page *page = zone->pages + block * MAX_ORDER_NR_PAGES;
	uint32_t tag = page_tag(state, 0, state == PAGE_TAIL ? 0 : zone->index);

	if (state == PAGE_TAIL) {
		memset(page, 0, MAX_ORDER_NR_PAGES * sizeof(*page));
	} else {
		for (unsigned long i = 0; i < MAX_ORDER_NR_PAGES; i++)
			page[i] = (struct page){ .tag = tag };
	}
	__atomic_store_n(&zone->block_map[block], 1, __ATOMIC_RELEASE);
}

/*
 * Pages of one filled block that say PAGE_RESERVED go to the lists, in the largest aligned pieces:
 * of the largest order at most, because that is the block.
 */
static void free_pieces_locked(struct zone *zone, uint64_t pfn, uint64_t end)
{
	while (pfn < end) {
		unsigned int order = ilog2(end - pfn);
		unsigned int aligned = (unsigned int)__builtin_ctzll(pfn);

		if (order > aligned)
			order = aligned;
		for (uint64_t i = 0; i < 1UL << order; i++)
			zone->pages[pfn + i].tag = page_tag(PAGE_TAIL, 0, 0);
		buddy_give_locked(zone, zone->pages + pfn, order);
		zone->event[ZONE_EVENT_FREE] -= 1UL << order;	/* nobody had allocated them */
		pfn += 1UL << order;
	}
}

/* Block by block, so that the lock is held for a bounded time only. */
static void add_pieces(struct zone *zone, uint64_t pfn, uint64_t end)
{
	while (pfn < end) {
		uint64_t stop = min_u64(align_up(pfn + 1, MAX_ORDER_NR_PAGES), end);
		unsigned long flags = spin_lock_irqsave(&zone->lock);

		zone->managed += stop - pfn;
		free_pieces_locked(zone, pfn, stop);
		spin_unlock_irqrestore(&zone->lock, flags);
		pfn = stop;
	}
}

static void add_run(struct zone *zone, uint64_t pfn, uint64_t end)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	zone->managed += end - pfn;
	buddy_add_run_locked(zone, pfn, (uint32_t)((end - pfn) / MAX_ORDER_NR_PAGES));
	spin_unlock_irqrestore(&zone->lock, flags);
}

void zone_add_free(struct zone *zone, uint64_t start_pfn, uint64_t end_pfn, bool lazy)
{
	uint64_t first = align_up(start_pfn, MAX_ORDER_NR_PAGES);
	uint64_t last = align_down(end_pfn, MAX_ORDER_NR_PAGES);

	if (lazy && first < last) {
		add_pieces(zone, start_pfn, first);
		add_run(zone, first, last);
		add_pieces(zone, last, end_pfn);
	} else {
		add_pieces(zone, start_pfn, end_pfn);
	}
}
