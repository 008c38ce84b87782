/*
 * Benchmarks of objects: kmalloc, caches, bulk, and the making of a cache. Sizes are constants,
 * because that is what most callers have; kmalloc_pair_variable is the exception.
 */
#include <mm/slab.h>

#include "tests/bench/bench.h"

enum { TAKE, GIVE };

#define BULK		16U
#define NR_POWERS	10U		/* sizes 8, 16 .. 4096 */
#define CREATE_TURNS	100U

static const char no_memory[] = "no memory";

/* The caches of the cases below, made when they are first asked for. */
static struct kmem_cache *caches[3];
static const unsigned int cache_sizes[] = { 64, 192, 1728 };

static struct kmem_cache *cache_of(struct bench *b, unsigned int index)
{
	static const char *const names[] = { "bench-64", "bench-192", "bench-1728" };

	if (!caches[index])
		caches[index] = kmem_cache_create(names[index], cache_sizes[index], 0, 0, NULL);
	if (!caches[index])
		b->error = no_memory;
	return caches[index];
}

static void destroy_caches(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(caches); i++) {
		(void)kmem_cache_destroy(caches[i]);
		caches[i] = NULL;
	}
}

/* ---- taken and given back at once ---------------------------------------- */

#define KMALLOC_PAIR(size)                                                                         \
	static void kmalloc_pair_##size(struct bench *b)                                           \
	{                                                                                          \
		for (unsigned int i = 0; i < b->n; i++) {                                          \
			void *object;                                                              \
                                                                                                   \
			BENCH_OP(b, TAKE, object = kmalloc(size, GFP_KERNEL); kfree(object));      \
		}                                                                                  \
	}

KMALLOC_PAIR(8)
KMALLOC_PAIR(16)
KMALLOC_PAIR(32)
KMALLOC_PAIR(64)
KMALLOC_PAIR(128)
KMALLOC_PAIR(256)
KMALLOC_PAIR(512)
KMALLOC_PAIR(1024)
KMALLOC_PAIR(2048)
KMALLOC_PAIR(4096)

/* The mean over all sizes, each counted alike. */
static void kmalloc_pair(struct bench *b)
{
	static void (*const sizes[NR_POWERS])(struct bench *b) = {
		kmalloc_pair_8, kmalloc_pair_16, kmalloc_pair_32, kmalloc_pair_64, kmalloc_pair_128,
		kmalloc_pair_256, kmalloc_pair_512, kmalloc_pair_1024, kmalloc_pair_2048,
		kmalloc_pair_4096,
	};

	for (unsigned int i = 0; i < NR_POWERS; i++)
		sizes[i](b);
}

/* The same sizes, which the compiler does not know. */
static void kmalloc_pair_variable(struct bench *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		b->order[i] = 8U << i % NR_POWERS;
	bench_shuffle(b->order, b->n);
	for (unsigned int i = 0; i < b->n; i++) {
		size_t size = b->order[i];
		void *object;

		BENCH_OP(b, TAKE, object = kmalloc(size, GFP_KERNEL); kfree(object));
	}
}

/* arg: index of the cache. */
static void cache_pair(struct bench *b)
{
	struct kmem_cache *cache = cache_of(b, (unsigned int)b->arg);

	for (unsigned int i = 0; cache && i < b->n; i++) {
		void *object;

		BENCH_OP(b, TAKE, object = kmem_cache_alloc(cache, GFP_KERNEL);
			 kmem_cache_free(cache, object));
	}
}

static void cache_bulk16(struct bench *b)
{
	struct kmem_cache *cache = cache_of(b, 0);
	void *objects[BULK];

	for (unsigned int i = 0; cache && i < b->n; i++) {
		size_t got;

		BENCH_OP(b, TAKE, got = kmem_cache_alloc_bulk(cache, GFP_KERNEL, BULK, objects);
			 kmem_cache_free_bulk(cache, got, objects));
		if (got != BULK)
			b->error = no_memory;
	}
}

/* ---- many taken, then all given back -------------------------------------- */

