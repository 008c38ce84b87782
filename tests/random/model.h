/*
 * The model: who holds what. For the files of tests/random/ that run a list.
 */
#pragma once

#include "random.h"

#define NR_KMALLOC_ROWS	3U		/* any memory, DMA, DMA32 */

enum slot_kind { SLOT_EMPTY, SLOT_PAGES, SLOT_EXACT, SLOT_KMALLOC, SLOT_CACHE };

struct slot {
	char *at;
	size_t bytes;			/* as asked for */
	size_t room;			/* SLOT_KMALLOC: what ksize() must say; 0: not known yet */
	uint64_t stamp;			/* what its pattern is made of */
	gfp_t gfp;			/* that it was taken with */
	uint8_t kind;			/* enum slot_kind */
	uint8_t order;
	uint8_t cache;
};

struct cache_spec {
	unsigned int size, align;
	slab_flags_t flags;
	bool has_ctor;
};

extern const struct cache_spec cache_specs[NR_CACHES];

/* One CPU's part of the model. */
struct actor {
	unsigned int cpu;
	uint64_t next_stamp;
	struct kmem_cache *cache[NR_CACHES];	/* shared ones: CPU 0's entries */
	struct slot slot[NR_SLOTS];
};

/* The model. Counts are of what is out, kept by relaxed atomic additions. */
struct model {
	const struct list *list;
	struct outcome *outcome;
	struct actor actor[MAX_CPUS];
	struct slot *mailbox[NR_MAILBOXES];
	int64_t nr_live[MAX_CPUS][NR_CACHES];
	int64_t nr_kmalloc[NR_KMALLOC_ROWS][KMALLOC_NR_CLASSES];
	int64_t nr_whole[MAX_NR_ZONES];		/* pages of blocks of pages */
	unsigned int nr_bugs[MM_NR_BUG_KINDS];	/* provoked */
};

extern struct model model;

/* ---- execute.c ---- */

/** fail() - the first failure is noted, and the process ends. */
__printf(2, 3) _Noreturn void fail(enum why why, const char *fmt, ...);

static inline struct kmem_cache **cache_of(const struct actor *actor, unsigned int index)
{
	struct actor *owner = index < NR_SHARED ? &model.actor[0] : &model.actor[actor->cpu];

	return &owner->cache[index];
}

static inline int64_t *live_of(const struct actor *actor, unsigned int index)
{
	return &model.nr_live[index < NR_SHARED ? 0 : actor->cpu][index];
}

/* ---- holding.c: what somebody holds ---- */

/** take() - @at is new in @slot, whose kind, bytes, order and cache are set: nobody may hold any of
 *  it, it must lie where it was asked for, and it gets a pattern. */
void take(struct actor *actor, struct slot *slot, void *at, gfp_t gfp);

/** let_go() - the pattern must be whole; the memory is nobody's from now on. */
void let_go(struct actor *actor, struct slot *slot);

/** take_in_place() - the same for an object that krealloc() did not move: it keeps its room. */
void take_in_place(struct actor *actor, struct slot *slot);

/** stamp_check() - the pattern of @slot, as far as it lies in its first @bytes. */
void stamp_check(const struct slot *slot, const char *at, size_t bytes);

/** page_is_held() - is any part of page @pfn somebody's? */
bool page_is_held(uint64_t pfn);

/** holding_init() - the shadow of all addresses. Once, before a list is run. */
bool holding_init(void);

/* ---- free.c ---- */

/** free_slot() - give back what it holds, by its own function. */
void free_slot(struct actor *actor, struct slot *slot);

/** give_back() - the call alone: the model has let go. */
void give_back(const struct actor *actor, const struct slot *slot);

/* ---- misuse.c ---- */

/** misuse() - run one of the OP_BUG_ operations. */
enum done misuse(struct actor *actor, const struct op *op, struct slot *slot);

/* ---- check.c ---- */

/** check_all() - invariants, ledger, dumps. While nobody else is at work. */
void check_all(void);

/** check_start() - the state that check_end() wants to see again. */
void check_start(void);
void check_end(void);

/** check_refused() - a request that may reclaim ended in NULL: rightly? */
void check_refused(gfp_t gfp, unsigned int order);

/** reserves_now(), check_reserves() - around a request: did it take more of a zone than it may? */
struct reserves {
	uint64_t nr_free[MAX_NR_ZONES];
};
struct reserves reserves_now(void);
void check_reserves(const struct reserves *before, gfp_t gfp);

/** print_report() - dump number @which into @text. */
void print_report(unsigned int which, char *text, size_t size);
#define NR_REPORTS	6U
