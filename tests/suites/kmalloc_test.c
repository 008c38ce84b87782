/*
 * kmalloc and its kin: size classes, alignment, every byte usable, growing and shrinking, limits.
 */
#include "object_test.h"

#define MAX_CLASS	8192U		/* bytes */
#define MAX_LARGE	(4UL << 20)	/* bytes */
#define WINDOW		48U		/* objects held at a time: some share a slab, some do not */

struct held {
	unsigned char *at;
	size_t bytes;
};

static struct held window[WINDOW];

/* The class of @size by the rule: 8 16 32 48 64, then four per doubling. */
static size_t class_of(size_t size)
{
	size_t half = 64;

	if (size <= 8)
		return 8;
	if (size <= 64)
		return align_up(size, 16);
	while (half * 2 < size)
		half *= 2;
	return align_up(size, half / 4);
}

/* What kmalloc() must give for @size: a class, or whole pages, a power of two of them. */
static size_t expected_ksize(size_t size)
{
	size_t bytes = PAGE_SIZE;

	if (size <= MAX_CLASS)
		return class_of(size);
	while (bytes < size)
		bytes *= 2;
	return bytes;
}

static size_t expected_align(size_t size)
{
	size_t class = expected_ksize(size);

	if (!is_power_of_2(class))
		return 16;
	/* With a word behind each object, those of 8192 bytes begin with a page. */
	if (class == MAX_CLASS && (kmalloc_caches[0]->flags & SLAB_NOTE_SIZE))
		return PAGE_SIZE;
	return class;
}

/* Give back what the window holds at @i, with its content checked. */
static void drop(struct ktest *t, unsigned int i)
{
	if (!window[i].at)
		return;
	if (!pattern_holds(window[i].at, window[i].bytes, window[i].bytes + i))
		ktest_fail(t, __FILE__, __LINE__, "%zu bytes at %px were overwritten",
			   window[i].bytes, (void *)window[i].at);
	kfree(window[i].at);
	window[i].at = NULL;
}

/*
 * Take @size bytes into the window at @i, and use all of them, those that were not asked for
 * too.
 */
static void hold(struct ktest *t, unsigned int i, size_t size, gfp_t gfp)
{
	drop(t, i);
	window[i].at = kmalloc(size, gfp);
	window[i].bytes = ksize(window[i].at);
	if (!window[i].at || window[i].bytes != expected_ksize(size))
		ktest_fail(t, __FILE__, __LINE__,
			   "kmalloc(%zu) gave %zu bytes at %px, expected %zu", size,
			   window[i].bytes, (void *)window[i].at, expected_ksize(size));
	if ((uintptr_t)window[i].at % expected_align(size))
		ktest_fail(t, __FILE__, __LINE__, "kmalloc(%zu) gave %px, aligned to less than %zu",
			   size, (void *)window[i].at, expected_align(size));
	if (window[i].at)
		pattern_fill(window[i].at, window[i].bytes, window[i].bytes + i);
}

static void drop_all(struct ktest *t)
{
	for (unsigned int i = 0; i < WINDOW; i++)
		drop(t, i);
}

static void every_size_up_to_8192(struct ktest *t)
{
	struct free_state before = free_state_now();

	for (size_t size = 1; size <= MAX_CLASS && t->failures < 5; size++)
		hold(t, (unsigned int)size % WINDOW, size, GFP_KERNEL);
	EXPECT_SOUND(t);
	drop_all(t);
	expect_free_state(t, &before);
}

/* The caches' names are those of the classes, so their sizes can be read off slabinfo. */
static void classes_are_caches(struct ktest *t)
{
	unsigned int nr = 0;

	for (size_t size = 8; size <= MAX_CLASS; size = class_of(size + 1)) {
		struct kmem_cache *cache;
		char name[CACHE_NAME_MAX];

		if (size >= 1024 && is_power_of_2(size))
			ksnprintf(name, sizeof(name), "kmalloc-%zuk", size / 1024);
		else
			ksnprintf(name, sizeof(name), "kmalloc-%zu", size);
		cache = kmem_cache_find(name);
		KTEST_ASSERT(t, cache);
		KTEST_EXPECT_EQ(t, kmem_cache_size(cache), size);
		nr++;
	}
	KTEST_EXPECT_EQ(t, nr, 5 + 4 * 7);
}

