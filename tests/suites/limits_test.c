/*
 * Where something ends: pages, ids of caches, RAM itself. What is asked for beyond it is refused,
 * and everything is as it was.
 */
#include "arena.h"

#include <kernel/errno.h>
#include <kernel/string.h>
#include <mm/mm.h>

#define QUIET_DMA	(__GFP_DMA | __GFP_NOWARN)
#define BASE_PFN	6144U		/* of maps below; aligned to a largest block, not to two */

static unsigned int quiet_level;

/* Messages that these cases provoke stay out of the KTAP. */
static void be_quiet(void)
{
	quiet_level = log_level();
	log_set_level(LOGLEVEL_EMERG);
	mm_bug_quiet(true);
}

static void be_loud(void)
{
	log_set_level(quiet_level);
	mm_bug_quiet(false);
}

/* ---- pages --------------------------------------------------------------- */

/* The DMA zone has four blocks of 4 MiB at most, and no request falls through to a lower zone. */
static void exact_pages_run_out(struct ktest *t)
{
	void *addr[5];
	unsigned int nr = 0;
	uint64_t free = nr_free_pages();

	while (nr < ARRAY_SIZE(addr) &&
	       (addr[nr] = alloc_pages_exact(KMALLOC_MAX_SIZE - PAGE_SIZE, QUIET_DMA)) != NULL)
		nr++;
	KTEST_EXPECT(t, nr < ARRAY_SIZE(addr));
	KTEST_EXPECT_EQ(t, nr_free_pages(), free - nr * (MAX_ORDER_NR_PAGES - 1));
	while (nr > 0)
		free_pages_exact(addr[--nr], KMALLOC_MAX_SIZE - PAGE_SIZE);
	drain_all_pages();
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
}

static void exact_sizes_that_there_are_not(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_BAD_POINTER);
	void *addr = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL);
	uint64_t free = nr_free_pages();

	KTEST_ASSERT(t, addr);
	be_quiet();
	free_pages_exact(addr, 0);
	free_pages_exact(addr, KMALLOC_MAX_SIZE + 1);
	free_pages_exact(addr, SIZE_MAX);
	be_loud();
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_POINTER), bugs + 3);
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
	free_pages_exact(addr, PAGE_SIZE);
}

/* Half of a bulk is in the array when memory ends, and the count says so. */
static void a_bulk_of_pages_stops_short(struct ktest *t)
{
	static struct page *pages[4096 + 1];	/* one more than the DMA zone can have */
	unsigned long nr = alloc_pages_bulk(QUIET_DMA, ARRAY_SIZE(pages), pages);

	KTEST_EXPECT(t, nr < ARRAY_SIZE(pages));
	KTEST_EXPECT(t, !pages[nr]);
	for (unsigned long i = 0; i < nr; i++) {
		KTEST_EXPECT(t, page_to_pfn(pages[i]) < ZONE_DMA_END_PFN);
		__free_page(pages[i]);
		pages[i] = NULL;
	}
	drain_all_pages();
}

static void an_address_is_zero_when_there_is_none(struct ktest *t)
{
	unsigned long addr[5];
	unsigned int nr = 0;

	while (nr < ARRAY_SIZE(addr) &&
	       (addr[nr] = __get_free_pages(QUIET_DMA, MAX_ORDER - 1)) != 0)
		nr++;
	KTEST_EXPECT(t, nr < ARRAY_SIZE(addr));
	while (nr > 0)
		free_pages(addr[--nr], MAX_ORDER - 1);
}

/* As for one page: a bulk of zeroed ones is zeroed. */
static void a_bulk_may_be_zeroed(struct ktest *t)
{
	struct page *pages[4] = { NULL, NULL, NULL, NULL };

	for (unsigned int round = 0; round < 2; round++) {
		gfp_t gfp = round ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL;

		KTEST_ASSERT(t, alloc_pages_bulk(gfp, ARRAY_SIZE(pages), pages) == 4);
		for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
			const unsigned char *byte = page_address(pages[i]);

			for (unsigned int j = 0; round && j < PAGE_SIZE; j++)
				KTEST_ASSERT(t, byte[j] == 0);
			memset(page_address(pages[i]), 0x5a, PAGE_SIZE);
			__free_page(pages[i]);
			pages[i] = NULL;
		}
	}
}

