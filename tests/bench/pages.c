/*
 * Benchmarks of pages: each order, batches, bulk, and all memory of the machine.
 */
#include <mm/page_alloc.h>
#include <mm/slab.h>

#include "tests/bench/bench.h"

enum { TAKE, GIVE };

#define BULK		16U
#define TABLE_ORDER	(MAX_ORDER - 1)
/* 2^20: the pages of 4 GiB */
#define TABLE_ENTRIES	((PAGE_SIZE << TABLE_ORDER) / sizeof(uint32_t))

static const char no_memory[] = "no memory";

/* Present only where the page allocator has it. */
unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr_pages, struct page **pages)
	__attribute__((weak));

static bool holds(const struct bench *b, unsigned int nr, const struct page *page)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (b->objects[i] == page)
			return true;
	}
	return false;
}

/*
 * Bring the free lists into a state that does not depend on what ran before: a block of @order is
 * free, its buddy is not, and it is the one that was freed last. So a pair neither splits nor
 * merges. Return: how many blocks are held for that, in b->objects.
 */
static unsigned int settle(struct bench *b, unsigned int order)
{
	unsigned int nr;

	for (nr = 0; nr < BENCH_BATCH; nr++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		if (!page) {
			b->error = no_memory;
			break;
		}
		if (order == MAX_ORDER - 1 ||
		    holds(b, nr, pfn_to_page(page_to_pfn(page) ^ 1UL << order))) {
			__free_pages(page, order);
			break;
		}
		b->objects[nr] = page;
	}
	return nr;
}

static void unsettle(struct bench *b, unsigned int nr, unsigned int order)
{
	while (nr > 0)
		__free_pages(b->objects[--nr], order);
}

#define PAGES_PAIR(order)                                                                          \
	static void pages_pair_##order(struct bench *b)                                            \
	{                                                                                          \
		unsigned int held = settle(b, order);                                              \
                                                                                                   \
		for (unsigned int i = 0; i < b->n; i++) {                                          \
			struct page *page;                                                         \
                                                                                                   \
			BENCH_OP(b, TAKE, page = alloc_pages(GFP_KERNEL, order);                   \
				 __free_pages(page, order));                                       \
			if (!page)                                                                 \
				b->error = no_memory;                                              \
		}                                                                                  \
		unsettle(b, held, order);                                                          \
	}

PAGES_PAIR(0)
PAGES_PAIR(1)
PAGES_PAIR(2)
PAGES_PAIR(3)
PAGES_PAIR(4)
PAGES_PAIR(5)
PAGES_PAIR(6)
PAGES_PAIR(7)
PAGES_PAIR(8)
PAGES_PAIR(9)
PAGES_PAIR(10)

/* arg: enum bench_order. */
static void pages_batch(struct bench *b)
{
	unsigned int nr;

	for (nr = 0; nr < b->n; nr++) {
		struct page *page;

		BENCH_OP(b, TAKE, page = alloc_pages(GFP_KERNEL, 0));
		if (!page)
			break;
		b->objects[nr] = page;
	}
	if (nr < b->n)
		b->error = no_memory;
	bench_set_order(b, (enum bench_order)b->arg, nr);
	for (unsigned int i = 0; i < nr; i++) {
		struct page *page = b->objects[b->order[i]];

		BENCH_OP(b, GIVE, __free_pages(page, 0));
	}
}

static void pages_bulk16(struct bench *b)
{
	struct page *pages[BULK];

	if (!alloc_pages_bulk) {
		b->none = "no alloc_pages_bulk()";
		return;
	}
	for (unsigned int i = 0; i < b->n; i++) {
		unsigned long got;

		for (unsigned int k = 0; k < BULK; k++)
			pages[k] = NULL;
		BENCH_OP(b, TAKE, got = alloc_pages_bulk(GFP_KERNEL, BULK, pages));
		if (got != BULK)
			b->error = no_memory;
		for (unsigned long k = 0; k < got; k++)
			__free_pages(pages[k], 0);
	}
}

/* ---- all memory ---------------------------------------------------------- */

/*
 * Take one thing after the other until there is none, or one for each entry of the table, then
 * give all back in random order. The table keeps page frame numbers.
 */
#define ALL_MEMORY(fn, type, alloc, to_pfn, from_pfn, give)                                        \
	static void fn(struct bench *b)                                                            \
	{                                                                                          \
		struct page *table = alloc_pages(GFP_KERNEL, TABLE_ORDER);                         \
		uint32_t *pfns = table ? page_address(table) : NULL;                               \
		size_t nr = 0, end = !table ? 0 : b->stepping ? b->n : TABLE_ENTRIES;              \
                                                                                                   \
		for (; nr < end; nr++) {                                                           \
			type *taken;                                                               \
                                                                                                   \
			BENCH_OP(b, TAKE, taken = alloc);                                          \
			if (!taken) {                                                              \
				bench_drop(b, TAKE);                                               \
				break;                                                             \
			}                                                                          \
			pfns[nr] = (uint32_t)(to_pfn);                                             \
		}                                                                                  \
		if (nr == 0)                                                                       \
			b->error = no_memory;                                                      \
		bench_shuffle(pfns, nr);                                                           \
		for (size_t i = 0; i < nr; i++) {                                                  \
			type *taken = from_pfn;                                                    \
                                                                                                   \
			BENCH_OP(b, GIVE, give);                                                   \
		}                                                                                  \
		__free_pages(table, TABLE_ORDER);                                                  \
	}

ALL_MEMORY(all_memory_pages, struct page, alloc_pages(GFP_NOWAIT, 0), page_to_pfn(taken),
	   pfn_to_page(pfns[i]), __free_pages(taken, 0))

ALL_MEMORY(all_memory_objects, void, kmalloc(PAGE_SIZE, GFP_NOWAIT),
	   virt_to_phys(taken) >> PAGE_SHIFT, phys_to_virt(PFN_PHYS(pfns[i])), kfree(taken))

#define PAIR(order)                                                                                \
	{ "pages_order" #order "_pair", { "", NULL }, BENCH_PAIRS, 1, false, 0, pages_pair_##order }
#define BATCH(name, order)                                                                         \
	{ "pages_order0_" name, { "_alloc", "_free" }, BENCH_BATCH, 1, false, (order), pages_batch }

static const struct bench_case page_cases[] = {
	PAIR(0),
	PAIR(1),
	PAIR(2),
	PAIR(3),
	PAIR(4),
	PAIR(5),
	PAIR(6),
	PAIR(7),
	PAIR(8),
	PAIR(9),
	PAIR(10),
	BATCH("fifo", BENCH_FIFO),
	BATCH("lifo", BENCH_LIFO),
	BATCH("random", BENCH_RANDOM),
	{ "pages_bulk16", { "_alloc", NULL }, BENCH_PAIRS, BULK, false, 0, pages_bulk16 },
	{ "all_memory_pages", { "_take", "_give" }, BENCH_BATCH, 1, true, 0, all_memory_pages },
	{ "all_memory_objects", { "_take", "_give" }, BENCH_BATCH, 1, true, 0, all_memory_objects },
};
BENCH_TABLE(pages, page_cases, NULL);
