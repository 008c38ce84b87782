/*
 * Page allocators over memory of the searches' own.
 */
#pragma once

#include "mm/internal.h"

#define MEMORY_BASE_PFN		MAX_ORDER_NR_PAGES	/* where the lowest block begins */
#define MEMORY_MAX_RANGES	64U

/* RAM, in pages from MEMORY_BASE_PFN on. @taken: reserved for good. */
struct memory_range {
	uint64_t start, end;
	bool taken;
};

/* @map: what @mm was made of. Descriptors begin at @pages, RAM at @ram, both for @base .. @end. */
struct memory {
	struct mm *mm;
	struct memmap map;
	uint64_t tables[MEMMAP_BYTES(MEMORY_MAX_RANGES, MEMORY_MAX_RANGES) / sizeof(uint64_t) + 1];
	struct page *pages;
	char *ram;
	uint64_t end_pfn;
	uint64_t map_pfn;		/* a page above all others, taken by the block map */
};

/**
 * memory_open() - @mm becomes an allocator over @ranges (ascending, not adjoining), with watermarks
 * 0. kernel_mm: the port's page array and direct map become these. A failure ends the program.
 */
void memory_open(struct memory *memory, struct mm *mm, const struct memory_range *ranges,
		 unsigned int nr);
void memory_close(struct memory *memory);

/** memory_no_page_lists() - no zone of kernel_mm has lists of CPUs. */
void memory_no_page_lists(void);

/** memory_verify() - ends the search with what mm_verify_instance() says, if it says anything. */
void memory_verify(struct memory *memory);

/** memory_nr_bugs() - reports of callers' bugs of all kinds. */
unsigned int memory_nr_bugs(void);
