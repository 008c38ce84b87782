/*
 * Objects: caches of one size each, and kmalloc over a row of such caches. Names and
 * meaning are Linux's.
 */
#pragma once

#include <mm/gfp.h>
#include <mm/types.h>

struct kmem_cache;

typedef unsigned int slab_flags_t;

/* Align to a cache line (64 bytes), or for small objects to a fraction of it. */
#define SLAB_HWCACHE_ALIGN	0x0001U

#define SLAB_PANIC		0x0002U	/* a failed create is a panic: for boot-time caches */
#define SLAB_CACHE_DMA		0x0004U	/* slabs from the DMA zone */
#define SLAB_CACHE_DMA32	0x0008U	/* slabs from DMA32 or below */
#define SLAB_RECLAIM_ACCOUNT	0x0010U	/* pages counted as SReclaimable in meminfo */

#define KMALLOC_MIN_SIZE	8U
#define KMALLOC_MAX_CACHE_SIZE	8192U		/* larger requests come straight from the pages */
#define KMALLOC_MAX_SIZE	(PAGE_SIZE << (MAX_ORDER - 1))	/* 4 MiB */

/**
 * kmem_cache_create() - a cache of objects of @size bytes.
 * @name:  1 .. 31 characters without blanks; copied. A name in use: -EEXIST in the log and NULL.
 * @size:  1 .. 4 MiB / 8 bytes: a slab holds at least one object
 * @align: 0, or a power of two up to PAGE_SIZE; at least 8 is used
 * @ctor:  NULL, or called once for each object when its slab is made; an object must be
 *         freed in that state
 *
 * Context: may reclaim. Return: NULL when memory is short; bad arguments are a caller's
 *          bug, reported, NULL.
 */
__must_check struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
						  unsigned int align, slab_flags_t flags,
						  void (*ctor)(void *object));

/**
 * kmem_cache_destroy() - give all slabs back and forget the cache. NULL is ignored.
 * Context: as kmem_cache_shrink(); nobody uses the cache any more.
 * Return: 0; else the cache stays as it is: -EBUSY when objects are live, each of which is reported
 *         with its address; when it is the allocator's own (reported); or when a CPU that cannot
 *         be called keeps a sheaf of it, empty or not (said). -EINVAL when @cache is no cache, or
 *         none any more: a caller's bug, reported.
 */
int kmem_cache_destroy(struct kmem_cache *cache);

/**
 * kmem_cache_shrink() - all CPUs' free objects go to their slabs, all empty slabs to the pages.
 * Context: no lock held, interrupts enabled: the other CPUs are called.
 * Return: 0 when no slab is left, else 1, as in Linux.
 */
int kmem_cache_shrink(struct kmem_cache *cache);

/**
 * kmem_cache_set_min_empty() - how many empty slabs the cache keeps for the next burst (default 2).
 */
void kmem_cache_set_min_empty(struct kmem_cache *cache, unsigned int nr_slabs);

/* Size of an object as it was asked for, and the name; both constant while the cache lives. */
unsigned int kmem_cache_size(const struct kmem_cache *cache);
const char *kmem_cache_name(const struct kmem_cache *cache);

/** kmem_cache_find() - by name; NULL when there is none. */
struct kmem_cache *kmem_cache_find(const char *name);

/**
 * kmem_cache_alloc() - one object. Context: as alloc_pages().
 * Return: NULL when memory is short.
 */
__must_check void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
__must_check void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);

/**
 * kmem_cache_free() - give @object back to the cache that it came from. NULL is ignored.
 * Context: any. Another cache's object, one that is free already, an address inside an object
 *          or that no cache ever gave: a caller's bug, reported with the caller's name, and
 *          nothing is freed.
 */
void kmem_cache_free(struct kmem_cache *cache, void *object);

/**
 * kmem_cache_alloc_bulk() - @nr objects into @objects.
 * Return: @nr, or 0 with nothing taken: all or nothing, as in Linux.
 */
