/*
 * kmalloc: objects by size, over a row of caches, or straight from the pages.
 *
 * Classes: 8 16 32 48 64, then four per doubling (80 96 112 128 160 ...) to 8192. With sizes spread
 * evenly over their logarithm from 8 to 4096 they hold 1.09 bytes per byte asked; powers of two
 * alone, 1.39 (kmalloc_test.c prints the first, docs/allocators.md computes both).
 * Powers of two are aligned to themselves because a slab is; all others are multiples of 16.
 *
 * The class of a size is found in a table by (size - 1) / 8 up to a page, and above by (size - 1) /
 * 1024: no search. Requests with GFP_DMA or GFP_DMA32 have a row of caches each, so that their
 * slabs lie low enough.
 *
 * Above 8192 bytes, and where no slab of several pages can be had, a request takes whole pages,
 * marked PAGE_LARGE, so that kfree() knows them from other people's.
 */

#include <kernel/print.h>
#include <kernel/string.h>

#include "mm/fast.h"
#include "mm/fault.h"

#define NR_CLASSES		KMALLOC_NR_CLASSES
#define STEP			8U		/* bytes; all classes are multiples */
#define BIG_STEP		1024U		/* bytes from class to class above a page */

enum kmalloc_row { ROW_NORMAL, ROW_DMA, ROW_DMA32, NR_ROWS };

static const uint16_t class_size[NR_CLASSES] = {
	8, 16, 32, 48, 64,
	80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512,
	640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096,
	5120, 6144, 7168, 8192,
};

struct kmem_cache *kmalloc_caches[KMALLOC_NR_CLASSES];	/* rows[ROW_NORMAL], for slab.h */
static struct kmem_cache *rows[NR_ROWS][NR_CLASSES];
/* By a request's two zone bits; as in gfp_highest_zone() the lower zone counts. */
static struct kmem_cache **const row_of[4] = {
	rows[ROW_NORMAL], rows[ROW_DMA], rows[ROW_DMA32], rows[ROW_DMA],
};
static uint8_t class_of[PAGE_SIZE / STEP];	/* by (size - 1) / STEP */
static bool notes_sizes;			/* by kmalloc_note_sizes() */

_Static_assert(__GFP_DMA == 1 && __GFP_DMA32 == 2, "row_of[] is by these bits");

/* Of 1 .. PAGE_SIZE bytes. */
static struct kmem_cache *small_cache(size_t size, gfp_t gfp)
{
	return row_of[gfp & 3][class_of[(size - 1) / STEP]];
}

/* Of more, up to KMALLOC_MAX_CACHE_SIZE. */
static struct kmem_cache *big_cache(size_t size, gfp_t gfp)
{
	return row_of[gfp & 3][NR_CLASSES - 1 - (KMALLOC_MAX_CACHE_SIZE - size) / BIG_STEP];
}

static void create_class(unsigned int row, unsigned int class)
{
	static const char *const prefix[NR_ROWS] = { "", "dma-", "dma32-" };
	static const slab_flags_t zone[NR_ROWS] = { 0, SLAB_CACHE_DMA, SLAB_CACHE_DMA32 };
	slab_flags_t flags = SLAB_PANIC | zone[row] | (notes_sizes ? SLAB_NOTE_SIZE : 0);
	unsigned int size = class_size[class];
	unsigned int align = size % 16 ? 8 : 16;
	char name[CACHE_NAME_MAX];

	if (is_power_of_2(size))
		align = size < PAGE_SIZE ? size : (unsigned int)PAGE_SIZE;
	if (size % 1024 == 0 && is_power_of_2(size))
		ksnprintf(name, sizeof(name), "%skmalloc-%uk", prefix[row], size / 1024);
	else
		ksnprintf(name, sizeof(name), "%skmalloc-%u", prefix[row], size);
	rows[row][class] = kmem_cache_create(name, size, align, flags, NULL);
	rows[row][class]->permanent = true;
	if (row == ROW_NORMAL)
		kmalloc_caches[class] = rows[row][class];
}

void kmalloc_note_sizes(void)
{
	notes_sizes = true;
}

void kmalloc_init(void)
{
	unsigned int class = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(class_of); i++) {
		while (class_size[class] < (i + 1) * STEP)
			class++;
		class_of[i] = (uint8_t)class;
	}
	for (unsigned int row = 0; row < NR_ROWS; row++) {
		for (class = 0; class < NR_CLASSES; class++)
			create_class(row, class);
	}
}

