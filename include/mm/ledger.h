/*
 * Where each byte of the firmware's memory map is.
 *
 * The ledger is closed: its rows are counted each from the structure that knows it, and must add up
 * to what the map names. A page or object that nothing holds any more is in no row, and one that
 * two things hold is in two, so that either is a difference. mm/ledger.c says how rows are counted,
 * and what cannot be known.
 */
#pragma once

#include <kernel/print.h>
#include <mm/memmap.h>

struct mm;

#define LEDGER_NR_ZONES	3U		/* DMA, DMA32, Normal */

/** enum ledger_row - bytes, all of them. RAM is what the firmware calls usable or ACPI data. */
enum ledger_row {
	LEDGER_RESERVED,		/* no RAM: the firmware's entries of other types */
	LEDGER_NVS,
	LEDGER_BAD,
	LEDGER_BEYOND,			/* RAM that the CPU cannot address */
	LEDGER_ABOVE,			/* RAM at or above mem= */
	LEDGER_PARTS,			/* RAM in pages that are not RAM from end to end */
	LEDGER_TAKEN,			/* + enum memmap_owner: reserved since boot, for whom */
	LEDGER_FREE = LEDGER_TAKEN + MEMMAP_NR_OWNERS,	/* + zone * MAX_ORDER + order: free lists */
	LEDGER_CPU = LEDGER_FREE + LEDGER_NR_ZONES * MAX_ORDER,	/* + zone: CPUs' page lists */
	LEDGER_PAGES = LEDGER_CPU + LEDGER_NR_ZONES,	/* handed out by alloc_pages() */
	LEDGER_LARGE,			/* kmalloc above its classes: what was asked for */
	LEDGER_LARGE_ROUNDING,		/* and the rest of those blocks */
	LEDGER_LIVE,			/* objects that callers hold; no slack, see ROUNDING */
	LEDGER_CLASS_ROUNDING,		/* of these what was not asked for: kmalloc_note_sizes() */
	LEDGER_CACHES,			/* descriptors of caches: objects, too */
	LEDGER_SHEAVES,			/* arrays for free objects: likewise */
	LEDGER_IN_SLABS,		/* free objects on their slabs' lists */
	LEDGER_ON_CPUS,			/* free objects in CPUs' sheaves */
	LEDGER_IN_BARNS,		/* free objects in full sheaves for any CPU */
	LEDGER_LOST,			/* objects written off after damage */
	LEDGER_ROUNDING,		/* between the size of objects and their distance */
	LEDGER_WORDS,			/* free words that lie outside of their objects */
	LEDGER_TAILS,			/* of slabs, behind the last object */
	LEDGER_NR_ROWS
};

#define LEDGER_MAX_DRIFTS	8U
#define LEDGER_NAME_BYTES	32U	/* as many as a cache's name has, with the NUL */

/** struct ledger_drift - a counter that does not say what was counted. */
struct ledger_drift {
	char where[LEDGER_NAME_BYTES];	/* zone or cache, which may be gone by now: a copy */
	const char *what;
	uint64_t counter, counted;
};

/**
 * struct ledger - one reading.
 * @total:       bytes that the map's entries name, each once; modulo 2^64
 * @ram:         of these the RAM
 * @row:         see enum ledger_row
 * @class_slack: bytes that kmalloc's live objects may have beyond what was asked for, at most; they
 *               are in LEDGER_LIVE. 0 when sizes are noted: then LEDGER_CLASS_ROUNDING has them
 * @nr_drifts:   all, those without room included
 */
struct ledger {
	uint64_t total;
	uint64_t ram;
	uint64_t row[LEDGER_NR_ROWS];
	uint64_t class_slack;
	unsigned int nr_drifts;
	struct ledger_drift drift[LEDGER_MAX_DRIFTS];
};

/**
 * ledger_take() - count everything of @mm.
 *
 * Context: no lock of mm/internal.h's table held. Exact while no other CPU allocates or frees.
 */
void ledger_take(struct mm *mm, struct ledger *ledger);

/** ledger_sum() - of all rows. */
uint64_t ledger_sum(const struct ledger *ledger);

/**
 * ledger_check() - take one; the sum must be the total, and counters must say what was counted.
 * @out: what is wrong is said there. Return: how many things are; 0 is good.
 */
unsigned int ledger_check(struct mm *mm, struct seq *out);
