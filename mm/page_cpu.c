/*
 * Pages that a CPU keeps for itself.
 *
 * 1. Idea.       For each zone and each of the orders 0 to 3 and 9, a CPU has a stack of blocks
 *                that it takes from and gives to without a lock (page_alloc.c). Order 9 is the size
 *                of a huge page, 2 MiB; the others are what kernels ask for all the time.
 * 2. Blocks.     On a stack a block's head says PAGE_CPU, with its order and zone, so no buddy
 *                joins it and a second free of it is seen. For the zone it is taken: buddyinfo and
 *                MemFree do not count it, as in Linux.
 * 3. Refill.     64 KiB under one hold of zone->lock: blocks of the very order while there are
 *                some; if there is none, one block of 64 KiB, cut; if there is none of these, or
 *                not enough spare for one, a single block. Nothing is taken that would bring the
 *                zone under its low watermark. A request goes by the zones from the highest that it
 *                may use, and the one that could refill is where the next requests look first,
 *                until they must refill again (page_request_stack[]).
 *                Where a lower zone is down to what it keeps for its own requests, the others do
 *                not take from its stack either, and are sent back to the highest zone.
 * 4. Drain.      A full stack gives the older three quarters of its blocks back, or fewer if they
 *                merge far: so a single free stays bounded. When a request cannot be served,
 *                stacks are emptied: those of this CPU always, those of the others by a shrinker,
 *                if the request may reclaim. While memory is short none begins anew (reclaim.c).
 * 5. Which.      kernel_mm's only, and only in zones that are large enough: page_stack[] says
 *                stack_none's index for the others. All CPUs' stacks of one order are at most 1/32
 *                of a zone: with more CPUs than page_stack_cpus[] none begins anew.
 * 6. Locking.    As for sheaves (sheaf.c): the CPU's own, interrupts masked, percpu->busy clear.
 */

#include <kernel/string.h>
#include <port/stack.h>

#include "internal.h"

#define NR_CLASSES	5U			/* orders 0 .. 3 and 9 */
#define HUGE_ORDER	9U
#define REFILL_ORDER	4U			/* one refill takes 64 KiB, or one larger block */
#define DRAIN_TRIES	4U			/* calls to CPUs that are busy each time */
#define ZONE_MIN_PAGES	(16UL << (20 - PAGE_SHIFT))	/* 16 MiB: smaller zones have no stacks */
#define HUGE_MIN_PAGES	(1UL << (30 - PAGE_SHIFT))	/* 1 GiB: nor smaller ones of order 9 */
#define STACKS_SHARE	32U	/* all CPUs' stacks of one order: at most this part of a zone */

/* Blocks on a full stack: 120 KiB, 128, 128, 128, and 4 MiB. */
static const uint8_t stack_size[NR_CLASSES] = { PAGE_CPU_SINGLES, 16, 8, 4, 2 };
static const bool has_class[MAX_ORDER] = { [0] = true, true, true, true, [HUGE_ORDER] = true };
static const uint8_t class_order[NR_CLASSES] = { 0, 1, 2, 3, HUGE_ORDER };

uint8_t page_stack[MAX_NR_ZONES][16];
uint8_t page_request_stack[4][16];
uint32_t page_stack_cpus[STACK_NEVER];
static bool page_lists_off;		/* by page_lists_set() */

static unsigned int stack_class(unsigned int stack)
{
	return stack % NR_CLASSES;
}

static struct zone *stack_zone(unsigned int stack)
{
	return &kernel_mm.zone[stack / NR_CLASSES];
}

static uint64_t stack_pages(unsigned int class)
{
	return (uint64_t)stack_size[class] << class_order[class];
}

/* ---- which stack serves a request first ---------------------------------- */

/* That of the highest zone that a request with these zone bits may use and the machine has. */
static uint8_t first_stack(gfp_t gfp, unsigned int order)
{
	unsigned int zone = gfp_highest_zone(gfp);

	while (zone > 0 && !kernel_mm.zone[zone].managed)
		zone--;
	return page_stack[zone][order];
}

/* Has @zone more free pages than it keeps from requests of @highest? From its own it keeps none. */
static bool has_spare(const struct zone *zone, unsigned int highest)
{
	uint64_t reserve = zone->lowmem_reserve[highest];

	return !reserve || READ_ONCE(zone->nr_free) > zone->watermark[WMARK_LOW] + reserve;
}

/* The fast path asks no zone what it keeps from whom. So requests that were sent to a lower zone's
 * stack leave it when that zone has come down to what it keeps from them. */
static void send_back(unsigned int order)
{
	for (gfp_t gfp = 0; gfp < ARRAY_SIZE(page_request_stack); gfp++) {
		unsigned int stack = page_cpu_stack(gfp, order);

		if (stack != STACK_NEVER && !has_spare(stack_zone(stack), gfp_highest_zone(gfp)))
			WRITE_ONCE(page_request_stack[gfp][order], first_stack(gfp, order));
	}
}

