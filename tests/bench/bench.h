/*
 * Benchmarks inside the booted kernel: what one operation costs, in ticks of port_ticks(). Under
 * QEMU's -icount shift=0 a tick is one instruction. docs/benchmarks.md says how to read the
 * figures.
 *
 * A case is a function that does its operations under BENCH_OP(). It runs up to three times: to
 * warm up, to be timed, and in single steps, which count the locked instructions and those that
 * touch the interrupt flag.
 */
#pragma once

#include <kernel/linkset.h>
#include <kernel/port.h>
#include <kernel/print.h>

#include "tests/bench/step.h"

#define BENCH_BATCH	10000U		/* objects or pages of the batch cases */
#define BENCH_PAIRS	1000U		/* turns of the cases that give back at once */
#define BENCH_PARTS	2		/* operations that a case tells apart: take and give */

/* In which order a batch is given back. */
enum bench_order { BENCH_FIFO, BENCH_LIFO, BENCH_RANDOM };

/* One kind of operation. */
struct bench_part {
	uint64_t nr, ticks, max;	/* the timed pass, what the timing itself takes included */
	bool whole;			/* timed as a whole: no single operation is known */
	uint64_t last, max_before;	/* the newest operation, for bench_drop() */
	uint32_t *histogram;		/* operations by their ticks */
	uint64_t nr_stepped;
	struct step_counts steps;	/* sums over the stepped operations */
};

struct bench {
	struct bench_part part[BENCH_PARTS];
	bool stepping;
	unsigned int n;			/* operations to do */
	uintptr_t arg;			/* the case's */
	const char *none;		/* why there is no figure here; NULL: there is one */
	const char *error;		/* what went wrong; NULL: nothing */
	void **objects;			/* room for BENCH_BATCH */
	uint32_t *order;		/* the same */
};

/*
 * @part: what is appended to @name for each part's figure; NULL: the case does not have it
 * @n:    operations to do; @per: things that one of them handles, by which the figures are divided
 * @cold: without the pass that warms up
 */
struct bench_case {
	const char *name;
	const char *part[BENCH_PARTS];
	unsigned int n, per;
	bool cold;
	uintptr_t arg;
	void (*run)(struct bench *b);
};

/* @done: NULL, or gives back at the end what the cases keep between their passes. */
struct bench_table {
	const struct bench_case *cases;
	size_t nr;
	void (*done)(void);
};

LINKSET_DECLARE(struct bench_table, bench);

#define BENCH_TABLE(name, array, end)                                                              \
	static const struct bench_table name##_table = { (array), ARRAY_SIZE(array), (end) };      \
	LINKSET_ADD(bench, name##_table)

/* Do one operation, the statements after @index, which names the part that it belongs to. */
#define BENCH_OP(b, index, ...)                                                                    \
	do {                                                                                       \
		if (unlikely((b)->stepping)) {                                                     \
			step_begin();                                                              \
			__VA_ARGS__;                                                               \
			step_end();                                                                \
			bench_note_steps((b), (index));                                            \
		} else {                                                                           \
			uint64_t start_ = port_ticks();                                            \
			__VA_ARGS__;                                                               \
			bench_note((b), (index), port_ticks() - start_);                           \
		}                                                                                  \
	} while (0)

/** bench_note(), bench_note_steps() - what BENCH_OP() has measured. */
void bench_note(struct bench *b, unsigned int index, uint64_t ticks);
void bench_note_steps(struct bench *b, unsigned int index);

/** bench_note_whole() - @nr operations took @ticks in all; nothing but their mean will be known. */
void bench_note_whole(struct bench *b, unsigned int index, uint64_t nr, uint64_t ticks);

/** bench_drop() - the newest operation of this part has failed and does not count. */
void bench_drop(struct bench *b, unsigned int index);

/** bench_shuffle() - put 32-bit numbers into an order that is the same each time. */
void bench_shuffle(uint32_t *numbers, size_t nr);

/** bench_set_order() - fill @b->order with 0 .. @nr-1 as @order says; @nr <= BENCH_BATCH. */
void bench_set_order(struct bench *b, enum bench_order order, unsigned int nr);
