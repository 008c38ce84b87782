/*
 * Arenas: see arena.h.
 *
 * The page array of an instance is indexed by pfn, so an arena's pointer to it is biased: it is the
 * borrowed memory less the place of the lowest block. Two groups of ranges 4 GiB apart need
 * descriptors 16 MiB apart: the system is asked for largest blocks until two of them lie just so;
 * the others go back at once.
 */
#include "arena.h"

#include <kernel/string.h>
#include <mm/ledger.h>

#define FAR_PFN		(1ULL << 20)				/* 4 GiB */
#define FAR_BYTES	(FAR_PFN * sizeof(struct page))		/* 16 MiB */
#define FAR_TRIES	12U				/* largest blocks: 48 MiB */
#define BORROW_GFP	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)
#define ADDRESS_LIMIT	(1ULL << 44)			/* bytes: 16 TiB, what a pfn link reaches */

static uint64_t block_start(uint64_t pfn)
{
	return align_down(pfn, MAX_ORDER_NR_PAGES);
}

static uint64_t block_end(uint64_t pfn)
{
	return align_up(pfn, MAX_ORDER_NR_PAGES);
}

static bool draw_map(struct arena *arena, const struct arena_range *ranges, unsigned int nr)
{
	struct memmap *map = &arena->map;
	int err = 0;

	memmap_init(map, arena->tables, ARENA_MAX_RANGES + 1, 2 * ARENA_MAX_RANGES, ADDRESS_LIMIT);
	for (unsigned int i = 0; i < nr && !err; i++) {
		uint64_t start = PFN_PHYS(ranges[i].start_pfn), end = PFN_PHYS(ranges[i].end_pfn);
		bool acpi = ranges[i].owner == MEMMAP_OWNER_ACPI;

		err = memmap_add(map, start, end - start, acpi ? MEMMAP_ACPI : MEMMAP_USABLE);
		if (!err && !acpi && ranges[i].owner != MEMMAP_OWNER_NONE)
			err = memmap_reserve(map, start, end, ranges[i].owner);
	}
	if (!err && arena->map_pfn >= ranges[nr - 1].end_pfn)
		err = memmap_add(map, PFN_PHYS(arena->map_pfn), PAGE_SIZE, MEMMAP_USABLE);
	return !err && memmap_seal(map) == 0;
}

/* Two largest blocks at the distance of FAR_BYTES. */
static bool borrow_pair(struct arena *arena)
{
	struct page *block[FAR_TRIES];
	struct page *low = NULL, *high = NULL;
	unsigned int nr = 0;

	while (!low && nr < FAR_TRIES &&
	       (block[nr] = alloc_pages(BORROW_GFP, MAX_ORDER - 1)) != NULL) {
		nr++;
		for (unsigned int i = 0; i + 1 < nr; i++) {
			uint64_t a = page_to_phys(block[i]), b = page_to_phys(block[nr - 1]);

			if (a + FAR_BYTES != b && b + FAR_BYTES != a)
				continue;
			low = a < b ? block[i] : block[nr - 1];
			high = a < b ? block[nr - 1] : block[i];
		}
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (block[i] != low && block[i] != high)
			__free_pages(block[i], MAX_ORDER - 1);
	}
	if (!low)
		return false;
	arena->pages = page_address(low);
	arena->pages_size = KMALLOC_MAX_SIZE;
	arena->far_pages = page_address(high);
	return true;
}

/* Return: the address of pfn 0's descriptor; 0: no memory. */
static uintptr_t borrow_pages(struct arena *arena, const struct arena_range *ranges,
			      unsigned int nr)
{
	uint64_t first = block_start(ranges[0].start_pfn);
	uint64_t size = (block_end(ranges[nr - 1].end_pfn) - first) * sizeof(struct page);
	uintptr_t zero;

	if (size <= KMALLOC_MAX_SIZE) {
		arena->pages_size = size;
		arena->pages = alloc_pages_exact(size, BORROW_GFP);
		if (!arena->pages)
			return 0;
		zero = (uintptr_t)arena->pages - first * sizeof(struct page);
	} else {
		if (!borrow_pair(arena))
			return 0;
		zero = (uintptr_t)arena->pages;
	}
	for (unsigned int i = 0; i < nr; i++) {
		first = block_start(ranges[i].start_pfn);
		memset((struct page *)zero + first, ARENA_GARBAGE,
		       (block_end(ranges[i].end_pfn) - first) * sizeof(struct page));
	}
	return zero;
}

static void give_back(struct arena *arena)
{
	if (arena->far_pages) {
		free_pages((unsigned long)arena->pages, MAX_ORDER - 1);
		free_pages((unsigned long)arena->far_pages, MAX_ORDER - 1);
	} else {
		free_pages_exact(arena->pages, arena->pages_size);
	}
	free_pages_exact(arena->ram, arena->ram_size);
}

