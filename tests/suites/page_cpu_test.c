/*
 * Pages that CPUs keep for themselves: what they hold, what is counted, and what comes back.
 */
#include <kernel/string.h>

#include "object_test.h"

#define HUGE_ORDER	9U
#define PAGES		64U
#define MAX_STEPS	20000U		/* instructions of the longest way, with room */

static struct page *pages[PAGES];

/* Has a request of @order a list here? Small zones have none. */
static bool has_list(unsigned int order)
{
	return page_request_stack[0][order] != STACK_NEVER;
}

/* At least @nr pages lie on this CPU's list then, if it has one. */
static void refill_list(struct ktest *t, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		KTEST_EXPECT(t, pages[i]);
	}
	for (unsigned int i = 0; i < nr; i++) {
		__free_pages(pages[i], 0);
		pages[i] = NULL;
	}
}

static uint64_t zones_free(void)
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		nr += kernel_mm.zone[i].nr_free;
	return nr;
}

static void hot_pairs_leave_the_zones_alone(struct ktest *t)
{
	static const unsigned int orders[] = { 0, 1, 2, 3, HUGE_ORDER };
	struct free_state before = free_state_now();
	unsigned int tested = 0;

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct page *first = alloc_pages(GFP_KERNEL, orders[i]);
		uint64_t in_zones;

		KTEST_ASSERT(t, first || orders[i] == HUGE_ORDER);
		if (!first)
			continue;
		__free_pages(first, orders[i]);
		if (!has_list(orders[i]))
			continue;
		in_zones = zones_free();
		for (unsigned int n = 0; n < 100; n++) {
			struct page *page = alloc_pages(GFP_KERNEL, orders[i]);

			KTEST_EXPECT(t, page == first);
			__free_pages(page, orders[i]);
		}
		KTEST_EXPECT_EQ(t, zones_free(), in_zones);
		KTEST_EXPECT_EQ(t, nr_free_pages(), before.pages);
		tested++;
	}
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
	if (!tested)
		ktest_skip(t, "the zones are too small for lists");
}

static void drain_gives_all_back(struct ktest *t)
{
	struct free_state before = free_state_now();

	for (unsigned int i = 0; i < PAGES; i++) {
		pages[i] = alloc_pages(GFP_KERNEL, i % 4);
		KTEST_ASSERT(t, pages[i]);
	}
	for (unsigned int i = 0; i < PAGES; i++)
		__free_pages(pages[i], i % 4);
	KTEST_EXPECT_EQ(t, nr_free_pages(), before.pages);
	if (has_list(0))
		KTEST_EXPECT(t, zones_free() < before.pages);
	drain_all_pages();
	KTEST_EXPECT_EQ(t, zones_free(), before.pages);
	expect_free_state(t, &before);
}

/*
 * One page is free alone: the refill that takes it splits no larger block besides. It would leave a
 * single page again, and so would each refill after it.
 */
static void refill_ends_with_single_pages(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct page *taken[2] = { NULL, NULL };
	const struct zone *zone;
	unsigned int nr = 0;

	if (!has_list(0)) {
		ktest_skip(t, "the zones are too small for lists");
		return;
	}
	drain_all_pages();
	do {
		pages[nr] = mm_alloc_pages(&kernel_mm, GFP_KERNEL, 0, RET_IP);
		KTEST_ASSERT(t, pages[nr]);
		zone = &kernel_mm.zone[pages[nr]->zone_or_cache];
	} while (++nr < PAGES && zone->free[0].nr != 1);
	KTEST_EXPECT_EQ(t, zone->free[0].nr, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(taken); i++)
		taken[i] = alloc_page(GFP_KERNEL);
	KTEST_EXPECT(t, taken[0] && taken[1]);
	KTEST_EXPECT_EQ(t, zone->free[0].nr, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(taken); i++)
		__free_pages(taken[i], 0);
	while (nr > 0)
		__free_pages(pages[--nr], 0);
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* The highest zone is made one without lists, as small ones are; it still comes first. */
static void zone_without_lists_comes_first(struct ktest *t)
{
	struct free_state before = free_state_now();
	unsigned int high = MAX_NR_ZONES - 1, low = 0;
	uint8_t list, request = page_request_stack[0][0];

	while (!kernel_mm.zone[high].managed)
		high--;
	while (low < high && page_stack[low][0] == STACK_NEVER)
		low++;
	if (low == high) {
		ktest_skip(t, "no lower zone has lists");
		return;
	}
	list = page_stack[high][0];
	page_stack[high][0] = page_request_stack[0][0] = STACK_NEVER;
	pages[0] = alloc_page(GFP_KERNEL);
	KTEST_EXPECT(t, pages[0] && pages[0]->zone_or_cache == high);
	__free_page(pages[0]);
	page_stack[high][0] = list;
	page_request_stack[0][0] = request;
	expect_free_state(t, &before);
}

/* So that they are a small part of it: 16 MiB for the small orders, 1 GiB for huge pages. */
static void only_zones_that_are_large_have_lists(struct ktest *t)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		uint64_t mib = kernel_mm.zone[i].present >> (20 - PAGE_SHIFT);

		if (!kernel_mm.zone[i].managed)
			continue;
		for (unsigned int order = 0; order < 4; order++)
			KTEST_EXPECT_EQ(t, page_stack[i][order] != STACK_NEVER, mib >= 16);
		KTEST_EXPECT_EQ(t, page_stack[i][4], STACK_NEVER);
		KTEST_EXPECT_EQ(t, page_stack[i][HUGE_ORDER] != STACK_NEVER, mib >= 1024);
	}
}

