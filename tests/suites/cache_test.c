/*
 * Caches by their public face: constructors, bulk requests, what is kept and what is given back,
 * creating and destroying.
 */
#include "object_test.h"

#include <kernel/errno.h>

#define NR	120U			/* objects in most cases: a few slabs */

static void *objects[2048];
static struct arena arena;

static struct kmem_cache *make(const char *name, unsigned int size, slab_flags_t flags,
			       void (*ctor)(void *))
{
	return kmem_cache_create(name, size, 0, flags, ctor);
}

/* Return: were there so many? Otherwise none is taken. */
static bool take(struct kmem_cache *cache, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!objects[i]) {
			kmem_cache_free_bulk(cache, i, objects);
			return false;
		}
	}
	return true;
}

static void give(struct kmem_cache *cache, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		kmem_cache_free(cache, objects[i]);
}

/* ---- what an object holds ------------------------------------------------ */

#define MADE_SIZE 100U /* bytes of an object with a constructor; no multiple of 8 */

static unsigned int nr_made;

static void make_object(void *object)
{
	pattern_fill(object, MADE_SIZE, (uintptr_t)object / 8);
	nr_made++;
}

static void ctor_runs_once_per_object(struct ktest *t)
{
	struct kmem_cache *cache = make("test-ctor", MADE_SIZE, 0, make_object);
	unsigned int made;

	KTEST_ASSERT(t, cache);
	nr_made = 0;
	KTEST_ASSERT(t, take(cache, NR));
	made = nr_made;
	KTEST_EXPECT_EQ(t, made, cache->nr_slabs * cache->objects);
	give(cache, NR / 2);		/* the other half keeps most slabs from being given back */
	for (unsigned int i = 0; i < NR / 2; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_ASSERT(t, objects[i]);
	}
	KTEST_EXPECT_EQ(t, nr_made % cache->objects, 0);
	KTEST_EXPECT(t, nr_made <= 2 * made);
	for (unsigned int i = 0; i < NR; i++)
		KTEST_EXPECT(t, pattern_holds(objects[i], MADE_SIZE, (uintptr_t)objects[i] / 8));

	/* With one object of each slab in use, no slab is made anew, so no object is. */
	made = nr_made;
	for (unsigned int round = 0; round < 1000; round++) {
		kmem_cache_free(cache, objects[round % 7]);
		objects[round % 7] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_ASSERT(t, objects[round % 7]);
		KTEST_EXPECT(t, pattern_holds(objects[round % 7], MADE_SIZE,
					      (uintptr_t)objects[round % 7] / 8));
	}
	KTEST_EXPECT_EQ(t, nr_made, made);
	give(cache, NR);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* What the holder leaves in an object is what the next holder finds. */
static void state_survives_a_free(struct ktest *t)
{
	struct kmem_cache *cache = make("test-state", MADE_SIZE, 0, make_object);
	uint64_t *a, *b;

	KTEST_ASSERT(t, cache);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, a);
	a[0] = 0x1122334455667788;
	a[11] = 0x99aabbccddeeff00;
	kmem_cache_free(cache, a);
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_EXPECT(t, a == b);		/* the newest of one slab comes first */
	KTEST_EXPECT(t, b[0] == 0x1122334455667788);
	KTEST_EXPECT(t, b[11] == 0x99aabbccddeeff00);
	kmem_cache_free(cache, b);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* Zeroes would undo what the constructor made, for the next holder too. */
static void no_zeroes_after_a_constructor(struct ktest *t)
{
	struct kmem_cache *cache = make("test-made", MADE_SIZE, 0, make_object);
	void *object;

	KTEST_ASSERT(t, cache);
	EXPECT_BUGS(t, MM_BUG_BAD_REQUEST, 1, object = kmem_cache_zalloc(cache, GFP_KERNEL));
	KTEST_EXPECT(t, !object);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	kmem_cache_free(cache, object);
	EXPECT_BUGS(t, MM_BUG_BAD_REQUEST, 1, object = kmem_cache_zalloc(cache, GFP_KERNEL));
	KTEST_EXPECT(t, !object);
	EXPECT_BUGS(t, MM_BUG_BAD_REQUEST, 1,
		    object = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_ZERO));
	KTEST_EXPECT(t, !object);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static void zalloc_zeroes_dirty_objects(struct ktest *t)
{
	struct kmem_cache *cache = make("test-zero", 333, 0, NULL);

	KTEST_ASSERT(t, cache);
	KTEST_ASSERT(t, take(cache, NR));
	for (unsigned int i = 0; i < NR; i++)
		memset(objects[i], 0xa5, 333);
	give(cache, NR);
	for (unsigned int i = 0; i < NR; i++) {
		objects[i] = i % 2 ? kmem_cache_zalloc(cache, GFP_KERNEL)
				   : kmem_cache_alloc(cache, GFP_KERNEL | __GFP_ZERO);
		KTEST_ASSERT(t, objects[i]);
		KTEST_EXPECT(t, is_all(objects[i], 0, 333));
		memset(objects[i], 0x5a, 333);
	}
	give(cache, NR);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static void dma_caches_keep_below_their_limit(struct ktest *t)
{
	struct kmem_cache *dma = make("test-dma", 500, SLAB_CACHE_DMA, NULL);
	struct kmem_cache *dma32 = make("test-dma32", 500, SLAB_CACHE_DMA32, NULL);

	KTEST_ASSERT(t, dma && dma32);
	KTEST_ASSERT(t, take(dma, NR));
	for (unsigned int i = 0; i < NR; i++)
		KTEST_EXPECT(t, virt_to_phys(objects[i]) + 500 <= 16ULL << 20);
	give(dma, NR);
	KTEST_ASSERT(t, take(dma32, NR));
	for (unsigned int i = 0; i < NR; i++)
		KTEST_EXPECT(t, virt_to_phys(objects[i]) + 500 <= 4ULL << 30);
	give(dma32, NR);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(dma), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(dma32), 0);
}

/* ---- bulk ---------------------------------------------------------------- */

static void bulk_gives_all(struct ktest *t)
{
	struct kmem_cache *cache = make("test-bulk", 72, 0, NULL);

	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 0, objects), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 1000, objects), 1000);
	for (uintptr_t i = 0; i < 1000; i++)
		pattern_fill(objects[i], 72, i);
	for (uintptr_t i = 0; i < 1000; i++)
		KTEST_EXPECT(t, pattern_holds(objects[i], 72, i));
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(NULL), 0);
	kmem_cache_free_bulk(cache, 0, objects);
	EXPECT_NO_BUG(t, kmem_cache_free_bulk(cache, 1000, objects));
	KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO, 500, objects),
			500);
	for (unsigned int i = 0; i < 500; i++)
		KTEST_EXPECT(t, is_all(objects[i], 0, 72));
	kmem_cache_free_bulk(cache, 500, objects);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/*
 * An arena of 1 MiB cannot hold 2048 KiB of objects: nothing is taken, and what others hold
 * stays theirs.
 */
