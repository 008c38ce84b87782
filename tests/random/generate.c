/*
 * A list of operations from a seed.
 *
 * A list is made before it is run, so that any part of it can be run again. The generator only
 * guesses which slots are taken: as if every request succeeded. Lists consist of stretches, each
 * with a mood: mostly objects, mostly pages, filling all memory, or emptying it.
 */
#include <stdlib.h>

#include "model.h"

#define MOOD_OPS	2000U		/* operations between two changes of mood */
#define LIST_SALT	0xa0761d6478bd642fULL	/* odd: CPUs of one seed get streams of their own */

enum mood { MOOD_OBJECTS, MOOD_PAGES, MOOD_FILL, MOOD_EMPTY, NR_MOODS };

struct guess {
	uint64_t random;
	enum mood mood;
	bool alone;			/* the list has one CPU */
	uint8_t held[NR_SLOTS];		/* enum slot_kind */
	uint8_t cache[NR_SLOTS];
	bool has_cache[NR_CACHES];
};

static uint32_t below(struct guess *g, uint32_t limit)
{
	return (uint32_t)(next_random(&g->random) % limit);
}

/* 1 .. 2^@bits, every doubling as likely as any other. */
static uint32_t log_uniform(struct guess *g, unsigned int bits)
{
	uint32_t log = below(g, bits);

	return (1U << log) + below(g, 1U << log) + 1;
}

static gfp_t random_gfp(struct guess *g)
{
	static const gfp_t how[] = {
		GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT,
	};
	static const gfp_t where[] = { 0, 0, 0, 0, 0, 0, __GFP_DMA, __GFP_DMA32 };
	gfp_t gfp = how[below(g, ARRAY_SIZE(how))] | where[below(g, ARRAY_SIZE(where))];

	if (below(g, 8) == 0)
		gfp |= __GFP_ZERO;
	if (below(g, 16) == 0 || (g->mood == MOOD_FILL && below(g, 2)))
		gfp |= __GFP_NORETRY;
	return gfp | __GFP_NOWARN;
}

/* Small ones often; to fill memory, large ones too, so that small ones then find little. */
static uint32_t random_order(struct guess *g)
{
	uint32_t bits = below(g, 1U << (MAX_ORDER - 1));

	if (g->mood == MOOD_FILL)
		return below(g, 2) ? below(g, 4) : MAX_ORDER - 1 - below(g, 4);
	return bits ? (uint32_t)__builtin_ctz(bits) : MAX_ORDER - 1;
}

static uint8_t random_cache(struct guess *g)
{
	return (uint8_t)below(g, NR_CACHES);
}

static bool are_empty(const struct guess *g, unsigned int slot, unsigned int nr)
{
	for (unsigned int i = slot; i < slot + nr; i++) {
		if (g->held[i])
			return false;
	}
	return true;
}

static void hold(struct guess *g, const struct op *op, unsigned int nr, enum slot_kind kind)
{
	for (unsigned int i = op->slot; i < op->slot + nr; i++) {
		g->held[i] = (uint8_t)kind;
		g->cache[i] = op->cache;
	}
}

/* Something into an empty slot. */
static void new_pages(struct guess *g, struct op *op)
{
	uint32_t dice = below(g, 10), nr = 1 + below(g, MAX_BULK);

	if (dice < 7) {
		op->kind = OP_PAGES;
		op->size = random_order(g);
		hold(g, op, 1, SLOT_PAGES);
	} else if (dice < 9) {
		op->kind = OP_PAGES_EXACT;
		op->size = log_uniform(g, g->mood == MOOD_FILL ? 22 : 17);
		hold(g, op, 1, SLOT_EXACT);
	} else if (op->slot + nr <= NR_SLOTS && are_empty(g, op->slot, nr)) {
		op->kind = OP_PAGES_BULK;
		op->size = nr;
		hold(g, op, nr, SLOT_PAGES);
	}
}

static void new_object(struct guess *g, struct op *op)
{
	uint32_t dice = below(g, 20), nr = 1 + below(g, MAX_BULK);

	if (dice < 11) {
		op->kind = OP_KMALLOC;
		op->size = below(g, 50) ? log_uniform(g, 14) : log_uniform(g, 22);
		hold(g, op, 1, SLOT_KMALLOC);
		return;
	}
	op->cache = random_cache(g);
	if (cache_specs[op->cache].has_ctor)
		op->gfp &= ~__GFP_ZERO;
	if (dice < 18) {
		op->kind = OP_CACHE;
		hold(g, op, 1, SLOT_CACHE);
	} else if (op->slot + nr <= NR_SLOTS && are_empty(g, op->slot, nr)) {
		op->kind = OP_CACHE_BULK;
		op->size = nr;
		hold(g, op, nr, SLOT_CACHE);
	}
}

