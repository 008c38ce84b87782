/*
 * Every state of a small zone.
 *
 * 1. The zone.   kernel_mm over a few units of RAM, used through alloc_pages() and __free_pages().
 *                A unit is a page; where larger lists are to run full, a larger block. Page lists
 *                are switched off, or on for CPUs 0 and 1 although the zone is too small for them.
 * 2. Operations. alloc_pages() of each order, one more than there can be included, by each CPU with
 *                a list; where it must fail, with GFP_KERNEL too, which may empty other CPUs'
 *                lists; __free_pages() of each block that is out; emptying a CPU's lists.
 * 3. Result.     The reference says beforehand whether there is a block to be had. The block must
 *                be aligned, inside the zone and outside of what is handed out; without page lists
 *                it must be cut from the smallest free block that is large enough.
 * 4. Afterwards  all free blocks must be those of the reference, on the right list, once, linked
 *                the same both ways; lists of CPUs hold blocks marked so; counts are the sums; no
 *                bug of a caller's was reported.
 * 5. Each state  is walked by mm_verify_instance(), and in each wrong frees are tried: of what is
 *                free, of another order, of inner pages, holes and reserved pages. Each must be
 *                reported once and change nothing. With exact keys all are tried, otherwise one
 *                order for each unit, in turn.
 * 6. Keys.       Exact ones tell states that differ in the order of a list. The others leave that
 *                order out, and mirrored ones which of two like halves is which: they cover zones
 *                that are too large otherwise.
 */
#include <stdio.h>
#include <string.h>

#include <port/stack.h>

#include "memory.h"
#include "port.h"
#include "reference.h"
#include "zone.h"

#define NR_LIST_STACKS	5U		/* percpu->top[0 .. 4]: those of the lowest zone */
#define HUGE_ORDER	9U
#define MAX_EXACT	16U		/* units of a map with exact keys: a byte each */

enum op_kind { OP_ALLOC, OP_ALLOC_WAIT, OP_FREE, OP_DRAIN };

static const struct zone_plan *plan;
static struct search_world world;
static struct memory memory;
static struct zone *zone;
static unsigned int nr_units;		/* of the map */
static unsigned int bugs;		/* reports that were asked for */

static struct reference ref;
static uint8_t place[MAX_UNITS];	/* where on its list the block that begins here stands */
static int got;				/* unit that the last allocation returned; -1: none */

/* ---- names ----------------------------------------------------------------------------------- */

static uint16_t make_op(enum op_kind kind, unsigned int cpu, unsigned int order, unsigned int unit)
{
	return (uint16_t)(kind << 14 | cpu << 12 | order << 8 | unit);
}

static enum op_kind op_kind(uint16_t op)
{
	return (enum op_kind)(op >> 14);
}

static unsigned int op_cpu(uint16_t op)
{
	return op >> 12 & 3;
}

static unsigned int op_order(uint16_t op)
{
	return op >> 8 & 15;
}

static unsigned int op_unit(uint16_t op)
{
	return op & 255;
}

static struct page *unit_page(unsigned int unit)
{
	return kernel_mm.pages + MEMORY_BASE_PFN + ((uint64_t)unit << plan->shift);
}

static bool pfn_is_unit(uint64_t pfn, unsigned int *unit)
{
	uint64_t offset = pfn - MEMORY_BASE_PFN;

	*unit = (unsigned int)(offset >> plan->shift);
	return offset % (1UL << plan->shift) == 0 && offset >> plan->shift < nr_units;
}

/* The stack of a CPU's blocks of @order; it may never have been used. */
static unsigned int stack_of(unsigned int order)
{
	return order == HUGE_ORDER ? NR_LIST_STACKS - 1 : order;
}

static bool has_list(unsigned int order)
{
	return plan->lists && (plan->listed >> order & 1);
}

static uint64_t busy_without_lists_of(unsigned int cpu)
{
	uint64_t busy = ref.out_units;

	for (unsigned int i = 0; i < MAX_LISTS; i++)
		busy |= i == cpu ? 0 : ref.listed_units[i];
	return busy;
}

