/*
 * What the boot is told: the words of the command line, and the loader's block; and the map that
 * both are put into.
 */
#pragma once

#include <mm/memmap.h>

/* ---- reservations that the boot can do without --------------------------- */

#define NR_RESERVATIONS	256U		/* in the map's table */

/*
 * Of them, what modules and memmap=SIZE$START leave to the boot itself: ACPI's tables and memory
 * (on PCs a handful of stretches that do not touch), page tables, the page array, the CPUs.
 */
#define KEPT_RESERVATIONS	128U

/** may_reserve() - is there room in @map for one that is not the boot's own? */
static inline bool may_reserve(const struct memmap *map)
{
	return map->max_taken - map->nr_taken > KEPT_RESERVATIONS;
}

/* ---- options.c ----------------------------------------------------------- */

struct options {
	const char *test;		/* glob; NULL: no tests */
	char *bench;			/* a line for command_run(); NULL: no benchmarks */
	uint64_t soak;			/* seconds; 0: no soak */
	bool dump;
	bool poweroff;
	bool fail_nth;			/* a request of the boot is to fail */
	bool exactmap;			/* the firmware's map is not used */
	uint64_t mem;			/* bytes; 0: no limit */
};

extern struct options options;

/** options_parse() - the kernel's command line; unknown or wrong words are said and ignored. */
void options_parse(const char *cmdline);

/** options_nr_entries() - how many entries options_add() has for the map. */
uint32_t options_nr_entries(void);

#define OPTIONS_MAX_RANGES	512U	/* of memmap=; more are said and ignored */

/**
 * options_avoid() - call @taken(@ctx, start, end) for each stretch of bytes, perhaps empty, whose
 * memory the words take away: all that memmap= does not call usable, and what lies above mem=.
 */
void options_avoid(void (*taken)(void *ctx, uint64_t start, uint64_t end), void *ctx);

/** options_add() - to a map not yet sealed: mem=, and memmap='s entries and reservations. */
void options_add(struct memmap *map);

/* ---- boot_info.c --------------------------------------------------------- */

/**
 * boot_info_read() - check the block at physical address @paddr, and take the command line and the
 * loader's name out of it. A damaged block is said, and what was sound before the damage is used.
 */
void boot_info_read(uint64_t paddr);

/**
 * boot_info_add() - to boot_info_new_map()'s @map: entries unless exactmap, all that is taken.
 * Return: 0; else what the kernel itself uses could not be reserved (said).
 */
__must_check int boot_info_add(struct memmap *map);

/** boot_info_new_map() - an empty map with room for all entries. */
struct memmap *boot_info_new_map(void);

/** boot_cmdline(), boot_loader() - what the block said; "" when nothing. Valid for ever. */
const char *boot_cmdline(void);
const char *boot_loader(void);
