/*
 * Caches: the public face of object allocation, and the list of all caches.
 *
 * A cache is one size of object: sheaves of free ones on each CPU (sheaf.c), and slabs (slab.c).
 * kmem_cache_alloc() pops an object off its CPU's sheaf; when sheaves and slabs have none it makes
 * a slab, with no lock held. kmem_cache_free() checks by the address that the page is one of that
 * cache's slabs, that the address is an object's first byte and that the object is out, and pushes
 * it. Both are inlined from fast.h; here is what they leave over. The bulk functions move many
 * objects between the caller's array and the sheaf at once, with the same checks of each.
 *
 * Cache descriptors come from a cache, whose own descriptor is static. Each cache has an id, which
 * its slabs' page descriptors carry: cache_by_id() is one load.
 *
 * When pages are short, a shrinker gives back what sheaves and empty slabs hold.
 *
 * Locking: see the table in internal.h. A slab is in nobody's sight between slab_create() and
 * slab_add_locked(), and between its removal from the lists and slab_destroy().
 */

#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <port/stack.h>

#include "mm/fast.h"
#include "mm/fault.h"

#define MIN_EMPTY_DEFAULT	2U	/* slabs: one to go on with, one for the next burst */

struct spinlock cache_list_lock = SPINLOCK_RANKED(RANK_CACHE_LIST, "cache_list_lock");
struct kmem_cache *cache_list;

static struct kmem_cache cache_cache;			/* what kmem_cache descriptors come from */
_Static_assert(sizeof(struct kmem_cache) <= 320, "five cache lines: 25 in a slab of 2 pages");
struct kmem_cache *caches_by_id[MAX_CACHES];
static uint64_t secret_seed;

/* splitmix64 (Steele, Lea, Flood 2014): one seed becomes a secret for each cache. */
static uint64_t next_secret(void)
{
	uint64_t x = secret_seed += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
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

static __cold void report_corrupted(struct kmem_cache *cache, void *object, uintptr_t who,
				    const char *what)
{
	mm_bug(MM_BUG_CORRUPTED, object, who,
	       "a free object of cache %s was written to; %s is set aside", cache->name, what);
}

/* The mark of an object in a sheaf was overwritten: it stays out for good. */
static __cold void write_off(struct kmem_cache *cache, void *object, uintptr_t who)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);

	slab_write_off_locked(cache);
	spin_unlock_irqrestore(&cache->lock, flags);
	report_corrupted(cache, object, who, "it");
}

/* An object that carries its mark, from the sheaves or the slabs. */
static void *take_object(struct kmem_cache *cache, uintptr_t who)
{
	void *object, *corrupted;

	do {
		corrupted = NULL;
		object = sheaf_alloc(cache, &corrupted);
		if (unlikely(corrupted))
			report_corrupted(cache, corrupted, who, "its slab");
	} while (unlikely(!object && corrupted));
	return object;
}

/* The mark goes: the object is its caller's. */
static void *hand_out(const struct kmem_cache *cache, gfp_t gfp, void *object)
{
	*slab_word(cache, object) = 0;
	if (gfp & __GFP_ZERO)
		memset(object, 0, cache->object_size);
	return object;
}

static __always_inline void *alloc_slow(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	void *object = take_object(cache, who);

	while (unlikely(!object) && grow(cache, gfp, who))
		object = take_object(cache, who);
	/* Reclaim may have brought objects home from other CPUs' sheaves, and no slab's worth. */
	if (unlikely(!object) && (gfp & __GFP_DIRECT_RECLAIM))
		object = take_object(cache, who);
	return object ? hand_out(cache, gfp, object) : NULL;
}

void *cache_alloc_slab(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	return alloc_slow(cache, gfp, who);
}

void *cache_alloc_rest(struct kmem_cache *cache, gfp_t gfp, void *object, uintptr_t who)
{
	if (unlikely((gfp & __GFP_ZERO) && cache->ctor)) {
		mm_bug(MM_BUG_BAD_REQUEST, NULL, who,
		       "zeroes asked of cache %s, which has a constructor", cache->name);
		if (object)
			cache_free_rest(cache, object);
		return NULL;
	}
	while (object && *slab_word(cache, object) != slab_mark(cache, object)) {
		write_off(cache, object, who);
		object = stack_pop(cache->stack);
	}
	if (object)
		return hand_out(cache, gfp, object);
	if (should_failslab(cache, gfp, who))
		return NULL;
	return alloc_slow(cache, gfp, who);
}

