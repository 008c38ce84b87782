/*
 * Objects: bytes as operations on caches and kmalloc in the running system, judged by a table of
 * what is held.
 *
 * A new object must be aligned as it was asked for, as long as it was asked for, zeroed or
 * constructed where that was asked for, and apart from every other; it must keep its pattern until
 * it goes. Wrong frees (twice, inside an object, to another cache, of free pages) are one report
 * each and change nothing. Memory may be taken away, so that requests fail: then nothing has
 * happened. In the end, all given back, as many pages are free as before.
 */
#include <mm/report.h>
#include <mm/slab.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "mm/internal.h"

#define MAX_OPS		400U
#define NR_SLOTS	128U
#define NR_CACHES	6U
#define NR_BULK		40U
#define NR_HOARD	256U		/* blocks; all memory is a few dozen */
#define CONSTRUCTED	0xc7		/* what a constructor fills an object with */

struct slot {
	uint8_t *at;			/* NULL: nothing held */
	size_t bytes;
	unsigned int cache;		/* NR_CACHES: from kmalloc */
	uint8_t pattern;
};

static struct cache {
	struct kmem_cache *cache;	/* NULL: not there */
	unsigned int size, align;
	bool constructed;
} caches[NR_CACHES];

static struct slot slots[NR_SLOTS];
static uint64_t pages_at_rest;

/* Pages that are taken so that requests for objects fail. */
static struct hoarded {
	struct page *page;
	unsigned int order;
} hoard[NR_HOARD];
static unsigned int nr_hoard;
static size_t constructed_size;		/* of the objects that the constructor gets */

static void init(void)
{
	fuzz_boot();
	pages_at_rest = fuzz_pages_free();
}

/* ---- patterns ------------------------------------------------------------ */

static bool is_filled(const uint8_t *at, size_t bytes, uint8_t value)
{
	return bytes == 0 || (at[0] == value && memcmp(at, at + 1, bytes - 1) == 0);
}

static void fill(struct slot *slot)
{
	static uint8_t next;

	slot->pattern = ++next;
	memset(slot->at, slot->pattern, slot->bytes);
}

static void check_pattern(const struct slot *slot, size_t bytes)
{
	FUZZ_CHECK(is_filled(slot->at, bytes, slot->pattern));
}

/* What the cache's user owes it: an object goes back as it was constructed. */
static void leave(const struct slot *slot)
{
	check_pattern(slot, slot->bytes);
	if (slot->cache < NR_CACHES && caches[slot->cache].constructed)
		memset(slot->at, CONSTRUCTED, slot->bytes);
}

static void construct(void *object)
{
	memset(object, CONSTRUCTED, constructed_size);
}

static void hold(struct slot *slot, void *at, size_t bytes, unsigned int cache)
{
	*slot = (struct slot){ at, bytes, cache, 0 };
	for (const struct slot *other = slots; other < slots + NR_SLOTS; other++) {
		if (other != slot && other->at)
			FUZZ_CHECK(slot->at + bytes <= other->at ||
				   other->at + other->bytes <= slot->at);
	}
	fill(slot);
}

static struct slot *free_slot(void)
{
	for (struct slot *slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (!slot->at)
			return slot;
	}
	return NULL;
}

/* The first held one from a place that the input names; NULL: nothing is held. */
static struct slot *held_slot(struct fuzz_input *in)
{
	unsigned int first = take_byte(in);

	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		if (slots[(first + i) % NR_SLOTS].at)
			return &slots[(first + i) % NR_SLOTS];
	}
	return NULL;
}

static struct cache *some_cache(struct fuzz_input *in)
{
	struct cache *cache = &caches[take_byte(in) % NR_CACHES];

	return cache->cache ? cache : NULL;
}

/* ---- caches -------------------------------------------------------------- */

static gfp_t draw_gfp(struct fuzz_input *in)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL | __GFP_ZERO };

	return gfps[take_byte(in) % ARRAY_SIZE(gfps)] | __GFP_NOWARN;
}

static void create(struct fuzz_input *in)
{
	unsigned int index = take_byte(in) % NR_CACHES, shape = take_byte(in);
	struct cache *cache = &caches[index];
	unsigned int size = (unsigned int)take_number(in, 2) + 1, align = 0;
	slab_flags_t flags = shape & 7 ? 0 : SLAB_HWCACHE_ALIGN;
	char name[16];

	if (cache->cache)
		return;
	if (shape & 0x10)
		size = size % 300 + 1;
	if (shape & 0x20)
		align = 1U << shape % 13;
	if (shape & 0x40)
		flags |= shape & 8 ? SLAB_CACHE_DMA32 : SLAB_RECLAIM_ACCOUNT;
	snprintf(name, sizeof(name), "fuzz-%u", index);
	*cache = (struct cache){ NULL, size, align, shape & 0x80 };
	cache->cache = kmem_cache_create(name, size, align, flags,
					 cache->constructed ? construct : NULL);
	FUZZ_CHECK(cache->cache != NULL || nr_hoard != 0);
	if (!cache->cache)
		return;
	FUZZ_EQ(kmem_cache_size(cache->cache), size);
	FUZZ_CHECK(kmem_cache_find(name) == cache->cache);
	FUZZ_CHECK(strcmp(kmem_cache_name(cache->cache), name) == 0);
}

