/*
 * Slabs: blocks of pages cut into the objects of one cache.
 *
 * 1. Where.      A slab is 2^order pages, aligned to its size. Its bookkeeping is its pages'
 *                descriptors: every page says PAGE_SLAB, the order and the cache's id, so that any
 *                address leads to its slab without a search; the head also holds how many objects
 *                are out, the first free one, and the links of the list it is on. The slab's memory
 *                itself is objects from its first byte, so powers of two are naturally aligned.
 * 2. Free word.  A free object holds one word: secret ^ its address ^ a link of 32 bits, which is
 *                0 in a sheaf and on a slab's list says which object is next (SPREAD). So a word
 *                whose upper half is that of secret ^ address looks free: a live object's does with
 *                a chance of 2^-32, and then the lists decide. One word so is link, proof of being
 *                free (double free) and trap for writes after the free: a word that does not decode
 *                was overwritten, and one changed bit anywhere is enough. It lies in the object's
 *                first bytes, or behind the object when a constructor's work must survive.
 * 3. Lists.      Partial slabs stand in SLAB_NR_FILL lists by how full they are, and objects are
 *                taken from the fullest one: nearly empty slabs are left to drain, and drained ones
 *                go back to the buddy lists. Empty slabs beyond min_empty are given back at once.
 *                Freed objects return to their own slab; there is no choice.
 * 4. Invariants. S1  a slab's free list has objects - inuse entries, all different, and ends.
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

/* No index at all: the word of an object that is out, in a sheaf, or was overwritten. */
#define NOT_LISTED		0x10000U
/*
 * The link of a free object takes 32 bits: index + 1 in the lower 16, and that times an odd number
 * in the upper 16, so that every change of one bit in either shows.
 */
#define SPREAD			0x9e3b0001U
#define RECIPROCAL_SHIFT	44U	/* divides offsets < 2^22 exactly: see slab_set_layout() */
#define SLAB_MAX_ORDER		5U	/* 128 KiB: larger blocks are scarce in a used system */
#define SLAB_FEW_ORDER		3U	/* Linux's slub_max_order: not larger for more objects */
#define SLAB_MIN_OBJECTS	8U	/* wanted in a slab, so that it serves a small burst */
#define WASTE_DIVISOR		16U	/* a slab's tail: less than this part of it, if possible */

static char *slab_base(const struct kmem_cache *cache, const struct page *slab)
{
	return cache->mm->direct_map + PFN_PHYS(slab - cache->mm->pages);
}

static uint32_t slab_pfn(const struct kmem_cache *cache, const struct page *slab)
{
	return (uint32_t)(slab - cache->mm->pages);
}

/* The index that follows @object on its slab's list, SLAB_END, or NOT_LISTED. */
static unsigned int decode(const struct kmem_cache *cache, const void *object)
{
	uint64_t link = *slab_word(cache, object) ^ slab_mark(cache, object);
	uint32_t next = link & 0xffff;

	if (link == 0 || link != next * SPREAD)
		return NOT_LISTED;
	return next - 1;
}

static void encode(const struct kmem_cache *cache, void *object, unsigned int next)
{
	*slab_word(cache, object) = slab_mark(cache, object) ^ (next + 1) * SPREAD;
}

/* ---- lists of slabs, by how full they are -------------------------------- */

