/*
 * What callers do wrong with objects: each mistake is reported once, as what it is, and refused,
 * and everything goes on.
 */
#include "object_test.h"

#define NR	64U

static void *objects[NR];
static char static_data[64];

/* A cache with objects out, of which objects[1] stands between two others. */
static struct kmem_cache *some_objects(struct ktest *t, const char *name, unsigned int size)
{
	struct kmem_cache *cache = kmem_cache_create(name, size, 0, 0, NULL);

	if (!cache || kmem_cache_alloc_bulk(cache, GFP_KERNEL, NR, objects) != NR) {
		ktest_fail(t, __FILE__, __LINE__, "no objects of %u bytes", size);
		return NULL;
	}
	for (uintptr_t i = 0; i < NR; i++)
		pattern_fill(objects[i], size, i);
	return cache;
}

/* Nothing was freed and nothing was touched: all objects are whole, and only now they go. */
static void all_whole_then_free(struct ktest *t, struct kmem_cache *cache)
{
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), NR);
	for (uintptr_t i = 0; i < NR; i++)
		KTEST_EXPECT(t, pattern_holds(objects[i], kmem_cache_size(cache), i));
	EXPECT_NO_BUG(t, kmem_cache_free_bulk(cache, NR, objects));
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0));
	EXPECT_SOUND(t);
}

/* ---- double frees -------------------------------------------------------- */

static void double_free_at_once(struct ktest *t)
{
	struct free_state before = free_state_now();
	struct kmem_cache *cache = some_objects(t, "test-double", 200);

	KTEST_ASSERT(t, cache);
	kmem_cache_free(cache, objects[5]);
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kmem_cache_free(cache, objects[5]));
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(objects[5]));
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kmem_cache_free_bulk(cache, 1, &objects[5]));
	objects[5] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, objects[5]);
	pattern_fill(objects[5], 200, 5);
	all_whole_then_free(t, cache);
	expect_free_state(t, &before);
}

static void double_free_after_other_frees(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-double", 200);

	KTEST_ASSERT(t, cache);
	for (unsigned int i = 0; i < 20; i++)
		kmem_cache_free(cache, objects[i]);
	for (unsigned int i = 0; i < 20; i++)
		EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kmem_cache_free(cache, objects[i]));
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 20, objects), 20);
	for (uintptr_t i = 0; i < 20; i++)
		pattern_fill(objects[i], 200, i);
	all_whole_then_free(t, cache);
}

/* The constructor's object keeps its free word behind it. */
static void leave_it(void *object)
{
	(void)object;
}

static void double_free_with_a_constructor(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-double", 40, 0, 0, leave_it);
	void *object;

	KTEST_ASSERT(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	kmem_cache_free(cache, object);
	memset(object, 0x77, 40);
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kmem_cache_free(cache, object));
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0));
}

/* The slab is gone: its pages are free, and so a kfree() of its object is a double free of them. */
static void double_free_after_the_slab_is_gone(struct ktest *t)
{
	void *object = kmalloc(5000, GFP_KERNEL), *large = kmalloc(100000, GFP_KERNEL);
	struct free_state before;

	KTEST_ASSERT(t, object && large);
	kfree(object);
	kfree(large);
	before = free_state_now();
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(large));
	if (!slab_of(&kernel_mm, object))	/* unless somebody else has an object in it */
		EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(object));
	expect_free_state(t, &before);
	EXPECT_SOUND(t);
}

/* An object whose content is what a free object would hold is an object in use all the same. */
static void content_may_look_free(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-looks", 64);
	uint64_t copy;

	KTEST_ASSERT(t, cache);
	kmem_cache_free(cache, objects[7]);
	memcpy(&copy, objects[7], sizeof(copy));
	objects[7] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, objects[7]);
	memcpy(objects[7], &copy, sizeof(copy));
	EXPECT_NO_BUG(t, kmem_cache_free(cache, objects[7]));
	objects[7] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, objects[7]);
	pattern_fill(objects[7], 64, 7);
	all_whole_then_free(t, cache);
}

/* ---- wrong addresses ----------------------------------------------------- */