/* Take b->n by @alloc, then give all back by @give. arg: enum bench_order. */
#define BATCH(fn, alloc, give)                                                                     \
	static void fn(struct bench *b)                                                            \
	{                                                                                          \
		unsigned int nr;                                                                   \
                                                                                                   \
		for (nr = 0; nr < b->n; nr++) {                                                    \
			void *object;                                                              \
                                                                                                   \
			BENCH_OP(b, TAKE, object = alloc);                                         \
			if (!object)                                                               \
				break;                                                             \
			b->objects[nr] = object;                                                   \
		}                                                                                  \
		if (nr < b->n)                                                                     \
			b->error = no_memory;                                                      \
		bench_set_order(b, (enum bench_order)b->arg, nr);                                  \
		for (unsigned int i = 0; i < nr; i++) {                                            \
			void *object = b->objects[b->order[i]];                                    \
                                                                                                   \
			BENCH_OP(b, GIVE, give);                                                   \
		}                                                                                  \
	}

BATCH(batch_kmalloc_64, kmalloc(64, GFP_KERNEL), kfree(object))
BATCH(batch_kmalloc_1024, kmalloc(1024, GFP_KERNEL), kfree(object))
BATCH(batch_cache_192, kmem_cache_alloc(caches[1], GFP_KERNEL), kmem_cache_free(caches[1], object))
BATCH(batch_cache_1728, kmem_cache_alloc(caches[2], GFP_KERNEL), kmem_cache_free(caches[2], object))

static void cache_192(struct bench *b)
{
	if (cache_of(b, 1))
		batch_cache_192(b);
}

static void cache_1728(struct bench *b)
{
	if (cache_of(b, 2))
		batch_cache_1728(b);
}

/* ---- the rest ------------------------------------------------------------ */

static void cache_make(struct bench *b)
{
	for (unsigned int i = 0; i < b->n && !b->error; i++) {
		struct kmem_cache *cache;

		BENCH_OP(b, TAKE, cache = kmem_cache_create("bench-made", 192, 0, 0, NULL));
		if (!cache)
			b->error = no_memory;
		BENCH_OP(b, GIVE, (void)kmem_cache_destroy(cache));
	}
}

#define PAIR(name, fn, arg)	{ (name), { "", NULL }, BENCH_PAIRS, 1, false, (arg), (fn) }
#define BATCHES(name, fn)                                                                          \
	{ name "_fifo", { "_alloc", "_free" }, BENCH_BATCH, 1, false, BENCH_FIFO, (fn) },          \
	{ name "_lifo", { "_alloc", "_free" }, BENCH_BATCH, 1, false, BENCH_LIFO, (fn) },          \
	{ name "_random", { "_alloc", "_free" }, BENCH_BATCH, 1, false, BENCH_RANDOM, (fn) }

static const struct bench_case object_cases[] = {
	PAIR("kmalloc_pair", kmalloc_pair, 0),
	PAIR("kmalloc_pair_8", kmalloc_pair_8, 0),
	PAIR("kmalloc_pair_64", kmalloc_pair_64, 0),
	PAIR("kmalloc_pair_512", kmalloc_pair_512, 0),
	PAIR("kmalloc_pair_4096", kmalloc_pair_4096, 0),
	PAIR("kmalloc_pair_variable", kmalloc_pair_variable, 0),
	PAIR("cache_192_pair", cache_pair, 1),
	PAIR("cache_1728_pair", cache_pair, 2),
	BATCHES("kmalloc_64", batch_kmalloc_64),
	BATCHES("kmalloc_1024", batch_kmalloc_1024),
	BATCHES("cache_192", cache_192),
	BATCHES("cache_1728", cache_1728),
	{ "cache_64_bulk16", { "", NULL }, BENCH_PAIRS, BULK, false, 0, cache_bulk16 },
	{ "cache", { "_create", "_destroy" }, CREATE_TURNS, 1, false, 0, cache_make },
};
BENCH_TABLE(objects, object_cases, destroy_caches);
