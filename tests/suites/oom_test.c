/*
 * Objects when no page is left: requests fail without damage, what is held stays whole, and when
 * all is given back, all is as before.
 */
#include "object_test.h"

#define MAX_FREE	(1ULL << (30 - PAGE_SHIFT))	/* pages; taking more would take too long */
#define MAX_CACHES_MADE	64U
#define QUIETLY		(GFP_KERNEL | __GFP_NOWARN)

/* What is taken is linked through its own first word. */
struct link {
	struct link *next;
};

static struct link *blocks[MAX_ORDER];	/* by order */

/* Take all pages that a request with @gfp can have, the largest blocks first. */
static void take_all_with(gfp_t gfp)
{
	for (unsigned int order = MAX_ORDER; order-- > 0;) {
		struct link *block;

		while ((block = (struct link *)__get_free_pages(gfp, order)) != NULL) {
			block->next = blocks[order];
			blocks[order] = block;
		}
	}
}

static void take_all_pages(void)
{
	take_all_with(QUIETLY | __GFP_HIGH);
}

static void give_all_pages(void)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		while (blocks[order]) {
			struct link *block = blocks[order];

			blocks[order] = block->next;
			free_pages((unsigned long)block, order);
		}
	}
}

static bool machine_is_too_large(struct ktest *t)
{
	if (nr_free_pages() <= MAX_FREE)
		return false;
	ktest_skip(t, "%llu MiB are free; up to 1024 are taken",
		   (unsigned long long)nr_free_pages() >> (20 - PAGE_SHIFT));
	return true;
}

/* Take objects of @cache, or of @size by kmalloc, until there is none. */
static struct link *take_all_objects(struct kmem_cache *cache, size_t size)
{
	struct link *list = NULL, *object;

	for (;;) {
		object = cache ? kmem_cache_alloc(cache, QUIETLY) : kmalloc(size, QUIETLY);
		if (!object)
			return list;
		object->next = list;
		list = object;
	}
}

static void give_objects(struct link *list)
{
	while (list) {
		struct link *object = list;

		list = object->next;
		kfree(object);
	}
}

/* What is given here, against expectation, is lost. */
static void expect_none(struct ktest *t, int line, const void *object)
{
	if (object)
		ktest_fail(t, __FILE__, line, "%px was given when nothing is left", object);
}

static void kmalloc_fails_with_null(struct ktest *t)
{
	static const size_t sizes[] = { 8, 64, 200, 4096, 5000, 8192, 8193, 100000, 4UL << 20 };
	struct link *lists[ARRAY_SIZE(sizes)];
	struct free_state before;
	uint64_t failed;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	take_all_pages();
	for (size_t i = ARRAY_SIZE(sizes);
	     i-- > 0;) /* the largest first: afterwards none finds anything */
		lists[i] = take_all_objects(NULL, sizes[i]);
	failed = kernel_mm.alloc_failed;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		expect_none(t, __LINE__, kmalloc(sizes[i], QUIETLY));
		expect_none(t, __LINE__, kzalloc(sizes[i], QUIETLY));
		expect_none(t, __LINE__, kcalloc(1, sizes[i], GFP_NOWAIT));
		expect_none(t, __LINE__, krealloc(NULL, sizes[i], QUIETLY));
	}
	KTEST_EXPECT(t, kernel_mm.alloc_failed >= failed + 4 * ARRAY_SIZE(sizes));
	EXPECT_SOUND(t);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_NO_BUG(t, give_objects(lists[i]));
	give_all_pages();
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

static void krealloc_keeps_the_old_object(struct ktest *t)
{
	struct free_state before;
	struct link *list;
	void *object;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	object = kmalloc(64, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	pattern_fill(object, 64, 5);
	take_all_pages();
	list = take_all_objects(NULL, 80);
	expect_none(t, __LINE__, krealloc(object, 80, QUIETLY));
	expect_none(t, __LINE__, krealloc(object, 80, QUIETLY | __GFP_ZERO));
	expect_none(t, __LINE__, krealloc(object, 1UL << 20, QUIETLY));
	KTEST_EXPECT(t, krealloc(object, 60, QUIETLY) == object);
	KTEST_EXPECT(t, pattern_holds(object, 60, 5));
	give_objects(list);
	give_all_pages();
	EXPECT_NO_BUG(t, kfree(object));
	expect_free_state(t, &before);
}

static void caches_fail_with_null(struct ktest *t)
{
	static void *bulk[600];
	struct free_state before;
	struct kmem_cache *cache;
	struct link *list;
	void *object;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	cache = kmem_cache_create("test-oom", 1000, 0, 0, NULL);
	KTEST_ASSERT(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	pattern_fill(object, 1000, 5);
	take_all_pages();
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, QUIETLY, 600, bulk), 0));
	kmem_cache_shrink(cache);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 1);
	list = take_all_objects(cache, 0);
	expect_none(t, __LINE__, kmem_cache_alloc(cache, QUIETLY));
	expect_none(t, __LINE__, kmem_cache_zalloc(cache, GFP_NOWAIT));
	EXPECT_SOUND(t);

	/* One is given back, and can be had again. */
	KTEST_EXPECT(t, pattern_holds(object, 1000, 5));
	kmem_cache_free(cache, object);
	object = kmem_cache_alloc(cache, QUIETLY);
	KTEST_EXPECT(t, object);
	expect_none(t, __LINE__, kmem_cache_alloc(cache, QUIETLY));
	kmem_cache_free(cache, object);
	EXPECT_NO_BUG(t, give_objects(list));
	give_all_pages();
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/*
 * Descriptors of caches are objects too. The log says why a cache cannot be made; it is kept
 * quiet.
 */