static void addresses_inside_objects(struct ktest *t)
{
	static const unsigned int offsets[] = { 1, 8, 16, 100, 192, 199, 201 };
	struct kmem_cache *cache = some_objects(t, "test-inside", 200);

	KTEST_ASSERT(t, cache);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		char *inside = (char *)objects[1] + offsets[i];

		EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(inside));
		EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(cache, inside));
	}
	all_whole_then_free(t, cache);
}

/*
 * Behind the last object of a slab there is room for no other: 1740-byte objects leave 688
 * bytes.
 */
static void addresses_in_a_slabs_tail(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-tail", 1740);
	size_t bytes, tail;
	char *base;

	KTEST_ASSERT(t, cache);
	bytes = PAGE_SIZE << cache->order;
	tail = bytes - (size_t)cache->objects * cache->stride;
	base = page_address(slab_of(&kernel_mm, objects[0]));
	KTEST_EXPECT(t, tail >= 8);
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(base + bytes - tail));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(cache, base + bytes - tail));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(base + bytes - 8));
	all_whole_then_free(t, cache);
}

static void nothing_to_make(void *object)
{
	(void)object;
}

/*
 * With a constructor the free word lies behind the object: 608 bytes, 26 of them in 16 KiB. Behind
 * them another one would begin, whose word would lie in the next slab, or in nothing at all.
 */
static void a_tail_without_room_for_the_word(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-tail-ctor", 600, 0, 0, nothing_to_make);
	char *object, *tail;

	KTEST_ASSERT(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	KTEST_EXPECT_EQ(t, PAGE_SIZE << cache->order, 16384);
	KTEST_EXPECT_EQ(t, cache->objects, 26);
	tail = (char *)page_address(slab_of(&kernel_mm, object)) + 26 * 608;
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(cache, tail));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(tail));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free_bulk(cache, 1, (void **)&tail));
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	EXPECT_SOUND(t);
}

/* Above 256 KiB a slab has one object, with a constructor, too: there is no number for a second. */
static void large_objects_with_a_constructor(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-large-ctor", 300000, 0, 0,
						     nothing_to_make);
	void *first, *second;

	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_EQ(t, cache->objects, 1);
	first = kmem_cache_alloc(cache, GFP_KERNEL);
	second = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_EXPECT(t, first && second && first != second);
	kmem_cache_free(cache, second);
	sheaf_drain_cpus(cache);
	EXPECT_SOUND(t);
	second = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_EXPECT(t, second && second != first);
	kmem_cache_free(cache, second);
	kmem_cache_free(cache, first);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static void addresses_that_no_allocator_gave(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-wild", 96);
	char on_stack[64];
	void *const wild[] = {
		on_stack,
		static_data,
		(void *)(uintptr_t)ktest_run,
		(void *)17,
		(void *)4096,
		(void *)UINTPTR_MAX,
		(void *)(UINTPTR_MAX - 7),
		(void *)(1ULL << 47),
		(void *)(1ULL << 63),
		(void *)0x8000000000000008,
		phys_to_virt(kernel_mm.max_pfn << PAGE_SHIFT),
		phys_to_virt(MAX_PFN << PAGE_SHIFT),
		phys_to_virt((kernel_mm.max_pfn << PAGE_SHIFT) + 1),
	};

	KTEST_ASSERT(t, cache);
	memset(on_stack, 0, sizeof(on_stack));
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(wild[i]));
		EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(cache, wild[i]));
		EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, KTEST_EXPECT_EQ(t, ksize(wild[i]), 0));
		EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1,
			    KTEST_EXPECT(t, !krealloc(wild[i], 100, GFP_KERNEL)));
	}
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(cache, ZERO_SIZE_PTR));
	all_whole_then_free(t, cache);
}

