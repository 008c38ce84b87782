/*
 * Failures on purpose: requests that fail although there is memory. fault.c decides which;
 * fault_control.c reads settings and takes the CPUs' stacks out of use. Nobody outside mm/, boot/
 * and tests/ includes this file.
 */
#pragma once

#include <kernel/print.h>
#include <mm/gfp.h>

#include "mm/cache.h"

/* Linux's two, by its names: "failslab" and "fail_page_alloc". */
enum fault_kind { FAULT_SLAB, FAULT_PAGE_ALLOC, NR_FAULT_KINDS };

/*
 * struct fault_attr - when to fail, with Linux's names and defaults.
 * @interval:    only every so many requests may fail
 * @probability: percent; 0: nothing fails
 * @space:       bytes (pages for fail_page_alloc) that are served before anything fails
 * @times:       failures at most; -1: no limit
 * @verbose:     0: silent; 1: a log entry for each failure; 2: with a backtrace
 * @ratelimit_ms, @ratelimit_burst: as many entries in so many milliseconds; 0 ms: all of them
 * @ignore_gfp_wait: requests that may reclaim are spared
 * @min_order:   fail_page_alloc: smaller blocks are spared
 * @cache:       failslab: a glob, other caches are spared
 */
struct fault_attr {
	uint64_t interval;
	uint64_t probability;
	int64_t space;
	int64_t times;
	uint64_t verbose;
	uint64_t ratelimit_ms;
	uint64_t ratelimit_burst;
	uint64_t min_order;
	bool ignore_gfp_wait;
	char cache[CACHE_NAME_MAX];
};

/* struct fault_state - what has come of it: requests that were asked about, and that failed. */
struct fault_state {
	struct fault_attr attr;		/* with what is left of space and times */
	uint64_t seen, failed;		/* since boot */
};

/* ---- fault.c: decisions -------------------------------------------------------------------- */

extern uint32_t fault_armed;		/* one bit for each kind, and for fault_nth_begin() */

/** fault_slab() - shall this request for an object fail? Logs if so. Ask should_failslab(). */
bool fault_slab(const struct kmem_cache *cache, gfp_t gfp, uintptr_t who);

/** fault_page_alloc() - likewise for a block. Ask should_fail_alloc_page(). */
bool fault_page_alloc(gfp_t gfp, unsigned int order, uintptr_t who);

/** fault_early() - likewise for early_alloc(), which only fault_nth_begin() lets fail. */
bool fault_early(void);

/* The hooks. They stand where the CPU's stacks had nothing: one load, one branch. */
static inline bool should_failslab(const struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	return unlikely(READ_ONCE(fault_armed)) && fault_slab(cache, gfp, who);
}

static inline bool should_fail_alloc_page(gfp_t gfp, unsigned int order, uintptr_t who)
{
	return unlikely(READ_ONCE(fault_armed)) && fault_page_alloc(gfp, order, who);
}

static inline bool should_fail_early(void)
{
	return unlikely(READ_ONCE(fault_armed)) && fault_early();
}

/** fault_name() - "failslab", "fail_page_alloc". */
const char *fault_name(enum fault_kind kind);

/** fault_get() - settings and counts of @kind. */
void fault_get(enum fault_kind kind, struct fault_state *state);

/** fault_set() - new settings of @kind; requests are counted from here. Who wants every request to
 *  be asked about calls fault_set_stacks() after it. */
void fault_set(enum fault_kind kind, const struct fault_attr *attr);

/**
 * fault_nth_begin() - let the @n-th request from now on fail, and no other: of this CPU, interrupt
 * handlers included, for an object, a block or early memory, whatever the settings say. Silent.
 * Spared, and not counted: __GFP_NOFAIL.
 */
void fault_nth_begin(uint64_t n);

/** fault_nth_end() - no more. Return: has it failed, or were there fewer requests? */
bool fault_nth_end(void);

/* ---- fault_control.c: settings ------------------------------------------------------------- */

/**
 * fault_parse() - change @attr by "INTERVAL,PROBABILITY,SPACE,TIMES", by "NAME=VALUE", or by the
 * first followed by some of the second, with commas.
 * @out: told what was wrong. Return: 0 or -EINVAL; @attr is then untouched.
 */
int fault_parse(struct seq *out, enum fault_kind kind, struct fault_attr *attr, const char *text);

/** fault_option() - a word of the boot line: what it sets waits for fault_start(). Return: 0 or
 *  -EINVAL. */
int fault_option(enum fault_kind kind, const char *value);

#define FAULT_EXPECTS                                                                              \
	"INTERVAL,PROBABILITY,SPACE,TIMES, numbers, and then perhaps ,NAME=VALUE"

/** fault_start() - the boot is over: let what the boot line asked for begin. */
void fault_start(void);

/** fault_apply() - fault_set(), and take the stacks out of use or back. Context: no lock held,
 *  interrupts enabled. */
void fault_apply(enum fault_kind kind, const struct fault_attr *attr);

/** fault_set_stacks() - @on: each CPU uses its sheaves and page lists; else they are emptied, and
 *  each request goes to the slabs and zones. Context: as above. */
void fault_set_stacks(bool on);

/** fault_show() - settings and counts of @kind, one line. */
void fault_show(struct seq *out, enum fault_kind kind);
