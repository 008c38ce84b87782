/*
 * Page allocators: bytes as operations, each run judged by a model that has one byte for each page
 * and knows neither blocks nor lists.
 *
 * The first byte chooses. Even: an allocator of its own over ranges that the input draws, without
 * watermarks. Odd: the running system through the public interface, with the CPU's page lists for
 * one of three zones. A request for 2^k pages must succeed exactly when its zones hold 2^k free
 * pages in a row at a multiple of 2^k (in the running system: if it may reclaim), and be served
 * from the highest such zone, unless page lists hold a part of it. What was written to a page must
 * be there until its free. Wrong frees are thrown in: each is one report, and changes nothing.
 */
#include <mm/ledger.h>
#include <mm/report.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mm/internal.h"

#define MAX_OPS		400U
#define MAX_PAGES	12288U		/* that a model knows */
#define MAX_RANGES	6U
#define NR_PFNS		(4 * MAX_ORDER_NR_PAGES)	/* of a drawn range's neighbourhood */
#define NR_AREAS	3U		/* neighbourhoods: from 12 MiB, from 4088 MiB, from 0 */
#define GARBAGE		0xa5		/* what descriptors hold before they are filled */

struct range {
	uint64_t start, end;		/* pfns */
};

struct block {
	uint64_t pfn;
	unsigned int order;
};

static struct {
	struct mm *mm;
	struct range range[MAX_RANGES];
	unsigned int nr_ranges;
	uint8_t owner[MAX_PAGES];	/* 0: free; the ranges' pages, one range after the other */
	struct block held[MAX_OPS];
	unsigned int nr_held;
	uint8_t next_owner;
	bool real;			/* the running system */
} model;

/* ---- the model ----------------------------------------------------------- */

/* NULL: @pfn is in no range. */
static uint8_t *owner_of(uint64_t pfn)
{
	uint8_t *at = model.owner;

	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		const struct range *range = &model.range[i];

		if (pfn >= range->start && pfn < range->end)
			return at + (pfn - range->start);
		at += range->end - range->start;
	}
	return NULL;
}

static unsigned int zone_index(uint64_t pfn)
{
	return pfn < 4096 ? ZONE_DMA : pfn < 1048576 ? ZONE_DMA32 : ZONE_NORMAL;
}

static bool row_is_free(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		const uint8_t *owner = owner_of(pfn + i);

		if (!owner || *owner)
			return false;
	}
	return true;
}

/* The highest zone, @highest or lower, that could serve the order. -1: none. */
static int best_zone(unsigned int order, unsigned int highest)
{
	uint64_t nr = 1ULL << order;

	for (unsigned int i = model.nr_ranges; i-- > 0;) {
		const struct range *range = &model.range[i];
		uint64_t end = align_down(range->end, nr);

		for (; end >= range->start + nr; end -= nr) {
			if (zone_index(end - nr) <= highest && row_is_free(end - nr, nr))
				return (int)zone_index(end - nr);
		}
	}
	return -1;
}

static void set_owner(uint64_t pfn, uint64_t nr, uint8_t was, uint8_t is)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint8_t *owner = owner_of(pfn + i);

		FUZZ_CHECK(owner != NULL);
		FUZZ_EQ(*owner, was);
		*owner = is;
	}
}

/* ---- what is written into real pages ------------------------------------- */

static uint64_t *words_of(uint64_t pfn)
{
	return (uint64_t *)phys_to_virt(PFN_PHYS(pfn));
}

static void stamp(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; model.real && i < pfn + nr; i++)
		words_of(i)[0] = words_of(i)[PAGE_SIZE / 8 - 1] = ~i;
}

static void check_stamp(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; model.real && i < pfn + nr; i++) {
		FUZZ_EQ(words_of(i)[0], ~i);
		FUZZ_EQ(words_of(i)[PAGE_SIZE / 8 - 1], ~i);
	}
}

/* ---- operations ---------------------------------------------------------- */

static struct page *take(gfp_t gfp, unsigned int order)
{
	if (model.real)
		return alloc_pages(gfp, order);
	return mm_alloc_pages(model.mm, gfp, order, RET_IP);
}

static void give(struct page *page, unsigned int order)
{
	if (model.real)
		__free_pages(page, order);
	else
		mm_free_pages(model.mm, page, order, PAGE_ALLOCATED, RET_IP);
}