/* 64 bits at random; every fourth one into RAM, at an odd address, where no object ever begins. */
static void random_addresses(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-random", 96);
	uint64_t seed = 20240607, ram = kernel_mm.max_pfn << PAGE_SHIFT;

	KTEST_ASSERT(t, cache);
	ktest_note(t, "seed %llu", (unsigned long long)seed);
	for (unsigned int i = 0; i < 5000 && t->failures < 5; i++) {
		uint64_t bits = random_u64(&seed) | 1;
		struct bug_counts before = bugs_begin();
		unsigned int nr = 0;

		if (i % 4 == 0)
			bits = (uintptr_t)phys_to_virt(bits % ram | 1);
		else if (i % 4 == 1)
			bits = bits >> (bits >> 58) |
			       0x11; /* short ones too, but no ZERO_SIZE_PTR */
		kfree((void *)bits);
		kmem_cache_free(cache, (void *)bits);
		mm_bug_quiet(false);
		for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
			nr += mm_bug_count((enum mm_bug_kind)kind) - before.nr[kind];
		if (nr != 2)
			ktest_fail(t, __FILE__, __LINE__, "%u reports for %#llx, freed twice", nr,
				   (unsigned long long)bits);
	}
	all_whole_then_free(t, cache);
}

/* ---- others' memory ------------------------------------------------------ */

static void sizes_of_no_objects(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-size", 200);
	char *inside;

	KTEST_ASSERT(t, cache);
	inside = (char *)objects[1] + 8;
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, KTEST_EXPECT_EQ(t, ksize(inside), 0));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1,
		    KTEST_EXPECT(t, krealloc(inside, 100, GFP_KERNEL) == NULL));
	kmem_cache_free(cache, objects[1]);
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, KTEST_EXPECT_EQ(t, ksize(objects[1]), 0));
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1,
		    KTEST_EXPECT(t, krealloc(objects[1], 300, GFP_KERNEL) == NULL));
	objects[1] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, objects[1]);
	pattern_fill(objects[1], 200, 1);
	all_whole_then_free(t, cache);
}

static void objects_of_other_caches(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-wrong", 96);
	void *other = kmalloc(96, GFP_KERNEL);

	KTEST_ASSERT(t, cache && other);
	pattern_fill(other, 96, 1);
	EXPECT_BUGS(t, MM_BUG_WRONG_CACHE, 1, kmem_cache_free(cache, other));
	EXPECT_BUGS(t, MM_BUG_WRONG_CACHE, 1, kmem_cache_free_bulk(cache, 1, &other));
	EXPECT_BUGS(t, MM_BUG_WRONG_CACHE, 1,
		    kmem_cache_free(kmem_cache_find("dentry"), objects[0]));
	EXPECT_BUGS(t, MM_BUG_WRONG_CACHE, 1, kmem_cache_free(cache, (char *)other + 8));
	KTEST_EXPECT(t, pattern_holds(other, 96, 1));
	EXPECT_NO_BUG(t, kfree(other));
	all_whole_then_free(t, cache);
}

/* kfree() takes objects of any cache, as in Linux. */
static void kfree_takes_any_object(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-any", 96);

	KTEST_ASSERT(t, cache);
	EXPECT_NO_BUG(t, kfree(objects[3]));
	objects[3] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, objects[3]);
	pattern_fill(objects[3], 96, 3);
	all_whole_then_free(t, cache);
}

static void pages_are_no_objects(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-pages", 96);
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	char *at;

	KTEST_ASSERT(t, cache && page);
	at = page_address(page);
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(at));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(at + PAGE_SIZE));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(at + 64));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(cache, at));
	EXPECT_NO_BUG(t, __free_pages(page, 2));
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(at));
	all_whole_then_free(t, cache);
}

static void objects_are_no_pages(struct ktest *t)
{
	struct kmem_cache *cache = some_objects(t, "test-pages", 4096);
	char *large = kmalloc(40000, GFP_KERNEL);

	KTEST_ASSERT(t, cache && large);
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, free_pages((unsigned long)objects[0], 0));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1,
		    __free_pages(slab_of(&kernel_mm, objects[0]), cache->order));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, free_pages((unsigned long)large, 4));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(large + PAGE_SIZE));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(large + 8));
	EXPECT_NO_BUG(t, kfree(large));
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(large));
	EXPECT_BUGS(t, MM_BUG_DOUBLE_FREE, 1, kfree(large + PAGE_SIZE));
	all_whole_then_free(t, cache);
}