/* @object is in no slab of @cache: report where it is. NULL is nobody's mistake. */
static void report_foreign(const struct kmem_cache *cache, const void *object, uintptr_t who)
{
	const struct page *slab = slab_of(cache->mm, object);
	const struct kmem_cache *real = slab ? cache_by_id(slab->zone_or_cache) : NULL;

	if (!object)
		return;
	if (real)
		mm_bug(MM_BUG_WRONG_CACHE, object, who, "an object of cache %s, freed to cache %s",
		       real->name, cache->name);
	else
		mm_bug(MM_BUG_BAD_POINTER, object, who,
		       "freed to cache %s, but no cache ever gave this address", cache->name);
}

int cache_check(struct kmem_cache *cache, const struct page *slab, const void *object)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	int bug = slab_check(cache, slab, object);

	if (bug < 0 && *slab_word(cache, object) == slab_mark(cache, object) &&
	    sheaf_holds(cache, object))
		bug = MM_BUG_DOUBLE_FREE;
	spin_unlock_irqrestore(&cache->lock, flags);
	return bug;
}

void cache_free_doubtful(struct kmem_cache *cache, void *object, uintptr_t who)
{
	struct page *slab = slab_of(cache->mm, object);
	int bug;

	if (!slab || slab->tag != cache->tag) {
		report_foreign(cache, object, who);
		return;
	}
	bug = cache_check(cache, slab, object);
	if (bug == MM_BUG_DOUBLE_FREE)
		mm_bug(MM_BUG_DOUBLE_FREE, object, who, "this object of cache %s is free already",
		       cache->name);
	else if (bug >= 0)
		mm_bug(MM_BUG_BAD_POINTER, object, who,
		       "not the start of an object; objects of cache %s are %u bytes", cache->name,
		       cache->stride);
	else
		cache_free_to_slab(cache, object);
}

void cache_free_rest(struct kmem_cache *cache, void *object)
{
	slabs_destroy(cache, sheaf_free(cache, object));
	slab_report_damaged(cache);
}

void cache_free_to_slab(struct kmem_cache *cache, void *object)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct page *slabs;

	*slab_word(cache, object) = slab_mark(cache, object);
	slab_put_locked(cache, &object, 1);
	slabs = slab_trim_locked(cache, 1);
	spin_unlock_irqrestore(&cache->lock, flags);
	slabs_destroy(cache, slabs);
	slab_report_damaged(cache);
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (likely(alloc_fast(cache, gfp, &object)))
		return object;
	return cache_alloc_rest(cache, gfp, object, RET_IP);
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc_rest(cache, gfp | __GFP_ZERO, stack_pop(cache->stack), RET_IP);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (likely(is_sound(cache, object)))
		push_object(cache, object);
	else
		cache_free_doubtful(cache, object, RET_IP);
}

/* What the bulk loops read of @cache, in a copy that nothing else can reach: in registers. */
static __always_inline struct kmem_cache fast_part(const struct kmem_cache *cache)
{
	return (struct kmem_cache){
		.tag = cache->tag, .word = cache->word, .slab_mask = cache->slab_mask,
		.secret = cache->secret, .inverse = cache->inverse, .limit = cache->limit,
		.direct_map = cache->direct_map, .pages = cache->pages,
		.block_map = cache->block_map, .nr_blocks = cache->nr_blocks,
	};
}

/* The marks of @nr popped objects are checked and wiped. Return: those before the first bad one. */
static size_t wipe_marks(const struct kmem_cache *cache, void *const *objects, size_t nr)
{
	const struct kmem_cache fast = fast_part(cache);
	size_t i;

	for (i = 0; i < nr && likely(*slab_word(&fast, objects[i]) == slab_mark(&fast, objects[i]));
	     i++)
		*slab_word(&fast, objects[i]) = 0;
	return i;
}

