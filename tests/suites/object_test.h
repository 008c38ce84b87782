/*
 * What the suites about caches and kmalloc share: numbers at random, patterns in memory, expected
 * reports, the state of the free lists, and an arena.
 */
#pragma once

#include "arena.h"
#include "mm/internal.h"

#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/report.h>

/* ---- random numbers ------------------------------------------------------ */

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do. */
static inline uint64_t random_u64(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* 0 .. @limit-1 */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return random_u64(state) % limit;
}

/* 1 .. 2^@bits, each doubling as likely as any other: how sizes of requests are spread. */
static inline size_t random_size(uint64_t *state, unsigned int bits)
{
	unsigned int log = (unsigned int)random_below(state, bits);

	return (size_t)((1ULL << log) + random_below(state, 1ULL << log) + 1);
}

/* ---- patterns ------------------------------------------------------------ */

/*
 * @bytes that depend on @seed and on the place, so that neither a neighbour's pattern nor a
 * shifted one fits.
 */
static inline void pattern_fill(void *object, size_t bytes, uint64_t seed)
{
	unsigned char *at = object;

	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

static inline bool pattern_holds(const void *object, size_t bytes, uint64_t seed)
{
	const unsigned char *at = object;

	for (size_t i = 0; i < bytes; i++) {
		if (at[i] != (unsigned char)(seed + i * 7 + (i >> 8)))
			return false;
	}
	return true;
}

static inline bool is_all(const void *object, unsigned char value, size_t bytes)
{
	const unsigned char *at = object;

	for (size_t i = 0; i < bytes; i++) {
		if (at[i] != value)
			return false;
	}
	return true;
}

/* ---- reports of bugs ----------------------------------------------------- */

struct bug_counts {
	unsigned int nr[MM_NR_BUG_KINDS];
};

static inline struct bug_counts bugs_begin(void)
{
	struct bug_counts before;

	mm_bug_quiet(true);
	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		before.nr[kind] = mm_bug_count((enum mm_bug_kind)kind);
	return before;
}

static inline void bugs_end(struct ktest *t, const char *file, int line,
			    const struct bug_counts *before, enum mm_bug_kind expected,
			    unsigned int nr)
{
	mm_bug_quiet(false);
	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++) {
		unsigned int got = mm_bug_count((enum mm_bug_kind)kind) - before->nr[kind];
		unsigned int want = kind == (unsigned int)expected ? nr : 0;

		if (got != want)
			ktest_fail(t, file, line, "%u reports of \"%s\", expected %u", got,
				   mm_bug_name((enum mm_bug_kind)kind), want);
	}
}

/* Run a statement: it must give exactly @count reports of @kind, and none of another kind. */
#define EXPECT_BUGS(t, kind, count, ...)                                                           \
	do {                                                                                       \
		struct bug_counts before_ = bugs_begin();                                          \
		__VA_ARGS__;                                                                       \
		bugs_end((t), __FILE__, __LINE__, &before_, (kind), (count));                      \
	} while (0)

#define EXPECT_NO_BUG(t, ...)		EXPECT_BUGS((t), MM_BUG_BAD_REQUEST, 0, __VA_ARGS__)
#define EXPECT_SOUND(t)			KTEST_EXPECT_EQ((t), mm_verify((t)->out), 0)

/* ---- free lists ---------------------------------------------------------- */

struct free_state {
	uint64_t nr[MAX_NR_ZONES][MAX_ORDER];	/* blocks */
	uint64_t pages;
};

/* All that sheaves and empty slabs hold goes back first: what is left is what callers hold. */
static inline struct free_state free_state_now(void)
{
	struct free_state state;

	caches_drain();
	drain_all_pages();
	caches_drain();
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			state.nr[i][order] = kernel_mm.zone[i].free[order].nr;
	}
	state.pages = nr_free_pages();
	return state;
}

/*
 * Blocks merge as far as they can, so the same pages taken make the same counts, whatever
 * happened between.
 */
static inline void expect_free_state(struct ktest *t, const struct free_state *want)
{
	struct free_state now = free_state_now();

	KTEST_EXPECT_EQ(t, now.pages, want->pages);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		for (unsigned int order = 0; order < MAX_ORDER; order++) {
			if (now.nr[i][order] != want->nr[i][order])
				ktest_fail(t, __FILE__, __LINE__,
					   "zone %s, order %u: %llu blocks, expected %llu",
					   kernel_mm.zone[i].name, order,
					   (unsigned long long)now.nr[i][order],
					   (unsigned long long)want->nr[i][order]);
		}
	}
}

/* ---- an arena of 1 MiB --------------------------------------------------- */

#define ARENA_BASE_PFN	1024U
#define ARENA_ORDER	8U

/* Return: false: the machine is too small; the case is marked as skipped and must return. */
__must_check static inline bool arena_open(struct arena *arena, struct ktest *t)
{
	return arena_init_ram(arena, t, ARENA_BASE_PFN, ARENA_ORDER);
}

static inline uint64_t arena_free_pages(const struct arena *arena)
{
	return arena->mm.zone[ZONE_DMA].nr_free;
}