static void reserved_memory_stays(struct ktest *t)
{
	uint64_t pfn = 0;

	while (pfn < kernel_mm.max_pfn &&
	       !(mm_page_valid(&kernel_mm, pfn) && pfn_to_page(pfn)->state == PAGE_RESERVED))
		pfn++;
	KTEST_ASSERT(t, pfn < kernel_mm.max_pfn);
	EXPECT_BUGS(t, MM_BUG_RESERVED, 1, kfree(phys_to_virt(pfn << PAGE_SHIFT)));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1,
		    kmem_cache_free(kmem_cache_find("dentry"), phys_to_virt(pfn << PAGE_SHIFT)));
	EXPECT_SOUND(t);
}

/* ---- writes after the free ----------------------------------------------- */

/*
 * A slab whose list was overwritten is set aside for good, and its cache cannot be destroyed any
 * more. So these caches live in an arena, and when it goes back as a whole, they are made to
 * forget the slabs that they had in it.
 */
static struct arena arena;
static void *slab_objects[2 * SLAB_MAX_OBJECTS];

/* NULL: the case is marked as skipped, or has failed. */
static struct kmem_cache *hurt_open(struct ktest *t, unsigned int size, void (*ctor)(void *))
{
	struct kmem_cache *cache;

	if (!arena_open(&arena, t))
		return NULL;
	cache = kmem_cache_create_in(&arena.mm, "test-hurt", size, 0, 0, ctor, RET_IP);
	KTEST_EXPECT(t, cache);
	if (cache)
		cache->sheaf_size = 0;	/* each call goes to the slabs */
	else
		arena_fini(&arena, t);
	return cache;
}

static void hurt_close(struct ktest *t, struct kmem_cache *cache)
{
	KTEST_EXPECT_EQ(t, mm_verify_instance(&arena.mm, t->out), 0);
	EXPECT_SOUND(t);
	cache->nr_out = 0;		/* a case may leave some in the slabs that it hurt */
	arena_abandon(&arena, t, cache);
}

/* Take all objects of @nr_slabs slabs. Return: how many. */
static size_t fill_slabs(struct ktest *t, struct kmem_cache *cache, unsigned int nr_slabs)
{
	size_t nr = (size_t)nr_slabs * cache->objects;

	if (kmem_cache_alloc_bulk(cache, GFP_KERNEL, nr, slab_objects) != nr)
		ktest_fail(t, __FILE__, __LINE__, "an arena without room for %u slabs", nr_slabs);
	return nr;
}

/*
 * Three objects of one slab are freed; the free word of the second one to come up again is hit
 * by @flip. The first one comes up as ever, the second never again, and neither does the third.
 */
static void hit_one_word(struct ktest *t, unsigned int size, void (*ctor)(void *), uint64_t flip)
{
	struct kmem_cache *cache = hurt_open(t, size, ctor);
	void *first = NULL, *second = NULL;
	uint64_t *word;
	size_t nr;

	if (!cache)
		return;
	nr = fill_slabs(t, cache, 1);
	for (unsigned int i = 0; i < 3; i++)
		kmem_cache_free(cache, slab_objects[i]);
	word = (uint64_t *)((char *)slab_objects[1] + cache->word);
	*word ^= flip;

	EXPECT_NO_BUG(t, first = kmem_cache_alloc(cache, GFP_KERNEL));
	KTEST_EXPECT(t, first == slab_objects[2]);
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 1, second = kmem_cache_alloc(cache, GFP_KERNEL));
	KTEST_EXPECT(t, second && slab_of(&arena.mm, second) != slab_of(&arena.mm, first));
	KTEST_EXPECT_EQ(t, cache->nr_lost, 2);
	KTEST_EXPECT_EQ(t, mm_verify_instance(&arena.mm, t->out), 0);
	EXPECT_SOUND(t);

	/*
	 * What callers hold of that slab can be given back, again and again; the slab itself
	 * stays.
	 */
	EXPECT_NO_BUG(t, kmem_cache_free(cache, first));
	EXPECT_NO_BUG(t, kmem_cache_free_bulk(cache, nr - 3, slab_objects + 3));
	EXPECT_NO_BUG(t, kmem_cache_free(cache, second));
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 1);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 1);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	EXPECT_NO_BUG(t, KTEST_EXPECT_EQ(t, fill_slabs(t, cache, 2), 2 * nr));
	for (size_t i = 0; i < 2 * nr; i++)
		KTEST_EXPECT(t, (char *)slab_objects[i] + cache->word != (char *)word);
	EXPECT_NO_BUG(t, kmem_cache_free_bulk(cache, 2 * nr, slab_objects));
	hurt_close(t, cache);
}