/*
 * Is there a block for @size now, with more than all reserves left? Small machines lack large
 * ones.
 */
static bool block_to_be_had(size_t size)
{
	uint64_t reserve = 0;
	bool found = false;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &kernel_mm.zone[i];

		reserve = zone->watermark[WMARK_HIGH] + zone->lowmem_reserve[ZONE_NORMAL];
		for (unsigned int order = LARGE_ORDER(size); order < MAX_ORDER; order++)
			found |= zone->free[order].nr && zone->nr_free > reserve + (1UL << order);
	}
	return found;
}

static void check_large(struct ktest *t, size_t size)
{
	unsigned char *at;
	size_t bytes = expected_ksize(size);

	if (!block_to_be_had(size))
		return;
	at = kmalloc(size, GFP_KERNEL);
	if (!at || ksize(at) != bytes || (uintptr_t)at % bytes) {
		ktest_fail(t, __FILE__, __LINE__, "kmalloc(%zu) gave %zu bytes at %px", size,
			   ksize(at), (void *)at);
		kfree(at);
		return;
	}
	for (size_t i = 0; i < bytes; i += PAGE_SIZE) {
		at[i] = (unsigned char)(i / PAGE_SIZE);
		at[i + PAGE_SIZE - 1] = (unsigned char)(i / PAGE_SIZE + 1);
	}
	for (size_t i = 0; i < bytes; i += PAGE_SIZE) {
		KTEST_EXPECT(t, at[i] == (unsigned char)(i / PAGE_SIZE));
		KTEST_EXPECT(t, at[i + PAGE_SIZE - 1] == (unsigned char)(i / PAGE_SIZE + 1));
	}
	kfree(at);
}

static void sizes_around_page_multiples(struct ktest *t)
{
	static const unsigned int pages[] = {
		2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256,
		257, 511, 512, 513, 1023, 1024,
	};
	struct free_state before = free_state_now();

	for (unsigned int i = 0; i < WINDOW; i++)
		hold(t, i, 100 * (i + 1), GFP_KERNEL);
	for (size_t i = 0; i < ARRAY_SIZE(pages) && t->failures < 5; i++) {
		check_large(t, pages[i] * PAGE_SIZE - 1);
		check_large(t, pages[i] * PAGE_SIZE);
		if (pages[i] != 1024)
			check_large(t, pages[i] * PAGE_SIZE + 1);
	}
	EXPECT_SOUND(t);
	drop_all(t);
	expect_free_state(t, &before);
}

/* 1.10 by design; weights 1/size make the sizes log-uniform: 2^20 * class / size, averaged. */
static void little_is_held_beyond_what_is_asked(struct ktest *t)
{
	uint64_t sum = 0, nr = 0, ratio;

	for (size_t size = 8; size <= 4096; size++) {
		void *object = kmalloc(size, GFP_KERNEL);

		KTEST_ASSERT(t, object);
		sum += (ksize(object) << 20) / size;
		nr++;
		kfree(object);
	}
	ratio = sum * 1000 / nr >> 20;
	ktest_note(t, "sizes 8..4096, log-uniform: %llu.%03llu bytes held per byte asked",
		   (unsigned long long)ratio / 1000, (unsigned long long)ratio % 1000);
	KTEST_EXPECT(t, ratio >= 1000);
	KTEST_EXPECT(t, ratio <= 1120);
}

/* ---- zeroes and products ------------------------------------------------- */

/* Leave 0xa5 in the memory that the next request of @size will get. */
static void dirty(struct ktest *t, size_t size)
{
	void *object = kmalloc(size, GFP_KERNEL);

	KTEST_ASSERT(t, object);
	memset(object, 0xa5, ksize(object));
	kfree(object);
}

static void zeroed_memory_is_zero(struct ktest *t)
{
	static const size_t sizes[] = { 1,    8,    9,	  64,	100,   1000,
					4096, 5000, 8192, 8193, 70000, 300000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char *object;

		dirty(t, sizes[i]);
		object = kzalloc(sizes[i], GFP_KERNEL);
		KTEST_ASSERT(t, object);
		KTEST_EXPECT(t, is_all(object, 0, sizes[i]));
		kfree(object);
		dirty(t, sizes[i]);
		object = kcalloc(1, sizes[i], GFP_KERNEL);
		KTEST_ASSERT(t, object);
		KTEST_EXPECT(t, is_all(object, 0, sizes[i]));
		kfree(object);
	}
}

