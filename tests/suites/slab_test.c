/*
 * Slabs: how objects are laid out in them. The layout of every size is computed and judged by
 * what it must be; of some sizes, real objects are taken and written to from the first byte to
 * the last.
 */
#include "object_test.h"

#define MAX_SMALL	8192U		/* bytes; the largest size class of kmalloc */
#define WASTE_DIVISOR	16U		/* less than this part of a slab may be left over */
#define CACHE_LINE	64U		/* bytes */

static void *objects[600];		/* a slab has 512 at most */

static void no_ctor(void *object)
{
	(void)object;
}

static size_t slab_bytes(const struct kmem_cache *cache)
{
	return PAGE_SIZE << cache->order;
}

/* What is wrong with the layout of @cache, which was asked for @size and @align; NULL: nothing. */
static const char *why_bad(const struct kmem_cache *cache, unsigned int size, unsigned int align)
{
	unsigned int content = size;

	if (cache->ctor) {
		if (cache->word < size)
			return "the free word lies in what the constructor made";
		content = cache->word + 8;
	}
	if (cache->word % 8 || cache->word + 8 > cache->stride)
		return "the free word is out of its place";
	if (cache->stride < content || cache->stride % cache->align)
		return "the objects overlap or lose their alignment";
	if (cache->stride >= align_up(content, 8) + cache->align)
		return "the objects are further apart than they need to be";
	if (cache->align < 8 || cache->align < align || !is_power_of_2(cache->align))
		return "the alignment is less than what was asked for";
	if (cache->objects == 0 || cache->objects > SLAB_MAX_OBJECTS)
		return "the number of objects is out of bounds";
	if (cache->objects != slab_bytes(cache) / cache->stride)
		return "there is room for another object, or for one less";
	return NULL;
}

/*
 * Does each byte of each object lead to the object's index? The ends of objects are where it
 * could go wrong.
 */
static bool indices_are_exact(const struct kmem_cache *cache)
{
	for (uint64_t i = 0; i < cache->objects; i++) {
		uint64_t first = i * cache->stride, last = first + cache->stride - 1;

		if (first * cache->reciprocal >> 44 != i || last * cache->reciprocal >> 44 != i)
			return false;
	}
	return true;
}

/* Objects begin at the multiples of the stride up to the last object, and nowhere else. */
static bool starts_are_exact(const struct kmem_cache *cache)
{
	for (uint64_t i = 0; i <= cache->objects; i++) {
		uint64_t start = i * cache->stride;

		if (start < slab_bytes(cache) &&
		    (start * cache->inverse < cache->limit) != (i < cache->objects))
			return false;
		for (uint64_t near = 1; near < cache->stride; near = near * 3 + 1) {
			uint64_t behind = (start + near) * cache->inverse;
			uint64_t before = (start + cache->stride - near) * cache->inverse;

			if (behind < cache->limit || before < cache->limit)
				return false;
		}
	}
	return true;
}

static struct kmem_cache layout_for(unsigned int size, unsigned int align, slab_flags_t flags,
				    void (*ctor)(void *))
{
	struct kmem_cache cache;

	memset(&cache, 0, sizeof(cache));
	cache.object_size = size;
	cache.align = align;
	cache.flags = flags;
	cache.ctor = ctor;
	cache.order = ~0U;
	(void)slab_set_layout(&cache);
	return cache;
}

static void check_layout(struct ktest *t, const struct kmem_cache *cache, unsigned int align)
{
	const char *why = why_bad(cache, cache->object_size, align);

	if (!why && !indices_are_exact(cache))
		why = "an address leads to another object's index";
	if (!why && !starts_are_exact(cache))
		why = "an object begins where none does, or none where one does";
	/*
	 * A slab of order 5 loses less than one stride: for these sizes a sixteenth can always
	 * be kept.
	 */
	if (!why && cache->stride <= MAX_SMALL &&
	    slab_bytes(cache) % cache->stride * WASTE_DIVISOR >= slab_bytes(cache))
		why = "a sixteenth of the slab is lost";
	if (why)
		ktest_fail(t, __FILE__, __LINE__, "size %u, align %u, flags %#x%s: %s",
			   cache->object_size, align, cache->flags, cache->ctor ? ", ctor" : "",
			   why);
}