/* @ram_pfn: where the RAM that is real begins. */
static bool set_up(struct arena *arena, struct ktest *t, const struct arena_range *ranges,
		   unsigned int nr, uint64_t ram_pfn)
{
	uintptr_t pages = borrow_pages(arena, ranges, nr);

	arena->ram = pages ? alloc_pages_exact(arena->ram_size, BORROW_GFP) : NULL;
	if (!arena->ram) {
		if (pages)
			give_back(arena);
		if (arena->pages_size)
			ktest_skip(t, "the system has no %zu KiB in one piece",
				   max_u64(arena->pages_size, arena->ram_size) / 1024);
		else
			ktest_skip(t, "the system has no two free blocks of 4 MiB "
				   "that lie 16 MiB apart");
		return false;
	}
	if (!draw_map(arena, ranges, nr) ||
	    mm_setup(&arena->mm, &arena->map, (struct page *)pages,
		     (char *)((uintptr_t)arena->ram - PFN_PHYS(ram_pfn))) != 0) {
		give_back(arena);
		ktest_fail(t, __FILE__, __LINE__, "the arena cannot be set up");
		return false;
	}
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		memset(arena->mm.zone[i].watermark, 0, sizeof(arena->mm.zone[i].watermark));
		memset(arena->mm.zone[i].lowmem_reserve, 0,
		       sizeof(arena->mm.zone[i].lowmem_reserve));
	}
	return true;
}

bool arena_init(struct arena *arena, struct ktest *t, const struct arena_range *ranges,
		unsigned int nr)
{
	memset(arena, 0, sizeof(*arena));
	MM_ASSERT(nr > 0 && nr <= ARENA_MAX_RANGES);
	arena->map_pfn = block_end(ranges[nr - 1].end_pfn);
	arena->ram_size = PAGE_SIZE;
	return set_up(arena, t, ranges, nr, arena->map_pfn);
}

bool arena_init_ram(struct arena *arena, struct ktest *t, uint64_t base_pfn, unsigned int order)
{
	const struct arena_range all = { base_pfn, base_pfn + (1ULL << order), MEMMAP_OWNER_NONE };

	memset(arena, 0, sizeof(*arena));
	arena->map_pfn = all.end_pfn - 1;
	arena->ram_size = PAGE_SIZE << order;
	return set_up(arena, t, &all, 1, base_pfn);
}

void arena_verify(struct arena *arena, struct ktest *t)
{
	static char text[1024];		/* bytes; some ten findings */
	struct seq_buffer buffer;

	seq_buffer_init(&buffer, text, sizeof(text));
	if (mm_verify_instance(&arena->mm, &buffer.seq) != 0)
		ktest_fail(t, __FILE__, __LINE__, "invariants are broken:\n%s", text);
}

void arena_fini(struct arena *arena, struct ktest *t)
{
	arena_verify(arena, t);
	if (ledger_check(&arena->mm, t->out) != 0)
		ktest_fail(t, __FILE__, __LINE__, "the arena's ledger is not closed");
	give_back(arena);
}

void arena_abandon(struct arena *arena, struct ktest *t, struct kmem_cache *cache)
{
	memset(cache->fill, 0, sizeof(cache->fill));
	memset(&cache->full, 0, sizeof(cache->full));
	memset(&cache->empty, 0, sizeof(cache->empty));
	cache->nr_slabs = cache->nr_lost = 0;
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	give_back(arena);
}

struct page *arena_take(struct arena *arena, unsigned int order)
{
	return mm_alloc_pages(&arena->mm, GFP_NOWAIT, order, RET_IP);
}

void arena_give(struct arena *arena, struct page *page, unsigned int order)
{
	mm_free_pages(&arena->mm, page, order, PAGE_ALLOCATED, RET_IP);
}

uint64_t arena_pfn(const struct arena *arena, const struct page *page)
{
	return (uint64_t)(page - arena->mm.pages);
}

void zone_expect_free(struct ktest *t, const char *file, int line, const struct zone *zone,
		      const uint64_t want[MAX_ORDER])
{
	uint64_t pages = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		pages += want[order] << order;
		if (zone->free[order].nr != want[order])
			ktest_fail(t, file, line,
				   "%s has %llu free blocks of order %u, expected %llu",
				   zone->name, (unsigned long long)zone->free[order].nr, order,
				   (unsigned long long)want[order]);
	}
	if (zone->nr_free != pages)
		ktest_fail(t, file, line, "%s has %llu free pages, expected %llu", zone->name,
			   (unsigned long long)zone->nr_free, (unsigned long long)pages);
}
