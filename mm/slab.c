/*
 * Slabs: blocks of pages cut into the objects of one cache.
 *
 * 1. Where.      A slab is 2^order pages, aligned to its size. Its bookkeeping is its pages'
 *                descriptors: every page says PAGE_SLAB, the order and the cache's id, so that any
 *                address leads to its slab without a search; the head also holds how many objects
 *                are out, the first free one, and the links of the list it is on. The slab's memory
 *                itself is objects from its first byte, so powers of two are naturally aligned.
 * 2. Free word.  A free object holds one word. Its lower half says that the object is free: that of
 *                secret ^ the object's address. Its upper half is that of the same, with a link
 *                mixed in: none in a sheaf, else where the next object of the slab's list is
 *                (SPREAD). A live object's content looks free with a chance of 2^-32, and then the
 *                lists decide. One word so is link, proof of being free (double free) and trap for
 *                writes after the free: a word that does not decode was overwritten, and one
 *                changed bit anywhere is enough. It lies in the object's first bytes, or behind the
 *                object when a constructor's work must survive, or when the word of an object that
 *                is out says what was asked of kmalloc().
 *                A slab's list ends in its rest: the objects that have never been handed out, from
 *                one of them to the slab's end. They carry the mark of an object in a sheaf, so
 *                that they can be taken without a look at them.
 * 3. Lists.      Partial slabs stand in SLAB_NR_FILL lists by how full they are, and objects are
 *                taken from the fullest one: nearly empty slabs are left to drain. Of the empty
 *                ones beyond min_empty a few go back to the pages with each free that comes here,
 *                so that a single free stays bounded. Freed objects return to their own slab; there
 *                is no choice.
 * 4. Invariants. S1  a slab's free list has objects - inuse entries, all different, and ends.
 *                    Its end is SLAB_END exactly if all are out.
 *                S2  a slab is on exactly the list that its inuse says: empty, fill[n] or full.
 *                S3  cache->nr_slabs counts the slabs on all lists; nr_out sums their
 *                    inuse, less nr_lost.
 *                verify.c checks all three.
 * 5. Corruption. When a link does not decode, the rest of that slab's list cannot be trusted: its
 *                remaining objects are written off (inuse says that they are out, nr_lost counts
 *                them), so the slab is never used nor freed.
 * 6. Locking.    cache->lock for everything after slab_add_locked(); pages are taken and given
 *                back outside of it.
 */

#include <kernel/print.h>
#include <kernel/string.h>

#include "internal.h"

/*
 * Where on a slab's list: the offset of an object in units of 8 bytes, with SLAB_REST if the
 * objects from there on were never handed out. 15 bits reach 256 KiB; larger slabs have one object,
 * at 0. 0x10000, no place: the word of an object that is out, in a sheaf, or was overwritten.
 */
#define SLAB_REST		0x8000U
#define PLACE_SHIFT		3U	/* places count units of 8 bytes; strides are multiples */
#define NOT_LISTED		0x10000U
/*
 * The link of a free object takes 32 bits: the place + 1 in the lower 16, and that times an odd
 * number in the upper 16, so that every change of one bit in either shows.
 */
#define SPREAD			0x9e3b0001U
#define RECIPROCAL_SHIFT	44U	/* divides offsets < 2^22 exactly: see slab_set_layout() */
#define SLAB_MAX_ORDER		5U	/* 128 KiB: larger blocks are scarce in a used system */
#define SLAB_FEW_ORDER		3U	/* Linux's slub_max_order: not larger for more objects */
#define SLAB_MIN_OBJECTS	16U	/* wanted in a slab, so that it serves a small burst */
#define WASTE_DIVISOR		16U	/* a slab's tail: less than this part of it, if possible */

static char *slab_base(const struct kmem_cache *cache, const struct page *slab)
{
	return cache->mm->direct_map + PFN_PHYS(slab - cache->mm->pages);
}

static uint32_t slab_pfn(const struct kmem_cache *cache, const struct page *slab)
{
	return (uint32_t)(slab - cache->mm->pages);
}

/* The place that follows @object on its slab's list, SLAB_END, or NOT_LISTED. */
static inline unsigned int decode(const struct kmem_cache *cache, const void *object)
{
	uint64_t link = *slab_word(cache, object) ^ slab_mark(cache, object);
	uint32_t upper = (uint32_t)(link >> 32), next = upper & 0xffff;

	if (unlikely((uint32_t)link != 0 || upper == 0 || upper != next * SPREAD))
		return NOT_LISTED;
	return next - 1;
}

