/*
 * The suites in a Linux process: suites [--kmalloc-sizes] [GLOB]. KTAP on standard output; status 0
 * when every case passed. --kmalloc-sizes: the system notes what is asked of kmalloc().
 *
 * The arena is 256 MiB of RAM spread like a PC's, so that all three zones exist: a hole below
 * 1 MiB, memory on both sides of 16 MiB, below 4 GiB, and above.
 */
#include <stdio.h>
#include <stdlib.h>

#include <hosted/quire.h>
#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/slab.h>

#include "tests/suites/closed.h"

#define MIB		(1ULL << 20)
#define NR_RESERVED	64	/* room for what early_alloc() takes */

static const struct memmap_entry ram[] = {
	{ 0x0, 0x9fc00, MEMMAP_USABLE },		/* 639 KiB: ends in a page, as on a PC */
	{ 0x9fc00, 0x60400, MEMMAP_RESERVED },
	{ 1 * MIB, 63 * MIB, MEMMAP_USABLE },		/* DMA up to 16 MiB, DMA32 from there */
	{ 3072 * MIB, 64 * MIB, MEMMAP_USABLE },	/* DMA32 */
	{ 4096 * MIB, 128 * MIB, MEMMAP_USABLE },	/* Normal */
};

int main(int argc, char **argv)
{
	static struct memmap map;
	void *storage = malloc(memmap_bytes(ARRAY_SIZE(ram), NR_RESERVED));
	struct ktest_result result;
	const char *name = argv[0];
	int err = 0;

	if (argc > 1 && strcmp(argv[1], "--kmalloc-sizes") == 0) {
		kmalloc_note_sizes();
		argv++;
		argc--;
	}
	if (argc > 2 || storage == NULL) {
		fprintf(stderr, "usage: %s [--kmalloc-sizes] [GLOB]\n", name);
		return 2;
	}
	memmap_init(&map, storage, ARRAY_SIZE(ram), NR_RESERVED, 8192 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(ram) && err == 0; i++)
		err = memmap_add(&map, ram[i].base, ram[i].length, ram[i].type);
	if (err == 0)
		err = quire_init_map(&map);
	if (err != 0) {
		fprintf(stderr, "%s: no arena: error %d\n", name, err);
		return 2;
	}
	closed_after_each_case();
	result = ktest_run(&seq_console, argc == 2 ? argv[1] : "*");
	free(storage);
	return result.failed != 0 || result.passed == 0;
}