static void bulk_is_all_or_nothing(struct ktest *t)
{
	struct kmem_cache *cache;
	void *held;
	uint64_t free;

	if (!arena_open(&arena, t))
		return;
	cache = kmem_cache_create_in(&arena.mm, "test-bulk", 1024, 0, 0, NULL, RET_IP);
	KTEST_EXPECT(t, cache);
	held = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	KTEST_EXPECT(t, held);
	if (held) {
		pattern_fill(held, 1024, 1);
		free = arena_free_pages(&arena);
		KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_NOWAIT, 2048, objects), 0);
		kmem_cache_shrink(cache);
		KTEST_EXPECT_EQ(t, cache_nr_live(cache), 1);
		KTEST_EXPECT_EQ(t, arena_free_pages(&arena), free);
		KTEST_EXPECT(t, pattern_holds(held, 1024, 1));
		KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_NOWAIT, 300, objects), 300);
		KTEST_EXPECT_EQ(t, mm_verify_instance(&arena.mm, t->out), 0);
		EXPECT_SOUND(t);
		kmem_cache_free_bulk(cache, 300, objects);
		kmem_cache_free(cache, held);
	}
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	arena_fini(&arena, t);
}

/* ---- what is kept and what is given back --------------------------------- */

static void shrink_gives_empty_slabs_back(struct ktest *t)
{
	struct kmem_cache *cache = make("test-shrink", 512, 0, NULL);
	uint64_t before;

	KTEST_ASSERT(t, cache);
	before = nr_free_pages();
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	KTEST_ASSERT(t, take(cache, NR));
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 1);
	KTEST_EXPECT(t, nr_free_pages() < before);
	for (unsigned int i = 1; i < NR; i++)
		kmem_cache_free(cache, objects[i]);
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 1);
	KTEST_EXPECT_EQ(t, before - nr_free_pages(), 1U << cache->order);
	kmem_cache_free(cache, objects[0]);
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	KTEST_EXPECT_EQ(t, nr_free_pages(), before);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* Of ten slabs and more that were emptied, @keep stay. */
static void keep_some(struct ktest *t, struct kmem_cache *cache, unsigned int keep)
{
	size_t nr = 10UL * cache->objects;
	uint64_t before;

	KTEST_ASSERT(t, nr <= ARRAY_SIZE(objects));
	kmem_cache_shrink(cache);
	before = nr_free_pages();
	KTEST_ASSERT(t, take(cache, nr));
	KTEST_EXPECT_EQ(t, before - nr_free_pages(), 10U << cache->order);
	give(cache, nr);
	KTEST_EXPECT_EQ(t, before - nr_free_pages(), (uint64_t)keep << cache->order);
}