/* ---- refilling and giving back ------------------------------------------- */

/*
 * Up to @nr of the oldest of @have blocks go to the buddy lists, at least one; the others move
 * down.
 */
static void give_back(struct percpu *cpu, unsigned int stack, unsigned int have, unsigned int nr)
{
	struct zone *zone = stack_zone(stack);
	unsigned int order = class_order[stack_class(stack)];
	void **bottom = cpu->top[stack] - have;
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	unsigned int given = buddy_give_many_locked(zone, bottom, nr, order);

	spin_unlock_irqrestore(&zone->lock, flags);
	memmove(bottom, bottom + given, (have - given) * sizeof(*bottom));
	stack_set_top(cpu, stack, cpu->top[stack] - given);
}

/* Does this CPU have that stack, and may it be touched? When first used it is made empty, and
 * again after a drain, but not while memory is short, nor where there are too many CPUs. */
static bool have_stack(struct percpu *cpu, unsigned int stack)
{
	if (cpu->busy || stack == STACK_NEVER || READ_ONCE(page_lists_off))
		return false;
	if (cpu->top[stack] != stack_none)
		return true;
	if (reclaim_is_short() || percpu_nr > page_stack_cpus[stack])
		return false;
	stack_set_top(cpu, stack, stack_empty_top(&cpu->page_stack[stack],
						  stack_size[stack_class(stack)]));
	return true;
}

/* Blocks that a refill takes. */
static unsigned int batch_of(unsigned int order)
{
	return order < REFILL_ORDER ? 1U << (REFILL_ORDER - order) : 1;
}

/* Up to @nr blocks as they are wanted; if there is none, a larger one, cut. Return: the new top. */
static void **take_many_locked(struct zone *zone, unsigned int order, unsigned int nr, void **top)
{
	uint32_t tag = page_tag(PAGE_CPU, order, zone->index);
	void **bottom = top;
	struct page *page;

	while (nr > 0 && (page = buddy_pop_locked(zone, order)) != NULL) {
		WRITE_ONCE(page->tag, tag);
		*top++ = page;
		nr--;
	}
	if (top > bottom || nr == 0)
		return top;
	page = nr == batch_of(order) ? buddy_take_locked(zone, order + ilog2(nr)) : NULL;
	if (!page) {
		nr = 1;
		page = buddy_take_locked(zone, order);
	}
	if (!page)
		return top;
	for (struct page *piece = page + ((unsigned long)nr << order); piece > page;) {
		piece -= 1UL << order;
		WRITE_ONCE(piece->tag, tag);
		*top++ = piece;
	}
	return top;
}

/* The stack is empty. @reserve: pages that the zone keeps from this request. */
static void refill(struct percpu *cpu, unsigned int stack, uint64_t reserve)
{
	struct zone *zone = stack_zone(stack);
	unsigned int order = class_order[stack_class(stack)];
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	uint64_t keep = zone->watermark[WMARK_LOW] + reserve + 1;
	uint64_t spare = zone->nr_free > keep ? (zone->nr_free - keep) >> order : 0;

	stack_set_top(cpu, stack,
		      take_many_locked(zone, order,
				       (unsigned int)min_u64(batch_of(order), spare),
				       cpu->top[stack]));
	spin_unlock_irqrestore(&zone->lock, flags);
	if (!has_spare(zone, ZONE_NORMAL))	/* what it keeps from those is the most */
		send_back(order);
}

static struct page *take_from(struct percpu *cpu, unsigned int stack, unsigned int highest)
{
	struct page *page;

	/* What lies there may have been taken for those that the zone keeps it for. */
	if (!have_stack(cpu, stack) || !has_spare(stack_zone(stack), highest))
		return NULL;
	if (!cpu->top[stack][-1])
		refill(cpu, stack, stack_zone(stack)->lowmem_reserve[highest]);
	page = cpu->top[stack][-1];
	if (page)
		stack_set_top(cpu, stack, cpu->top[stack] - 1);
	return page;
}

struct page *page_cpu_take(gfp_t gfp, unsigned int order)
{
	unsigned int highest = gfp_highest_zone(gfp);
	struct page *page = NULL;
	unsigned long irq;

	if (!has_class[order])
		return NULL;
	irq = port_irq_save();
	for (unsigned int i = highest + 1; !page && i-- > 0;) {
		/* A zone without stacks comes before those below it: the zones are asked then. */
		if (page_stack[i][order] == STACK_NEVER && kernel_mm.zone[i].managed)
			break;
		page = take_from(port_percpu(), page_stack[i][order], highest);
		if (page && page_cpu_stack(gfp, order) != page_stack[i][order])
			WRITE_ONCE(page_request_stack[gfp & 3][order], page_stack[i][order]);
	}
	if (!page)
		send_back(order);
	port_irq_restore(irq);
	return page;
}