static void products_are_checked(struct ktest *t)
{
	void *object;

	KTEST_EXPECT(t, !kmalloc_array(SIZE_MAX / 2 + 1, 2, GFP_KERNEL));
	KTEST_EXPECT(t, !kmalloc_array(2, SIZE_MAX / 2 + 1, GFP_KERNEL));
	KTEST_EXPECT(t, !kmalloc_array(SIZE_MAX, SIZE_MAX, GFP_KERNEL));
	KTEST_EXPECT(t, !kmalloc_array(1ULL << 33, 1ULL << 31, GFP_KERNEL));
	KTEST_EXPECT(t, !kcalloc(SIZE_MAX / 8 + 2, 8, GFP_KERNEL));	/* 8 bytes, if it wrapped */
	KTEST_EXPECT(t, !kcalloc(1ULL << 32, 1ULL << 32, GFP_KERNEL));
	KTEST_EXPECT(t, kmalloc_array(0, SIZE_MAX, GFP_KERNEL) == ZERO_SIZE_PTR);
	KTEST_EXPECT(t, kcalloc(5, 0, GFP_KERNEL) == ZERO_SIZE_PTR);

	object = kmalloc_array(13, 11, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, ksize(object), 160);
	kfree(object);
	dirty(t, 143);
	object = kcalloc(13, 11, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, ksize(object), 160);
	KTEST_EXPECT(t, object && is_all(object, 0, 143));
	kfree(object);
}

/* ---- limits -------------------------------------------------------------- */

static void nothing_is_something_to_free(struct ktest *t)
{
	EXPECT_NO_BUG(t, kfree(NULL));
	KTEST_EXPECT(t, kmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR);
	KTEST_EXPECT(t, kzalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR);
	EXPECT_NO_BUG(t, kfree(ZERO_SIZE_PTR));
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, ksize(NULL) + ksize(ZERO_SIZE_PTR), 0));
}

static void too_much_is_null(struct ktest *t)
{
	uint64_t before = nr_free_pages();

	EXPECT_NO_BUG(t, KTEST_EXPECT(t, !kmalloc(MAX_LARGE + 1, GFP_KERNEL | __GFP_NOWARN)));
	EXPECT_NO_BUG(t, KTEST_EXPECT(t, !kzalloc(SIZE_MAX, GFP_KERNEL | __GFP_NOWARN)));
	EXPECT_NO_BUG(t, KTEST_EXPECT(t, !kmalloc(SIZE_MAX - 4095, GFP_KERNEL | __GFP_NOWARN)));
	KTEST_EXPECT_EQ(t, nr_free_pages(), before);
}

static void gfp_limits_are_kept(struct ktest *t)
{
	static const size_t sizes[] = { 8, 60, 200, 1740, 4096, 6000, 8192, 8193, 40000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		hold(t, 0, sizes[i], GFP_KERNEL | GFP_DMA);
		KTEST_EXPECT(t, virt_to_phys(window[0].at) + sizes[i] <= 16ULL << 20);
		hold(t, 1, sizes[i], GFP_KERNEL | GFP_DMA32);
		KTEST_EXPECT(t, virt_to_phys(window[1].at) + sizes[i] <= 4ULL << 30);
		hold(t, 2, sizes[i], GFP_KERNEL | GFP_DMA | GFP_DMA32);
		KTEST_EXPECT(t, virt_to_phys(window[2].at) + sizes[i] <= 16ULL << 20);
		drop_all(t);
	}
}

/* ---- krealloc ------------------------------------------------------------ */

