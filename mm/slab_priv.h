/*
 * Slabs, the floor under sheaves and caches: slab.c has the theory.
 */
#pragma once

#include "mm/cache.h"

/* slab.c: all _locked ones hold cache->lock. */

#define SLAB_END		0xfffeU	/* place that no object has: end of a free list */

/** slab_fill() - which of cache->fill[] a slab with @inuse objects out, 1 .. objects - 1, is on. */
static inline unsigned int slab_fill(const struct kmem_cache *cache, unsigned int inuse)
{
	return (inuse - 1) >> cache->fill_shift;
}

/** slab_word() - where @object's free word is. */
static inline uint64_t *slab_word(const struct kmem_cache *cache, const void *object)
{
	return (uint64_t *)((uintptr_t)object + cache->word);
}

/** slab_mark() - what the free word of @object says while it lies in a sheaf. */
static inline uint64_t slab_mark(const struct kmem_cache *cache, const void *object)
{
	return cache->secret ^ (uintptr_t)object;
}

/** slab_word_is_free() - does the free word of @object look as if it were free? See slab.c, 2. */
static inline bool slab_word_is_free(const struct kmem_cache *cache, const void *object)
{
	return (uint32_t)*slab_word(cache, object) == (uint32_t)slab_mark(cache, object);
}

/**
 * slab_take_locked() - up to @nr objects off the fullest slabs, marked as in a sheaf.
 * @corrupted: set when a list was found overwritten and its slab was set aside, which ends the
 *             call: the caller reports it after unlocking, and may call again.
 * Return: how many.
 */
unsigned int slab_take_locked(struct kmem_cache *cache, void **objects, unsigned int nr,
			      void **corrupted);

/**
 * slab_put_locked() - @nr objects, which carry their marks, return to their slabs. One whose mark
 * was overwritten is written off instead, for slab_report_damaged() to report.
 */
void slab_put_locked(struct kmem_cache *cache, void **objects, unsigned int nr);

/** slab_trim_locked() - take up to @nr empty slabs beyond min_empty off the lists. Return: them,
 *  chained, for slabs_destroy() after unlocking. */
struct page *slab_trim_locked(struct kmem_cache *cache, unsigned int nr);

/** slabs_destroy() - give back slabs that slab_trim_locked() chained, if any. cache->lock is not
 *  held. */
void slabs_destroy(struct kmem_cache *cache, struct page *spare);

/** slab_report_damaged() - the bug that slab_put_locked() saw last, if any. No lock held. */
void slab_report_damaged(struct kmem_cache *cache);

/** slab_write_off_locked() - @object's mark was overwritten in a sheaf: it stays out for good. */
void slab_write_off_locked(struct kmem_cache *cache);

/** slab_create() - a new slab of free objects, on no list yet. No lock held. NULL: no memory. */
struct page *slab_create(struct kmem_cache *cache, gfp_t gfp, uintptr_t who);
void slab_add_locked(struct kmem_cache *cache, struct page *slab);
void slab_destroy(struct kmem_cache *cache, struct page *slab);

/** slab_take_empty_locked() - take one empty slab off the lists; NULL: none. */
struct page *slab_take_empty_locked(struct kmem_cache *cache);

/**
 * slab_of() - the head of the slab that @object's page belongs to, in @mm. NULL: it
 * belongs to none.
 */
struct page *slab_of(struct mm *mm, const void *object);

/**
 * slab_check() - is @object one of @slab's and off its list? Context: cache->lock held.
 * Return: -1: yes; else the kind of the bug.
 */
int slab_check(const struct kmem_cache *cache, const struct page *slab, const void *object);

/**
 * slab_for_each_live() - call @fn for each object of @slab that is handed out.
 * Return: how many.
 */
unsigned int slab_for_each_live(const struct kmem_cache *cache, const struct page *slab,
				void (*fn)(const struct kmem_cache *cache, void *object));

/**
 * slab_walk_free() - set a bit per free object.
 * Return: their number, or -1 when the list is broken.
 */
int slab_walk_free(const struct kmem_cache *cache, const struct page *slab, uint64_t *bitmap);

/**
 * slab_set_layout() - order, objects, reciprocal and so on, from object_size, align, flags and
 * ctor.
 * Return: 0, or -EINVAL when not even one object fits a block of the largest order.
 */
int slab_set_layout(struct kmem_cache *cache);
