/*
 * The arena of the hosted library.
 *
 * Two mappings: the arena, whose offsets are physical addresses, and the page array. Both are
 * reserved with MAP_NORESERVE, so that a page costs memory when it is first touched and not before;
 * a map of 16 TiB costs address space. Only what the sealed map calls RAM becomes readable, and the
 * descriptors of that: a stray access to a hole is a fault, as it would be on a machine.
 */
#include <sys/mman.h>

#include <hosted/quire.h>
#include <kernel/errno.h>
#include <mm/mm.h>
#include <port/layout.h>

#define MIN_ARENA	(1UL << 20)	/* bytes; quire.h's promise */
#define MAX_ARENA	(MAX_PFN << PAGE_SHIFT)		/* bytes */
#define ARENA_ALIGN	(PAGE_SIZE * MAX_ORDER_NR_PAGES)	/* bytes: for blocks in memory */
#define NR_RAW		1U		/* quire_init()'s own map: one entry, */
#define NR_TAKEN	64U		/* and early_alloc()'s reservations: one a stretch of RAM */

uintptr_t hosted_direct_map;
uintptr_t hosted_page_array;

static bool started;

/* Address space without access, aligned. NULL when there is not so much. */
static char *reserve_space(uint64_t bytes)
{
	char *base = mmap(NULL, bytes + ARENA_ALIGN, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *aligned;

	if (base == MAP_FAILED)
		return NULL;
	aligned = (char *)align_up((uintptr_t)base, ARENA_ALIGN);
	if (aligned != base)
		munmap(base, (size_t)(aligned - base));
	if (aligned != base + ARENA_ALIGN)
		munmap(aligned + bytes, (size_t)(base + ARENA_ALIGN - aligned));
	return aligned;
}

static uint64_t end_of_ram(const struct memmap *map)
{
	uint64_t start, end = 0;

	while (memmap_next_ram(map, end, &start, &end))
		;
	return end;
}

static int open_ram(const struct memmap *map, char *arena)
{
	uint64_t start, end = 0;

	while (memmap_next_ram(map, end, &start, &end))
		if (mprotect(arena + start, end - start, PROT_READ | PROT_WRITE) != 0)
			return -ENOMEM;
	return 0;
}

int quire_init_map(struct memmap *map)
{
	uint64_t arena_bytes, array_bytes;
	char *arena, *array;
	int err;

	if (started)
		return -EBUSY;
	err = memmap_reserve(map, 0, PAGE_SIZE, MEMMAP_OWNER_FIRMWARE);
	if (err == 0)
		err = memmap_seal(map);
	if (err != 0)
		return err;

	arena_bytes = align_up(end_of_ram(map), ARENA_ALIGN);
	array_bytes = (arena_bytes >> PAGE_SHIFT) * sizeof(struct page);
	arena = reserve_space(arena_bytes);
	array = reserve_space(array_bytes);
	if (arena == NULL || array == NULL || open_ram(map, arena) != 0) {
		if (arena != NULL)
			munmap(arena, arena_bytes);
		if (array != NULL)
			munmap(array, array_bytes);
		return -ENOMEM;
	}
	hosted_direct_map = (uintptr_t)arena;
	hosted_page_array = (uintptr_t)array;
	started = true;
	return mm_init(map);
}

int quire_init(size_t bytes)
{
	static struct memmap map;	/* reports print it as long as the process lives */
	size_t storage_bytes = memmap_bytes(NR_RAW, NR_TAKEN);
	void *storage;
	int err;

	if (started)
		return -EBUSY;
	if (bytes < MIN_ARENA || bytes > MAX_ARENA)
		return -EINVAL;
	storage = mmap(NULL, storage_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (storage == MAP_FAILED)
		return -ENOMEM;
	memmap_init(&map, storage, NR_RAW, NR_TAKEN, MAX_ARENA);
	err = memmap_add(&map, 0, align_down(bytes, PAGE_SIZE), MEMMAP_USABLE);
	return err != 0 ? err : quire_init_map(&map);
}
