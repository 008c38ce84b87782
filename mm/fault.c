/*
 * Failures on purpose: which request is to fail.
 *
 * 1. Idea.       Error paths run when memory is short, which is seldom. Here they run when they are
 *                told to: an object (failslab) or a block of pages (fail_page_alloc) is refused
 *                although there are some. Meaning and defaults of the settings are Linux's.
 * 2. Where.      The hooks stand behind the CPUs' stacks: in alloc_slow() of cache.c, in
 *                mm_alloc_pages(), in early_alloc(). What a stack serves is not asked about, so
 *                while something is armed the stacks are out of use (fault_control.c). Unarmed, a
 *                hook is one load.
 * 3. Layers.     An object that needs a new slab is asked about twice: as an object, and its slab
 *                as a block. kmalloc() beyond the classes is a block only.
 * 4. Order.      __GFP_NOFAIL is never refused. Then the filters: requests that may reclaim, small
 *                orders, other caches. What is left is counted: space is used up first, then only
 *                each interval-th request is considered, then probability decides.
 * 5. The n-th.   For tests: the n-th request of one CPU fails, settings or not, in silence.
 * 6. Locking.    fault_lock, the last of all, for a decision. Log entries are written without it,
 *                from a copy.
 */

#include <kernel/panic.h>
#include <kernel/print.h>
#include <kernel/string.h>

#include "mm/fault.h"
#include "mm/zone.h"

#define RANK_FAULT	(RANK_ZONE + 1)
#define ARMED_NTH	(1U << NR_FAULT_KINDS)
#define NS_PER_MS	1000000ULL

/* Linux's FAULT_ATTR_INITIALIZER; fail_page_alloc's min_order is 1 there as well. */
#define FAULT_DEFAULTS(order)                                                                      \
	{ .interval = 1, .times = 1, .verbose = 2, .ignore_gfp_wait = true,                        \
	  .min_order = (order), .cache = "*" }

/* @random: splitmix64's state. @window: when the log's present span of time began, ticks. */
struct fault {
	const char *name;
	struct fault_attr attr;
	uint64_t seen, failed;
	uint64_t count;			/* for interval: since the settings changed */
	uint64_t random;
	uint64_t window, logged, missed;
};

/* What a failure's log entry needs. */
struct entry {
	bool wanted;
	uint64_t missed;
	struct fault_attr attr;
};

uint32_t fault_armed;