/* Each page holds the address of the one before it. */
static void zeroed_pages_run_out(struct ktest *t)
{
	unsigned long last = 0, addr;
	unsigned int nr = 0;

	while ((addr = get_zeroed_page(QUIET_DMA)) != 0) {
		KTEST_EXPECT_EQ(t, *(unsigned long *)addr, 0);
		*(unsigned long *)addr = last;
		last = addr;
		nr++;
	}
	KTEST_EXPECT(t, nr <= ZONE_DMA_END_PFN);
	for (; last; last = addr) {
		addr = *(unsigned long *)last;
		free_page(last);
	}
	drain_all_pages();
}

/* No descriptor of a block that nobody has filled is read, let alone freed. */
static void a_page_without_a_descriptor_is_refused(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_BAD_POINTER);
	uint64_t block = 0, free = nr_free_pages();

	while (block < kernel_mm.nr_blocks && kernel_mm.block_map[block])
		block++;
	if (block == kernel_mm.nr_blocks) {
		ktest_skip(t, "every block is filled");
		return;
	}
	be_quiet();
	__free_page(kernel_mm.pages + block * MAX_ORDER_NR_PAGES + 1);
	be_loud();
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_POINTER), bugs + 1);
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
}

/*
 * Spare memory that cannot be given back is no progress: an object in a sheaf whose slab is in use,
 * and the sheaf in a slab of sheaves that is, too. At first others may have something to give.
 */
static void reclaim_ends_when_nothing_moves(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("limits-pair", 64, 0, 0, NULL);
	void *sheaf = kmem_cache_alloc(kmem_cache_find("sheaf"), GFP_KERNEL);
	void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	unsigned long freed = 1;

	KTEST_ASSERT(t, sheaf && object);
	for (unsigned int round = 0; round < 8 && freed != 0; round++) {
		void *other = kmem_cache_alloc(cache, GFP_KERNEL);

		KTEST_EXPECT(t, other);
		kmem_cache_free(cache, other);
		KTEST_EXPECT(t, sheaf_nr_objects(cache) > 0);
		freed = reclaim(&kernel_mm, GFP_KERNEL);
	}
	KTEST_EXPECT_EQ(t, freed, 0);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 1);
	KTEST_EXPECT_EQ(t, ksize(object), 64);
	kmem_cache_free(cache, object);
	kmem_cache_free(kmem_cache_find("sheaf"), sheaf);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* ---- caches -------------------------------------------------------------- */

/* Ids are 1 .. 1023. Who comes next is refused in words, and an id that is given back serves. */
static void ids_of_caches_run_out(struct ktest *t)
{
	static struct kmem_cache *cache[MAX_CACHES];
	unsigned int nr = 0, listed = 0;
	char name[CACHE_NAME_MAX];

	be_quiet();
	while (nr < MAX_CACHES) {
		ksnprintf(name, sizeof(name), "limits-%u", nr);
		cache[nr] = kmem_cache_create(name, 64, 0, 0, NULL);
		if (!cache[nr])
			break;
		nr++;
	}
	be_loud();
	for (unsigned int id = 0; id < MAX_CACHES; id++)
		listed += caches_by_id[id] != NULL;
	KTEST_EXPECT_EQ(t, listed, MAX_CACHES - 1);
	KTEST_EXPECT(t, !kmem_cache_find(name));
	KTEST_EXPECT(t, nr > 0 && kmem_cache_destroy(cache[0]) == 0);
	cache[0] = kmem_cache_create("limits-again", 64, 0, 0, NULL);
	KTEST_EXPECT(t, cache[0]);
	while (nr > 0)
		KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache[--nr]), 0);
}

static void construct(void *object)
{
	*(uint64_t *)object = 1;
}

/* The largest object fills a slab; with a constructor it needs a word more, which no slab has. */
static void the_largest_object_has_no_room_for_a_word(struct ktest *t)
{
	static const unsigned int largest = KMALLOC_MAX_SIZE / 8;
	unsigned int bugs = mm_bug_count(MM_BUG_BAD_REQUEST);
	struct kmem_cache *cache;

	be_quiet();
	cache = kmem_cache_create("limits-ctor", largest, 0, 0, construct);
	be_loud();
	KTEST_EXPECT(t, !cache);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_BAD_REQUEST), bugs + 1);
	cache = kmem_cache_create("limits-plain", largest, 0, 0, NULL);
	KTEST_ASSERT(t, cache);
	KTEST_EXPECT_EQ(t, kmem_cache_size(cache), largest);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/*
 * 131056 bytes and the constructor's word leave 8 bytes of 128 KiB, which is no room for the word
 * behind the object: the slab must be larger, or hold none.
 */