size_t kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	size_t filled = 0;

	while (filled < nr) {
		unsigned int want = (unsigned int)min_u64(nr - filled, STACK_MAX);
		unsigned int got = gfp & __GFP_ZERO ? 0 :
				   stack_pop_many(cache->stack, cache->sheaf_size,
						  objects + filled, want);
		size_t sound = wipe_marks(cache, objects + filled, got);

		/* What comes after a bad one goes back: the bad one must not be in the way. */
		for (size_t i = filled + sound + 1; i < filled + got; i++)
			cache_free_rest(cache, objects[i]);
		filled += sound;
		if (sound == want)
			continue;
		objects[filled] = cache_alloc_rest(cache, gfp, sound < got ? objects[filled] : NULL,
						   RET_IP);
		if (unlikely(!objects[filled])) {
			kmem_cache_free_bulk(cache, filled, objects);
			return 0;
		}
		filled++;
	}
	return nr;
}

/* Objects that are sound are marked, in their order. Return: those before the first other one. */
static size_t mark_sound(const struct kmem_cache *cache, void *const *objects, size_t nr)
{
	const struct kmem_cache fast = fast_part(cache);
	size_t i;

	for (i = 0; i < nr && likely(is_sound(&fast, objects[i])); i++)
		*slab_word(&fast, objects[i]) = slab_mark(&fast, objects[i]);
	return i;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	while (nr > 0) {
		size_t sound = mark_sound(cache, objects, nr < STACK_MAX ? nr : STACK_MAX), pushed;

		pushed = stack_push_many(cache->stack, objects, (unsigned int)sound);
		for (; pushed < sound; pushed++)
			cache_free_rest(cache, objects[pushed]);
		objects += sound;
		nr -= sound;
		if (nr > 0 && sound == 0) {
			cache_free_doubtful(cache, *objects++, RET_IP);
			nr--;
		}
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
		if ((unsigned char)name[i] <= ' ')
			return "the name has a blank in it";
	}
	if (size == 0 || size > KMALLOC_MAX_SIZE / 8)
		return "the size must be 1 .. 524288 bytes";
	if (align != 0 && (!is_power_of_2(align) || align > PAGE_SIZE))
		return "the alignment must be a power of two up to a page";
	if (flags & ~(SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 |
		      SLAB_RECLAIM_ACCOUNT | SLAB_NOTE_SIZE))
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

	while (id < MAX_CACHES && caches_by_id[id])
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
		cache->stack = NR_PAGE_STACKS + id;
		cache->tag = page_tag(PAGE_SLAB, cache->order, id);
		cache->secret = next_secret();
		caches_by_id[id] = cache;
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
	cache->direct_map = mm->direct_map;
	cache->pages = mm->pages;
	cache->block_map = mm->block_map;
	cache->nr_blocks = mm->nr_blocks;
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
	cache->barn_max = sheaf_barn_max(cache);
	return enlist(cache);
}

struct kmem_cache *kmem_cache_create_in(struct mm *mm, const char *name, unsigned int size,
					unsigned int align, slab_flags_t flags,
					void (*ctor)(void *), uintptr_t who)
{
	const char *bad = why_bad(name, size, align, flags), *shown = name ? name : "(null)";
	struct kmem_cache *cache;
	int err;

	if (bad) {
		mm_bug(MM_BUG_BAD_REQUEST, name, who, "kmem_cache_create of %s: %s",
		       shown, bad);
		if (flags & SLAB_PANIC)
			panic("mm: cache %s with SLAB_PANIC cannot be created: %s", shown, bad);
		return NULL;
	}
	cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);
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

