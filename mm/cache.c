/*
 * Caches: the public face of object allocation, and the list of all caches.
 *
 * A cache is one size of object with its slabs. kmem_cache_alloc() takes from the fullest slab;
 * when there is none with a free object it makes a slab, with no lock held. kmem_cache_free() finds
 * the slab by the object's address and checks that it is that cache's, that the address is an
 * object's first byte, and that the object is out.
 *
 * Cache descriptors come from a cache, whose own descriptor is static. Each cache has an id, which
 * its slabs' page descriptors carry: cache_by_id() is one load.
 *
 * Empty slabs that caches keep for the next burst are given back through a shrinker when
 * pages are short.
 *
 * Locking: see the table in internal.h. A slab is in nobody's sight between slab_create() and
 * slab_add_locked(), and between its removal from the lists and slab_destroy().
 */

#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>

#include "internal.h"

#define MIN_EMPTY_DEFAULT	2U	/* slabs: one to go on with, one for the next burst */

struct spinlock cache_list_lock = SPINLOCK_RANKED(RANK_CACHE_LIST, "cache_list_lock");
struct kmem_cache *cache_list;

static struct kmem_cache cache_cache;			/* what kmem_cache descriptors come from */
static struct kmem_cache *cache_table[MAX_CACHES];	/* by id; entry 0 stays empty */
static uint64_t secret_seed;

/* splitmix64 (Steele, Lea, Flood 2014): one seed becomes a secret for each cache. */
static uint64_t next_secret(void)
{
	uint64_t x = secret_seed += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

struct kmem_cache *cache_by_id(unsigned int id)
{
	return id < MAX_CACHES ? cache_table[id] : NULL;
}

static struct kmem_cache *find_locked(const char *name)
{
	struct kmem_cache *cache = cache_list;

	while (cache && strcmp(cache->name, name) != 0)
		cache = cache->next;
	return cache;
}

struct kmem_cache *kmem_cache_find(const char *name)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	struct kmem_cache *cache = find_locked(name);

	spin_unlock_irqrestore(&cache_list_lock, flags);
	return cache;
}

/* ---- alloc and free ------------------------------------------------------ */

/* One more slab, unless another context made one meanwhile. */
static bool grow(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	struct page *slab = slab_create(cache, gfp, who);
	unsigned long flags;

	if (!slab)
		return false;
	flags = spin_lock_irqsave(&cache->lock);
	slab_add_locked(cache, slab);
	spin_unlock_irqrestore(&cache->lock, flags);
	return true;
}

void *cache_alloc_object(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	void *object, *corrupted;
	unsigned long flags;

	do {
		corrupted = NULL;
		flags = spin_lock_irqsave(&cache->lock);
		object = slab_take_locked(cache, &corrupted);
		spin_unlock_irqrestore(&cache->lock, flags);
		if (unlikely(corrupted))
			mm_bug(MM_BUG_CORRUPTED, corrupted, who,
			       "a free object of cache %s was written to; its slab is set aside",
			       cache->name);
	} while (unlikely(!object) && (corrupted || grow(cache, gfp, who)));

	if (object && (gfp & __GFP_ZERO))
		memset(object, 0, cache->object_size);
	return object;
}

static __cold void report_bad_object(const struct kmem_cache *cache, int kind, const void *object,
				     uintptr_t who)
{
	if (kind == MM_BUG_DOUBLE_FREE)
		mm_bug(MM_BUG_DOUBLE_FREE, object, who, "this object of cache %s is free already",
		       cache->name);
	else
		mm_bug(MM_BUG_BAD_POINTER, object, who,
		       "not the start of an object; objects of cache %s are %u bytes", cache->name,
		       cache->stride);
}

void cache_free_object(struct kmem_cache *cache, struct page *slab, void *object, uintptr_t who)
{
	struct page *empty = NULL;
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	int bug = slab_check(cache, slab, object);

	if (likely(bug < 0))
		empty = slab_put_locked(cache, slab, object);
	spin_unlock_irqrestore(&cache->lock, flags);
	if (unlikely(bug >= 0))
		report_bad_object(cache, bug, object, who);
	if (empty)
		slab_destroy(cache, empty);
}

/* The slab of @object if it is @cache's; else NULL, reported. */
static struct page *slab_in_cache(const struct kmem_cache *cache, const void *object, uintptr_t who)
{
	struct page *slab = slab_of(cache->mm, object);