static inline void encode(const struct kmem_cache *cache, void *object, unsigned int next)
{
	*slab_word(cache, object) =
		slab_mark(cache, object) ^ (uint64_t)((next + 1) * SPREAD) << 32;
}

static unsigned int place_of(size_t offset)
{
	return (unsigned int)(offset >> PLACE_SHIFT);
}

/* Of a place that is neither SLAB_END nor NOT_LISTED. */
static size_t offset_of(unsigned int place)
{
	return (size_t)(place & ~SLAB_REST) << PLACE_SHIFT;
}

/* Bytes of a slab that are objects. */
static size_t used_bytes(const struct kmem_cache *cache)
{
	return (size_t)cache->objects * cache->stride;
}

/* ---- lists of slabs, by how full they are -------------------------------- */

static struct slab_list *list_for(struct kmem_cache *cache, unsigned int inuse)
{
	if (inuse == 0)
		return &cache->empty;
	if (inuse == cache->objects)
		return &cache->full;
	return &cache->fill[slab_fill(cache, inuse)];
}

static void list_add(struct kmem_cache *cache, struct slab_list *list, struct page *slab)
{
	struct page *pages = cache->mm->pages;
	uint32_t pfn = slab_pfn(cache, slab);

	slab->prev = 0;
	slab->next = list->first;
	if (list->first)
		pages[list->first].prev = pfn;
	list->first = pfn;
	list->nr++;
}

static void list_del(struct kmem_cache *cache, struct slab_list *list, struct page *slab)
{
	struct page *pages = cache->mm->pages;

	if (slab->prev)
		pages[slab->prev].next = slab->next;
	else
		list->first = slab->next;
	if (slab->next)
		pages[slab->next].prev = slab->prev;
	list->nr--;
}

/* @slab's inuse was @old. */
static __noinline void relist(struct kmem_cache *cache, struct page *slab, unsigned int old)
{
	struct slab_list *from = list_for(cache, old);
	struct slab_list *to = list_for(cache, slab->inuse);

	if (from != to) {
		list_del(cache, from, slab);
		list_add(cache, to, slab);
	}
}

static struct page *fullest_slab(struct kmem_cache *cache)
{
	for (unsigned int i = SLAB_NR_FILL; i-- > 0;) {
		if (cache->fill[i].first)
			return cache->mm->pages + cache->fill[i].first;
	}
	return cache->empty.first ? cache->mm->pages + cache->empty.first : NULL;
}

/* ---- objects ------------------------------------------------------------- */

/*
 * The word of an object on @slab's list was overwritten: what follows it on the list is not known,
 * so all that the slab still had counts as out, for good.
 */
static __cold void give_up(struct kmem_cache *cache, struct page *slab)
{
	unsigned int old = slab->inuse;

	cache->nr_lost += cache->objects - old;
	slab->free = SLAB_END;
	slab->inuse = (uint16_t)cache->objects;
	relist(cache, slab, old);
}

/* Up to @nr objects of the rest of a slab that begins at @place. */
static unsigned int take_rest(struct kmem_cache *cache, struct page *slab, unsigned int place,
			      void **objects, unsigned int nr)
{
	char *base = slab_base(cache, slab), *object = base + offset_of(place);
	char *end = base + used_bytes(cache);
	unsigned int taken = 0;

	do {
		objects[taken++] = object;
		object += cache->stride;
	} while (taken < nr && object < end);
	slab->free = (uint16_t)SLAB_END;
	if (object < end)
		slab->free = (uint16_t)(place_of((size_t)(object - base)) | SLAB_REST);
	return taken;
}