/*
 * All CPUs' lists of one order are at most 1/32 of the zone's RAM: a CPU has up to 30 single pages,
 * and 1024 pages in blocks of order 9. Where there are more CPUs, none begins a list.
 */
static void lists_are_a_small_part_of_their_zone(struct ktest *t)
{
	struct free_state before = free_state_now();
	unsigned int singles = page_request_stack[0][0], huge = page_request_stack[0][HUGE_ORDER];
	uint32_t cpus[STACK_NEVER];

	if (!has_list(0)) {
		ktest_skip(t, "the zones are too small for lists");
		return;
	}
	KTEST_EXPECT_EQ(t, page_stack_cpus[singles], kernel_mm.zone[singles / 5].present / 32 / 30);
	if (huge != STACK_NEVER)
		KTEST_EXPECT_EQ(t, page_stack_cpus[huge],
				kernel_mm.zone[huge / 5].present / 32 / 1024);
	memcpy(cpus, page_stack_cpus, sizeof(cpus));
	drain_all_pages();
	for (unsigned int i = 0; i < STACK_NEVER; i++)
		page_stack_cpus[i] = percpu_nr - 1;
	refill_list(t, 1);
	KTEST_EXPECT_EQ(t, zones_free(), before.pages);
	for (unsigned int i = 0; i < STACK_NEVER; i++)
		page_stack_cpus[i] = percpu_nr;
	refill_list(t, 1);
	KTEST_EXPECT(t, zones_free() < before.pages);
	memcpy(page_stack_cpus, cpus, sizeof(cpus));
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

static void wrong_frees(struct ktest *t)
{
	struct free_state before = free_state_now();

	for (unsigned int order = 0; order < 4; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		KTEST_ASSERT(t, page);
		EXPECT_BUGS(t, MM_BUG_WRONG_ORDER, 1, __free_pages(page, order + 1));
		EXPECT_NO_BUG(t, __free_pages(page, order));
		EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, __free_pages(page, order));
		EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, __free_pages(page, order + 1));
	}
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

static void bulk_fills_what_is_null(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct page *mine = alloc_page(GFP_KERNEL);

	KTEST_ASSERT(t, mine);
	memset(pages, 0, sizeof(pages));
	pages[3] = mine;
	KTEST_EXPECT_EQ(t, alloc_pages_bulk(GFP_KERNEL, PAGES - 1, pages), PAGES - 1);
	KTEST_EXPECT(t, pages[3] == mine && !pages[PAGES - 1]);
	for (unsigned int i = 0; i + 1 < PAGES; i++) {
		for (unsigned int j = 0; j < i; j++)
			KTEST_EXPECT(t, pages[i] && pages[i] != pages[j]);
	}
	KTEST_EXPECT_EQ(t, nr_free_pages(), before.pages - (PAGES - 1));
	for (unsigned int i = 0; i + 1 < PAGES; i++)
		__free_pages(pages[i], 0);
	expect_free_state(t, &before);
}

/* One interrupt takes a block, the next gives it back: a stale top is wrong either way. */
static struct page *held;
static unsigned int held_order;
static bool intruder_drains;	/* instead: what another CPU's request for memory does */

static void intrude(void *arg)
{
	unsigned int *refused = arg;

	if (intruder_drains) {
		drain_local_pages();
	} else if (held) {
		__free_pages(held, held_order);
		held = NULL;
	} else {
		held = alloc_pages(GFP_ATOMIC, held_order);
		*refused += !held;
	}
}