static bool can_have(unsigned int cpu, unsigned int order)
{
	unsigned int real = order + plan->shift;

	if (has_list(real) && stack_nr(percpu_area[cpu]->top[stack_of(real)]) != 0)
		return true;
	return reference_has(&ref, order, busy_without_lists_of(cpu));
}

/* ---- operations ------------------------------------------------------------------------------ */

/* Of a block that there can be, in units. */
static unsigned int largest_order(void)
{
	return ref.piece[0].level;
}

static unsigned int zone_ops(uint16_t *ops)
{
	unsigned int nr = 0, nr_cpus = plan->lists ? plan->lists : 1;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		for (unsigned int order = 0; order <= largest_order() + 1; order++) {
			if (order + plan->shift >= MAX_ORDER)
				break;
			ops[nr++] = make_op(OP_ALLOC, cpu, order, 0);
			if (plan->lists && !can_have(cpu, order))
				ops[nr++] = make_op(OP_ALLOC_WAIT, cpu, order, 0);
		}
		for (unsigned int unit = 0; unit < nr_units; unit++) {
			if (ref.out[unit])
				ops[nr++] = make_op(OP_FREE, cpu, ref.out[unit] - 1U, unit);
		}
		if (plan->lists)
			ops[nr++] = make_op(OP_DRAIN, cpu, 0, 0);
	}
	return nr;
}

/* Without page lists: is the block at @unit cut from the smallest free one that is large enough? */
static bool is_best_fit(unsigned int unit, unsigned int order)
{
	while (order <= ref.top && !ref.free[order])
		order++;
	return order <= ref.top && (ref.free[order] >> (unit & ~((1U << order) - 1)) & 1);
}

static void check_block(uint64_t pfn, unsigned int unit, unsigned int order)
{
	uint64_t units;

	SEARCH_EXPECT(unit % (1U << order) == 0, "the block at pfn %#llx is not aligned",
		      (unsigned long long)pfn);
	units = block_units(unit, order);
	SEARCH_EXPECT((ref.managed & units) == units, "the block at unit %u leaves the zone", unit);
	SEARCH_EXPECT(!(ref.out_units & units), "the block at unit %u was handed out before", unit);
	SEARCH_EXPECT(plan->lists || is_best_fit(unit, order),
		      "the block at unit %u is not cut from the smallest free one", unit);
}

static void run_alloc(uint16_t op, bool replay)
{
	unsigned int order = op_order(op), unit = 0;
	bool waits = op_kind(op) == OP_ALLOC_WAIT;
	struct page *page = alloc_pages(waits ? GFP_KERNEL | __GFP_NOWARN : GFP_NOWAIT,
					order + plan->shift);
	uint64_t pfn = page ? page_to_pfn(page) : 0;

	got = -1;
	SEARCH_EXPECT(!page || pfn_is_unit(pfn, &unit), "pfn %#llx is no unit of the zone",
		      (unsigned long long)pfn);
	if (!replay) {
		bool want = waits ? reference_has(&ref, order, ref.out_units) :
				    can_have(op_cpu(op), order);

		SEARCH_EXPECT(!page == !want, "%s", page ? "there is no such block to be had" :
			      "there is such a block, but NULL was returned");
	}
	if (!page)
		return;
	if (!replay)
		check_block(pfn, unit, order);
	got = (int)unit;
	ref.out[unit] = (uint8_t)(order + 1);
	ref.out_units |= block_units(unit, order);
}

static void zone_run(uint16_t op, bool replay)
{
	port_choose_cpu(op_cpu(op));
	switch (op_kind(op)) {
	case OP_ALLOC:
	case OP_ALLOC_WAIT:
		run_alloc(op, replay);
		break;
	case OP_FREE:
		__free_pages(unit_page(op_unit(op)), op_order(op) + plan->shift);
		ref.out[op_unit(op)] = 0;
		ref.out_units &= ~block_units(op_unit(op), op_order(op));
		break;
	case OP_DRAIN:
		drain_local_pages();
		break;
	}
	port_choose_cpu(0);
}