static void an_object_that_just_misses_a_slab(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("limits-miss", 131056, 0, 0, construct);
	uint64_t *object;

	KTEST_ASSERT(t, cache);
	KTEST_EXPECT(t, cache->objects > 0);
	object = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	if (object) {
		KTEST_EXPECT_EQ(t, object[0], 1);
		memset(object + 1, 0x77, 131056 - sizeof(*object));
		kmem_cache_free(cache, object);
	}
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* The larger of the two alignments counts. */
static void a_cache_line_is_the_least_that_is_aligned_to(struct ktest *t)
{
	struct kmem_cache *cache =
		kmem_cache_create("limits-align", 100, 256, SLAB_HWCACHE_ALIGN, NULL);
	void *object[3];

	KTEST_ASSERT(t, cache);
	for (unsigned int i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_EXPECT_EQ(t, (uintptr_t)object[i] % 256, 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(object); i++)
		kmem_cache_free(cache, object[i]);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* However many slabs are spare, one free gives a few of them back: its time is bounded. */
static void one_free_gives_few_slabs_back(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("limits-trim", 4096, 0, 0, NULL);
	void *object[128];
	unsigned int nr = 0;
	uint64_t slabs;

	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;
	kmem_cache_set_min_empty(cache, 8);
	while (nr < ARRAY_SIZE(object) && cache->nr_slabs < 8) {
		object[nr] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_ASSERT(t, object[nr]);
		nr++;
	}
	while (nr > 1)
		kmem_cache_free(cache, object[--nr]);
	slabs = cache->nr_slabs;
	KTEST_EXPECT_EQ(t, slabs, 8);
	cache->min_empty = 0;		/* kmem_cache_set_min_empty() would give them all back */
	kmem_cache_free(cache, object[0]);
	KTEST_EXPECT(t, cache->nr_slabs < slabs && cache->nr_slabs >= slabs - 2);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* What a caller writes into an object is no business of the check against second frees. */
static void content_that_looks_free_is_freed(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("limits-looks", 64, 0, 0, NULL);
	uint64_t *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	unsigned int bugs = mm_bug_count(MM_BUG_DOUBLE_FREE);

	KTEST_ASSERT(t, object);
	*slab_word(cache, object) = slab_mark(cache, object) ^ 12345ULL << 32;
	KTEST_EXPECT_EQ(t, ksize(object), 64);
	kfree(object);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_DOUBLE_FREE), bugs);
	be_quiet();
	kfree(object);
	be_loud();
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_DOUBLE_FREE), bugs + 1);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* The class is the smallest that holds the size. */
static void classes_are_the_smallest_that_fit(struct ktest *t)
{
	for (size_t size = 1; size <= KMALLOC_MAX_CACHE_SIZE; size++) {
		unsigned int class = kmalloc_class(size);

		KTEST_ASSERT(t, class < KMALLOC_NR_CLASSES);
		KTEST_EXPECT(t, kmem_cache_size(kmalloc_caches[class]) >= size);
		if (class > 0)
			KTEST_EXPECT(t, kmem_cache_size(kmalloc_caches[class - 1]) < size);
	}
}

/* An interrupt may have freed something since the pop that found nothing. */
static void a_sheaf_that_was_filled_meanwhile_serves(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("limits-sheaf", 64, 0, 0, NULL);
	void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	void *corrupted = NULL, *again;
	uint64_t out;

	KTEST_ASSERT(t, object);
	kmem_cache_free(cache, object);
	out = cache->nr_out;
	again = sheaf_alloc(cache, &corrupted);
	KTEST_EXPECT(t, again == object);
	KTEST_EXPECT(t, !corrupted);
	KTEST_EXPECT_EQ(t, cache->nr_out, out);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 1);
	KTEST_EXPECT(t, !sheaf_free(cache, again));
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static unsigned int nr_told;

static void tell_live(const struct kmem_cache *cache, void *object)
{
	(void)cache;
	nr_told += object != NULL;
}

static int check_locked(struct kmem_cache *cache, const struct page *slab, const void *object)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	int bug = slab_check(cache, slab, object);

	spin_unlock_irqrestore(&cache->lock, flags);
	return bug;
}

/*
 * Nothing is known of a slab whose list is broken: all its objects may be live, and one that looks
 * free is not freed. The list is that of two objects that came back; the second one is overwritten.
 */