static void few_empty_slabs_are_kept(struct ktest *t)
{
	struct kmem_cache *cache = make("test-keep", 1024, 0, NULL);
	struct free_state before;

	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;		/* each call goes to the slabs */
	before = free_state_now();
	keep_some(t, cache, 2);		/* the default */
	kmem_cache_set_min_empty(cache, 5);
	keep_some(t, cache, 5);
	kmem_cache_set_min_empty(cache, 1);	/* takes effect at once */
	KTEST_EXPECT_EQ(t, before.pages - nr_free_pages(), 1U << cache->order);
	keep_some(t, cache, 1);
	kmem_cache_set_min_empty(cache, 0);
	KTEST_EXPECT_EQ(t, nr_free_pages(), before.pages);
	keep_some(t, cache, 0);
	expect_free_state(t, &before);
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* Freed in random order, the slabs still merge to the very blocks that they were cut from. */
static void emptied_slabs_merge_back(struct ktest *t)
{
	static const unsigned int sizes[] = { 8, 100, 700, 1740, 5000 };
	uint64_t seed = 7;

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct free_state before = free_state_now();
		struct kmem_cache *cache = make("test-merge", sizes[s], 0, NULL);

		KTEST_ASSERT(t, cache);
		KTEST_ASSERT(t, take(cache, 300));
		for (size_t left = 300; left > 0; left--) {
			size_t i = random_below(&seed, left);

			kmem_cache_free(cache, objects[i]);
			objects[i] = objects[left - 1];
		}
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
		expect_free_state(t, &before);
	}
	EXPECT_SOUND(t);
}

/*
 * Allocations prefer slabs in use to slabs that are empty: of many emptied ones only few fill up
 * again.
 */
static void slabs_in_use_are_filled_first(struct ktest *t)
{
	struct kmem_cache *cache = make("test-fill", 256, 0, NULL);
	size_t nr;

	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;		/* each call goes to the slabs */
	nr = 4UL * cache->objects;
	KTEST_ASSERT(t, nr <= ARRAY_SIZE(objects) && take(cache, nr));
	/* Of two slabs one object each is freed, of the last one all. */
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[cache->objects]);
	for (size_t i = 3UL * cache->objects; i < nr; i++)
		kmem_cache_free(cache, objects[i]);
	objects[0] = kmem_cache_alloc(cache, GFP_KERNEL);
	objects[cache->objects] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_EXPECT(t, objects[0] && objects[cache->objects]);
	kmem_cache_shrink(cache);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 3);
	give(cache, 3UL * cache->objects);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* ---- create and destroy -------------------------------------------------- */

