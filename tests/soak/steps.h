/*
 * What the soak does next. Drawn here, done by soak.c and by tests/suites/fault_trace_test.c, which
 * does the first steps of one seed again and lets each of their requests fail.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SOAK_MAX_ORDER	4U		/* of pages: below it */
#define SOAK_MAX_SIZE	20000U		/* bytes: beyond the largest cache of kmalloc */
#define SOAK_MAX_MOVED	2000U		/* bytes, by krealloc */
#define SOAK_CACHE_SIZE	200U		/* bytes of an object of the soak's own cache */
#define SOAK_MAILBOXES	64U
#define SOAK_GOLDEN	0x9e3779b97f4a7c15ULL	/* 2^64 / golden ratio */

/* What lies in a slot. */
enum soak_kind { SOAK_NOTHING, SOAK_PAGES, SOAK_KMALLOC, SOAK_OBJECT };

enum soak_op { SOAK_TAKE, SOAK_MOVE, SOAK_LETTER, SOAK_GIVE };

/*
 * struct soak_step - one thing done to a slot.
 * @kind, @order, @atomic: of SOAK_TAKE; GFP_ATOMIC, else GFP_KERNEL
 * @size:    bytes, of SOAK_TAKE and SOAK_MOVE
 * @mailbox: of SOAK_LETTER
 */
struct soak_step {
	enum soak_op op;
	enum soak_kind kind;
	uint32_t size;
	uint8_t order;
	uint8_t mailbox;
	bool atomic;
};

/* The state of owner @nr of the soak with @seed: two for each CPU, its thread and its ticks. */
static inline uint64_t soak_random(uint64_t seed, unsigned int nr)
{
	return (seed + nr) * SOAK_GOLDEN | 1;
}

static inline uint32_t soak_draw(uint64_t *random, uint32_t below)
{
	/* xorshift64: Marsaglia, 2003 */
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)((*random >> 11) % below);
}

static inline struct soak_step soak_draw_take(uint64_t *random, bool atomic)
{
	struct soak_step step = { .op = SOAK_TAKE, .atomic = atomic };

	step.kind = SOAK_PAGES + (enum soak_kind)soak_draw(random, 3);
	step.size = soak_draw(random, 8) ? 600 : SOAK_MAX_SIZE;
	step.size = 8 + soak_draw(random, step.size);
	step.order = (uint8_t)soak_draw(random, SOAK_MAX_ORDER);
	if (step.kind == SOAK_PAGES)
		step.size = 4096U << step.order;
	else if (step.kind == SOAK_OBJECT)
		step.size = SOAK_CACHE_SIZE;
	return step;
}

/* What happens to a slot in which @held lies. */
static inline struct soak_step soak_draw_step(uint64_t *random, enum soak_kind held)
{
	struct soak_step step = { .op = SOAK_GIVE };

	if (held == SOAK_NOTHING)
		return soak_draw_take(random, soak_draw(random, 4) == 0);
	if (held == SOAK_KMALLOC && soak_draw(random, 4) == 0) {
		step.op = SOAK_MOVE;
		step.size = 8 + soak_draw(random, SOAK_MAX_MOVED);
	} else if (soak_draw(random, 4) == 0) {
		step.op = SOAK_LETTER;
		step.mailbox = (uint8_t)soak_draw(random, SOAK_MAILBOXES);
	}
	return step;
}