/* Up to @nr objects of one slab. Return: how many; *@corrupted is set when its list is broken. */
static unsigned int take_from(struct kmem_cache *cache, struct page *slab, void **objects,
			      unsigned int nr, void **corrupted)
{
	char *base = slab_base(cache, slab);
	unsigned int taken = 0, place = slab->free, old = slab->inuse;
	size_t used = used_bytes(cache);

	while (taken < nr && !(place & SLAB_REST)) {
		char *object = base + offset_of(place);
		unsigned int next = decode(cache, object);

		if (unlikely(next == NOT_LISTED || offset_of(place) >= used)) {
			*corrupted = object;
			break;
		}
		*slab_word(cache, object) = slab_mark(cache, object);
		objects[taken++] = object;
		place = next;
	}
	slab->free = (uint16_t)place;
	if (taken < nr && place != SLAB_END && !*corrupted)
		taken += take_rest(cache, slab, place, objects + taken, nr - taken);
	cache->nr_out += taken;
	slab->inuse = (uint16_t)(old + taken);
	relist(cache, slab, old);
	if (unlikely(*corrupted))
		give_up(cache, slab);
	return taken;
}

unsigned int slab_take_locked(struct kmem_cache *cache, void **objects, unsigned int nr,
			      void **corrupted)
{
	unsigned int taken = 0;

	lock_assert_held(&cache->lock);
	while (taken < nr && !*corrupted) {
		struct page *slab = fullest_slab(cache);

		if (!slab)
			break;
		taken += take_from(cache, slab, objects + taken, nr - taken, corrupted);
	}
	return taken;
}

static inline void put(struct kmem_cache *cache, void *object)
{
	uint64_t paddr = (uint64_t)((char *)object - cache->direct_map);
	size_t offset = paddr & cache->slab_mask;
	struct page *slab = cache->pages + ((paddr - offset) >> PAGE_SHIFT);
	unsigned int next = slab->free, inuse = slab->inuse - 1U;

	if (unlikely(*slab_word(cache, object) != slab_mark(cache, object))) {
		cache->nr_lost++;
		WRITE_ONCE(cache->damaged, object);
		return;
	}
	encode(cache, object, next);
	slab->free = (uint16_t)place_of(offset);
	slab->inuse = (uint16_t)inuse;
	/* Where one of list_for()'s lists ends: most frees leave the slab where it is. */
	if (unlikely(!(inuse & cache->fill_mask) || next == SLAB_END))
		relist(cache, slab, inuse + 1);
}

void slab_put_locked(struct kmem_cache *cache, void **objects, unsigned int nr)
{
	lock_assert_held(&cache->lock);
	cache->nr_out -= nr;
	for (void **end = objects + nr; objects < end; objects++)
		put(cache, *objects);
}

struct page *slab_trim_locked(struct kmem_cache *cache, unsigned int nr)
{
	struct page *spare = NULL;

	while (nr-- > 0 && cache->empty.nr > cache->min_empty) {
		struct page *slab = slab_take_empty_locked(cache);

		slab->next = spare ? slab_pfn(cache, spare) : 0;
		spare = slab;
	}
	return spare;
}

void slab_report_damaged(struct kmem_cache *cache)
{
	void *damaged = NULL;

	if (unlikely(READ_ONCE(cache->damaged)))
		damaged = __atomic_exchange_n(&cache->damaged, NULL, __ATOMIC_RELAXED);
	if (unlikely(damaged))
		mm_bug(MM_BUG_CORRUPTED, damaged, RET_IP,
		       "a free object of cache %s was written to; it is set aside", cache->name);
}

void slabs_destroy(struct kmem_cache *cache, struct page *spare)
{
	while (spare) {
		struct page *next = spare->next ? cache->pages + spare->next : NULL;

		slab_destroy(cache, spare);
		spare = next;
	}
}

void slab_write_off_locked(struct kmem_cache *cache)
{
	lock_assert_held(&cache->lock);
	cache->nr_out--;
	cache->nr_lost++;
}

struct page *slab_of(struct mm *mm, const void *object)
{
	uint64_t paddr = (uint64_t)((uintptr_t)object - (uintptr_t)mm->direct_map);
	uint64_t pfn = paddr >> PAGE_SHIFT;
	const struct page *page;

	if (!mm_page_valid(mm, pfn))
		return NULL;
	page = mm->pages + pfn;
	if (READ_ONCE(page->state) != PAGE_SLAB)
		return NULL;
	return mm->pages + align_down(pfn, 1UL << page->order);
}