static void describe_block(char *text, size_t size, unsigned int unit, unsigned int order)
{
	if (order == 0)
		snprintf(text, size, "%u", unit);
	else
		snprintf(text, size, "%u-%u", unit, unit + (1U << order) - 1);
}

static void zone_describe(uint16_t op, bool outcome, char *text, size_t size)
{
	char block[32], cpu[16] = "", result[48] = "";

	if (plan->lists)
		snprintf(cpu, sizeof(cpu), "CPU %u: ", op_cpu(op));
	switch (op_kind(op)) {
	case OP_ALLOC:
	case OP_ALLOC_WAIT:
		describe_block(block, sizeof(block), (unsigned int)got, op_order(op));
		if (outcome)
			snprintf(result, sizeof(result), " -> %s", got < 0 ? "NULL" : block);
		snprintf(text, size, "%salloc_pages(%s, %u)%s", cpu,
			 op_kind(op) == OP_ALLOC ? "GFP_NOWAIT" : "GFP_KERNEL",
			 op_order(op) + plan->shift, result);
		break;
	case OP_FREE:
		describe_block(block, sizeof(block), op_unit(op), op_order(op));
		snprintf(text, size, "%s__free_pages(%s, %u)", cpu, block,
			 op_order(op) + plan->shift);
		break;
	case OP_DRAIN:
		snprintf(text, size, "%sdrain_local_pages()", cpu);
		break;
	}
}

/* ---- what is in memory ----------------------------------------------------------------------- */

static void expect_tag(unsigned int unit, enum page_state state, unsigned int order)
{
	uint32_t tag = page_tag(state, order, zone->index);

	SEARCH_EXPECT(unit_page(unit)->tag == tag, "tag of unit %u: %#x, expected %#x", unit,
		      unit_page(unit)->tag, tag);
}

/* The list of a CPU's blocks of @order (in pages), bottom first. */
static void read_stack(unsigned int cpu, unsigned int order)
{
	void **top = percpu_area[cpu]->top[stack_of(order)];
	unsigned int nr = stack_nr(top), unit, level = order - plan->shift;

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t units, busy = ref.out_units | ref.listed_units[0] | ref.listed_units[1];

		SEARCH_EXPECT(pfn_is_unit(page_to_pfn(top[(int)i - (int)nr]), &unit) &&
			      unit % (1U << level) == 0,
			      "CPU %u has something that is no block on its list of order %u", cpu,
			      order);
		units = block_units(unit, level);
		SEARCH_EXPECT((ref.managed & units) == units && !(busy & units),
			      "unit %u is on the list of CPU %u, and out or on a list", unit, cpu);
		expect_tag(unit, PAGE_CPU, order);
		ref.listed[cpu][unit] = (uint8_t)(level + 1);
		ref.listed_units[cpu] |= units;
		place[unit] = (uint8_t)i;
	}
}

static void read_stacks(void)
{
	memset(ref.listed, 0, sizeof(ref.listed));
	memset(ref.listed_units, 0, sizeof(ref.listed_units));
	for (unsigned int cpu = 0; cpu < plan->lists; cpu++) {
		for (unsigned int order = plan->shift; order < MAX_ORDER; order++) {
			if (has_list(order))
				read_stack(cpu, order);
		}
	}
}