bool page_cpu_give(unsigned int stack, struct page *page)
{
	unsigned long irq = port_irq_save();
	struct percpu *cpu = port_percpu();
	bool given = have_stack(cpu, stack);

	if (given) {
		unsigned int size = stack_size[stack_class(stack)];

		if (cpu->top[stack] == stack_full_top(stack_of_top(cpu->top[stack])))
			give_back(cpu, stack, size, size * 3U / 4);
		*cpu->top[stack] = page;
		stack_set_top(cpu, stack, cpu->top[stack] + 1);
	}
	port_irq_restore(irq);
	return given;
}

static void drain_this_cpu(void *arg)
{
	unsigned long irq = port_irq_save();
	struct percpu *cpu = port_percpu();
	uint32_t *skipped = arg;

	if (cpu->busy && skipped)
		__atomic_fetch_add(skipped, 1, __ATOMIC_RELAXED);
	for (unsigned int stack = 0; stack < STACK_NEVER && !cpu->busy; stack++) {
		unsigned int have = stack_nr(cpu->top[stack]);

		for (; have > 0; have = stack_nr(cpu->top[stack]))
			give_back(cpu, stack, have, have);
		stack_set_top(cpu, stack, stack_none);
	}
	port_irq_restore(irq);
}

void drain_local_pages(void)
{
	drain_this_cpu(NULL);
}

/* Does any CPU keep pages? Exact for those that do not allocate. */
static bool any_pages(void)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		for (unsigned int cpu = 0; cpu < percpu_nr; cpu++) {
			if (page_cpu_nr(&kernel_mm.zone[i], cpu))
				return true;
		}
	}
	return false;
}

/* A CPU that was interrupted in a portable stack operation has got out of it by the next call. */
void drain_all_pages(void)
{
	uint32_t skipped = 1;

	drain_local_pages();
	for (unsigned int i = 0; i < DRAIN_TRIES && skipped && any_pages(); i++) {
		skipped = 0;
		port_call_cpus(drain_this_cpu, &skipped);
	}
}

void page_lists_set(bool on)
{
	uint32_t skipped = !on;

	WRITE_ONCE(page_lists_off, !on);
	while (skipped) {
		skipped = 0;
		port_call_cpus(drain_this_cpu, &skipped);
	}
}

_Static_assert(PAGE_CPU_BATCH == 1U << REFILL_ORDER, "blocks of order 0 in a refill");

uint64_t page_cpu_high(const struct zone *zone)
{
	uint64_t nr = 0;

	for (unsigned int class = 0; class < NR_CLASSES; class++) {
		if (page_stack[zone->index][class_order[class]] != STACK_NEVER)
			nr += stack_pages(class);
	}
	return nr;
}

uint64_t page_cpu_nr(const struct zone *zone, unsigned int cpu)
{
	const struct percpu *area = percpu_area[cpu];
	uint64_t nr = 0;

	for (unsigned int class = 0; area && class < NR_CLASSES; class++) {
		unsigned int stack = zone->index * NR_CLASSES + class;

		nr += (uint64_t)stack_nr_elsewhere(area, stack, stack_size[class])
		      << class_order[class];
	}
	return nr;
}

/* ---- what the stacks can spare ------------------------------------------- */

static unsigned long count_pages(struct shrinker *shrinker, gfp_t gfp)
{
	unsigned long nr = 0;

	(void)shrinker;
	(void)gfp;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		for (unsigned int cpu = 0; cpu < percpu_nr; cpu++)
			nr += page_cpu_nr(&kernel_mm.zone[i], cpu);
	}
	return nr;
}

static unsigned long scan_pages(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	unsigned long before = count_pages(shrinker, gfp);

	(void)nr;
	drain_all_pages();
	return before;
}

static struct shrinker page_lists = {
	.count_objects = count_pages,
	.scan_objects = scan_pages,
	.name = "CPUs' page lists",
};

static uint8_t stack_for(const struct zone *zone, unsigned int order)
{
	/* By its RAM, not by what boot left of it: 1 GiB above 4 GiB is to be 1 GiB. */
	if (!zone->managed ||
	    zone->present < (order == HUGE_ORDER ? HUGE_MIN_PAGES : ZONE_MIN_PAGES))
		return STACK_NEVER;
	for (unsigned int class = 0; class < NR_CLASSES; class++) {
		if (class_order[class] == order)
			return (uint8_t)(zone->index * NR_CLASSES + class);
	}
	return STACK_NEVER;
}

void page_cpu_init(void)
{
	for (unsigned int stack = 0; stack < MAX_NR_ZONES * NR_CLASSES; stack++)
		page_stack_cpus[stack] = (uint32_t)(stack_zone(stack)->present / STACKS_SHARE /
						    stack_pages(stack_class(stack)));
	for (unsigned int order = 0; order < ARRAY_SIZE(page_stack[0]); order++) {
		for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
			page_stack[i][order] = stack_for(&kernel_mm.zone[i], order);
		for (gfp_t gfp = 0; gfp < ARRAY_SIZE(page_request_stack); gfp++)
			page_request_stack[gfp][order] = first_stack(gfp, order);
	}
	register_shrinker(&page_lists);
}
