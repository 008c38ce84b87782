/*
 * From a sealed memory map to a memory manager, once at boot.
 */
#pragma once

#include <mm/memmap.h>

/**
 * mm_init() - zones, page array, buddy lists, caches.
 * @map: sealed; it stays alive, because reports print it and early memory is given back from it.
 *
 * Context: once, one CPU. The cost follows the number of ranges in @map, not the amount of RAM.
 * Return: 0; -ENOMEM when the machine has too little memory for the page array (said).
 */
__must_check int mm_init(struct memmap *map);

/**
 * mm_release_boot() - give the boot information, the command line and ACPI-reclaimable memory
 * to the allocator.
 * After it no pointer into them may be used. Return: bytes given.
 */
uint64_t mm_release_boot(void);

/** mm_map() - the map that mm_init() was given; for reports. */
const struct memmap *mm_map(void);