static struct slab_list *list_for(struct kmem_cache *cache, unsigned int inuse)
{
	if (inuse == 0)
		return &cache->empty;
	if (inuse == cache->objects)
		return &cache->full;
	return &cache->fill[inuse * SLAB_NR_FILL / cache->objects];
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

static void set_inuse(struct kmem_cache *cache, struct page *slab, unsigned int inuse)
{
	struct slab_list *from = list_for(cache, slab->inuse);
	struct slab_list *to = list_for(cache, inuse);

	slab->inuse = (uint16_t)inuse;
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

/* Up to @nr objects of one slab. Return: how many; *@corrupted is set when its list is broken. */
static unsigned int take_from(struct kmem_cache *cache, struct page *slab, void **objects,
			      unsigned int nr, void **corrupted)
{
	char *base = slab_base(cache, slab);
	unsigned int taken = 0, index = slab->free;

	while (taken < nr && index != SLAB_END) {
		char *object = base + (size_t)index * cache->stride;
		unsigned int next = decode(cache, object);

		if (unlikely(next >= cache->objects && next != SLAB_END)) {
			*corrupted = object;
			cache->nr_lost += cache->objects - slab->inuse - taken;
			cache->nr_out += taken;
			slab->free = SLAB_END;
			set_inuse(cache, slab, cache->objects);
			return taken;
		}
		*slab_word(cache, object) = slab_mark(cache, object);
		objects[taken++] = object;
		index = next;
	}
	slab->free = (uint16_t)index;
	cache->nr_out += taken;
	set_inuse(cache, slab, slab->inuse + taken);
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

void slab_put_locked(struct kmem_cache *cache, void *object)
{
	uint64_t paddr = (uint64_t)((char *)object - cache->direct_map);
	size_t offset = paddr & cache->slab_mask;
	struct page *slab = cache->pages + ((paddr - offset) >> PAGE_SHIFT);

	if (unlikely(*slab_word(cache, object) != slab_mark(cache, object))) {
		slab_write_off_locked(cache);
		cache->damaged = object;
		return;
	}
	encode(cache, object, slab->free);
	slab->free = (uint16_t)(offset * cache->reciprocal >> RECIPROCAL_SHIFT);
	cache->nr_out--;
	set_inuse(cache, slab, slab->inuse - 1U);
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

void slabs_destroy(struct kmem_cache *cache, struct page *spare)
{
	void *damaged = NULL;

	if (unlikely(READ_ONCE(cache->damaged)))
		damaged = __atomic_exchange_n(&cache->damaged, NULL, __ATOMIC_RELAXED);
	if (unlikely(damaged))
		mm_bug(MM_BUG_CORRUPTED, damaged, RET_IP,
		       "a free object of cache %s was written to; it is set aside", cache->name);
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
	if (page->state != PAGE_SLAB)
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
	/* It looks free. A live object's content may, too: the list decides, or sheaf_holds(). */
	if (*slab_word(cache, object) != slab_mark(cache, object) &&
	    slab_walk_free(cache, slab, bitmap) >= 0 && !(bitmap[index / 64] >> (index % 64) & 1))
		return -1;
	return MM_BUG_DOUBLE_FREE;
}

int slab_walk_free(const struct kmem_cache *cache, const struct page *slab, uint64_t *bitmap)
{
	unsigned int index = slab->free;
	int nr = 0;

	memset(bitmap, 0, SLAB_MAX_OBJECTS / 8);
	while (index != SLAB_END) {
		const char *object;
		unsigned int next;

		if (index >= cache->objects || (bitmap[index / 64] >> (index % 64) & 1))
			return -1;
		object = slab_base(cache, slab) + (size_t)index * cache->stride;
		next = decode(cache, object);
		if (next > SLAB_END)
			return -1;
		bitmap[index / 64] |= 1ULL << (index % 64);
		index = next;
		nr++;
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
		if (fn)
			fn(cache, slab_base(cache, slab) + (size_t)i * cache->stride);
		nr++;
	}
	return nr;
}

/* ---- slabs --------------------------------------------------------------- */

static void count_slab_pages(struct kmem_cache *cache, const struct page *slab, long nr)
{
	struct zone *zone = mm_zone_of(cache->mm, slab_pfn(cache, slab));
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	zone->slab_pages[(cache->flags & SLAB_RECLAIM_ACCOUNT) != 0] += (uint64_t)nr;
	spin_unlock_irqrestore(&zone->lock, flags);
}

struct page *slab_create(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	struct page *slab = mm_alloc_pages(cache->mm, (gfp & ~__GFP_ZERO) | cache->gfp,
					   cache->order, who);
	char *object, *end;

	if (!slab)
		return NULL;
	count_slab_pages(cache, slab, 1L << cache->order);
	for (unsigned long i = 0; i < 1UL << cache->order; i++)
		slab[i].tag = cache->tag;
	slab->inuse = 0;
	slab->free = 0;
	object = slab_base(cache, slab);
	end = object + (PAGE_SIZE << cache->order);
	for (unsigned int i = 0; i < cache->objects; i++) {
		if (cache->ctor)
			cache->ctor(object);
		encode(cache, object, i + 1 < cache->objects ? i + 1 : SLAB_END);
		object += cache->stride;
	}
	/* What lies behind the last object looks free: a free of it is never let through. */
	for (; object + cache->word + sizeof(uint64_t) <= end; object += cache->stride)
		encode(cache, object, SLAB_END);
	return slab;
}

void slab_add_locked(struct kmem_cache *cache, struct page *slab)
{
	lock_assert_held(&cache->lock);
	list_add(cache, &cache->empty, slab);
	cache->nr_slabs++;
}

void slab_destroy(struct kmem_cache *cache, struct page *slab)
{
	struct zone *zone = mm_zone_of(cache->mm, slab_pfn(cache, slab));

	count_slab_pages(cache, slab, -(1L << cache->order));
	for (unsigned long i = 1; i < 1UL << cache->order; i++)
		slab[i].tag = page_tag(PAGE_TAIL, 0, 0);
	slab->tag = page_tag(PAGE_ALLOCATED, cache->order, zone->index);
	mm_free_pages(cache->mm, slab, cache->order, PAGE_ALLOCATED, RET_IP);
}

struct page *slab_take_empty_locked(struct kmem_cache *cache)
{
	struct page *slab;

	lock_assert_held(&cache->lock);
	if (!cache->empty.first)
		return NULL;
	slab = cache->mm->pages + cache->empty.first;
	list_del(cache, &cache->empty, slab);
	cache->nr_slabs--;
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

		if (bytes / stride > SLAB_MAX_OBJECTS)
			break;
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
	unsigned int bytes, tail;

	cache->align = object_align(size, cache->align, cache->flags);
	cache->word = cache->ctor ? size : 0;
	if (cache->ctor)
		size += (unsigned int)sizeof(uint64_t);
	cache->stride = (unsigned int)align_up(size, cache->align);
	if (cache->stride > KMALLOC_MAX_SIZE / 8)
		return -1;
	cache->order = choose_order(cache->stride);
	do {
		bytes = (unsigned int)(PAGE_SIZE << cache->order++);
		cache->objects = bytes / cache->stride;
		tail = bytes % cache->stride;
		if (tail != 0 && tail < cache->word + sizeof(uint64_t))
			cache->objects--;	/* room for a free word there: slab_create() */
	} while (cache->objects == 0);
	cache->order--;
	cache->slab_mask = bytes - 1;
	cache->inverse = UINT64_MAX / cache->stride + 1;
	cache->sheaf_size = sheaf_size(cache->stride);
	/*
	 * ceil(2^44 / stride) * offset >> 44 is offset / stride rounded down: the error of the
	 * reciprocal is below stride < 2^20, times an offset < 2^22 that is below 2^44; and the
	 * product stays below 2^63.
	 */
	cache->reciprocal = ((1ULL << RECIPROCAL_SHIFT) + cache->stride - 1) / cache->stride;
	return 0;
}