	if (unlikely(!slab)) {
		mm_bug(MM_BUG_BAD_POINTER, object, who,
		       "freed to cache %s, but no cache ever gave this address", cache->name);
		return NULL;
	}
	if (unlikely(slab->zone_or_cache != cache->id)) {
		const struct kmem_cache *real = cache_by_id(slab->zone_or_cache);

		mm_bug(MM_BUG_WRONG_CACHE, object, who, "an object of cache %s, freed to cache %s",
		       real ? real->name : "?", cache->name);
		return NULL;
	}
	return slab;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc_object(cache, gfp, RET_IP);
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc_object(cache, gfp | __GFP_ZERO, RET_IP);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct page *slab;

	if (!object)
		return;
	slab = slab_in_cache(cache, object, RET_IP);
	if (slab)
		cache_free_object(cache, slab, object, RET_IP);
}

size_t kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++) {
		objects[i] = cache_alloc_object(cache, gfp, RET_IP);
		if (!objects[i]) {
			kmem_cache_free_bulk(cache, i, objects);
			return 0;
		}
	}
	return nr;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++) {
		struct page *slab = slab_in_cache(cache, objects[i], RET_IP);

		if (slab)
			cache_free_object(cache, slab, objects[i], RET_IP);
	}
}

/* ---- create and destroy -------------------------------------------------- */

/* What is wrong with the arguments; NULL: nothing. */
static const char *why_bad(const char *name, unsigned int size, unsigned int align,
			   slab_flags_t flags)
{
	size_t len = name ? strnlen(name, CACHE_NAME_MAX) : 0;

	if (len == 0 || len == CACHE_NAME_MAX)
		return "the name must have 1 .. 31 characters";
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ')
			return "the name has a blank in it";
	}
	if (size == 0 || size > KMALLOC_MAX_SIZE / 8)
		return "the size must be 1 .. 524288 bytes";
	if (align != 0 && (!is_power_of_2(align) || align > PAGE_SIZE))
		return "the alignment must be a power of two up to a page";
	if (flags & ~(SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 |
		      SLAB_RECLAIM_ACCOUNT))
		return "a flag means nothing";
	return NULL;
}

/*
 * Give @cache an id and put it at the end of the list. Return: 0, -EEXIST, or -ENOSPC when
 * all ids are taken.
 */
static int enlist(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	struct kmem_cache **link = &cache_list;
	unsigned int id = 1;
	int err = 0;

	while (id < MAX_CACHES && cache_table[id])
		id++;
	if (find_locked(cache->name))
		err = -EEXIST;
	else if (id == MAX_CACHES)
		err = -ENOSPC;
	if (!err) {
		while (*link)
			link = &(*link)->next;
		*link = cache;
		cache->next = NULL;
		cache->id = (uint16_t)id;
		cache->secret = next_secret();
		cache_table[id] = cache;
	}
	spin_unlock_irqrestore(&cache_list_lock, flags);
	return err;
}

static int set_up(struct kmem_cache *cache, struct mm *mm, const char *name, unsigned int size,
		  unsigned int align, slab_flags_t flags, void (*ctor)(void *))
{
	memset(cache, 0, sizeof(*cache));
	memcpy(cache->name, name, strlen(name) + 1);
	cache->mm = mm;
	cache->object_size = size;
	cache->align = align;
	cache->flags = flags;
	cache->ctor = ctor;
	cache->min_empty = MIN_EMPTY_DEFAULT;
	spin_lock_init(&cache->lock, RANK_CACHE, "cache->lock");
	if (flags & SLAB_CACHE_DMA)
		cache->gfp = __GFP_DMA;
	else if (flags & SLAB_CACHE_DMA32)
		cache->gfp = __GFP_DMA32;
	if (slab_set_layout(cache))
		return -EINVAL;
	return enlist(cache);
}