/* What can be done with a slot that is taken. */
static void old_memory(struct guess *g, struct op *op)
{
	static const uint8_t bugs[] = {
		OP_BUG_TWICE, OP_BUG_CACHE, OP_BUG_INSIDE, OP_BUG_ORDER,
	};
	uint32_t dice = below(g, 100);

	op->kind = OP_FREE;
	op->cache = g->cache[op->slot];
	if (dice < 3) {
		op->kind = bugs[below(g, ARRAY_SIZE(bugs))];
		op->cache = op->kind == OP_BUG_CACHE ? random_cache(g) : op->cache;
		op->size = below(g, 4096);
		if (op->kind != OP_BUG_TWICE)
			return;
	} else if (dice < 20 && g->held[op->slot] == SLOT_KMALLOC) {
		op->kind = OP_KREALLOC;
		op->size = log_uniform(g, 14);
		op->gfp &= ~__GFP_ZERO;
		return;
	} else if (dice < 10 && g->held[op->slot] == SLOT_CACHE) {
		op->kind = OP_KFREE;
	} else if (dice < 25 && g->held[op->slot] == SLOT_CACHE) {
		op->kind = OP_FREE_BULK;
		op->size = 1 + below(g, MAX_BULK);
		if (op->slot + op->size > NR_SLOTS)
			op->size = NR_SLOTS - op->slot;
		for (unsigned int i = op->slot; i < op->slot + op->size; i++) {
			if (g->held[i] == SLOT_CACHE && g->cache[i] == op->cache)
				g->held[i] = SLOT_EMPTY;
		}
		return;
	} else if (dice < 30 && !g->alone) {
		op->kind = OP_POST;
		op->size = below(g, NR_MAILBOXES);
	}
	g->held[op->slot] = SLOT_EMPTY;
}

/* Now and then something that concerns more than one slot. */
static void rare(struct guess *g, struct op *op)
{
	static const uint8_t kinds[] = {
		OP_SHRINK, OP_SHRINK, OP_MIN_EMPTY, OP_MIN_EMPTY, OP_DRAIN_LOCAL, OP_DRAIN_LOCAL,
		OP_DRAIN_ALL, OP_DRAIN_CACHES, OP_CREATE, OP_CREATE, OP_CREATE, OP_DESTROY,
		OP_REPORT, OP_BUG_REQUEST, OP_BUG_REQUEST, OP_BUG_RESERVED, OP_BUG_LIVE,
	};

	op->kind = kinds[below(g, ARRAY_SIZE(kinds))];
	op->cache = random_cache(g);
	op->size = op->kind == OP_MIN_EMPTY ? below(g, 5) : below(g, 4096);
	if (op->kind != OP_DESTROY && op->kind != OP_BUG_LIVE)
		return;
	if (!g->alone && op->cache < NR_SHARED)
		op->cache = (uint8_t)(NR_SHARED + op->cache % (NR_CACHES - NR_SHARED));
	if (op->kind != OP_DESTROY)
		return;
	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		if (g->held[i] == SLOT_CACHE && g->cache[i] == op->cache)
			g->held[i] = SLOT_EMPTY;
	}
}

static void next_op(struct guess *g, struct op *op)
{
	/* In 100: how often a slot that is taken is left alone, how often new things are pages. */
	static const uint8_t keep[NR_MOODS] = { 10, 10, 85, 0 };
	static const uint8_t pages[NR_MOODS] = { 10, 80, 70, 10 };

	op->kind = NR_OPS;
	while (op->kind == NR_OPS) {
		op->slot = (uint16_t)below(g, NR_SLOTS);
		op->cache = 0;
		op->size = 0;
		op->gfp = random_gfp(g);
		if (below(g, 200) == 0)
			rare(g, op);
		else if (g->held[op->slot] && below(g, 100) >= keep[g->mood])
			old_memory(g, op);
		else if (g->held[op->slot] || (g->mood == MOOD_EMPTY && below(g, 4)))
			continue;
		else if (below(g, 100) < pages[g->mood])
			new_pages(g, op);
		else
			new_object(g, op);
	}
}

struct list generate(uint64_t seed, unsigned int nr_cpus, size_t nr)
{
	struct list list = { .nr = nr * nr_cpus, .nr_cpus = nr_cpus, .seed = seed };
	struct guess *g = calloc(nr_cpus, sizeof(*g));

	list.ops = calloc(list.nr, sizeof(*list.ops));
	if (!g || !list.ops)
		abort();
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		g[cpu].random = seed + cpu * LIST_SALT;
		g[cpu].alone = nr_cpus == 1;
	}
	for (size_t i = 0; i < list.nr; i++) {
		unsigned int cpu = (unsigned int)(i % nr_cpus);

		if (i / nr_cpus % MOOD_OPS == 0)
			g[cpu].mood = (enum mood)below(&g[cpu], NR_MOODS);
		next_op(&g[cpu], &list.ops[i]);
		list.ops[i].cpu = (uint8_t)cpu;
		if (nr_cpus == 1 && i % 10000 == 9999)
			list.ops[i] = (struct op){ .kind = OP_CHECK };
	}
	free(g);
	return list;
}
