/*
 * Operations, lists of them, and what becomes of a list: for all files of tests/random/. main.c has
 * the theory.
 */
#pragma once

#include "mm/internal.h"

#define MAX_CPUS	4U
#define NR_SLOTS	512U		/* of a CPU: what it can hold */
#define NR_MAILBOXES	16U
#define NR_CACHES	12U		/* that a CPU sees, */
#define NR_SHARED	6U		/* of which the first are everybody's */
#define MAX_BULK	32U
#define CTOR_BYTES	64U		/* what a constructor fills, */
#define CTOR_BYTE	0x5a		/* and with what */

enum op_kind {
	OP_PAGES,		/* alloc_pages(): size is the order */
	OP_PAGES_EXACT,
	OP_PAGES_BULK,		/* size pages into as many slots */
	OP_KMALLOC,
	OP_KREALLOC,
	OP_CACHE,		/* kmem_cache_alloc() */
	OP_CACHE_BULK,		/* size objects into as many slots */
	OP_FREE,		/* whatever the slot holds, by its own function */
	OP_KFREE,		/* an object of a cache, by kfree() */
	OP_FREE_BULK,		/* the cache's objects in size slots */
	OP_CREATE,
	OP_DESTROY,		/* after what is left in the cache is freed */
	OP_SHRINK,
	OP_MIN_EMPTY,		/* size slabs */
	OP_DRAIN_LOCAL,
	OP_DRAIN_ALL,
	OP_DRAIN_CACHES,
	OP_POST,		/* change the slot with mailbox size */
	OP_REPORT,		/* one of the dumps, number size */
	OP_CHECK,		/* all invariants, all counters; alone only */
	OP_BUG_TWICE,		/* free it, and again */
	OP_BUG_CACHE,		/* free it to another cache */
	OP_BUG_INSIDE,		/* free an address inside */
	OP_BUG_ORDER,		/* free pages with another order */
	OP_BUG_REQUEST,		/* an order or a flag that there is not */
	OP_BUG_RESERVED,	/* free what was never handed out */
	OP_BUG_LIVE,		/* destroy a cache that has objects out */
	NR_OPS,
};

/* One step. It can be left out, or stand where the slot is not as it was meant to be: then it is
 * skipped. */
struct op {
	uint8_t kind;			/* enum op_kind */
	uint8_t cpu;
	uint8_t cache;
	uint16_t slot;
	uint32_t size;
	gfp_t gfp;
};

struct list {
	struct op *ops;
	size_t nr;
	unsigned int nr_cpus;
	uint64_t seed;
};

/* What went wrong; a shrunk list must fail for the same reason. */
enum why {
	WHY_NONE,
	WHY_OVERLAP,			/* memory that is somebody's was handed out */
	WHY_PLACE,			/* alignment, zone, size */
	WHY_CONTENT,			/* a pattern, zeroes, a constructor's work */
	WHY_BUG,			/* a report too much or too few */
	WHY_REFUSED,			/* NULL although there was memory */
	WHY_WATERMARK,
	WHY_COUNTERS,			/* the model and a dump do not agree */
	WHY_VERIFY,
	WHY_LEAK,
	WHY_DIED,			/* a signal, a sanitizer, a panic: code is in @died */
	WHY_HUNG,
};

enum done { DONE_SKIPPED, DONE, DONE_REFUSED };

/* What became of an operation: and of a misuse, which reports were due. */
struct result {
	uint8_t done;			/* enum done */
	uint8_t bug;			/* enum mm_bug_kind */
	uint16_t nr_bugs;
};

/* Shared with the process that runs the list. */
struct outcome {
	uint32_t why;			/* enum why */
	uint32_t died;			/* wait status */
	uint32_t at[MAX_CPUS];		/* index of the operation under way */
	uint64_t executed;		/* operations that were not skipped */
	uint64_t refused;		/* requests that ended in NULL */
	uint64_t misused;		/* reports that were provoked */
	char text[400];
	struct result result[];		/* by index */
};

/** generate() - @nr operations of each of @nr_cpus CPUs, a function of @seed alone. */
struct list generate(uint64_t seed, unsigned int nr_cpus, size_t nr);

static inline uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ULL;	/* splitmix64 */

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* A fault of this program's own: operations of this kind damage what they leave in their slot, or
 * fail if that is nothing. Such a list must be shrunk and printed. NR_OPS: none. */
extern unsigned int planted;

/** execute() - run the list in this process, from setting up to the last check; then exit. */
_Noreturn void execute(const struct list *list, struct outcome *outcome);

/** run_list() - in a process of its own. Return: why it failed; @loud: with what it prints. */
enum why run_list(const struct list *list, struct outcome *outcome, bool loud);

/** outcome_new() - for lists of up to @nr operations. */
struct outcome *outcome_new(size_t nr);

/** shrink() - make @list, which failed as @outcome says, as short as it can be in @seconds.
 *  Return: times that it was run. */
unsigned int shrink(struct list *list, struct outcome *outcome, unsigned int seconds);

/** emit() - print @list as a test. @outcome: of its last run. */
void emit(const struct list *list, const struct outcome *outcome);