static void every_size_has_a_sound_layout(struct ktest *t)
{
	static const unsigned int aligns[] = { 0, 1, 8, 16, 64, 512, 4096 };

	for (unsigned int size = 1; size <= MAX_SMALL; size++) {
		unsigned int align = aligns[size % ARRAY_SIZE(aligns)];
		struct kmem_cache plain = layout_for(size, 0, 0, NULL);
		struct kmem_cache aligned = layout_for(size, align, 0, NULL);
		struct kmem_cache made = layout_for(size, align, 0, no_ctor);

		check_layout(t, &plain, 0);
		check_layout(t, &aligned, align);
		check_layout(t, &made, align);
		if (t->failures > 5)
			return;
	}
}

/* Small sizes with every alignment. */
static void every_alignment_is_kept(struct ktest *t)
{
	for (unsigned int size = 1; size <= 200 && t->failures < 5; size++) {
		for (unsigned int align = 1; align <= PAGE_SIZE; align *= 2) {
			struct kmem_cache cache = layout_for(size, align, 0, NULL);

			check_layout(t, &cache, align);
		}
	}
}

/* No object lies across a line that could hold it whole. */
static void hwcache_align_spares_lines(struct ktest *t)
{
	for (unsigned int size = 1; size <= MAX_SMALL && t->failures < 5; size++) {
		struct kmem_cache cache = layout_for(size, 0, SLAB_HWCACHE_ALIGN, NULL);

		check_layout(t, &cache, 0);
		if (size > CACHE_LINE / 2)
			KTEST_EXPECT_EQ(t, cache.align % CACHE_LINE, 0);
		else
			KTEST_EXPECT_EQ(t, CACHE_LINE % cache.stride, 0);
	}
}

/* The classes of kmalloc, by their rule: 8 16 32 48 64, then four per doubling. */
static void kmalloc_classes_waste_little(struct ktest *t)
{
	unsigned int size = 8;

	while (size <= MAX_SMALL) {
		struct kmem_cache cache = layout_for(size, 0, 0, NULL);

		KTEST_EXPECT_EQ(t, cache.stride, size);
		check_layout(t, &cache, 0);
		size += size < 16 ? 8 : size < 64 ? 16 : 1U << (ilog2(size) - 2);
	}
}

/* Above: no order up to 5 wastes less, unless it is under a sixteenth anyway. */
static void large_objects_have_a_sound_layout(struct ktest *t)
{
	for (unsigned int size = MAX_SMALL + 1; size <= 524288 && t->failures < 5; size += 1009) {
		struct kmem_cache cache = layout_for(size, 0, 0, NULL);
		size_t bytes = slab_bytes(&cache), waste = bytes % cache.stride;

		check_layout(t, &cache, 0);
		KTEST_EXPECT(t, cache.order <= 5 || bytes / 2 < cache.stride);
		if (waste * WASTE_DIVISOR < bytes)
			continue;
		for (size_t other = PAGE_SIZE; other <= PAGE_SIZE << 5; other *= 2) {
			if (other >= cache.stride)
				KTEST_EXPECT(t, other % cache.stride * bytes >= waste * other);
		}
	}
}

static void what_fits_no_block_is_refused(struct ktest *t)
{
	struct kmem_cache cache = { .object_size = 524288 };

	KTEST_EXPECT_EQ(t, slab_set_layout(&cache), 0);
	KTEST_EXPECT_EQ(t, cache.objects, 1);
	cache = (struct kmem_cache){ .object_size = 524288, .ctor = no_ctor };
	KTEST_EXPECT(t, slab_set_layout(&cache) != 0);
}