static void a_broken_list_hides_no_live_object(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("limits-broken", 512, 0, 0, NULL);
	void *object[3];
	struct page *slab;
	uint64_t saved;

	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		KTEST_ASSERT(t, object[i]);
	}
	kmem_cache_free(cache, object[1]);
	kmem_cache_free(cache, object[2]);
	slab = slab_of(&kernel_mm, object[0]);
	KTEST_EXPECT_EQ(t, slab_for_each_live(cache, slab, tell_live), 1);
	saved = *slab_word(cache, object[1]);
	*slab_word(cache, object[1]) = ~saved;
	nr_told = 0;
	KTEST_EXPECT_EQ(t, slab_for_each_live(cache, slab, tell_live), cache->objects);
	KTEST_EXPECT_EQ(t, nr_told, cache->objects);
	KTEST_EXPECT_EQ(t, check_locked(cache, slab, object[0]), -1);
	*slab_word(cache, object[0]) = slab_mark(cache, object[0]) ^ 12345ULL << 32;
	KTEST_EXPECT_EQ(t, check_locked(cache, slab, object[0]), MM_BUG_DOUBLE_FREE);
	*slab_word(cache, object[1]) = saved;
	KTEST_EXPECT_EQ(t, check_locked(cache, slab, object[0]), -1);
	kmem_cache_free(cache, object[0]);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* ---- RAM ----------------------------------------------------------------- */

static struct memmap map;
static struct mm mm;
static uint64_t storage[MEMMAP_BYTES(4, 8) / sizeof(uint64_t) + 1];

static void add_ram(uint64_t start_pfn, uint64_t end_pfn)
{
	memmap_init(&map, storage, 4, 8, 1ULL << 40);
	(void)memmap_add(&map, PFN_PHYS(start_pfn), PFN_PHYS(end_pfn - start_pfn), MEMMAP_USABLE);
}

/* No page is free that could hold the block map: nothing is touched, and the caller hears of it. */
static void an_instance_needs_a_free_page(struct ktest *t)
{
	int err;

	add_ram(BASE_PFN, BASE_PFN + 8);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, PFN_PHYS(BASE_PFN), PFN_PHYS(BASE_PFN + 8),
					  MEMMAP_OWNER_FIRMWARE), 0);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	be_quiet();
	err = mm_setup(&mm, &map, NULL, NULL);
	be_loud();
	KTEST_EXPECT_EQ(t, err, -ENOMEM);
	KTEST_EXPECT_EQ(t, mm.nr_blocks, 0);
}

static struct page *small_pages;	/* descriptors of one largest block */
static char *small_ram;			/* stands for the page of the block map */

static void small_free(void)
{
	free_pages_exact(small_ram, PAGE_SIZE);
	free_pages_exact(small_pages, MAX_ORDER_NR_PAGES * sizeof(struct page));
}

/*
 * Set @mm up over @map: descriptors from @base_pfn on, and the block map, which takes the highest
 * free page, in @map_pfn. Return: false when that failed, and the case with it.
 */
static __must_check bool small_open(struct ktest *t, uint64_t base_pfn, uint64_t map_pfn)
{
	int err = -ENOMEM;

	small_pages = alloc_pages_exact(MAX_ORDER_NR_PAGES * sizeof(struct page), GFP_KERNEL);
	small_ram = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	if (small_pages && small_ram)
		err = mm_setup(&mm, &map, small_pages - base_pfn,
			       (char *)((uintptr_t)small_ram - PFN_PHYS(map_pfn)));
	KTEST_EXPECT_EQ(t, err, 0);
	if (err)
		small_free();
	return err == 0;
}

static void small_close(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, mm_verify_instance(&mm, &seq_console), 0);
	small_free();
}

/*
 * The last page of all RAM is among what the boot gives back. The block map takes the highest page
 * that is free, which is the one below.
 */
static void the_last_page_of_ram_comes_back(struct ktest *t)
{
	const struct zone *zone = &mm.zone[ZONE_DMA32];

	add_ram(BASE_PFN, BASE_PFN + 8);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, PFN_PHYS(BASE_PFN + 7), PFN_PHYS(BASE_PFN + 8),
					  MEMMAP_OWNER_BOOT_INFO), 0);
	if (!small_open(t, BASE_PFN, BASE_PFN + 6))
		return;
	KTEST_EXPECT_EQ(t, zone->nr_free, 6);
	KTEST_EXPECT_EQ(t, mm_release(&mm), PAGE_SIZE);
	KTEST_EXPECT_EQ(t, zone->nr_free, 7);
	KTEST_EXPECT_EQ(t, small_pages[7].state, PAGE_FREE);
	small_close(t);
}

