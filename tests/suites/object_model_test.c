/*
 * Objects against a naive reference: a table of what is held, where, how long, and with which
 * pattern.
 *
 * Calls at random, over kmalloc and caches of several kinds; each new object must lie apart from
 * all that are held, and each old one must still have its pattern when it goes. A failure is
 * repeated by building with -DOBJECT_MODEL_SEED=the seed that was printed.
 */
#include "object_test.h"

#ifndef OBJECT_MODEL_SEED
#define OBJECT_MODEL_SEED	port_seed()
#endif

#if __STDC_HOSTED__
#define NR_OPS		300000U
#else
#define NR_OPS		20000U		/* about half a second in an emulator */
#endif
#define NR_SLOTS	400U
#define NR_BULK		24U
#define CHECK_EVERY	(NR_OPS / 20)
#define SIZE_BITS	14U		/* sizes of kmalloc up to 16 KiB */

struct slot {
	char *at;			/* NULL: nothing held */
	size_t bytes;
	struct kmem_cache *cache;	/* NULL: from kmalloc() */
	uint64_t pattern;
};

struct kind {
	const char *name;
	unsigned int size, align;
	slab_flags_t flags;
};

static const struct kind kinds[] = {
	{ "model-8", 8, 0, 0 },
	{ "model-40", 40, 0, SLAB_HWCACHE_ALIGN },
	{ "model-100", 100, 0, SLAB_RECLAIM_ACCOUNT },
	{ "model-700", 700, 256, 0 },
	{ "model-1740", 1740, 0, 0 },
	{ "model-5000", 5000, 0, SLAB_CACHE_DMA32 },
};

static struct kmem_cache *caches[ARRAY_SIZE(kinds)];
static struct slot slots[NR_SLOTS];
static uint64_t seed;

static void expect_apart(struct ktest *t, const struct slot *slot)
{
	for (const struct slot *other = slots; other < slots + NR_SLOTS; other++) {
		if (other != slot && other->at && slot->at < other->at + other->bytes &&
		    other->at < slot->at + slot->bytes)
			ktest_fail(t, __FILE__, __LINE__, "%zu bytes at %px overlap %zu at %px",
				   slot->bytes, (void *)slot->at, other->bytes, (void *)other->at);
	}
}

/* @at is new in @slot. NULL is no failure: a small machine may be full. */
static void note_new(struct ktest *t, struct slot *slot, void *at, size_t bytes,
		     struct kmem_cache *cache)
{
	*slot = (struct slot){ at, bytes, cache, random_u64(&seed) };
	if (!at)
		return;
	expect_apart(t, slot);
	pattern_fill(at, bytes, slot->pattern);
}

static void expect_whole(struct ktest *t, const struct slot *slot, size_t bytes)
{
	if (!pattern_holds(slot->at, bytes, slot->pattern))
		ktest_fail(t, __FILE__, __LINE__, "%zu bytes at %px, %s: the pattern is broken",
			   bytes, (void *)slot->at,
			   slot->cache ? kmem_cache_name(slot->cache) : "kmalloc");
}

static void drop(struct ktest *t, struct slot *slot)
{
	expect_whole(t, slot, slot->bytes);
	if (slot->cache)
		kmem_cache_free(slot->cache, slot->at);
	else
		kfree(slot->at);
	slot->at = NULL;
}

static void take(struct ktest *t, struct slot *slot)
{
	bool zero = random_below(&seed, 4) == 0;
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | (zero ? __GFP_ZERO : 0);
	struct kmem_cache *cache = NULL;
	size_t bytes;
	void *at;

	if (random_below(&seed, 2)) {
		cache = caches[random_below(&seed, ARRAY_SIZE(caches))];
		bytes = kmem_cache_size(cache);
		at = kmem_cache_alloc(cache, gfp);
	} else {
		bytes = random_size(&seed, SIZE_BITS);
		at = kmalloc(bytes, gfp);
		KTEST_EXPECT(t, !at || ksize(at) >= bytes);
	}
	if (at && zero)
		KTEST_EXPECT(t, is_all(at, 0, bytes));
	note_new(t, slot, at, bytes, cache);
}

static void resize(struct ktest *t, struct slot *slot)
{
	size_t bytes = random_size(&seed, SIZE_BITS);
	void *at = krealloc(slot->at, bytes, GFP_KERNEL | __GFP_NOWARN);

	if (!at)
		return;
	slot->at = at;
	expect_whole(t, slot, min_u64(slot->bytes, bytes));
	note_new(t, slot, at, bytes, NULL);
}

/* As many as there are free slots for, at once; and then, as often as not, back at once. */
static void bulk(struct ktest *t)
{
	struct kmem_cache *cache = caches[random_below(&seed, ARRAY_SIZE(caches))];
	size_t nr = 1 + random_below(&seed, NR_BULK), used = 0;
	struct slot *taken[NR_BULK];
	void *at[NR_BULK];

	if (kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, nr, at) != nr)
		return;
	for (struct slot *slot = slots; slot < slots + NR_SLOTS && used < nr; slot++) {
		if (slot->at)
			continue;
		note_new(t, slot, at[used], kmem_cache_size(cache), cache);
		taken[used++] = slot;
	}
	kmem_cache_free_bulk(cache, nr - used, at + used);
	if (random_below(&seed, 2))
		return;
	for (size_t i = 0; i < used; i++) {
		expect_whole(t, taken[i], taken[i]->bytes);
		taken[i]->at = NULL;
	}
	kmem_cache_free_bulk(cache, used, at);
}

static void one_operation(struct ktest *t)
{
	struct slot *slot = &slots[random_below(&seed, NR_SLOTS)];
	uint64_t dice = random_below(&seed, 100);

	if (dice < 2)
		bulk(t);
	else if (dice < 3)
		kmem_cache_shrink(caches[random_below(&seed, ARRAY_SIZE(caches))]);
	else if (!slot->at)
		take(t, slot);
	else if (dice < 20 && !slot->cache)
		resize(t, slot);
	else
		drop(t, slot);
}

static void random_calls_agree_with_the_model(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct bug_counts bugs;

	seed = OBJECT_MODEL_SEED;
	ktest_note(t, "seed %#llx, %u calls", (unsigned long long)seed, NR_OPS);
	memset(slots, 0, sizeof(slots));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		caches[i] = kmem_cache_create(kinds[i].name, kinds[i].size, kinds[i].align,
					      kinds[i].flags, NULL);
		KTEST_ASSERT(t, caches[i]);
	}
	bugs = bugs_begin();
	for (unsigned int i = 1; i <= NR_OPS && t->failures < 5; i++) {
		one_operation(t);
		if (i % CHECK_EVERY == 0)
			EXPECT_SOUND(t);
	}
	for (struct slot *slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (slot->at)
			drop(t, slot);
	}
	bugs_end(t, __FILE__, __LINE__, &bugs, MM_BUG_BAD_REQUEST, 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(caches[i]), 0);
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

static const struct ktest_case object_model_cases[] = {
	KTEST_CASE(random_calls_agree_with_the_model),
};
KTEST_SUITE(object_model, object_model_cases);
