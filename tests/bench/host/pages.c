/* Workloads of what only Quire has here: typed caches and pages. */
#include "tests/bench/host/bench.h"

#include <hosted/quire.h>

#define NR(array)	(sizeof(array) / sizeof((array)[0]))
#define WORKLOAD	__attribute__((noinline)) void
#define TYPED_SIZE	192U		/* bytes */

static struct kmem_cache *typed;

WORKLOAD timed_cache_pair(struct tables *t);
WORKLOAD timed_page0_pair(struct tables *t);
WORKLOAD timed_page0_alloc(struct tables *t);
WORKLOAD timed_page0_free(struct tables *t);
WORKLOAD timed_mixed_orders(struct tables *t);

static void make_cache(struct tables *t)
{
	(void)t;
	typed = kmem_cache_create("bench-typed", TYPED_SIZE, 0, SLAB_PANIC, NULL);
}

static void drop_cache(struct tables *t)
{
	(void)t;
	(void)kmem_cache_destroy(typed);
}

WORKLOAD timed_cache_pair(struct tables *t)
{
	(void)t;
	for (unsigned int i = 0; i < NR_PAIRS; i++) {
		void *object = kmem_cache_alloc(typed, GFP_KERNEL);

		__asm__ volatile("" : "+r"(object) : : "memory");
		kmem_cache_free(typed, object);
	}
}

WORKLOAD timed_page0_pair(struct tables *t)
{
	(void)t;
	for (unsigned int i = 0; i < NR_PAIRS; i++)
		__free_pages(alloc_pages(GFP_KERNEL, 0), 0);
}

WORKLOAD timed_page0_alloc(struct tables *t)
{
	for (unsigned int i = 0; i < NR_BATCH; i++)
		t->objects[i] = alloc_pages(GFP_KERNEL, 0);
}

WORKLOAD timed_page0_free(struct tables *t)
{
	for (unsigned int i = 0; i < NR_BATCH; i++)
		__free_pages(t->objects[t->order[i]], 0);
}

/* Order of the block in each slot. */
static uint8_t held[NR_PAGE_SLOTS];

static void fill_blocks(struct tables *t)
{
	for (unsigned int i = 0; i < NR_PAGE_SLOTS; i++) {
		held[i] = t->page_order[i];
		t->objects[i] = alloc_pages(GFP_KERNEL, held[i]);
	}
}

static void empty_blocks(struct tables *t)
{
	for (unsigned int i = 0; i < NR_PAGE_SLOTS; i++)
		__free_pages(t->objects[i], held[i]);
}

WORKLOAD timed_mixed_orders(struct tables *t)
{
	for (unsigned int i = 0; i < NR_STEPS; i++) {
		uint32_t slot = t->slot[i] % NR_PAGE_SLOTS;

		__free_pages(t->objects[slot], held[slot]);
		held[slot] = t->page_order[i];
		t->objects[slot] = alloc_pages(GFP_KERNEL, held[slot]);
	}
}

static const struct workload cache_pair[] = {
	{ "cache_pair", make_cache, timed_cache_pair, NR_PAIRS },
};
static const struct workload page0_pair[] = { { "page0_pair", NULL, timed_page0_pair, NR_PAIRS } };
static const struct workload page0_batch[] = {
	{ "page0_alloc", NULL, timed_page0_alloc, NR_BATCH },
	{ "page0_free", NULL, timed_page0_free, NR_BATCH },
};
static const struct workload mixed_orders[] = {
	{ "mixed_orders", fill_blocks, timed_mixed_orders, NR_STEPS },
};

const struct group page_groups[] = {
	{ cache_pair, NR(cache_pair), drop_cache },
	{ page0_pair, NR(page0_pair), NULL },
	{ page0_batch, NR(page0_batch), NULL },
	{ mixed_orders, NR(mixed_orders), empty_blocks },
};
const unsigned int nr_page_groups = NR(page_groups);