int slab_check(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	size_t offset = (size_t)((const char *)object - slab_base(cache, slab));
	uint64_t index = offset * cache->reciprocal >> RECIPROCAL_SHIFT;
	uint64_t bitmap[SLAB_MAX_OBJECTS / 64];

	if (unlikely(index * cache->stride != offset || index >= cache->objects))
		return MM_BUG_BAD_POINTER;
	if (likely(!slab_word_is_free(cache, object)))
		return -1;
	/* A live object's content may look free, too: the list decides, if it is whole. */
	if (slab_walk_free(cache, slab, bitmap) >= 0 && !(bitmap[index / 64] >> (index % 64) & 1))
		return -1;
	return MM_BUG_DOUBLE_FREE;
}

int slab_walk_free(const struct kmem_cache *cache, const struct page *slab, uint64_t *bitmap)
{
	unsigned int place = slab->free;
	int nr = 0;

	memset(bitmap, 0, SLAB_MAX_OBJECTS / 8);
	while (place != SLAB_END) {
		size_t offset = offset_of(place);
		const char *object = slab_base(cache, slab) + offset;
		uint64_t index = offset * cache->reciprocal >> RECIPROCAL_SHIFT;

		if (index >= cache->objects || index * cache->stride != offset ||
		    (bitmap[index / 64] >> (index % 64) & 1))
			return -1;
		bitmap[index / 64] |= 1ULL << (index % 64);
		nr++;
		if (place & SLAB_REST) {
			if (*slab_word(cache, object) != slab_mark(cache, object))
				return -1;
			offset += cache->stride;
			place = offset < used_bytes(cache) ? place_of(offset) | SLAB_REST
							   : SLAB_END;
		} else {
			place = decode(cache, object);
			if (place == NOT_LISTED)
				return -1;
		}
	}
	return nr;
}

unsigned int slab_for_each_live(const struct kmem_cache *cache, const struct page *slab,
				void (*fn)(const struct kmem_cache *cache, void *object))
{
	uint64_t bitmap[SLAB_MAX_OBJECTS / 64];
	unsigned int nr = 0;

	/* Of a broken list nothing is known: all objects count as out. */
	if (slab_walk_free(cache, slab, bitmap) < 0)
		memset(bitmap, 0, sizeof(bitmap));
	for (unsigned int i = 0; i < cache->objects; i++) {
		if (bitmap[i / 64] >> (i % 64) & 1)
			continue;
		fn(cache, slab_base(cache, slab) + (size_t)i * cache->stride);
		nr++;
	}
	return nr;
}

/* ---- slabs --------------------------------------------------------------- */

/* Each object is marked as in a sheaf: the whole slab is its rest. */
static void mark_objects(struct kmem_cache *cache, char *base)
{
	for (char *object = base; object < base + used_bytes(cache); object += cache->stride)
		*slab_word(cache, object) = slab_mark(cache, object);
}

struct page *slab_create(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	struct page *slab = mm_take_pages(cache->mm, (gfp & ~__GFP_ZERO) | cache->gfp,
					  cache->order, who);
	char *base;

	if (!slab)
		return NULL;
	for (unsigned long i = 0; i < 1UL << cache->order; i++)
		WRITE_ONCE(slab[i].tag, cache->tag);
	slab->inuse = 0;
	slab->free = SLAB_REST;
	base = slab_base(cache, slab);
	if (cache->ctor) {
		for (unsigned int i = 0; i < cache->objects; i++)
			cache->ctor(base + (size_t)i * cache->stride);
	}
	mark_objects(cache, base);
	return slab;
}

void slab_add_locked(struct kmem_cache *cache, struct page *slab)
{
	lock_assert_held(&cache->lock);
	list_add(cache, &cache->empty, slab);
	WRITE_ONCE(cache->nr_slabs, cache->nr_slabs + 1);
}

void slab_destroy(struct kmem_cache *cache, struct page *slab)
{
	struct zone *zone = mm_zone_of(cache->mm, slab_pfn(cache, slab));

	for (unsigned long i = 1; i < 1UL << cache->order; i++)
		WRITE_ONCE(slab[i].tag, page_tag(PAGE_TAIL, 0, 0));
	WRITE_ONCE(slab->tag, page_tag(PAGE_ALLOCATED, cache->order, zone->index));
	mm_give_pages(cache->mm, slab, cache->order, PAGE_ALLOCATED, RET_IP);
}

struct page *slab_take_empty_locked(struct kmem_cache *cache)
{
	struct page *slab;

	lock_assert_held(&cache->lock);
	if (!cache->empty.first)
		return NULL;
	slab = cache->mm->pages + cache->empty.first;
	list_del(cache, &cache->empty, slab);
	WRITE_ONCE(cache->nr_slabs, cache->nr_slabs - 1);
	return slab;
}