static bool has_objects(const struct cache *cache)
{
	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		if (slots[i].at && slots[i].cache < NR_CACHES && &caches[slots[i].cache] == cache)
			return true;
	}
	return false;
}

/* With live objects: refused, one report for each of them. */
static void destroy(struct cache *cache)
{
	unsigned int bugs = fuzz_bugs(), live = 0;
	int err = kmem_cache_destroy(cache->cache);

	for (unsigned int i = 0; i < NR_SLOTS; i++)
		live += slots[i].at && slots[i].cache == (unsigned int)(cache - caches);
	FUZZ_EQ(err == 0, live == 0);
	FUZZ_EQ(fuzz_bugs(), bugs + live);
	if (!err)
		cache->cache = NULL;
}

static void check_new(const struct cache *cache, const uint8_t *at, gfp_t gfp)
{
	FUZZ_EQ((uintptr_t)at % 8, 0);
	if (cache->align)
		FUZZ_EQ((uintptr_t)at % cache->align, 0);
	FUZZ_CHECK(ksize(at) >= cache->size);
	if (gfp & __GFP_ZERO)
		FUZZ_CHECK(is_filled(at, cache->size, 0));
	else if (cache->constructed)
		FUZZ_CHECK(is_filled(at, cache->size, CONSTRUCTED));
}

static void cache_take(struct fuzz_input *in)
{
	struct cache *cache = some_cache(in);
	struct slot *slot = free_slot();
	gfp_t gfp = draw_gfp(in);
	uint8_t *at;

	if (!cache || !slot)
		return;
	/* A zeroed object is no constructed one. */
	if (cache->constructed)
		gfp &= ~__GFP_ZERO;
	constructed_size = cache->size;
	at = kmem_cache_alloc(cache->cache, gfp);
	if (!at)
		return;
	check_new(cache, at, gfp);
	hold(slot, at, cache->size, (unsigned int)(cache - caches));
}

static void bulk(struct fuzz_input *in)
{
	struct cache *cache = some_cache(in);
	size_t nr = 1 + take_byte(in) % NR_BULK, kept = 0;
	bool keep = take_byte(in) & 1;
	void *at[NR_BULK];

	if (!cache)
		return;
	constructed_size = cache->size;
	if (kmem_cache_alloc_bulk(cache->cache, GFP_KERNEL | __GFP_NOWARN, nr, at) == 0)
		return;
	for (size_t i = 0; i < nr; i++)
		check_new(cache, at[i], 0);
	for (struct slot *slot; keep && kept < nr && (slot = free_slot()) != NULL; kept++)
		hold(slot, at[kept], cache->size, (unsigned int)(cache - caches));
	kmem_cache_free_bulk(cache->cache, nr - kept, at + kept);
}

/* ---- kmalloc ------------------------------------------------------------- */

/* Every doubling as likely as any other, up to 64 KiB. */
static size_t draw_size(struct fuzz_input *in)
{
	unsigned int bits = take_byte(in) % 17;

	return (size_t)(take_number(in, 2) & ((1U << bits) - 1)) + (bits == 16 ? 1 : 0);
}

static void take(struct fuzz_input *in)
{
	struct slot *slot = free_slot();
	size_t bytes = draw_size(in);
	gfp_t gfp = draw_gfp(in);
	uint8_t *at;

	if (!slot)
		return;
	at = (kmalloc)(bytes, gfp);
	if (bytes == 0) {
		FUZZ_CHECK(at == ZERO_SIZE_PTR);
		kfree(at);
		return;
	}
	if (!at)
		return;
	FUZZ_CHECK(ksize(at) >= bytes);
	FUZZ_EQ((uintptr_t)at % (bytes > 8 ? 16 : 8), 0);
	if (is_power_of_2(bytes))
		FUZZ_EQ((uintptr_t)at % min_u64(bytes, PAGE_SIZE), 0);
	if (gfp & __GFP_ZERO)
		FUZZ_CHECK(is_filled(at, bytes, 0));
	/* All that ksize() says may be used. */
	hold(slot, at, slot - slots < 8 ? ksize(at) : bytes, NR_CACHES);
}