struct kmem_cache *kmem_cache_create_in(struct mm *mm, const char *name, unsigned int size,
					unsigned int align, slab_flags_t flags,
					void (*ctor)(void *), uintptr_t who)
{
	const char *bad = why_bad(name, size, align, flags);
	struct kmem_cache *cache;
	int err;

	if (bad) {
		mm_bug(MM_BUG_BAD_REQUEST, name, who, "kmem_cache_create of %s: %s",
		       name ? name : "(null)", bad);
		return NULL;
	}
	cache = cache_alloc_object(&cache_cache, GFP_KERNEL, who);
	err = cache ? set_up(cache, mm, name, size, align, flags, ctor) : -ENOMEM;
	if (!err)
		return cache;
	if (cache)
		kmem_cache_free(&cache_cache, cache);
	if (flags & SLAB_PANIC)
		panic("mm: cache %s with SLAB_PANIC cannot be created: error %d", name, -err);
	if (err == -EINVAL)
		mm_bug(MM_BUG_BAD_REQUEST, name, who,
		       "kmem_cache_create of %s: no object of %u bytes fits", name, size);
	else
		pr_warn("mm: cache %s cannot be created: %s\n", name,
			err == -EEXIST ? "the name is in use (EEXIST)" :
			err == -ENOSPC ? "there are 1023 caches already (ENOSPC)" :
					 "no memory (ENOMEM)");
	return NULL;
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*ctor)(void *object))
{
	return kmem_cache_create_in(&kernel_mm, name, size, align, flags, ctor, RET_IP);
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	bool left;

	for (;;) {
		unsigned long flags = spin_lock_irqsave(&cache->lock);
		struct page *slab = slab_take_empty_locked(cache);

		left = cache->nr_slabs != 0;
		spin_unlock_irqrestore(&cache->lock, flags);
		if (!slab)
			return left;
		slab_destroy(cache, slab);
	}
}

static void report_live(const struct kmem_cache *cache, void *object)
{
	mm_bug(MM_BUG_LIVE_OBJECTS, object, RET_IP,
	       "still in use when cache %s was to be destroyed", cache->name);
}

static void report_live_list(const struct kmem_cache *cache, const struct slab_list *list)
{
	for (uint32_t pfn = list->first; pfn; pfn = cache->mm->pages[pfn].next)
		slab_for_each_live(cache, cache->mm->pages + pfn, report_live);
}

int kmem_cache_destroy(struct kmem_cache *cache)
{
	struct kmem_cache **link = &cache_list;
	unsigned long flags;

	if (!cache)
		return 0;
	if (cache == &cache_cache) {
		mm_bug(MM_BUG_BAD_REQUEST, cache, RET_IP,
		       "the cache of caches cannot be destroyed");
		return -EBUSY;
	}
	if (kmem_cache_shrink(cache)) {
		/*
		 * Its users are at fault and are not using it now, or nothing could
		 * be said about it.
		 */
		for (unsigned int i = 0; i < SLAB_NR_FILL; i++)
			report_live_list(cache, &cache->fill[i]);
		report_live_list(cache, &cache->full);
		return -EBUSY;
	}
	flags = spin_lock_irqsave(&cache_list_lock);
	while (*link != cache)
		link = &(*link)->next;
	*link = cache->next;
	cache_table[cache->id] = NULL;
	spin_unlock_irqrestore(&cache_list_lock, flags);
	kmem_cache_free(&cache_cache, cache);
	return 0;
}

void kmem_cache_set_min_empty(struct kmem_cache *cache, unsigned int nr_slabs)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);

	cache->min_empty = nr_slabs;
	spin_unlock_irqrestore(&cache->lock, flags);
	while (cache->empty.nr > nr_slabs) {
		struct page *slab;

		flags = spin_lock_irqsave(&cache->lock);
		slab = slab_take_empty_locked(cache);
		spin_unlock_irqrestore(&cache->lock, flags);
		if (slab)
			slab_destroy(cache, slab);
	}
}

unsigned int kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

const char *kmem_cache_name(const struct kmem_cache *cache)
{
	return cache->name;
}

/* ---- what the caches can spare ------------------------------------------- */

static unsigned long count_empty(struct shrinker *shrinker, gfp_t gfp)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	unsigned long nr = 0;

	(void)shrinker;
	(void)gfp;
	for (struct kmem_cache *cache = cache_list; cache; cache = cache->next)
		nr += (unsigned long)READ_ONCE(cache->empty.nr) << cache->order;
	spin_unlock_irqrestore(&cache_list_lock, flags);
	return nr;
}

static unsigned long scan_empty(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	unsigned long freed = 0;

	(void)shrinker;
	(void)gfp;
	for (struct kmem_cache *cache = cache_list; cache && freed < nr; cache = cache->next) {
		unsigned long pages = (unsigned long)READ_ONCE(cache->empty.nr) << cache->order;

		kmem_cache_shrink(cache);
		freed += pages;
	}
	spin_unlock_irqrestore(&cache_list_lock, flags);
	return freed;
}

static struct shrinker empty_slabs = {
	.count_objects = count_empty,
	.scan_objects = scan_empty,
	.name = "empty slabs",
};

void caches_init(void)
{
	int err;

	secret_seed = port_seed();
	err = set_up(&cache_cache, &kernel_mm, "kmem_cache", sizeof(struct kmem_cache), 0,
		     SLAB_HWCACHE_ALIGN, NULL);
	MM_ASSERT(!err);
	register_shrinker(&empty_slabs);
}
