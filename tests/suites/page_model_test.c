/*
 * Random requests against a naive reference: one byte for each page says who has it.
 *
 * The reference knows no blocks. Since free buddies are always joined, a request for 2^k pages
 * must succeed exactly when its zones hold 2^k free pages in a row at a multiple of 2^k, and
 * be served from the highest such zone. Wrong frees are thrown in: each must be one report,
 * and change nothing.
 */
#include "arena.h"

#include <kernel/string.h>

#define NR_OPERATIONS	(__STDC_HOSTED__ ? 200000U : 20000U)	/* under emulation: half a second */
#define VERIFY_EVERY	(NR_OPERATIONS / 50)
#define MAX_PAGES	8192U		/* of all ranges */
#define SEED		0		/* other than 0: repeat the run that printed it */

struct held {
	uint32_t pfn;
	uint8_t order;
	uint8_t owner;			/* 1 .. 255 */
};

struct model {
	struct arena arena;
	const struct arena_range *ranges;
	unsigned int nr_ranges;
	uint64_t random;
	uint8_t owner[MAX_PAGES];	/* 0: free; the ranges' pages, one range after the other */
	struct held held[MAX_PAGES];
	unsigned int nr_held;
	uint64_t nr_free;
};

static struct model model;

/* xorshift64* (Vigna 2014). */
static uint32_t draw(uint32_t below)
{
	model.random ^= model.random >> 12;
	model.random ^= model.random << 25;
	model.random ^= model.random >> 27;
	return (uint32_t)((model.random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* The byte of @pfn; NULL: in no range. */
static uint8_t *owner_of(uint64_t pfn)
{
	uint8_t *at = model.owner;

	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		const struct arena_range *range = &model.ranges[i];

		if (pfn >= range->start_pfn && pfn < range->end_pfn)
			return at + (pfn - range->start_pfn);
		at += range->end_pfn - range->start_pfn;
	}
	return NULL;
}

static bool is_free_run(uint64_t pfn, unsigned int order)
{
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		const uint8_t *owner = owner_of(pfn + i);

		if (!owner || *owner)
			return false;
	}
	return true;
}

/*
 * Could @zone serve this? No range crosses a zone's edge, and no aligned block crosses
 * from range to range.
 */
static bool reference_has(const struct zone *zone, unsigned int order)
{
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		const struct arena_range *range = &model.ranges[i];
		uint64_t pfn = align_up(range->start_pfn, 1ULL << order);

		if (mm_zone_of(&model.arena.mm, range->start_pfn) != zone)
			continue;
		for (; pfn + (1ULL << order) <= range->end_pfn; pfn += 1ULL << order) {
			if (is_free_run(pfn, order))
				return true;
		}
	}
	return false;
}

static unsigned int nr_bugs(void)
{
	unsigned int nr = 0;

	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		nr += mm_bug_count((enum mm_bug_kind)kind);
	return nr;
}

static void set_owner(struct ktest *t, uint64_t pfn, unsigned int order, uint8_t was, uint8_t is)
{
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		uint8_t *owner = owner_of(pfn + i);

		KTEST_ASSERT(t, owner);
		KTEST_EXPECT_EQ(t, *owner, was);
		*owner = is;
	}
}

static void do_alloc(struct ktest *t)
{
	static const struct { gfp_t gfp; unsigned int zone; } where[] = {
		{ 0, ZONE_NORMAL }, { 0, ZONE_NORMAL },
		{ __GFP_DMA32, ZONE_DMA32 }, { __GFP_DMA, ZONE_DMA },
	};
	unsigned int order = draw(4) ? draw(4) : draw(MAX_ORDER), from = draw(ARRAY_SIZE(where));
	struct page *page = mm_alloc_pages(&model.arena.mm, GFP_NOWAIT | where[from].gfp, order,
					   RET_IP);
	const struct zone *zones = model.arena.mm.zone, *zone = zones;
	struct held *held = &model.held[model.nr_held];
	int i = (int)where[from].zone;

	if (page) {
		*held = (struct held){ (uint32_t)arena_pfn(&model.arena, page), (uint8_t)order,
				       (uint8_t)(1 + draw(255)) };
		zone = mm_zone_of(&model.arena.mm, held->pfn);
		KTEST_EXPECT(t, zone <= &zones[i]);
		KTEST_EXPECT_EQ(t, held->pfn % (1U << order), 0);
	}
	for (; i >= 0 && (!page || &zones[i] > zone); i--)
		KTEST_EXPECT(t, !reference_has(&zones[i], order));
	if (!page)
		return;
	set_owner(t, held->pfn, order, 0, held->owner);
	model.nr_held++;
	model.nr_free -= 1ULL << order;
}