static void no_cache_can_be_made(struct ktest *t)
{
	static struct kmem_cache *made[MAX_CACHES_MADE];
	unsigned int nr = 0, level = log_level();
	char name[CACHE_NAME_MAX] = "test-oom-0";
	struct free_state before;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	take_all_pages();
	log_set_level(LOGLEVEL_ERR);
	while (nr < MAX_CACHES_MADE && (made[nr] = kmem_cache_create(name, 64, 0, 0, NULL)) != NULL)
		ksnprintf(name, sizeof(name), "test-oom-%u", ++nr);
	log_set_level(level);
	KTEST_EXPECT(t, nr < MAX_CACHES_MADE);
	KTEST_EXPECT(t, !kmem_cache_find(name));
	EXPECT_SOUND(t);
	give_all_pages();
	while (nr > 0)
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(made[--nr]), 0);
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* A slab of the class takes many pages; two that are left over serve as well. */
static void two_pages_serve_where_a_slab_does_not(struct ktest *t)
{
	struct free_state before;
	unsigned long pair;
	struct link *list;
	void *object;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	pair = __get_free_pages(GFP_KERNEL, 1);
	KTEST_ASSERT(t, pair);
	take_all_pages();
	list = take_all_objects(NULL, 7000);
	free_pages(pair, 1);
	object = kmalloc(7000, QUIETLY | __GFP_HIGH);
	KTEST_EXPECT(t, object);
	KTEST_EXPECT(t, ksize(object) >= 7000);
	EXPECT_NO_BUG(t, kfree(object));
	give_objects(list);
	give_all_pages();
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* Empty slabs that a cache keeps are pages for all, when pages are short. */
static void empty_slabs_serve_others(struct ktest *t)
{
	struct free_state before;
	struct kmem_cache *cache;
	struct link *list;
	void *object;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	cache = kmem_cache_create("test-oom", 4096, 0, 0, NULL);
	KTEST_ASSERT(t, cache);
	kmem_cache_set_min_empty(cache, 100);
	list = NULL;
	for (unsigned int i = 0; i < 100; i++) {
		struct link *one = kmem_cache_alloc(cache, GFP_KERNEL);

		KTEST_ASSERT(t, one);
		one->next = list;
		list = one;
	}
	while (list) {
		object = list;
		list = list->next;
		kmem_cache_free(cache, object);
	}
	KTEST_EXPECT(t, before.pages - nr_free_pages() >= 100);
	take_all_pages();
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 0); /* they went where they were needed */
	give_all_pages();
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	expect_free_state(t, &before);
}

/* Nobody reclaimed, so this CPU keeps the two pages; only together are they what is asked for. */
static void what_this_cpu_keeps_serves_larger_blocks(struct ktest *t)
{
	struct free_state before;
	struct page *pair, *again;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	pair = alloc_pages(GFP_KERNEL, 1);
	KTEST_ASSERT(t, pair);
	mm_split_pages(pair, 1);
	take_all_with(GFP_ATOMIC | __GFP_NOWARN);
	__free_pages(pair, 0);
	__free_pages(pair + 1, 0);
	again = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 1);
	KTEST_EXPECT(t, again);
	if (again)
		__free_pages(again, 1);
	give_all_pages();
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* What reclaim says it freed are pages, also where a slab has several of them. */
static void reclaim_counts_the_pages_of_slabs(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-oom", 4096, 0, 0, NULL);
	void *held[64];
	uint64_t slab_pages;

	KTEST_ASSERT(t, cache);
	kmem_cache_set_min_empty(cache, 64);
	(void)reclaim(&kernel_mm, GFP_KERNEL);		/* what others have to spare */
	KTEST_ASSERT(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 64, held) == 64);
	kmem_cache_free_bulk(cache, 64, held);
	drain_all_pages();
	slab_pages = cache->nr_slabs << cache->order;
	KTEST_EXPECT(t, slab_pages >= 64 && cache->order > 0);
	KTEST_EXPECT(t, reclaim(&kernel_mm, GFP_KERNEL) >= slab_pages);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* Its objects are all out; when memory is short, one of them is given back. */