/* From each size to each other, both ways: content up to the smaller one is kept. */
static void krealloc_keeps_content(struct ktest *t)
{
	static const size_t sizes[] = { 1,    8,    9,	  63,	64,   65,   500,
					1025, 4096, 4097, 8192, 8193, 50000 };
	struct free_state before = free_state_now();

	for (size_t a = 0; a < ARRAY_SIZE(sizes); a++) {
		for (size_t b = 0; b < ARRAY_SIZE(sizes); b++) {
			void *old = kmalloc(sizes[a], GFP_KERNEL), *new;

			KTEST_ASSERT(t, old);
			pattern_fill(old, sizes[a], a);
			new = krealloc(old, sizes[b], GFP_KERNEL);
			KTEST_ASSERT(t, new);
			KTEST_EXPECT(t, ksize(new) >= sizes[b]);
			KTEST_EXPECT(t, pattern_holds(new, min_u64(sizes[a], sizes[b]), a));
			kfree(new);
		}
	}
	expect_free_state(t, &before);
}

static void krealloc_stays_where_it_fits(struct ktest *t)
{
	char *object = kmalloc(65, GFP_KERNEL);

	KTEST_ASSERT(t, object);
	KTEST_EXPECT(t, krealloc(object, 80, GFP_KERNEL) == object);
	KTEST_EXPECT(t, krealloc(object, 10, GFP_KERNEL) == object);
	KTEST_EXPECT(t, krealloc(object, 80, GFP_KERNEL) == object);
	object = krealloc(object, 81, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, ksize(object), 96);
	kfree(object);
}

static void krealloc_from_and_to_nothing(struct ktest *t)
{
	struct free_state before = free_state_now();
	void *object = krealloc(NULL, 100, GFP_KERNEL);

	KTEST_EXPECT_EQ(t, ksize(object), 112);
	KTEST_EXPECT(t, krealloc(object, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	object = krealloc(ZERO_SIZE_PTR, 10000, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, ksize(object), 16384);
	KTEST_EXPECT(t, krealloc(object, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	KTEST_EXPECT(t, krealloc(NULL, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	expect_free_state(t, &before);
}

/* Too large a wish leaves the object as it was. */
static void krealloc_that_fails_keeps_the_object(struct ktest *t)
{
	void *object = kmalloc(500, GFP_KERNEL);

	KTEST_ASSERT(t, object);
	pattern_fill(object, 500, 3);
	KTEST_EXPECT(t, !krealloc(object, MAX_LARGE + 1, GFP_KERNEL | __GFP_NOWARN));
	KTEST_EXPECT(t, pattern_holds(object, 500, 3));
	kfree(object);
}

/*
 * With __GFP_ZERO from the beginning, all that is added is zero: in place, moved, after
 * shrinking, large.
 */
static void krealloc_zeroes_what_is_new(struct ktest *t)
{
	static const size_t sizes[] = { 20,  28,  32,	33,   7,     31,   500,
					300, 512, 9000, 3000, 16384, 20000 };
	unsigned char *object;
	size_t content = 20;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		dirty(t, sizes[i]);
	object = kzalloc(content, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	pattern_fill(object, content, 9);
	for (size_t i = 1; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i];

		object = krealloc(object, size, GFP_KERNEL | __GFP_ZERO);
		KTEST_ASSERT(t, object);
		content = min_u64(content, size);
		KTEST_EXPECT(t, pattern_holds(object, content, 9));
		if (!is_all(object + content, 0, size - content))
			ktest_fail(t, __FILE__, __LINE__, "dirty after growing to %zu bytes", size);
		pattern_fill(object, size, 9);
		content = size;
	}
	kfree(object);
}

static const struct ktest_case kmalloc_cases[] = {
	KTEST_CASE(every_size_up_to_8192),
	KTEST_CASE(classes_are_caches),
	KTEST_CASE(sizes_around_page_multiples),
	KTEST_CASE(little_is_held_beyond_what_is_asked),
	KTEST_CASE(zeroed_memory_is_zero),
	KTEST_CASE(products_are_checked),
	KTEST_CASE(nothing_is_something_to_free),
	KTEST_CASE(too_much_is_null),
	KTEST_CASE(gfp_limits_are_kept),
	KTEST_CASE(krealloc_keeps_content),
	KTEST_CASE(krealloc_stays_where_it_fits),
	KTEST_CASE(krealloc_from_and_to_nothing),
	KTEST_CASE(krealloc_that_fails_keeps_the_object),
	KTEST_CASE(krealloc_zeroes_what_is_new),
};
KTEST_SUITE(kmalloc, kmalloc_cases);