/* Also for pfns that have no descriptor. */
static struct page *page_at(uint64_t pfn)
{
	return (struct page *)((uintptr_t)model.mm->pages + pfn * sizeof(struct page));
}

static uint64_t pfn_of(const struct page *page)
{
	return (uint64_t)(page - model.mm->pages);
}

/* 2^@order pages, or @nr of them one by one, are new. */
static void hold(uint64_t pfn, unsigned int order)
{
	uint8_t owner = model.next_owner = (uint8_t)(model.next_owner % 255 + 1);

	FUZZ_EQ(pfn & ((1ULL << order) - 1), 0);
	set_owner(pfn, 1ULL << order, 0, owner);
	stamp(pfn, 1ULL << order);
	model.held[model.nr_held++] = (struct block){ pfn, order };
}

static void do_alloc(struct fuzz_input *in)
{
	static const gfp_t where[] = { 0, 0, __GFP_DMA32, __GFP_DMA };
	uint8_t byte = take_byte(in);
	gfp_t gfp = where[byte >> 4 & 3] | __GFP_NOWARN | (byte & 0x80 ? __GFP_HIGH : 0);
	unsigned int order = byte % 16 < MAX_ORDER ? byte % 16 : 0;
	bool reclaim = !model.real || byte & 0x40;
	int best = best_zone(order, gfp_highest_zone(gfp));
	bool listed = best >= 0 && model.real && page_cpu_nr(&kernel_mm.zone[best], 0) != 0;
	struct page *page;

	if (model.nr_held == MAX_OPS)
		return;
	if (model.real && byte & 0x40)
		gfp |= __GFP_DIRECT_RECLAIM | (byte & 0x80 ? __GFP_ZERO : 0);
	page = take(gfp, order);
	if (!page) {
		FUZZ_CHECK(best < 0 || !reclaim);
		return;
	}
	FUZZ_CHECK(best >= 0);
	/* What is on a CPU's list is joined with its neighbours only when no zone has a block. */
	FUZZ_CHECK(zone_index(pfn_of(page)) == (unsigned int)best || listed);
	FUZZ_CHECK(zone_index(pfn_of(page)) <= gfp_highest_zone(gfp));
	if (gfp & __GFP_ZERO)
		FUZZ_EQ(words_of(pfn_of(page))[0] | words_of(pfn_of(page))[511], 0);
	hold(pfn_of(page), order);
}

static void drop(unsigned int index)
{
	struct block block = model.held[index];
	uint64_t nr = 1ULL << block.order;

	check_stamp(block.pfn, nr);
	set_owner(block.pfn, nr, *owner_of(block.pfn), 0);
	model.held[index] = model.held[--model.nr_held];
	give(page_at(block.pfn), block.order);
}

static void do_free(struct fuzz_input *in)
{
	if (model.nr_held)
		drop((unsigned int)take_number(in, 2) % model.nr_held);
}

static bool is_held(uint64_t pfn, unsigned int order)
{
	for (unsigned int i = 0; i < model.nr_held; i++) {
		if (model.held[i].pfn == pfn && model.held[i].order == order)
			return true;
	}
	return false;
}

/* Any page near a range, any order: refused with one report, unless somebody really holds it. */
static void do_wrong_free(struct fuzz_input *in)
{
	unsigned int order = take_byte(in) % (MAX_ORDER + 2), bugs = fuzz_bugs();
	unsigned int kind = take_byte(in);
	uint64_t pfn;

	if (kind & 1 && model.nr_held)
		pfn = model.held[kind / 2 % model.nr_held].pfn + (kind & 0x80 ? 1 : 0);
	else
		pfn = model.range[kind / 2 % model.nr_ranges].start +
		      (uint64_t)(int16_t)take_number(in, 2);
	if (is_held(pfn, order))
		return;
	give(page_at(pfn), order);
	FUZZ_EQ(fuzz_bugs(), bugs + 1);
}