static void live_objects_are_reported_one_by_one(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = make("test-destroy", 300, 0, NULL);

	KTEST_ASSERT(t, cache);
	KTEST_ASSERT(t, take(cache, NR));
	EXPECT_BUGS(t, MM_BUG_LIVE_OBJECTS, NR,
		    KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), -EBUSY));
	for (unsigned int i = 3; i < NR; i++)
		kmem_cache_free(cache, objects[i]);
	EXPECT_BUGS(t, MM_BUG_LIVE_OBJECTS, 3,
		    KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), -EBUSY));
	KTEST_EXPECT(t, kmem_cache_find("test-destroy") == cache);
	objects[3] = kmem_cache_alloc(cache, GFP_KERNEL);	/* it stays as usable as it was */
	KTEST_EXPECT(t, objects[3]);
	EXPECT_SOUND(t);
	give(cache, 4);
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0));
	KTEST_EXPECT(t, kmem_cache_find("test-destroy") == NULL);
	expect_free_state(t, &before);
}

static void the_allocators_caches_stay(struct ktest *t)
{
	static const char *const names[] = { "kmem_cache", "sheaf", "kmalloc-448",
					     "dma-kmalloc-8" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct kmem_cache *cache = kmem_cache_find(names[i]);

		KTEST_ASSERT(t, cache);
		EXPECT_BUGS(t, MM_BUG_BAD_REQUEST, 1,
			    KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), -EBUSY));
		KTEST_EXPECT(t, kmem_cache_find(names[i]) == cache);
	}
}

/* What was destroyed before, or never was a cache, is told from one unread. */
static void only_caches_are_destroyed(struct ktest *t)
{
	struct kmem_cache *cache = make("test-twice", 40, 0, NULL);
	char content[64];

	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1,
		    KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), -EINVAL));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1,
		    KTEST_EXPECT_EQ(t, kmem_cache_destroy((struct kmem_cache *)content), -EINVAL));
	EXPECT_SOUND(t);
}

/* A name in use is no caller's bug, but an error in the log, which is kept quiet here. */
static void name_in_use_is_refused(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = make("test-name", 64, 0, NULL), *twin;
	unsigned int level = log_level();

	KTEST_ASSERT(t, cache);
	log_set_level(LOGLEVEL_WARNING);
	EXPECT_NO_BUG(t, twin = make("test-name", 128, 0, NULL));
	log_set_level(level);
	KTEST_EXPECT(t, !twin);
	KTEST_EXPECT(t, kmem_cache_find("test-name") == cache);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	cache = make("test-name", 128, 0, NULL);
	KTEST_EXPECT(t, cache);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	expect_free_state(t, &before);
}

struct bad_request {
	const char *name;
	unsigned int size, align;
	slab_flags_t flags;
};

static void bad_arguments_are_reported(struct ktest *t)
{
	static const struct bad_request bad[] = {
		{ NULL, 64, 0, 0 },
		{ "", 64, 0, 0 },
		{ "a name", 64, 0, 0 },
		{ "tab\tname", 64, 0, 0 },
		{ "name-of-32-characters-0123456789", 64, 0, 0 },
		{ "test-bad", 0, 0, 0 },
		{ "test-bad", 524289, 0, 0 },
		{ "test-bad", ~0U, 0, 0 },
		{ "test-bad", 64, 3, 0 },
		{ "test-bad", 64, 8192, 0 },
		{ "test-bad", 64, 0, 0x80000000 },
	};
	struct free_state before = free_state_now();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kmem_cache *cache;

		EXPECT_BUGS(t, MM_BUG_BAD_REQUEST, 1,
			    cache = kmem_cache_create(bad[i].name, bad[i].size, bad[i].align,
						      bad[i].flags, NULL));
		if (cache)
			ktest_fail(t, __FILE__, __LINE__, "bad request %zu was served", i);
	}
	KTEST_EXPECT(t, !kmem_cache_find("test-bad"));
	expect_free_state(t, &before);
}

