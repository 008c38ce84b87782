/*
 * The physical memory map: what the firmware said, what of it can be used, and who has already
 * taken what.
 *
 * boot/ feeds it and seals it; mm_init() carves zones from it. Pure: it touches no memory but its
 * own tables, so the same code replays any machine's map on the host.
 *
 *     memmap_init memmap_add* memmap_limit? memmap_reserve* memmap_seal [early_alloc*] mm_init
 */
#pragma once

#include <kernel/print.h>
#include <mm/types.h>

/*
 * Numbered as in ACPI's address range types and multiboot2 (ACPI 6.4, table 15.4). Any other number
 * means reserved.
 */
enum memmap_type {
	MEMMAP_USABLE = 1,
	MEMMAP_RESERVED = 2,
	MEMMAP_ACPI = 3,		/* ACPI tables: usable once they have been read */
	MEMMAP_NVS = 4,			/* ACPI non-volatile storage: never */
	MEMMAP_BAD = 5,
};

/** struct memmap_entry - as the firmware gave it. */
struct memmap_entry {
	uint64_t base;			/* bytes */
	uint64_t length;		/* bytes */
	uint32_t type;
};

/** struct memmap_range - [start, end) in bytes; once sealed sorted, disjoint and page-aligned. */
struct memmap_range {
	uint64_t start;
	uint64_t end;
	uint32_t type;			/* enum memmap_type */
};

/** enum memmap_owner - why a range is reserved. Where two overlap, the larger keeps the page. */
enum memmap_owner {
	MEMMAP_OWNER_NONE,
	MEMMAP_OWNER_BOOT_INFO,		/* given back by mm_release_boot() */
	MEMMAP_OWNER_ACPI,		/* ACPI-reclaimable memory: likewise */
	MEMMAP_OWNER_MODULE,
	MEMMAP_OWNER_EARLY,		/* early_alloc(), and not known what for */
	MEMMAP_OWNER_BLOCK_MAP,		/* of struct mm */
	MEMMAP_OWNER_PAGE_ARRAY,
	MEMMAP_OWNER_PAGE_TABLES,
	MEMMAP_OWNER_CPUS,		/* the other CPUs' areas and stacks */
	MEMMAP_OWNER_USER,		/* memmap=SIZE$START on the command line */
	MEMMAP_OWNER_FIRMWARE,		/* page 0, and ACPI tables that lie in usable memory */
	MEMMAP_OWNER_KERNEL,		/* the image, its bss and boot stack included */
	MEMMAP_NR_OWNERS,
};

struct memmap_reservation {
	uint64_t start;			/* bytes, page-aligned outwards */
	uint64_t end;
	enum memmap_owner owner;
};

/**
 * struct memmap - tables in the caller's memory; see memmap_init().
 * @raw:      entries as they were added, in that order; kept for the printed block
 * @ranges:   the sanitised map, all types; valid after memmap_seal()
 * @taken:    reservations, sorted by start and disjoint at all times
 * @reach:    first physical address that the CPU cannot form, at most 16 TiB; nothing above it is
 *            in @ranges
 * @limit:    first physical address whose memory is not used: @reach or mem=, whichever is lower
 * @dropped:  bytes of usable memory that the seal left out, by rounding and by the limit
 */
struct memmap {
	struct memmap_entry *raw;
	struct memmap_range *ranges;
	struct memmap_reservation *taken;
	uint32_t nr_raw, max_raw;
	uint32_t nr_ranges, max_ranges;
	uint32_t nr_taken, max_taken;
	uint64_t reach;
	uint64_t limit;
	uint64_t dropped;
	uint32_t refused;		/* entries and reservations without room; said */
	bool sealed;
	bool closed;			/* zones own what was free: mm_setup() */
};

/*
 * Entries in the tables of a map for @nr_raw firmware entries. An end of an entry can change the
 * type of one page, the one that it lies in, and a page has two edges: four edges an entry, and two
 * for the limit.
 */
#define MEMMAP_MAX_RANGES(nr_raw)	(4 * (size_t)(nr_raw) + 4)

/* memmap_bytes() for static storage. A changed table of reservations is built in a second one. */
#define MEMMAP_BYTES(nr_raw, nr_taken)                                                             \
	((size_t)(nr_raw) * sizeof(struct memmap_entry) +                                          \
	 MEMMAP_MAX_RANGES(nr_raw) * sizeof(struct memmap_range) +                                 \
	 2 * (size_t)(nr_taken) * sizeof(struct memmap_reservation))