/* Real pages only: single ones in bulk. */
static void do_bulk(struct fuzz_input *in)
{
	struct page *pages[32] = { NULL };
	unsigned long nr = take_byte(in) % (ARRAY_SIZE(pages) + 1), got;

	if (model.nr_held + nr > MAX_OPS)
		return;
	got = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, nr, pages);
	FUZZ_CHECK(got <= nr);
	for (unsigned long i = 0; i < ARRAY_SIZE(pages); i++) {
		FUZZ_EQ(pages[i] != NULL, i < got);
		if (pages[i])
			hold(pfn_of(pages[i]), 0);
	}
	FUZZ_CHECK(got == nr || best_zone(0, ZONE_NORMAL) < 0);
}

/* Any number of pages; they are single ones from then on. */
static void do_exact(struct fuzz_input *in)
{
	size_t bytes = 1 + take_number(in, 2) % (24 * PAGE_SIZE);
	uint64_t pfn, nr = PFN_UP(bytes);
	char *at;

	if (model.nr_held + nr > MAX_OPS)
		return;
	at = alloc_pages_exact(bytes, GFP_KERNEL | __GFP_NOWARN);
	if (!at) {
		FUZZ_CHECK(best_zone(LARGE_ORDER(bytes), ZONE_NORMAL) < 0);
		return;
	}
	pfn = PFN_DOWN(virt_to_phys(at));
	FUZZ_EQ(pfn & ((1ULL << LARGE_ORDER(bytes)) - 1), 0);
	if (bytes & 1) {
		FUZZ_CHECK(row_is_free(pfn, nr));
		free_pages_exact(at, bytes);
		return;
	}
	for (uint64_t i = 0; i < nr; i++)
		hold(pfn + i, 0);
}

static void verify(void)
{
	if (model.real)
		fuzz_verify();
	else if (mm_verify_instance(model.mm, &fuzz_sink) != 0)
		fuzz_fail(__FILE__, __LINE__, "an invariant is broken");
	else if (ledger_check(model.mm, &fuzz_sink) != 0)
		fuzz_fail(__FILE__, __LINE__, "the ledger is not closed");
}

static void run_operations(struct fuzz_input *in)
{
	for (unsigned int i = 0; i < MAX_OPS && in->at < in->end; i++) {
		uint8_t op = take_byte(in) % 16;

		if (op < 7)
			do_alloc(in);
		else if (op < 11)
			do_free(in);
		else if (op < 13)
			do_wrong_free(in);
		else if (op == 13 && model.real)
			do_bulk(in);
		else if (op == 14 && model.real)
			do_exact(in);
		else if (op == 15 && model.real)
			drain_all_pages();
	}
	verify();
	while (model.nr_held)
		drop(model.nr_held - 1);
}

/* ---- an allocator of its own --------------------------------------------- */

/*
 * Ranges in ascending order, disjoint and with gaps, in one of three neighbourhoods. The
 * descriptors are indexed by pfn, so the array is biased by the neighbourhood's first one. A page
 * above all of them is what mm_setup() takes for the block map.
 */
static uint64_t draw_ranges(struct fuzz_input *in)
{
	static const uint64_t area[NR_AREAS] = { 3072, 1048576 - 2048, 0 };
	uint64_t base = area[take_byte(in) % NR_AREAS], pfn = base ? base : 1;
	unsigned int nr = 1 + take_byte(in) % MAX_RANGES;

	model.nr_ranges = 0;
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t start = pfn + take_number(in, 2) % 1500;
		uint64_t length = 1 + take_number(in, 2) % 3000;

		if (start >= base + NR_PFNS)
			break;
		length = min_u64(length, base + NR_PFNS - start);
		model.range[model.nr_ranges++] = (struct range){ start, start + length };
		pfn = start + length + 1;
	}
	return base;
}