static struct spinlock fault_lock = SPINLOCK_RANKED(RANK_FAULT, "fault_lock");
static struct fault faults[NR_FAULT_KINDS] = {
	[FAULT_SLAB] = { .name = "failslab", .attr = FAULT_DEFAULTS(0) },
	[FAULT_PAGE_ALLOC] = { .name = "fail_page_alloc", .attr = FAULT_DEFAULTS(1) },
};
static struct {
	unsigned int cpu;		/* whose requests count */
	uint64_t left;			/* until the one that fails; 0: it has failed */
} nth;

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct fault *fault)
{
	uint64_t x = fault->random += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* ---- decisions ----------------------------------------------------------- */

/* A request that the filters let through. @size: what it takes of attr.space. */
static bool decide_locked(struct fault *fault, uint64_t size)
{
	struct fault_attr *attr = &fault->attr;

	fault->seen++;
	if (attr->times == 0)
		return false;
	if (attr->space > (int64_t)size) {
		attr->space -= (int64_t)size;
		return false;
	}
	fault->count++;
	if (attr->interval > 1 && fault->count % attr->interval != 0)
		return false;
	if (attr->probability <= draw(fault) % 100)
		return false;
	if (attr->times > 0)
		attr->times--;
	fault->failed++;
	return true;
}

/* May there be another entry in this span of time? */
static bool ratelimit_locked(struct fault *fault, struct entry *entry)
{
	uint64_t now = port_ticks();

	if (fault->attr.ratelimit_ms == 0)
		return true;
	if (port_ticks_to_ns(now - fault->window) / NS_PER_MS >= fault->attr.ratelimit_ms) {
		entry->missed = fault->missed;
		fault->window = now;
		fault->logged = 0;
		fault->missed = 0;
	}
	if (fault->logged < fault->attr.ratelimit_burst) {
		fault->logged++;
		return true;
	}
	fault->missed++;
	return false;
}

/* Is it the one that fault_nth_begin() waits for? */
static bool is_nth_locked(void)
{
	return nth.left != 0 && --nth.left == 0;
}

/* @cache: NULL when pages are wanted. */
struct request {
	enum fault_kind kind;
	const struct kmem_cache *cache;
	unsigned int order;
	gfp_t gfp;
	uintptr_t who;
};

static bool is_spared_locked(const struct fault_attr *attr, const struct request *request)
{
	if ((request->gfp & __GFP_DIRECT_RECLAIM) && attr->ignore_gfp_wait)
		return true;
	if (request->cache)
		return !glob_match(attr->cache, request->cache->name);
	return request->order < attr->min_order;
}

/* Return: the request fails; @entry says what is to be logged. */
static bool ask(const struct request *request, struct entry *entry)
{
	uint64_t size = request->cache ? request->cache->object_size : 1ULL << request->order;
	struct fault *fault = &faults[request->kind];
	unsigned long flags = spin_lock_irqsave(&fault_lock);
	bool fails = false;

	if ((fault_armed & ARMED_NTH) && nth.cpu == port_cpu()) {
		fails = is_nth_locked();
	} else if ((fault_armed & 1U << request->kind) &&
		   !is_spared_locked(&fault->attr, request)) {
		entry->attr = fault->attr;
		fails = decide_locked(fault, size);
		entry->wanted = fails && entry->attr.verbose > 0 &&
				!(request->gfp & __GFP_NOWARN) && ratelimit_locked(fault, entry);
	}
	spin_unlock_irqrestore(&fault_lock, flags);
	return fails;
}

/* Linux's two lines as one, and what was refused to whom. */
static __cold void log_failure(const struct request *request, const struct entry *entry)
{
	const struct fault_attr *attr = &entry->attr;
	const char *name = faults[request->kind].name;

	if (entry->missed)
		pr_notice("FAULT_INJECTION: name %s, %llu entries suppressed\n", name,
			  (unsigned long long)entry->missed);
	pr_notice("FAULT_INJECTION: forcing a failure: name %s, interval %llu, probability %llu, "
		  "space %lld, times %lld\n",
		  name, (unsigned long long)attr->interval, (unsigned long long)attr->probability,
		  (long long)attr->space, (long long)attr->times);
	if (request->cache)
		pr_notice("FAULT_INJECTION:   an object of %s, mode:%#x, by %pS\n",
			  request->cache->name, request->gfp, (void *)request->who);
	else
		pr_notice("FAULT_INJECTION:   a block of order:%u, mode:%#x, by %pS\n",
			  request->order, request->gfp, (void *)request->who);
	if (attr->verbose > 1)
		show_backtrace();
}

static bool inject(const struct request *request)
{
	struct entry entry = { .wanted = false };
	bool fails = !(request->gfp & __GFP_NOFAIL) && ask(request, &entry);

	if (entry.wanted)
		log_failure(request, &entry);
	return fails;
}

bool fault_slab(const struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	return inject(&(struct request){ FAULT_SLAB, cache, 0, gfp, who });
}

bool fault_page_alloc(gfp_t gfp, unsigned int order, uintptr_t who)
{
	return inject(&(struct request){ FAULT_PAGE_ALLOC, NULL, order, gfp, who });
}

bool fault_early(void)
{
	unsigned long flags = spin_lock_irqsave(&fault_lock);
	bool fails = (fault_armed & ARMED_NTH) && nth.cpu == port_cpu() && is_nth_locked();

	spin_unlock_irqrestore(&fault_lock, flags);
	return fails;
}

/* ---- settings ------------------------------------------------------------ */

const char *fault_name(enum fault_kind kind)
{
	return faults[kind].name;
}

void fault_get(enum fault_kind kind, struct fault_state *state)
{
	unsigned long flags = spin_lock_irqsave(&fault_lock);

	state->attr = faults[kind].attr;
	state->seen = faults[kind].seen;
	state->failed = faults[kind].failed;
	spin_unlock_irqrestore(&fault_lock, flags);
}

void fault_set(enum fault_kind kind, const struct fault_attr *attr)
{
	uint64_t seed = port_seed();
	unsigned long flags = spin_lock_irqsave(&fault_lock);
	struct fault *fault = &faults[kind];
	uint32_t bit = 1U << kind;

	fault->attr = *attr;
	fault->random = seed;
	fault->count = 0;
	fault->logged = 0;
	fault->missed = 0;
	fault->window = port_ticks();
	if (attr->probability != 0 && attr->times != 0)
		WRITE_ONCE(fault_armed, fault_armed | bit);
	else
		WRITE_ONCE(fault_armed, fault_armed & ~bit);
	spin_unlock_irqrestore(&fault_lock, flags);
}

void fault_nth_begin(uint64_t n)
{
	unsigned long flags = spin_lock_irqsave(&fault_lock);

	nth.cpu = port_cpu();
	nth.left = n;
	WRITE_ONCE(fault_armed, fault_armed | ARMED_NTH);
	spin_unlock_irqrestore(&fault_lock, flags);
}

bool fault_nth_end(void)
{
	unsigned long flags = spin_lock_irqsave(&fault_lock);
	bool failed = nth.left == 0;

	WRITE_ONCE(fault_armed, fault_armed & ~ARMED_NTH);
	spin_unlock_irqrestore(&fault_lock, flags);
	return failed;
}
