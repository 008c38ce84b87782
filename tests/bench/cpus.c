/*
 * Benchmarks of several CPUs: the same work on each of them at once, and objects that change CPUs.
 *
 * Under -icount the emulator runs one CPU at a time, and the time stamp counter counts the
 * instructions of all. So nothing can be timed on one CPU while others work; but from the moment
 * that all begin to the one when the last has ended, the counter grows by what all of them execute,
 * and that over the operations of all is the price of one. A CPU that has nothing to do halts. The
 * loop around the operations is run alone and taken off.
 *
 * A CPU keeps its turn for milliseconds, in which a pattern would be over before the next CPU
 * begins: the loop pauses every few operations, which hands the turn on.
 */
#include <kernel/percpu.h>
#include <kernel/work.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>

#include "tests/bench/bench.h"

#define MAX_CPUS	4U
#define BATCH		(BENCH_BATCH / MAX_CPUS)	/* of each CPU */
#define TURNS		4U				/* of a batch: later ones are warm */
#define PAIRS		(BATCH * TURNS)
#define PAUSE_EVERY	8U				/* operations */

static const char no_memory[] = "no memory", too_few[] = "too few CPUs";

enum pattern { KMALLOC_PAIR, KMALLOC_BATCH, PAGES_PAIR, PAGES_BATCH };

/* What a case's arg is made of. */
#define ARG(cpus, pattern)	((uintptr_t)(cpus) << 8 | (pattern))
#define ARG_CPUS(arg)		((unsigned int)((arg) >> 8))
#define ARG_PATTERN(arg)	((enum pattern)((arg) & 0xff))

struct together {
	struct bench *b;
	unsigned int nr;		/* CPUs */
	bool empty;			/* the loops alone */
	unsigned int here, left;	/* CPUs that have come to the start; that have not ended */
	unsigned int failed;
	uint64_t start, end;		/* port_ticks() */
};

static void hand_on(unsigned int i)
{
	if (i % PAUSE_EVERY == 0)
		port_relax();
}

/* The compiler does not know whether @empty is set: both runs have the same loops. */
#define PAIR_LOOP(t, type, alloc, give)                                                            \
	for (unsigned int i = 0; i < PAIRS; i++) {                                                 \
		if (!(t)->empty) {                                                                 \
			type *it = alloc;                                                          \
                                                                                                   \
			if (unlikely(!it))                                                         \
				(t)->failed++;                                                     \
			else                                                                       \
				give;                                                              \
		}                                                                                  \
		hand_on(i);                                                                        \
	}

#define BATCH_LOOP(t, mine, type, alloc, give)                                                     \
	for (unsigned int i = 0; i < TURNS * 2 * BATCH; i++) {                                     \
		unsigned int at = i % BATCH;                                                       \
		type *it;                                                                          \
                                                                                                   \
		if (!(t)->empty && i / BATCH % 2 == 0) {                                           \
			it = alloc;                                                                \
			(mine)[at] = it;                                                           \
			if (unlikely(!it))                                                         \
				(t)->failed++;                                                     \
		} else if (!(t)->empty) {                                                          \
			it = (mine)[(t)->b->order[at]];                                            \
			give;                                                                      \
		}                                                                                  \
		hand_on(i);                                                                        \
	}

static void run_pattern(struct together *t, enum pattern pattern, void **mine)
{
	switch (pattern) {
	case KMALLOC_PAIR:
		PAIR_LOOP(t, void, kmalloc(64, GFP_KERNEL), kfree(it));
		break;
	case KMALLOC_BATCH:
		BATCH_LOOP(t, mine, void, kmalloc(64, GFP_KERNEL), kfree(it));
		break;
	case PAGES_PAIR:
		PAIR_LOOP(t, struct page, alloc_pages(GFP_KERNEL, 0), __free_pages(it, 0));
		break;
	case PAGES_BATCH:
		BATCH_LOOP(t, mine, struct page, alloc_pages(GFP_KERNEL, 0), __free_pages(it, 0));
		break;
	}
}

static void run_cpu(unsigned int cpu, void *arg)
{
	struct together *t = arg;

	if (__atomic_add_fetch(&t->here, 1, __ATOMIC_ACQ_REL) == t->nr)
		t->start = port_ticks();
	while (__atomic_load_n(&t->here, __ATOMIC_ACQUIRE) < t->nr)
		port_relax();
	run_pattern(t, ARG_PATTERN(t->b->arg), t->b->objects + (size_t)cpu * BATCH);
	if (__atomic_sub_fetch(&t->left, 1, __ATOMIC_ACQ_REL) == 0)
		t->end = port_ticks();
}

/* Return: ticks from the first operation to the end of the last. */
static uint64_t run_together(struct bench *b, bool empty)
{
	struct together t = { .b = b, .nr = ARG_CPUS(b->arg), .empty = empty };

	t.left = t.nr;
	work_run(t.nr, run_cpu, &t);
	if (t.failed)
		b->error = no_memory;
	return t.end - t.start;
}

static void together(struct bench *b)
{
	unsigned int nr = ARG_CPUS(b->arg);
	uint64_t empty, ticks;

	if (nr > port_nr_cpus())
		b->none = too_few;
	if (b->none || b->stepping)
		return;
	bench_set_order(b, BENCH_RANDOM, BATCH);
	empty = run_together(b, true);
	ticks = run_together(b, false);
	bench_note_whole(b, 0, (uint64_t)nr * PAIRS, ticks > empty ? ticks - empty : 0);
}

/* ---- from one CPU to another --------------------------------------------- */

static void free_all(void *arg)
{
	struct bench *b = arg;

	for (unsigned int i = 0; i < b->n; i++) {
		void *object = b->objects[b->order[i]];

		BENCH_OP(b, 0, kfree(object));
	}
}

/* CPU 0 only waits, and the pauses of its loop fall between turns. */
static void cross_cpu(struct bench *b)
{
	if (port_nr_cpus() < 2) {
		b->none = too_few;
		return;
	}
	for (unsigned int i = 0; i < b->n; i++) {
		b->objects[i] = kmalloc(64, GFP_KERNEL);
		if (!b->objects[i])
			b->error = no_memory;
	}
	bench_set_order(b, BENCH_RANDOM, b->n);
	port_start(1, free_all, b);
	port_join(1);
}

#define TOGETHER(cpus, name, pattern)                                                              \
	{ "cpus" #cpus "_" name, { "", NULL }, PAIRS, 1, false, ARG(cpus, pattern), together }
#define FOR_CPUS(cpus)                                                                             \
	TOGETHER(cpus, "kmalloc_64_pair", KMALLOC_PAIR),                                           \
	TOGETHER(cpus, "kmalloc_64_random", KMALLOC_BATCH),                                        \
	TOGETHER(cpus, "pages_order0_pair", PAGES_PAIR),                                           \
	TOGETHER(cpus, "pages_order0_random", PAGES_BATCH)

static const struct bench_case cpu_cases[] = {
	FOR_CPUS(1),
	FOR_CPUS(2),
	FOR_CPUS(4),
	{ "kmalloc_64_cross_cpu", { "_free", NULL }, BENCH_BATCH, 1, false, 0, cross_cpu },
};
BENCH_TABLE(cpus, cpu_cases, NULL);