static struct kmem_cache *lender;
static void *lent;

static unsigned long count_lent(struct shrinker *shrinker, gfp_t gfp)
{
	(void)shrinker;
	(void)gfp;
	return lent != NULL;
}

static unsigned long give_lent(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	void *object = lent;

	(void)shrinker;
	(void)gfp;
	(void)nr;
	lent = NULL;
	if (object)
		kmem_cache_free(lender, object);
	return 0;	/* no page came free */
}

static struct shrinker lending = {
	.count_objects = count_lent,
	.scan_objects = give_lent,
	.name = "lending",
};

/* Reclaim frees no page for a slab, but an object comes home: the request that reclaimed has it. */
static void an_object_that_reclaim_brought_is_found(struct ktest *t)
{
	struct free_state before;
	struct link *list, *again;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	lender = kmem_cache_create("test-oom", 200, 0, 0, NULL);
	KTEST_ASSERT(t, lender);
	lent = kmem_cache_alloc(lender, GFP_KERNEL);
	KTEST_ASSERT(t, lent);
	take_all_pages();
	list = take_all_objects(lender, 0);
	KTEST_EXPECT(t, list);		/* the slab is not empty when the object comes home */
	register_shrinker(&lending);
	expect_none(t, __LINE__, kmem_cache_alloc(lender, GFP_NOWAIT | __GFP_NOWARN));
	KTEST_EXPECT(t, lent);
	again = kmem_cache_alloc(lender, QUIETLY);
	KTEST_EXPECT(t, again && !lent);
	unregister_shrinker(&lending);
	if (again)
		kmem_cache_free(lender, again);
	if (lent)
		kmem_cache_free(lender, lent);
	give_objects(list);
	give_all_pages();
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(lender), 0);
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* Every page is taken, and each that has an even number is free again: no two lie together. */
static void leave_single_pages(void)
{
	struct link *kept = NULL, *page;

	while ((page = (struct link *)__get_free_page(QUIETLY | __GFP_HIGH)) != NULL) {
		page->next = blocks[0];
		blocks[0] = page;
	}
	while (blocks[0]) {
		page = blocks[0];
		blocks[0] = page->next;
		if (page_to_pfn(virt_to_page(page)) % 2 == 0) {
			free_page((unsigned long)page);
		} else {
			page->next = kept;
			kept = page;
		}
	}
	blocks[0] = kept;
	drain_all_pages();
}

/*
 * Half of memory is free, in single pages: no slab of several pages can be made, but every size up
 * to a page is served, and __GFP_NOFAIL never gives up.
 */
static void single_pages_serve_every_class(struct ktest *t)
{
	static const size_t sizes[] = { 8, 256, 257, 320, 1000, 2048, 4096 };
	struct free_state before;
	uint64_t most;

	if (machine_is_too_large(t))
		return;
	before = free_state_now();
	leave_single_pages();
	most = nr_free_pages() / 2;	/* the reserves were not taken: they serve some slabs */
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct link *list = NULL, *object;
		bool large = false;

		for (uint64_t n = 0; n < most && !large; n++) {
			object = sizes[i] == 320 ? kmalloc(320, QUIETLY) :	/* constants */
				 kmalloc(sizes[i], n % 2 ? QUIETLY : QUIETLY | __GFP_NOFAIL);
			KTEST_ASSERT(t, object);
			KTEST_EXPECT(t, ksize(object) >= sizes[i]);
			large = virt_to_page(object)->state == PAGE_LARGE;
			object->next = list;
			list = object;
		}
		KTEST_EXPECT_EQ(t, large, sizes[i] > 256);
		give_objects(list);
	}
	EXPECT_SOUND(t);
	give_all_pages();
	expect_free_state(t, &before);
}

static const struct ktest_case oom_cases[] = {
	KTEST_CASE(kmalloc_fails_with_null),
	KTEST_CASE(krealloc_keeps_the_old_object),
	KTEST_CASE(caches_fail_with_null),
	KTEST_CASE(no_cache_can_be_made),
	KTEST_CASE(two_pages_serve_where_a_slab_does_not),
	KTEST_CASE(empty_slabs_serve_others),
	KTEST_CASE(an_object_that_reclaim_brought_is_found),
	KTEST_CASE(reclaim_counts_the_pages_of_slabs),
	KTEST_CASE(what_this_cpu_keeps_serves_larger_blocks),
	KTEST_CASE(single_pages_serve_every_class),
};
KTEST_SUITE(oom, oom_cases);