__must_check size_t kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr,
					  void **objects);

/** kmem_cache_free_bulk() - @nr objects, each as by kmem_cache_free(): one that is refused does not
 *  keep the others. */
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);

/**
 * kmalloc() - @size bytes. Alignment: to the size for powers of two (a page at most is promised;
 * larger ones have it too, 8 KiB not after kmalloc_note_sizes()), else 16 bytes, 8 for classes
 * below 16. kmalloc(0) gives ZERO_SIZE_PTR, which only kfree() understands.
 * Return: NULL when memory is short, or @size is above KMALLOC_MAX_SIZE (logged unless
 *         __GFP_NOWARN).
 */
__must_check void *kmalloc(size_t size, gfp_t gfp);

/**
 * kmalloc_note_sizes() - from mm_init() on, keep with each block what was asked of kmalloc(), for
 * the ledger: 8 bytes behind each object up to KMALLOC_MAX_CACHE_SIZE, as many as the alignment
 * makes of them (64 more for kmalloc-64), and no sheaves, so that each request takes the cache's
 * lock. Larger blocks keep it always. Context: before mm_init().
 */
void kmalloc_note_sizes(void);

/** kmalloc_from() - what kmalloc() does when the cache of @size is known already. */
__must_check void *kmalloc_from(struct kmem_cache *cache, size_t size, gfp_t gfp);

#define KMALLOC_NR_CLASSES	33U
extern struct kmem_cache *kmalloc_caches[KMALLOC_NR_CLASSES];

/**
 * kmalloc_class() - index of the class for @size, 1 .. KMALLOC_MAX_CACHE_SIZE, by arithmetic alone:
 * for sizes that are known when compiling. mm/kmalloc.c has a table that agrees with it.
 */
static inline unsigned int kmalloc_class(size_t size)
{
	unsigned int log;

	if (size <= 64)
		return size <= 8 ? 0 : (unsigned int)((size + 15) / 16);
	log = 63U - (unsigned int)__builtin_clzll(size - 1);	/* size in (2^log, 2^(log + 1)] */
	return 4 + 4 * (log - 6) + (unsigned int)(((size - 1) >> (log - 2)) & 3) + 1;
}

/* A constant size below a page without zone bits: its cache is known now. */
#define kmalloc(size, gfp)                                                                         \
	(__builtin_constant_p(size) && __builtin_constant_p(gfp) &&                                \
			 (size_t)(size) - 1 < PAGE_SIZE &&                                         \
			 !((gfp) & (__GFP_DMA | __GFP_DMA32)) ?                                    \
		 kmalloc_from(kmalloc_caches[kmalloc_class(size)], (size), (gfp)) :                \
		 (kmalloc)((size), (gfp)))
__must_check void *kzalloc(size_t size, gfp_t gfp);

/* NULL when n * size overflows. */
__must_check void *kmalloc_array(size_t n, size_t size, gfp_t gfp);
__must_check void *kcalloc(size_t n, size_t size, gfp_t gfp);

/**
 * krealloc() - @object with room for @size bytes, moved if need be; the first ksize() bytes are
 * kept. With __GFP_ZERO what is new is zeroed if every call for this object had it, as in Linux.
 * Return: NULL when memory is short, and @object is then still the caller's. @size 0 frees.
 */
__must_check void *krealloc(void *object, size_t size, gfp_t gfp);

/** ksize() - bytes that may be used at @object: its class. 0 for NULL and ZERO_SIZE_PTR. */
size_t ksize(const void *object);

/**
 * kfree() - give back what kmalloc() and its kin gave; also objects of any cache, as in Linux.
 * NULL is ignored.
 */
void kfree(const void *object);

#define ZERO_SIZE_PTR	((void *)16)
#define ZERO_OR_NULL_PTR(p)	((uintptr_t)(p) <= (uintptr_t)ZERO_SIZE_PTR)
