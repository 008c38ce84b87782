/*
 * Benchmarks of allocators in a process. A workload is a function that does its operations once and
 * nothing else: the harness takes the time around it, and callgrind counts the instructions inside
 * it by its name, timed_ROW.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NR_BATCH	10000U		/* objects or pages of a batch */
#define NR_PAIRS	10000U		/* pairs of a hot row */
#define NR_STEPS	100000U		/* turns of the mixed rows */
#define NR_SLOTS	10000U		/* live objects of the mixed row */
#define NR_PAGE_SLOTS	512U		/* live blocks of the mixed orders */

/* What the workloads work on; memory from mmap(), so that no allocator under test holds it. */
struct tables {
	void *objects[NR_BATCH];
	uint32_t order[NR_BATCH];	/* a permutation */
	uint32_t slot[NR_STEPS];
	uint32_t size[NR_STEPS];	/* bytes, 8 .. 4096, spread evenly over their logarithm */
	uint8_t page_order[NR_STEPS];	/* 0 .. 9, each half as likely as the one before */
};

/*
 * @row:     as in the tables
 * @prepare: NULL, or what comes before the first run
 * @timed:   one run of @nr operations
 */
struct workload {
	const char *row;
	void (*prepare)(struct tables *t);
	void (*timed)(struct tables *t);
	unsigned int nr;
};

/* Workloads of one group run in turn, so that one frees what another took. */
struct group {
	const struct workload *workloads;
	unsigned int nr;
	void (*finish)(struct tables *t);
};

extern const struct group object_groups[];
extern const unsigned int nr_object_groups;

extern const struct group page_groups[];	/* empty where the allocator has no pages */
extern const unsigned int nr_page_groups;

/** log_uniform() - a size of 8 .. 4096 bytes for a random number. */
uint32_t log_uniform(uint64_t random);

/** next_random() - xorshift64, the same numbers each time. */
uint64_t next_random(void);