/* No slot is left to keep page 0 with: nothing is touched, and the caller hears of it. */
static void page_zero_needs_a_reservation(struct ktest *t)
{
	int err;

	add_ram(0, 8);
	for (uint64_t i = 0; i < 8; i++)
		KTEST_EXPECT_EQ(t, memmap_reserve(&map, PFN_PHYS(16 + 2 * i), PFN_PHYS(17 + 2 * i),
						  MEMMAP_OWNER_MODULE), 0);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	be_quiet();
	err = mm_setup(&mm, &map, NULL, NULL);
	be_loud();
	KTEST_EXPECT_EQ(t, err, -ENOSPC);
}

/*
 * Page 0 cannot be handed out: its number ends lists and its address is NULL's. No port has to say
 * so, and it does not come back with boot information that lay there. After that the map takes no
 * reservation any more, for the zones have the memory.
 */
static void page_zero_is_kept_and_the_map_closed(struct ktest *t)
{
	const struct zone *zone = &mm.zone[ZONE_DMA];
	uint32_t nr_taken;

	add_ram(0, 8);
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, 0, PFN_PHYS(2), MEMMAP_OWNER_BOOT_INFO), 0);
	if (!small_open(t, 0, 7))
		return;
	KTEST_EXPECT_EQ(t, zone->nr_free, 5);
	nr_taken = map.nr_taken;
	be_quiet();
	KTEST_EXPECT_EQ(t, memmap_reserve(&map, PFN_PHYS(3), PFN_PHYS(4), MEMMAP_OWNER_KERNEL),
			-EBUSY);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0), 0);
	be_loud();
	KTEST_EXPECT_EQ(t, map.nr_taken, nr_taken);
	KTEST_EXPECT_EQ(t, mm_release(&mm), PAGE_SIZE);
	KTEST_EXPECT_EQ(t, zone->nr_free, 6);
	KTEST_EXPECT_EQ(t, small_pages[0].state, PAGE_RESERVED);
	small_close(t);
}

/* Two largest blocks that start at a multiple of both come back in one stretch: as two blocks. */
static void no_piece_exceeds_the_largest_order(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 6144, 8192, MEMMAP_OWNER_ACPI },
		{ 8192, 8193, MEMMAP_OWNER_NONE },
	};
	static struct arena arena;

	if (!arena_init(&arena, t, ranges, ARRAY_SIZE(ranges)))
		return;
	KTEST_EXPECT_EQ(t, mm_release(&arena.mm), 2048 * PAGE_SIZE);
	ZONE_EXPECT_FREE(t, &arena.mm.zone[ZONE_DMA32], [0] = 1, [10] = 2);
	arena_fini(&arena, t);
}

/* It was done when the system booted: once. */
static void boot_memory_is_given_back_once(struct ktest *t)
{
	uint64_t managed = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		managed += kernel_mm.zone[i].managed;
	KTEST_EXPECT_EQ(t, mm_release_boot(), 0);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		managed -= kernel_mm.zone[i].managed;
	KTEST_EXPECT_EQ(t, managed, 0);
}

static const struct ktest_case limits_cases[] = {
	KTEST_CASE(exact_pages_run_out),
	KTEST_CASE(exact_sizes_that_there_are_not),
	KTEST_CASE(a_bulk_of_pages_stops_short),
	KTEST_CASE(an_address_is_zero_when_there_is_none),
	KTEST_CASE(a_bulk_may_be_zeroed),
	KTEST_CASE(zeroed_pages_run_out),
	KTEST_CASE(a_page_without_a_descriptor_is_refused),
	KTEST_CASE(reclaim_ends_when_nothing_moves),
	KTEST_CASE(ids_of_caches_run_out),
	KTEST_CASE(an_object_that_just_misses_a_slab),
	KTEST_CASE(a_cache_line_is_the_least_that_is_aligned_to),
	KTEST_CASE(one_free_gives_few_slabs_back),
	KTEST_CASE(content_that_looks_free_is_freed),
	KTEST_CASE(classes_are_the_smallest_that_fit),
	KTEST_CASE(a_sheaf_that_was_filled_meanwhile_serves),
	KTEST_CASE(a_broken_list_hides_no_live_object),
	KTEST_CASE(the_largest_object_has_no_room_for_a_word),
	KTEST_CASE(an_instance_needs_a_free_page),
	KTEST_CASE(the_last_page_of_ram_comes_back),
	KTEST_CASE(page_zero_needs_a_reservation),
	KTEST_CASE(page_zero_is_kept_and_the_map_closed),
	KTEST_CASE(no_piece_exceeds_the_largest_order),
	KTEST_CASE(boot_memory_is_given_back_once),
};
KTEST_SUITE(limits, limits_cases);