/* Empty slabs go back, beginning with what the barn still keeps. Return: slabs are left. */
static bool give_back_slabs(struct kmem_cache *cache)
{
	bool left;

	sheaf_drain_barn(cache);
	slab_report_damaged(cache);	/* what drains found under cache_list_lock, too */
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

int kmem_cache_shrink(struct kmem_cache *cache)
{
	sheaf_drain_cpus(cache);
	return give_back_slabs(cache);
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
	/* Descriptors are objects: what was destroyed is a free one, and any other address none. */
	if (cache != &cache_cache && !is_sound(&cache_cache, cache)) {
		mm_bug(MM_BUG_BAD_POINTER, cache, RET_IP,
		       "kmem_cache_destroy of what is no cache, or none any more");
		return -EINVAL;
	}
	if (cache->permanent) {
		mm_bug(MM_BUG_BAD_REQUEST, cache, RET_IP,
		       "cache %s is part of the allocator: it cannot be destroyed", cache->name);
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
	if (sheaf_on_cpus(cache)) {
		pr_warn("mm: cache %s cannot be destroyed: a CPU that cannot be called keeps a "
			"sheaf of it\n", cache->name);
		return -EBUSY;
	}
	flags = spin_lock_irqsave(&cache_list_lock);
	while (cache->pins) {
		spin_unlock_irqrestore(&cache_list_lock, flags);
		port_relax();
		flags = spin_lock_irqsave(&cache_list_lock);
	}
	while (*link != cache)
		link = &(*link)->next;
	*link = cache->next;
	caches_by_id[cache->id] = NULL;
	spin_unlock_irqrestore(&cache_list_lock, flags);
	kmem_cache_free(&cache_cache, cache);
	return 0;
}

void kmem_cache_set_min_empty(struct kmem_cache *cache, unsigned int nr_slabs)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct page *spare;

	cache->min_empty = nr_slabs;
	spare = slab_trim_locked(cache, ~0U);
	spin_unlock_irqrestore(&cache->lock, flags);
	slabs_destroy(cache, spare);
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

/*
 * The cache after @cache, or the first; @cache is let go of and the one returned is held, so that
 * it stays on the list while the caller works on it without the lock.
 */
static struct kmem_cache *next_pinned(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	struct kmem_cache *next = cache ? cache->next : cache_list;

	if (cache)
		cache->pins--;
	if (next)
		next->pins++;
	spin_unlock_irqrestore(&cache_list_lock, flags);
	return next;
}

/* The cache of sheaves goes last: the others give their sheaves back to it. */
void caches_drain(void)
{
	struct kmem_cache *cache = NULL;

	sheaf_drain_cpus(NULL);
	while ((cache = next_pinned(cache)) != NULL)
		(void)give_back_slabs(cache);
	cache = kmem_cache_find("sheaf");
	if (cache)
		(void)give_back_slabs(cache);
}

/* Of whatever instance. */
static uint64_t nr_slab_pages(void)
{
	struct kmem_cache *cache = NULL;
	uint64_t nr = 0;

	while ((cache = next_pinned(cache)) != NULL) {
		unsigned long flags = spin_lock_irqsave(&cache->lock);

		nr += cache->nr_slabs << cache->order;
		spin_unlock_irqrestore(&cache->lock, flags);
	}
	return nr;
}

static unsigned long spare_pages(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	unsigned long slabs = cache->empty.nr;

	if (cache->sheaf_size)
		slabs += (sheaf_nr_objects(cache) + cache->objects - 1) / cache->objects;
	spin_unlock_irqrestore(&cache->lock, flags);
	return slabs << cache->order;
}

/* Empty slabs, and what sheaves hold as if it were whole slabs: nobody can know before. */
static unsigned long count_spare(struct shrinker *shrinker, gfp_t gfp)
{
	struct kmem_cache *cache = NULL;
	unsigned long nr = 0;

	(void)shrinker;
	(void)gfp;
	while ((cache = next_pinned(cache)) != NULL)
		nr += spare_pages(cache);
	return nr;
}

/* What is on CPUs and in barns goes back as a whole: to pick would cost more than to refill. */
static unsigned long scan_spare(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	uint64_t before = nr_slab_pages(), after;

	(void)shrinker;
	(void)gfp;
	(void)nr;
	caches_drain();
	after = nr_slab_pages();
	return after < before ? before - after : 0;
}

static struct shrinker spare_slabs = {
	.count_objects = count_spare,
	.scan_objects = scan_spare,
	.name = "empty slabs",
};

void caches_init(void)
{
	int err;

	secret_seed = port_seed();
	err = set_up(&cache_cache, &kernel_mm, "kmem_cache", sizeof(struct kmem_cache), 0,
		     SLAB_HWCACHE_ALIGN, NULL);
	MM_ASSERT(!err);
	cache_cache.permanent = true;
	register_shrinker(&spare_slabs);
}