/* The free list of @order (in units) holds what the reference has there. Return: pages on it. */
static uint64_t read_list(unsigned int order)
{
	const struct free_area *area = &zone->free[order + plan->shift];
	unsigned int nr = 0, unit;
	uint32_t prev = 0;
	uint64_t seen = 0;

	for (uint32_t pfn = area->first; pfn; pfn = unit_page(unit)->next) {
		SEARCH_EXPECT(pfn_is_unit(pfn, &unit), "pfn %#x on the list of order %u", pfn,
			      order + plan->shift);
		SEARCH_EXPECT(ref.free[order] >> unit & 1,
			      "unit %u is on the list of order %u; by the reference it is no such "
			      "free block", unit, order + plan->shift);
		SEARCH_EXPECT(!(seen >> unit & 1), "unit %u is twice on the list of order %u", unit,
			      order + plan->shift);
		SEARCH_EXPECT(unit_page(unit)->prev == prev, "the link back from unit %u", unit);
		expect_tag(unit, PAGE_FREE, order + plan->shift);
		SEARCH_EXPECT(unit_page(unit)->nr_blocks == 0, "unit %u says it is a run", unit);
		seen |= 1ULL << unit;
		place[unit] = (uint8_t)nr++;
		prev = pfn;
	}
	SEARCH_EXPECT(seen == ref.free[order],
		      "by the reference, unit %u is free in order %u; it is not on that list",
		      (unsigned int)__builtin_ctzll(ref.free[order] & ~seen), order + plan->shift);
	SEARCH_EXPECT(area->nr == nr && area->last == prev,
		      "count or end of the list of order %u", order + plan->shift);
	return (uint64_t)nr << (order + plan->shift);
}

/* A byte a managed unit: what begins here, and where it stands on its list. */
static struct search_key exact_key(void)
{
	struct search_key key = { { 0, 0 } };
	unsigned int nr = 0;

	for (unsigned int unit = 0; unit < nr_units; unit++) {
		unsigned int value = 0;

		if (!(ref.managed >> unit & 1))
			continue;
		for (unsigned int order = 0; order < 5; order++) {
			if (ref.out[unit] == order + 1)
				value = 1 + order;
			else if (ref.free[order] >> unit & 1)
				value = 1 + order + 5 * (1U + place[unit]);
			else if (ref.listed[0][unit] == order + 1)
				value = 1 + order + 5 * (17U + place[unit]);
			else if (ref.listed[1][unit] == order + 1)
				value = 1 + order + 5 * (33U + place[unit]);
		}
		key.word[nr / 8] |= (uint64_t)value << nr % 8 * 8;
		nr++;
	}
	return key;
}

static struct search_key zone_key(void)
{
	struct search_key key = { { 0, 0 } };
	uint64_t pages = 0;

	SEARCH_EXPECT(memory_nr_bugs() == bugs, "a caller's bug was reported, but there is none");
	read_stacks();
	key.word[0] = reference_read(&ref);
	for (unsigned int order = 0; order + plan->shift < MAX_ORDER && order <= MAX_LEVEL; order++)
		pages += read_list(order);
	SEARCH_EXPECT(zone->nr_free == pages, "%llu pages are free, but nr_free is %llu",
		      (unsigned long long)pages, (unsigned long long)zone->nr_free);
	for (unsigned int unit = 0; unit < nr_units; unit++) {
		if (ref.out[unit])
			expect_tag(unit, PAGE_ALLOCATED, ref.out[unit] - 1U + plan->shift);
	}
	return plan->exact ? exact_key() : key;
}

/* ---- once in each state ---------------------------------------------------------------------- */

static void try_wrong_free(struct page *page, unsigned int order)
{
	__free_pages(page, order);
	bugs++;
	SEARCH_EXPECT(memory_nr_bugs() == bugs, "a free of pfn %#llx with order %u was let through",
		      (unsigned long long)page_to_pfn(page), order);
}

static void try_wrong_frees(unsigned int unit)
{
	static unsigned int turn;
	unsigned int orders = largest_order() + 2;

	if (!plan->exact) {
		unsigned int order = turn++ % orders;

		if (ref.out[unit] != order + 1)
			try_wrong_free(unit_page(unit), order + plan->shift);
		return;
	}
	for (unsigned int order = 0; order < orders; order++) {
		if (ref.out[unit] != order + 1)
			try_wrong_free(unit_page(unit), order + plan->shift);
	}
}