static void set_up(struct mm *mm, struct memmap *map, uint64_t base, struct page *pages, char *ram)
{
	static uint64_t tables[MEMMAP_BYTES(MAX_RANGES + 1, 4) / sizeof(uint64_t) + 1];
	uint64_t extra = base + NR_PFNS;	/* holds the block map */

	memset(pages, GARBAGE, (NR_PFNS + MAX_ORDER_NR_PAGES) * sizeof(*pages));
	memmap_init(map, tables, MAX_RANGES + 1, 4, 1ULL << 44);
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		const struct range *range = &model.range[i];

		FUZZ_EQ(memmap_add(map, PFN_PHYS(range->start),
				   PFN_PHYS(range->end - range->start), MEMMAP_USABLE),
			0);
	}
	FUZZ_EQ(memmap_add(map, PFN_PHYS(extra), PAGE_SIZE, MEMMAP_USABLE), 0);
	FUZZ_EQ(memmap_seal(map), 0);
	memset(mm, 0, sizeof(*mm));
	FUZZ_EQ(mm_setup(mm, map, (struct page *)((uintptr_t)pages - base * sizeof(*pages)),
			 (char *)((uintptr_t)ram - PFN_PHYS(extra))),
		0);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		memset(mm->zone[i].watermark, 0, sizeof(mm->zone[i].watermark));
		memset(mm->zone[i].lowmem_reserve, 0, sizeof(mm->zone[i].lowmem_reserve));
	}
}

/* Blocks are as large as they can be: greedily from each range's start, aligned. */
static void check_free_lists(void)
{
	uint64_t want[MAX_NR_ZONES][MAX_ORDER] = { { 0 } };

	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		uint64_t pfn = model.range[i].start, end = model.range[i].end;

		while (pfn < end) {
			unsigned int order = MAX_ORDER - 1;

			while (pfn % (1U << order) || pfn + (1U << order) > end)
				order--;
			want[zone_index(pfn)][order]++;
			pfn += 1U << order;
		}
	}
	for (unsigned int zone = 0; zone < MAX_NR_ZONES; zone++) {
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			FUZZ_EQ(model.mm->zone[zone].free[order].nr, want[zone][order]);
	}
}

static void run_private(struct fuzz_input *in)
{
	static struct page pages[NR_PFNS + MAX_ORDER_NR_PAGES];
	static char ram[PAGE_SIZE] __attribute__((aligned(4096)));
	static struct mm mm;
	static struct memmap map;
	uint64_t base = draw_ranges(in);

	if (model.nr_ranges == 0)
		return;
	model.mm = &mm;
	memset(model.owner, 0, sizeof(model.owner));
	set_up(&mm, &map, base, pages, ram);
	check_free_lists();
	run_operations(in);
	check_free_lists();
	verify();
}

/* ---- the running system -------------------------------------------------- */

static uint64_t pages_at_rest;
static uint8_t owner_at_rest[MAX_PAGES];	/* 0xff: the system's own */

static void note_free(uint32_t first, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		*owner_of(first + i) = 0;
}

static void draw_system(void)
{
	uint64_t start, end, nr = 0;

	for (uint64_t from = 0; memmap_next_ram(kernel_mm.map, from, &start, &end); from = end) {
		FUZZ_CHECK(model.nr_ranges < MAX_RANGES);
		model.range[model.nr_ranges++] = (struct range){ PFN_DOWN(start), PFN_DOWN(end) };
		nr += PFN_DOWN(end - start);
	}
	FUZZ_CHECK(nr <= MAX_PAGES);
	model.mm = &kernel_mm;
}

static void init(void)
{
	fuzz_boot();
	pages_at_rest = fuzz_pages_free();
	draw_system();
	memset(model.owner, 0xff, sizeof(model.owner));
	for (unsigned int zone = 0; zone < MAX_NR_ZONES; zone++) {
		for (unsigned int order = 0; order < MAX_ORDER; order++) {
			uint32_t pfn = kernel_mm.zone[zone].free[order].first;

			for (; pfn; pfn = pfn_to_page(pfn)->next)
				note_free(pfn, max_u64(pfn_to_page(pfn)->nr_blocks, 1) << order);
		}
	}
	memcpy(owner_at_rest, model.owner, sizeof(owner_at_rest));
}

/* At rest the same pages are free each time: the system keeps what it had at boot. */
static void run_real(struct fuzz_input *in)
{
	draw_system();
	memcpy(model.owner, owner_at_rest, sizeof(model.owner));
	run_operations(in);
	FUZZ_EQ(fuzz_pages_free(), pages_at_rest);
}

static void run(const uint8_t *bytes, size_t size)
{
	struct fuzz_input in = { bytes, bytes + size };

	model.nr_ranges = model.nr_held = model.next_owner = 0;
	model.real = take_byte(&in) & 1;
	if (model.real)
		run_real(&in);
	else
		run_private(&in);
}

const struct fuzz_target fuzz_pages = { "pages", init, run };