/* One bit is enough, whichever it is. */
static void each_bit_of_the_free_word_counts(struct ktest *t)
{
	for (unsigned int bit = 0; bit < 64 && t->failures < 5; bit++)
		hit_one_word(t, 200, NULL, 1ULL << bit);
}

/* What callers write: a byte, two, four, and all of it. */
static void each_width_of_a_late_write_counts(struct ktest *t)
{
	static const uint64_t flips[] = { 0xff, 0xffff, 0xffffffff,	   UINT64_MAX,
					  0x41, 0x2a2a, 0xa500000000000000 };

	for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
		hit_one_word(t, 8, NULL, flips[i]);
		hit_one_word(t, 1740, NULL, flips[i]);
		hit_one_word(t, 40, leave_it, flips[i]);
	}
}

/* Two slabs are hit, and one request comes upon both. */
static void each_hit_slab_is_reported(struct ktest *t)
{
	struct kmem_cache *cache = hurt_open(t, 1024, NULL);
	void *object = NULL;
	uint64_t free;

	if (!cache)
		return;
	free = arena_free_pages(&arena);
	fill_slabs(t, cache, 2);
	for (size_t i = 0; i < 2; i++) {
		kmem_cache_free(cache, slab_objects[i * cache->objects]);
		memset(slab_objects[i * cache->objects], 0x6b, 16);
	}
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 2, object = kmem_cache_alloc(cache, GFP_KERNEL));
	KTEST_EXPECT(t, object);
	/* Those two slabs, and a new one. */
	KTEST_EXPECT_EQ(t, free - arena_free_pages(&arena), 3ULL << cache->order);
	KTEST_EXPECT_EQ(t, cache->nr_lost, 2);
	hurt_close(t, cache);
}

/* The block map says nothing of the block behind its last one, whatever the byte there is. */
static void memory_behind_the_last_block(struct ktest *t)
{
	uint8_t *behind = kernel_mm.block_map + kernel_mm.nr_blocks, was;
	char *nowhere = (char *)phys_to_virt(kernel_mm.nr_blocks * MAX_ORDER_NR_PAGES * PAGE_SIZE);

	if (kernel_mm.nr_blocks % PAGE_SIZE == 0) {
		ktest_skip(t, "the block map fills its pages");
		return;
	}
	was = *behind;
	*behind = 1;
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kmem_cache_free(kmalloc_caches[0], nowhere));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, kfree(nowhere));
	EXPECT_BUGS(t, MM_BUG_BAD_POINTER, 1, free_pages((unsigned long)nowhere, 0));
	*behind = was;
}

static const struct ktest_case object_bug_cases[] = {
	KTEST_CASE(memory_behind_the_last_block),
	KTEST_CASE(double_free_at_once),
	KTEST_CASE(double_free_after_other_frees),
	KTEST_CASE(double_free_with_a_constructor),
	KTEST_CASE(double_free_after_the_slab_is_gone),
	KTEST_CASE(content_may_look_free),
	KTEST_CASE(addresses_inside_objects),
	KTEST_CASE(addresses_in_a_slabs_tail),
	KTEST_CASE(a_tail_without_room_for_the_word),
	KTEST_CASE(large_objects_with_a_constructor),
	KTEST_CASE(addresses_that_no_allocator_gave),
	KTEST_CASE(random_addresses),
	KTEST_CASE(sizes_of_no_objects),
	KTEST_CASE(objects_of_other_caches),
	KTEST_CASE(kfree_takes_any_object),
	KTEST_CASE(pages_are_no_objects),
	KTEST_CASE(objects_are_no_pages),
	KTEST_CASE(reserved_memory_stays),
	KTEST_CASE(each_width_of_a_late_write_counts),
	KTEST_CASE(each_bit_of_the_free_word_counts),
	KTEST_CASE(each_hit_slab_is_reported),
};
KTEST_SUITE(object_bug, object_bug_cases);