static void do_free(struct ktest *t, unsigned int victim)
{
	struct held held = model.held[victim];
	struct page *page = model.arena.mm.pages + held.pfn;

	set_owner(t, held.pfn, held.order, held.owner, 0);
	arena_give(&model.arena, page, held.order);
	model.held[victim] = model.held[--model.nr_held];
	model.nr_free += 1ULL << held.order;
}

/* A wrong order, a page inside a block, or a page that is free or no RAM at all. */
static void do_wrong_free(struct ktest *t)
{
	const struct arena_range *range = &model.ranges[draw(model.nr_ranges)];
	uint64_t nr = range->end_pfn - range->start_pfn;
	unsigned int bugs = nr_bugs(), order = draw(MAX_ORDER);
	uint64_t pfn = range->start_pfn + draw((uint32_t)nr + 2);

	for (unsigned int i = 0; i < model.nr_held; i++) {
		if (model.held[i].pfn == pfn && model.held[i].order == order)
			return;
	}
	arena_give(&model.arena, model.arena.mm.pages + pfn, order);
	KTEST_EXPECT_EQ(t, nr_bugs() - bugs, 1);
}

static uint64_t free_in_all_zones(void)
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		nr += model.arena.mm.zone[i].nr_free;
	return nr;
}

static void run_operations(struct ktest *t)
{
	unsigned int thirst = 5;	/* of 10 operations, how many allocate */

	for (unsigned int i = 0; i < NR_OPERATIONS && !t->failures; i++) {
		if (i % 1000 == 0)
			thirst = 3 + draw(5);
		if (draw(64) == 0)
			do_wrong_free(t);
		else if (draw(10) < thirst)
			do_alloc(t);
		else if (model.nr_held)
			do_free(t, draw(model.nr_held));
		KTEST_EXPECT_EQ(t, free_in_all_zones(), model.nr_free);
		if (i % VERIFY_EVERY == 0)
			arena_verify(&model.arena, t);
	}
}

static void copy_counts(uint64_t counts[MAX_NR_ZONES][MAX_ORDER])
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			counts[i][order] = model.arena.mm.zone[i].free[order].nr;
	}
}

static void run_model(struct ktest *t, const struct arena_range *ranges, unsigned int nr)
{
	uint64_t counts[MAX_NR_ZONES][MAX_ORDER];
	uint64_t seed = SEED ? SEED : port_seed() | 1;

	memset(&model, 0, sizeof(model));
	if (!arena_init(&model.arena, t, ranges, nr))
		return;
	ktest_note(t, "seed 0x%llx", (unsigned long long)seed);
	model.ranges = ranges;
	model.nr_ranges = nr;
	model.random = seed;
	model.nr_free = free_in_all_zones();
	copy_counts(counts);
	mm_bug_quiet(true);
	run_operations(t);
	mm_bug_quiet(false);
	while (model.nr_held && !t->failures)
		do_free(t, model.nr_held - 1);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		zone_expect_free(t, __FILE__, __LINE__, &model.arena.mm.zone[i], counts[i]);
	for (unsigned int i = 0; i < MAX_PAGES; i++)
		KTEST_ASSERT(t, model.owner[i] == 0);
	arena_fini(&model.arena, t);
}

static void random_requests_around_16_mib(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 3077, 3700, MEMMAP_OWNER_NONE },
		{ 3701, 4096, MEMMAP_OWNER_NONE },
		{ 4096, 6161, MEMMAP_OWNER_NONE },
		{ 6400, 6433, MEMMAP_OWNER_NONE },
		{ 9216, 10240, MEMMAP_OWNER_NONE },
	};

	run_model(t, ranges, ARRAY_SIZE(ranges));
}

static void random_requests_in_three_zones(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 17, 159, MEMMAP_OWNER_NONE },
		{ 3840, 4096, MEMMAP_OWNER_NONE },
		{ 4096, 5120, MEMMAP_OWNER_NONE },
		{ 5121, 5155, MEMMAP_OWNER_NONE },
		{ (1 << 20), (1 << 20) + 3079, MEMMAP_OWNER_NONE },
	};

	run_model(t, ranges, ARRAY_SIZE(ranges));
}

static const struct ktest_case page_model_cases[] = {
	KTEST_CASE(random_requests_around_16_mib),
	KTEST_CASE(random_requests_in_three_zones),
};
KTEST_SUITE(page_model, page_model_cases);