/** memmap_bytes() - what memmap_init() wants for @nr_raw entries and @nr_taken reservations. */
size_t memmap_bytes(uint32_t nr_raw, uint32_t nr_taken);

/**
 * memmap_init() - an empty map over @storage, which must be 8-byte aligned and memmap_bytes() long.
 * @limit: first physical address that the CPU cannot form: 1 << physical address bits. Capped at 16
 *         TiB (MAX_PFN).
 */
void memmap_init(struct memmap *map, void *storage, uint32_t nr_raw, uint32_t nr_taken,
		 uint64_t limit);

/** memmap_add() - one entry of the firmware, whatever it holds. Nothing is judged before the seal.
 *  Return: 0; -ENOSPC when the table is full or the map sealed (said). */
int memmap_add(struct memmap *map, uint64_t base, uint64_t length, uint32_t type);

/**
 * memmap_limit() - lower @limit: memory at and above @limit bytes, rounded down to a page, is not
 * used (mem=). Before the seal. Ranges that are no memory stay in the map up to the CPU's reach.
 */
void memmap_limit(struct memmap *map, uint64_t limit);

/**
 * memmap_reserve() - nothing in [@start, @end) is handed out, RAM or not. Before or after the seal,
 * but before mm_init().
 * Return: 0; -ENOSPC when the table is full (said); -EINVAL for an empty or wrapping range or for
 *         no owner (said); -EBUSY when the zones have the memory already (said).
 */
int memmap_reserve(struct memmap *map, uint64_t start, uint64_t end, enum memmap_owner owner);

/**
 * memmap_seal() - sort, clip, resolve and round: the more restrictive type wins where entries
 * overlap, adjacent ranges of one type merge, usable memory is rounded inwards to pages and the
 * rest outwards. Each entry or part that is dropped is said with its reason. ACPI memory becomes a
 * reservation of MEMMAP_OWNER_ACPI; of it, a page that is not RAM from end to end is kept as
 * MEMMAP_RESERVED, because ACPI memory is handed out later. Sealing twice does nothing.
 * Return: 0; -ENOMEM when no usable page is left (said).
 */
__must_check int memmap_seal(struct memmap *map);

/**
 * memmap_next_free() - the lowest free stretch at or above @from: usable or ACPI memory minus all
 * reservations.
 * Return: false when there is none. To walk: start with from = 0 and go on from *end.
 */
bool memmap_next_free(const struct memmap *map, uint64_t from, uint64_t *start, uint64_t *end);

/**
 * memmap_next_ram() - the same for RAM, free or reserved: usable and ACPI memory, reservations
 * ignored.
 */
bool memmap_next_ram(const struct memmap *map, uint64_t from, uint64_t *start, uint64_t *end);

/*
 * Names as the printed map has them. An unknown type is reserved, as everywhere; an unknown owner
 * is nobody.
 */
const char *memmap_type_name(uint32_t type);
const char *memmap_owner_name(enum memmap_owner owner);

/*
 * Text. The raw block is what tests/maps/ holds: "memmap-v1", one "BASE LENGTH TYPE" a line in hex,
 * "end".
 */
void memmap_print_raw(const struct memmap *map, struct seq *out);
void memmap_print(const struct memmap *map, struct seq *out);	/* ranges, reservations, totals */

/**
 * early_alloc() - memory before there is an allocator: the highest free stretch below @below. After
 * mm_init() there is none: 0.
 * @size, @align: bytes; @align a power of two, at least PAGE_SIZE. @below: bytes, 0 for no limit.
 *
 * The memory is a MEMMAP_OWNER_EARLY reservation for good. Contents undefined.
 * Return: physical address; 0 when nothing fits (page 0 is never handed out).
 */
__must_check uint64_t early_alloc(struct memmap *map, uint64_t size, uint64_t align,
				  uint64_t below);

/** early_alloc_for() - the same in the name of @owner, under which the ledger then lists it. */
__must_check uint64_t early_alloc_for(struct memmap *map, uint64_t size, uint64_t align,
				      uint64_t below, enum memmap_owner owner);