/* Is @page where a free puts it: the handler's, among the last ones freed, or drained? */
static bool comes_back(const struct page *page)
{
	struct page *top[3];
	bool found = held == page || intruder_drains;

	for (unsigned int i = 0; i < ARRAY_SIZE(top); i++) {
		top[i] = alloc_pages(GFP_KERNEL, held_order);
		found |= top[i] == page;
	}
	for (unsigned int i = ARRAY_SIZE(top); i-- > 0;) {
		if (top[i])
			__free_pages(top[i], held_order);
	}
	return found;
}

static bool one_step(struct ktest *t, unsigned int n, bool freeing, unsigned int *refused)
{
	struct page *page = freeing ? alloc_pages(GFP_KERNEL, held_order) : NULL;
	bool came;

	KTEST_EXPECT(t, !page || page != held);
	(void)port_interrupt_after(n, intrude, refused);
	if (freeing)
		__free_pages(page, held_order);
	else
		page = alloc_pages(GFP_KERNEL, held_order);
	came = port_interrupt_cancel();
	if (freeing)
		KTEST_EXPECT(t, comes_back(page));
	else
		KTEST_EXPECT(t, page && page != held);
	if (!freeing)
		__free_pages(page, held_order);
	return came;
}

static void at_each_instruction(struct ktest *t, unsigned int order, bool freeing, bool cold)
{
	struct free_state before = free_state_now();
	unsigned int n, refused = 0;
	bool came = true;

	held_order = order;
	if (!port_interrupt_after(MAX_STEPS, intrude, &refused)) {
		ktest_skip(t, "this port has no interrupts");
		return;
	}
	(void)port_interrupt_cancel();
	for (n = 1; came && n < MAX_STEPS && t->failures < 5; n += n < 200 ? 1 : 13) {
		if (cold)
			drain_all_pages();
		came = one_step(t, n, freeing, &refused);
		if (came && !cold)	/* the other way round */
			(void)one_step(t, n, freeing, &refused);
		KTEST_EXPECT_EQ(t, nr_free_pages(), before.pages - (held ? 1UL << order : 0));
		if (n % 8 == 0)
			EXPECT_SOUND(t);
	}
	KTEST_EXPECT(t, !came);
	KTEST_EXPECT_EQ(t, refused, 0);
	if (held)
		__free_pages(held, order);
	held = NULL;
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

static void interrupted_alloc(struct ktest *t)
{
	at_each_instruction(t, 0, false, false);
}

static void interrupted_free(struct ktest *t)
{
	at_each_instruction(t, 0, true, false);
}

static void interrupted_by_a_drain(struct ktest *t)
{
	intruder_drains = true;
	at_each_instruction(t, 0, false, false);
	at_each_instruction(t, 0, true, false);
	intruder_drains = false;
}

static void interrupted_refill(struct ktest *t)
{
	at_each_instruction(t, 1, false, true);
}

/* ---- bulk, interrupted after each of its instructions -------------------- */

#define BULK		16U

/* More than the interrupted call leaves on the list, so that its second try finds fewer. */
static void intrude_many(void *arg)
{
	(void)arg;
	for (unsigned int i = BULK; i < PAGES; i++)
		pages[i] = alloc_page(GFP_NOWAIT);
}

static void expect_one_owner_each(struct ktest *t)
{
	for (unsigned int i = 0; i < BULK; i++) {
		for (unsigned int j = BULK; j < PAGES; j++)
			KTEST_EXPECT(t, pages[i] != pages[j]);
	}
}

static void interrupted_bulk(struct ktest *t)
{
	struct free_state before = free_state_now();
	bool came = true;

	if (!has_list(0)) {
		ktest_skip(t, "the zones are too small for lists");
		return;
	}
	if (!port_interrupt_after(MAX_STEPS, intrude_many, NULL)) {
		ktest_skip(t, "this port has no interrupts");
		return;
	}
	(void)port_interrupt_cancel();
	for (unsigned int n = 1; came && n < MAX_STEPS && t->failures == 0; n += n < 400 ? 1 : 13) {
		refill_list(t, BULK + 4);
		memset(pages, 0, sizeof(pages));
		(void)port_interrupt_after(n, intrude_many, NULL);
		KTEST_EXPECT_EQ(t, alloc_pages_bulk(GFP_KERNEL, BULK, pages), BULK);
		came = port_interrupt_cancel();
		expect_one_owner_each(t);
		if (t->failures)
			break;		/* who would free them frees somebody's twice */
		for (unsigned int i = 0; i < PAGES; i++)
			__free_pages(pages[i], 0);
	}
	KTEST_EXPECT(t, !came);
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* ---- what zones keep ----------------------------------------------------- */

/* Pages that a case holds, as many as there are: each has the address of the next. */
static struct page **chain;

static void hold(struct page *page)
{
	struct page **at = page_address(page);

	*at = (struct page *)chain;
	chain = at;
}

static void let_all_go(void)
{
	while (chain) {
		struct page *page = virt_to_page(chain);

		chain = (struct page **)*chain;
		__free_pages(page, 0);
	}
}

/* A page of the low zone, which no refill took, goes onto this CPU's list. Return: is it taken? */
static bool takes_what_is_given(gfp_t low_bit)
{
	struct page *page = mm_alloc_pages(&kernel_mm, GFP_NOWAIT | low_bit, 0, RET_IP);

	if (!page)
		return false;
	__free_pages(page, 0);
	page = alloc_page(GFP_NOWAIT);
	if (page)
		hold(page);
	return page;
}

/* Plain requests, and such that may only use @low_bit's zone, in turn, until both fail. Return: of
 * the plain ones those that got something after the first that failed. */
static unsigned int take_in_turn(gfp_t low_bit)
{
	unsigned int nr_more = 0;
	bool first = true;
	struct page *page;

	do {
		while ((page = alloc_page(GFP_NOWAIT)) != NULL) {
			nr_more += !first;
			hold(page);
		}
		if (first)
			nr_more += takes_what_is_given(low_bit);
		first = false;
		page = alloc_page(GFP_NOWAIT | low_bit);
		if (page)
			hold(page);
	} while (page);
	return nr_more;
}

/*
 * What a low zone keeps from requests that could have been served higher up, it keeps on CPUs'
 * lists, too: a driver's requests fill them, and plain ones must not take it from there.
 */
static void lists_keep_the_reserve(struct ktest *t)
{
	struct free_state before = free_state_now();
	unsigned int low = 0, high = MAX_NR_ZONES - 1;
	uint64_t kept;

	while (!kernel_mm.zone[high].managed)
		high--;
	while (low < high && page_stack[low][0] == STACK_NEVER)
		low++;
	if (low == high || before.pages > 1ULL << (30 - PAGE_SHIFT)) {
		ktest_skip(t, "no lower zone has lists, or there is too much memory");
		return;
	}
	kept = kernel_mm.zone[low].lowmem_reserve[ZONE_NORMAL];
	kernel_mm.zone[low].lowmem_reserve[ZONE_NORMAL] = 512;
	drain_all_pages();
	KTEST_EXPECT_EQ(t, take_in_turn(low == ZONE_DMA ? GFP_DMA : GFP_DMA32), 0);
	kernel_mm.zone[low].lowmem_reserve[ZONE_NORMAL] = kept;
	let_all_go();
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* By lists alone no zone comes down to its low watermark, nor to what it keeps for others. */
static void refills_stop_above_the_low_watermark(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct page *page;

	if (before.pages > 1ULL << (30 - PAGE_SHIFT)) {
		ktest_skip(t, "there is too much memory to take all of it");
		return;
	}
	while ((page = page_cpu_take(GFP_NOWAIT, 0)) != NULL) {
		page->state = PAGE_ALLOCATED;
		hold(page);
	}
	for (unsigned int i = MAX_NR_ZONES; i-- > 0;) {
		const struct zone *zone = &kernel_mm.zone[i];
		uint64_t kept = zone->watermark[WMARK_LOW] + zone->lowmem_reserve[ZONE_NORMAL];

		if (zone->managed && page_stack[i][0] == STACK_NEVER)
			break;
		if (zone->managed)
			KTEST_EXPECT_EQ(t, zone->nr_free, kept + 1);
	}
	let_all_go();
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

static const struct ktest_case page_cpu_cases[] = {
	KTEST_CASE(hot_pairs_leave_the_zones_alone),
	KTEST_CASE(drain_gives_all_back),
	KTEST_CASE(refill_ends_with_single_pages),
	KTEST_CASE(zone_without_lists_comes_first),
	KTEST_CASE(only_zones_that_are_large_have_lists),
	KTEST_CASE(refills_stop_above_the_low_watermark),
	KTEST_CASE(lists_keep_the_reserve),
	KTEST_CASE(lists_are_a_small_part_of_their_zone),
	KTEST_CASE(wrong_frees),
	KTEST_CASE(bulk_fills_what_is_null),
	KTEST_CASE(interrupted_alloc),
	KTEST_CASE(interrupted_free),
	KTEST_CASE(interrupted_refill),
	KTEST_CASE(interrupted_bulk),
	KTEST_CASE(interrupted_by_a_drain),
};
KTEST_SUITE(page_cpu, page_cpu_cases);