static void resize(struct fuzz_input *in)
{
	struct slot *slot = held_slot(in);
	size_t bytes = draw_size(in);
	gfp_t gfp = draw_gfp(in) & ~__GFP_ZERO;
	uint8_t *at;

	if (!slot || slot->cache != NR_CACHES)
		return;
	at = krealloc(slot->at, bytes, gfp);
	if (bytes == 0) {
		FUZZ_CHECK(at == ZERO_SIZE_PTR);
		slot->at = NULL;
		return;
	}
	if (!at) {
		check_pattern(slot, slot->bytes);
		return;
	}
	slot->at = at;
	check_pattern(slot, min_u64(slot->bytes, bytes));
	FUZZ_CHECK(ksize(at) >= bytes);
	hold(slot, at, bytes, NR_CACHES);
}

static void drop(struct slot *slot, bool by_cache)
{
	leave(slot);
	if (slot->cache < NR_CACHES && by_cache)
		kmem_cache_free(caches[slot->cache].cache, slot->at);
	else
		kfree(slot->at);
	slot->at = NULL;
}

/* ---- mistakes ------------------------------------------------------------ */

static void double_free(struct fuzz_input *in)
{
	struct slot *slot = held_slot(in);
	bool by_cache = take_byte(in) & 1;
	uint8_t *at = slot ? slot->at : NULL;
	unsigned int cache = slot ? slot->cache : 0, bugs;

	if (!slot)
		return;
	drop(slot, by_cache);
	bugs = fuzz_bugs();
	if (cache < NR_CACHES && by_cache)
		kmem_cache_free(caches[cache].cache, at);
	else
		kfree(at);
	FUZZ_EQ(fuzz_bugs(), bugs + 1);
}

static void wrong_free(struct fuzz_input *in)
{
	struct slot *slot = held_slot(in);
	struct cache *other = some_cache(in);
	size_t off = take_number(in, 2);
	unsigned int bugs = fuzz_bugs();

	if (!slot)
		return;
	if (off % 4 == 0 && other && slot->cache != (unsigned int)(other - caches)) {
		kmem_cache_free(other->cache, slot->at);
	} else if (slot->bytes > 1) {
		off = 1 + off % (slot->bytes - 1);
		if (off % 3 == 0)
			FUZZ_EQ(ksize(slot->at + off), 0);
		else
			kfree(slot->at + off);
	} else {
		return;
	}
	FUZZ_EQ(fuzz_bugs(), bugs + 1);
	check_pattern(slot, slot->bytes);
}

/* ---- shortage ------------------------------------------------------------ */

/* All but @nr blocks of those that were taken. */
static void feed(unsigned int nr)
{
	while (nr_hoard > nr) {
		nr_hoard--;
		__free_pages(hoard[nr_hoard].page, hoard[nr_hoard].order);
	}
}

/* Every page, but for the @spare smallest blocks. */
static void starve(unsigned int spare)
{
	for (unsigned int order = MAX_ORDER; order-- > 0;) {
		struct page *page;

		while (nr_hoard < NR_HOARD && (page = alloc_pages(GFP_NOWAIT, order)) != NULL)
			hoard[nr_hoard++] = (struct hoarded){ page, order };
	}
	FUZZ_CHECK(nr_hoard < NR_HOARD);
	feed(nr_hoard > spare ? nr_hoard - spare : 0);
}

/* ---- the run ------------------------------------------------------------- */

static void settle(struct fuzz_input *in)
{
	struct cache *cache = some_cache(in);
	uint8_t how = take_byte(in);

	if (how >= 0xf8) {
		starve(how & 7);
		return;
	}
	if (how >= 0xf0) {
		feed(0);
		return;
	}
	if (!cache)
		return;
	if (how & 1)
		kmem_cache_set_min_empty(cache->cache, how >> 4);
	else if (how & 2)
		FUZZ_EQ(kmem_cache_shrink(cache->cache), has_objects(cache));
	else if (how & 4)
		destroy(cache);
	else if (how & 8)
		caches_drain();
}

static void one_operation(struct fuzz_input *in)
{
	uint8_t op = take_byte(in) % 16;
	struct slot *slot;

	if (op < 2)
		create(in);
	else if (op < 5)
		cache_take(in);
	else if (op < 7)
		take(in);
	else if (op == 7)
		resize(in);
	else if (op == 8)
		bulk(in);
	else if (op < 12 && (slot = held_slot(in)) != NULL)
		drop(slot, take_byte(in) & 1);
	else if (op == 12)
		double_free(in);
	else if (op == 13)
		wrong_free(in);
	else
		settle(in);
}

static void run(const uint8_t *bytes, size_t size)
{
	struct fuzz_input in = { bytes, bytes + size };

	for (unsigned int i = 0; i < MAX_OPS && in.at < in.end; i++)
		one_operation(&in);
	fuzz_verify();
	feed(0);
	for (struct slot *slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (slot->at)
			drop(slot, true);
	}
	for (unsigned int i = 0; i < NR_CACHES; i++) {
		if (caches[i].cache)
			destroy(&caches[i]);
	}
	FUZZ_EQ(fuzz_pages_free(), pages_at_rest);
}

const struct fuzz_target fuzz_objects = { "objects", init, run };