unsigned int kmalloc_least(const struct kmem_cache *cache)
{
	for (unsigned int row = 0; row < NR_ROWS; row++) {
		for (unsigned int class = 0; class < NR_CLASSES; class++) {
			if (rows[row][class] == cache)
				return class ? class_size[class - 1] + 1U : 1;
		}
	}
	return 0;
}

static void *alloc_large(size_t size, gfp_t gfp, uintptr_t who)
{
	struct page *page;

	if (unlikely(size > KMALLOC_MAX_SIZE)) {
		if (!(gfp & __GFP_NOWARN))
			pr_warn("mm: kmalloc of %zu bytes by %pS: the largest is %lu\n", size,
				(void *)who, KMALLOC_MAX_SIZE);
		return NULL;
	}
	page = mm_take_pages(&kernel_mm, gfp, LARGE_ORDER(size), who);
	if (!page)
		return NULL;
	WRITE_ONCE(page->state, PAGE_LARGE);
	page->asked = (uint32_t)size;
	return page_address(page);
}

/*
 * What alloc_fast() left over. Slabs take up to 32 pages: when no such block can be had, a request
 * is served from the pages, as a large one; so memory that is free in single pages serves every
 * class.
 */
static __noinline void *kmalloc_rest(struct kmem_cache *cache, size_t size, gfp_t gfp, void *object,
				     uintptr_t who)
{
	gfp_t lightly = (gfp & ~__GFP_NOFAIL) | __GFP_NORETRY | __GFP_NOWARN;

	if (object || cache->order == 0) {
		object = cache_alloc_rest(cache, gfp, object, who);
	} else {
		if (should_failslab(cache, gfp, who))
			return NULL;
		object = cache_alloc_slab(cache, lightly, who);
		if (!object)
			return alloc_large(size, gfp, who);
	}
	if (unlikely(notes_sizes) && object)
		*slab_word(cache, object) = size;
	return object;
}

static void *do_kmalloc(size_t size, gfp_t gfp, uintptr_t who)
{
	struct kmem_cache *cache;
	void *object;

	if (unlikely(size == 0))
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return alloc_large(size, gfp, who);
	cache = size > PAGE_SIZE ? big_cache(size, gfp) : small_cache(size, gfp);
	if (likely(alloc_fast(cache, gfp, &object)))
		return object;
	return kmalloc_rest(cache, size, gfp, object, who);
}

/* Its own path past do_kmalloc(): for most sizes it then needs no frame. */
void *(kmalloc)(size_t size, gfp_t gfp)
{
	struct kmem_cache *cache;
	void *object;

	if (unlikely(size - 1 >= PAGE_SIZE))
		return do_kmalloc(size, gfp, RET_IP);
	cache = small_cache(size, gfp);
	if (likely(alloc_fast(cache, gfp, &object)))
		return object;
	return kmalloc_rest(cache, size, gfp, object, RET_IP);
}

void *kmalloc_from(struct kmem_cache *cache, size_t size, gfp_t gfp)
{
	void *object;

	if (likely(alloc_fast(cache, gfp, &object)))
		return object;
	return kmalloc_rest(cache, size, gfp, object, RET_IP);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return do_kmalloc(size, gfp | __GFP_ZERO, RET_IP);
}

void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return do_kmalloc(bytes, gfp, RET_IP);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return do_kmalloc(bytes, gfp | __GFP_ZERO, RET_IP);
}

/* The head of the large block at @object; NULL when it is none. */
static struct page *large_of(const void *object)
{
	uint64_t paddr = virt_to_phys(object);
	struct page *page;

	if (paddr % PAGE_SIZE || !mm_page_valid(&kernel_mm, paddr >> PAGE_SHIFT))
		return NULL;
	page = virt_to_page(object);
	return READ_ONCE(page->state) == PAGE_LARGE ? page : NULL;
}

/* @object keeps its place, and now holds @size bytes: noted where there is room for it. */
static void note_asked(const void *object, size_t size)
{
	const struct page *slab = slab_of(&kernel_mm, object);
	const struct kmem_cache *cache = slab ? cache_by_id(slab->zone_or_cache) : NULL;
	struct page *page = large_of(object);

	if (page)
		page->asked = (uint32_t)size;
	else if (cache && (cache->flags & SLAB_NOTE_SIZE))
		*slab_word(cache, object) = size;
}