/* ---- layout -------------------------------------------------------------- */

static unsigned int object_align(unsigned int size, unsigned int align, slab_flags_t flags)
{
	if (flags & SLAB_HWCACHE_ALIGN) {
		unsigned int line = 64;		/* bytes in a cache line of x86-64 */

		while (size <= line / 2)
			line /= 2;
		if (align < line)
			align = line;
	}
	return align < 8 ? 8 : align;		/* the free word is a naturally aligned 8 bytes */
}

/*
 * The smallest order that wastes less than 1/16; and a few objects in a slab, as far as
 * SLAB_FEW_ORDER allows that. Where none wastes so little, the one that wastes least.
 */
static unsigned int choose_order(unsigned int stride)
{
	unsigned int smallest = LARGE_ORDER(stride), best = smallest;
	unsigned long best_waste = ~0UL;

	for (unsigned int order = smallest; order <= SLAB_MAX_ORDER || order == smallest; order++) {
		unsigned long bytes = PAGE_SIZE << order, waste = bytes % stride;

		/* Only strides above PAGE_SIZE / 16 come past order 0. */
		MM_ASSERT(bytes / stride <= SLAB_MAX_OBJECTS);
		if (waste * WASTE_DIVISOR < bytes &&
		    (bytes / stride >= SLAB_MIN_OBJECTS || order >= SLAB_FEW_ORDER))
			return order;
		waste <<= MAX_ORDER - order;	/* of blocks of different sizes, made comparable */
		if (waste < best_waste) {
			best_waste = waste;
			best = order;
		}
	}
	return best;
}

/* Many small ones, few large ones: what lies in sheaves is memory that nobody else can use. */
static unsigned int sheaf_size(unsigned int stride)
{
	if (stride <= 256)
		return STACK_MAX;
	return stride <= 1024 ? 16 : stride <= 4096 ? 8 : 4;
}

int slab_set_layout(struct kmem_cache *cache)
{
	unsigned int size = (unsigned int)align_up(cache->object_size, 8);
	bool notes_size = cache->flags & SLAB_NOTE_SIZE, outside = cache->ctor || notes_size;
	uint64_t step;

	cache->align = object_align(size, cache->align, cache->flags);
	cache->word = outside ? size : 0;
	if (outside)
		size += (unsigned int)sizeof(uint64_t);
	cache->stride = (unsigned int)align_up(size, cache->align);
	if (cache->stride > KMALLOC_MAX_SIZE / 8)
		return -1;
	cache->order = choose_order(cache->stride);
	cache->slab_mask = (uint32_t)(PAGE_SIZE << cache->order) - 1;
	cache->objects = (cache->slab_mask + 1) / cache->stride;
	while (cache->objects > 2 && (cache->objects - 2) >> cache->fill_shift >= SLAB_NR_FILL)
		cache->fill_shift++;
	cache->fill_mask = (1U << cache->fill_shift) - 1;
	/* Without sheaves each request goes by kmalloc_rest(), which notes its size. */
	cache->sheaf_size = notes_size ? 0 : sheaf_size(cache->stride);
	/*
	 * inverse is 2^64 / stride, rounded up by step / stride, so that modulo 2^64 the product
	 * of offset = n * stride + r is n * step + r * inverse. For the objects, r = 0 and n <
	 * objects, it is below objects * step < 2^21. For r > 0 it is at least inverse > 2^44, and
	 * does not wrap: it is below 2^64 - inverse + 2^22. What begins behind the last object, r
	 * = 0 and n = objects, is not below the limit either. Where step is 0, the stride is a
	 * power of two: then slabs end with an object, and all products of their offsets are 0.
	 */
	cache->inverse = UINT64_MAX / cache->stride + 1;
	step = cache->inverse * cache->stride;
	cache->limit = step ? cache->objects * step : 1;
	/*
	 * ceil(2^44 / stride) * offset >> 44 is offset / stride rounded down: the error of the
	 * reciprocal is below stride < 2^20, times an offset < 2^22 that is below 2^44; and the
	 * product stays below 2^63.
	 */
	cache->reciprocal = ((1ULL << RECIPROCAL_SHIFT) + cache->stride - 1) / cache->stride;
	return 0;
}