static void limits_are_inside(struct ktest *t)
{
	static const char longest[] = "name-of-31-characters-012345678";
	struct kmem_cache *cache = kmem_cache_create(longest, 524288, 4096, 0, NULL);

	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_STREQ(t, kmem_cache_name(cache), longest);
	KTEST_EXPECT_EQ(t, kmem_cache_size(cache), 524288);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	cache = kmem_cache_create("1", 1, 1, 0, NULL);
	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_EQ(t, kmem_cache_size(cache), 1);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* A hundred caches, destroyed from the middle, the front and the end of the list. */
static void many_caches_come_and_go(struct ktest *t)
{
	static struct kmem_cache *caches[100];
	struct free_state before = free_state_now();
	char name[CACHE_NAME_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(caches); i++) {
		ksnprintf(name, sizeof(name), "test-many-%u", i);
		caches[i] = make(name, 8 * (i + 1), 0, NULL);
		KTEST_ASSERT(t, caches[i]);
		objects[i] = kmem_cache_zalloc(caches[i], GFP_KERNEL);
		KTEST_ASSERT(t, objects[i]);
	}
	for (unsigned int n = 0; n < ARRAY_SIZE(caches); n++) {
		unsigned int i = n * 37 % ARRAY_SIZE(caches);

		ksnprintf(name, sizeof(name), "test-many-%u", i);
		KTEST_EXPECT(t, kmem_cache_find(name) == caches[i]);
		kmem_cache_free(caches[i], objects[i]);
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(caches[i]), 0);
		KTEST_EXPECT(t, !kmem_cache_find(name));
	}
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* An id is used again, or after so many caches there would be none left. */
static void ids_do_not_run_out(struct ktest *t)
{
	struct free_state before = free_state_now();

	for (unsigned int i = 0; i < MAX_CACHES; i++) {
		struct kmem_cache *cache = make("test-id", 32, 0, NULL);

		KTEST_ASSERT(t, cache);
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	}
	expect_free_state(t, &before);
}

static void kernel_has_its_caches(struct ktest *t)
{
	struct kmem_cache *tasks = kmem_cache_find("task_struct");

	KTEST_ASSERT(t, tasks);
	KTEST_EXPECT_EQ(t, kmem_cache_size(tasks), 1740);
	KTEST_EXPECT(t, kmem_cache_find("mm_struct") && kmem_cache_find("dentry"));
	KTEST_EXPECT(t, !kmem_cache_find("task_struc") && !kmem_cache_find("task_struct2"));
}

static void null_is_ignored(struct ktest *t)
{
	struct kmem_cache *tasks = kmem_cache_find("task_struct");

	KTEST_ASSERT(t, tasks);
	EXPECT_NO_BUG(t, kmem_cache_free(tasks, NULL));
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, kmem_cache_destroy(NULL), 0));
}

static const struct ktest_case cache_cases[] = {
	KTEST_CASE(ctor_runs_once_per_object),
	KTEST_CASE(state_survives_a_free),
	KTEST_CASE(zalloc_zeroes_dirty_objects),
	KTEST_CASE(no_zeroes_after_a_constructor),
	KTEST_CASE(dma_caches_keep_below_their_limit),
	KTEST_CASE(bulk_gives_all),
	KTEST_CASE(bulk_is_all_or_nothing),
	KTEST_CASE(shrink_gives_empty_slabs_back),
	KTEST_CASE(few_empty_slabs_are_kept),
	KTEST_CASE(emptied_slabs_merge_back),
	KTEST_CASE(slabs_in_use_are_filled_first),
	KTEST_CASE(live_objects_are_reported_one_by_one),
	KTEST_CASE(the_allocators_caches_stay),
	KTEST_CASE(only_caches_are_destroyed),
	KTEST_CASE(name_in_use_is_refused),
	KTEST_CASE(bad_arguments_are_reported),
	KTEST_CASE(limits_are_inside),
	KTEST_CASE(many_caches_come_and_go),
	KTEST_CASE(ids_do_not_run_out),
	KTEST_CASE(kernel_has_its_caches),
	KTEST_CASE(null_is_ignored),
};
KTEST_SUITE(cache, cache_cases);