/* Bytes at @object, which must be handed out and start there; else 0, reported. */
static size_t usable_size(const void *object, uintptr_t who)
{
	const struct page *page = slab_of(&kernel_mm, object);
	struct kmem_cache *cache;
	int bug;

	if (page) {
		cache = cache_by_id(page->zone_or_cache);
		bug = cache_check(cache, page, object);
		if (likely(bug < 0))
			return cache->object_size;
		mm_bug((enum mm_bug_kind)bug, object, who, "not a live object of cache %s",
		       cache->name);
		return 0;
	}
	page = large_of(object);
	if (page)
		return PAGE_SIZE << page->order;
	mm_bug(MM_BUG_BAD_POINTER, object, who, "an address that kmalloc never gave");
	return 0;
}

size_t ksize(const void *object)
{
	return ZERO_OR_NULL_PTR(object) ? 0 : usable_size(object, RET_IP);
}

/*
 * Neither an object nor a large block: a block of pages that is free is a double free, the
 * rest was never ours.
 */
static __cold void report_bad_kfree(const void *object, uintptr_t who)
{
	uint64_t pfn = virt_to_phys(object) >> PAGE_SHIFT;
	enum mm_bug_kind kind = MM_BUG_BAD_POINTER;
	const char *what = "no memory that was ever handed out";

	if (mm_page_valid(&kernel_mm, pfn)) {
		const struct page *page = pfn_to_page(pfn);

		if (page->state == PAGE_FREE || page->state == PAGE_CPU ||
		    (page->state == PAGE_TAIL && mm_inside_free_block(&kernel_mm, pfn))) {
			kind = MM_BUG_DOUBLE_FREE;
			what = "its pages are free";
		} else if (page->state == PAGE_RESERVED) {
			kind = MM_BUG_RESERVED;
			what = "its page is reserved since boot";
		} else {
			what = "pages of alloc_pages(), or an address inside a large block";
		}
	}
	mm_bug(kind, object, who, "kfree: %s", what);
}

/* Not in a slab: a large block, nothing at all, or a mistake. */
static __noinline void kfree_rest(const void *object, uintptr_t who)
{
	struct page *page;

	if (ZERO_OR_NULL_PTR(object))
		return;
	page = large_of(object);
	if (page)
		mm_give_pages(&kernel_mm, page, page->order, PAGE_LARGE, who);
	else
		report_bad_kfree(object, who);
}

void kfree(const void *object)
{
	uint64_t paddr = virt_to_phys(object);
	uint64_t block = paddr / (MAX_ORDER_NR_PAGES * PAGE_SIZE);
	struct kmem_cache *cache;
	struct page was;

	if (unlikely(block >= kernel_mm.nr_blocks || !kernel_mm.block_map[block])) {
		kfree_rest(object, RET_IP);
		return;
	}
	was.tag = READ_ONCE(pfn_to_page(paddr >> PAGE_SHIFT)->tag);
	if (unlikely(was.state != PAGE_SLAB)) {
		kfree_rest(object, RET_IP);
		return;
	}
	cache = caches_by_id[was.zone_or_cache];
	if (likely(is_live(cache, object, paddr)))
		push_object(cache, (void *)(uintptr_t)object);
	else
		cache_free_doubtful(cache, (void *)(uintptr_t)object, RET_IP);
}

void *krealloc(void *object, size_t size, gfp_t gfp)
{
	size_t old;
	void *new;

	if (size == 0) {
		kfree(object);
		return ZERO_SIZE_PTR;
	}
	if (ZERO_OR_NULL_PTR(object))
		return do_kmalloc(size, gfp, RET_IP);
	old = usable_size(object, RET_IP);
	if (old == 0)
		return NULL;		/* no object of ours: it has been reported */
	if (old >= size) {
		if (gfp & __GFP_ZERO)
			memset((char *)object + size, 0, old - size);	/* for the next growth */
		if (old >= PAGE_SIZE || notes_sizes)
			note_asked(object, size);
		return object;
	}
	new = do_kmalloc(size, gfp, RET_IP);
	if (!new)
		return NULL;
	memcpy(new, object, old);
	kfree(object);
	return new;
}