static void zone_look(void)
{
	memory_verify(&memory);
	for (unsigned int unit = 0; unit < nr_units; unit++)
		try_wrong_frees(unit);
	try_wrong_free(unit_page(0) - 1, plan->shift);
	try_wrong_free(kernel_mm.pages + memory.map_pfn, plan->shift);
}

/* Tickets and statistics are no part of a state. */
static void zone_settle(void)
{
	zone->lock.next = 0;
	zone->lock.serving = 0;
	memset(zone->event, 0, sizeof(zone->event));
	kernel_mm.is_short = false;	/* a hint, not a state */
}

/* ---- setting up ------------------------------------------------------------------------------ */

static unsigned int read_map(struct memory_range *ranges)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; plan->map[i]; i++) {
		uint64_t start = (uint64_t)i << plan->shift, end = start + (1ULL << plan->shift);
		bool taken = plan->map[i] == 'r';

		if (plan->map[i] == '.')
			continue;
		if (nr && ranges[nr - 1].end == start && ranges[nr - 1].taken == taken)
			ranges[nr - 1].end = end;
		else
			ranges[nr++] = (struct memory_range){ start, end, taken };
	}
	return nr;
}

/* The smallest requests that reach each whole free block: at first nobody has looked at those. */
static void carve_all(void)
{
	struct page *taken[MAX_UNITS];
	unsigned int nr = 0;

	while (nr < MAX_UNITS &&
	       (taken[nr] = alloc_pages(GFP_NOWAIT, MAX_ORDER - 1)) != NULL)
		nr++;
	while (nr > 0)
		__free_pages(taken[--nr], MAX_ORDER - 1);
}

static void set_lists(void)
{
	memory_no_page_lists();
	for (unsigned int i = 0; i < STACK_NEVER; i++)
		page_stack_cpus[i] = UINT32_MAX;	/* small as the zone is */
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		if (!has_list(order))
			continue;
		page_stack[zone->index][order] = (uint8_t)stack_of(order);
		for (unsigned int i = 0; i < ARRAY_SIZE(page_request_stack); i++)
			page_request_stack[i][order] = (uint8_t)stack_of(order);
	}
}

static void add_regions(void)
{
	search_add_region(&world, zone, sizeof(*zone));
	search_add_region(&world, unit_page(0), ((size_t)nr_units << plan->shift) *
			  sizeof(struct page));
	search_add_region(&world, ref.out, sizeof(ref) - offsetof(struct reference, out));
	search_add_region(&world, &got, sizeof(got));
	for (unsigned int cpu = 0; cpu < plan->lists; cpu++) {
		struct percpu *area = percpu_area[cpu];

		search_add_region(&world, &area->top[0], NR_LIST_STACKS * sizeof(area->top[0]));
		search_add_region(&world, &area->page_stack[0],
				  NR_LIST_STACKS * sizeof(area->page_stack[0]));
	}
}

struct search_result zone_search(const struct zone_plan *which)
{
	struct memory_range ranges[MEMORY_MAX_RANGES];
	struct search_result result;
	unsigned int top;

	plan = which;
	nr_units = (unsigned int)strlen(plan->map);
	MM_ASSERT(nr_units <= (plan->exact ? MAX_EXACT : MAX_UNITS));
	top = MAX_ORDER - 1 - plan->shift;
	world = (struct search_world){ .name = plan->name, .ops = zone_ops, .run = zone_run,
				       .settle = zone_settle, .key = zone_key, .look = zone_look,
				       .describe = zone_describe };
	port_reset_cpus();
	memory_open(&memory, &kernel_mm, ranges, read_map(ranges));
	zone = mm_zone_of(&kernel_mm, MEMORY_BASE_PFN);
	reference_init(&ref, plan->map, top < MAX_LEVEL ? top : MAX_LEVEL, plan->mirror);
	got = -1;
	mm_bug_quiet(true);
	bugs = memory_nr_bugs();
	set_lists();
	carve_all();
	add_regions();
	result = search_run(&world);
	mm_bug_quiet(false);
	memory_close(&memory);
	return result;
}