/* @object lies in a slab of @cache, whole, and at an object's place. */
static void check_place(struct ktest *t, struct kmem_cache *cache, const void *object)
{
	struct page *page = virt_to_page(object), *slab = slab_of(&kernel_mm, object);
	const struct page *last;
	size_t offset;

	KTEST_ASSERT(t, slab);
	offset = (size_t)((const char *)object - (const char *)page_address(slab));
	last = virt_to_page((const char *)object + cache->object_size - 1);
	KTEST_EXPECT_EQ(t, page->state, PAGE_SLAB);
	KTEST_EXPECT_EQ(t, last->state, PAGE_SLAB);
	KTEST_EXPECT_EQ(t, page->zone_or_cache, cache->id);
	KTEST_EXPECT_EQ(t, page_to_pfn(slab) % (1UL << cache->order), 0);
	KTEST_EXPECT_EQ(t, offset % cache->stride, 0);
	KTEST_EXPECT(t, offset + cache->object_size <= slab_bytes(cache));
	KTEST_EXPECT_EQ(t, (uintptr_t)object % cache->align, 0);
}

/*
 * Fill a slab and a bit of @size objects; each keeps its own pattern only if none overlaps
 * another.
 */
static void use_real_objects(struct ktest *t, unsigned int size, unsigned int align,
			     slab_flags_t flags)
{
	struct kmem_cache *cache = kmem_cache_create("test-slab", size, align, flags, NULL);
	size_t nr = 0, max;

	KTEST_ASSERT(t, cache);
	max = cache->objects + cache->objects / 8 + 1;
	for (; nr < max; nr++) {
		objects[nr] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_EXPECT(t, objects[nr]);
		if (!objects[nr])
			break;
		check_place(t, cache, objects[nr]);
		KTEST_EXPECT(t, align == 0 || (uintptr_t)objects[nr] % align == 0);
		pattern_fill(objects[nr], size, (uintptr_t)objects[nr] / 8);
	}
	for (size_t i = 0; i < nr; i++) {
		KTEST_EXPECT(t, pattern_holds(objects[i], size, (uintptr_t)objects[i] / 8));
		kmem_cache_free(cache, objects[i]);
	}
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static void objects_do_not_overlap(struct ktest *t)
{
	static const unsigned int sizes[] = {
		1,    7,    8,	  9,	24,   33,   64,	  100,	 192,
		1000, 1740, 2048, 4095, 4096, 4097, 8192, 20000, 131072,
	};
	struct free_state before = free_state_now();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		use_real_objects(t, sizes[i], 0, 0);
		use_real_objects(t, sizes[i], 256, 0);
		use_real_objects(t, sizes[i], 0, SLAB_HWCACHE_ALIGN);
	}
	EXPECT_SOUND(t);
	expect_free_state(t, &before);
}

/* The walk that reports live objects finds just those. */
static unsigned int nr_visited;
static void *only_live;

static void visit(const struct kmem_cache *cache, void *object)
{
	(void)cache;
	nr_visited++;
	only_live = object;
}

static void live_objects_are_found(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-live", 200, 0, 0, NULL);
	struct page *slab;

	KTEST_ASSERT(t, cache);
	for (unsigned int i = 0; i < 5; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_ASSERT(t, objects[i]);
	}
	for (unsigned int i = 0; i < 5; i++) {
		if (i != 3)
			kmem_cache_free(cache, objects[i]);
	}
	kmem_cache_shrink(cache);
	slab = slab_of(&kernel_mm, objects[3]);
	KTEST_ASSERT(t, slab);
	nr_visited = 0;
	KTEST_EXPECT_EQ(t, slab_for_each_live(cache, slab, visit), 1);
	KTEST_EXPECT_EQ(t, nr_visited, 1);
	KTEST_EXPECT(t, only_live == objects[3]);
	kmem_cache_free(cache, objects[3]);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static const struct ktest_case slab_cases[] = {
	KTEST_CASE(every_size_has_a_sound_layout),
	KTEST_CASE(every_alignment_is_kept),
	KTEST_CASE(hwcache_align_spares_lines),
	KTEST_CASE(kmalloc_classes_waste_little),
	KTEST_CASE(large_objects_have_a_sound_layout),
	KTEST_CASE(what_fits_no_block_is_refused),
	KTEST_CASE(objects_do_not_overlap),
	KTEST_CASE(live_objects_are_found),
};
KTEST_SUITE(slab, slab_cases);
