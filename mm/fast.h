/*
 * The paths that most calls take, inlined into the public functions of cache.c and kmalloc.c.
 *
 * Alloc: pop an object, see that its mark is whole, and wipe the mark. Free: see that the address
 * is an object's, of this cache, handed out; mark it; push it. All checks are here: what follows a
 * failed one is not fast. The callers end in a tail call then, so that they need neither a frame
 * nor saved registers, and ask for the address that they return to only there.
 */
#pragma once

#include <port/stack.h>

#include "mm/internal.h"

/* Return: false: the rest is for cache_alloc_rest(), *@object included. */
static __always_inline bool alloc_fast(struct kmem_cache *cache, gfp_t gfp, void **object)
{
	*object = stack_pop(cache->stack);
	if (unlikely(!*object || (gfp & __GFP_ZERO)) ||
	    unlikely(*slab_word(cache, *object) != slab_mark(cache, *object)))
		return false;
	*slab_word(cache, *object) = 0;
	return true;
}

/* Is there a descriptor for @paddr of @cache's instance that can be read? */
static __always_inline bool is_readable(const struct kmem_cache *cache, uint64_t paddr)
{
	uint64_t block = paddr / (MAX_ORDER_NR_PAGES * PAGE_SIZE);

	return block < cache->nr_blocks && cache->block_map[block];
}

/* @object lies in a slab of @cache: is it the first byte of an object that is handed out? */
static __always_inline bool is_live(const struct kmem_cache *cache, const void *object,
				    uint64_t paddr)
{
	uint64_t offset = paddr & cache->slab_mask;

	return offset * cache->inverse < cache->limit && !slab_word_is_free(cache, object);
}

static __always_inline void push_object(struct kmem_cache *cache, void *object)
{
	*slab_word(cache, object) = slab_mark(cache, object);
	if (unlikely(!stack_push(cache->stack, object)))
		cache_free_rest(cache, object);
}

/* Is @object one of @cache's that is handed out? */
static __always_inline bool is_sound(const struct kmem_cache *cache, const void *object)
{
	uint64_t paddr = (uintptr_t)object - (uintptr_t)cache->direct_map;

	return likely(is_readable(cache, paddr)) &&
	       likely(READ_ONCE(cache->pages[paddr >> PAGE_SHIFT].tag) == cache->tag) &&
	       likely(is_live(cache, object, paddr));
}
