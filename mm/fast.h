/*
 * The paths that most calls take, inlined into the public functions of cache.c and kmalloc.c.
 *
 * Alloc: pop an object, see that its mark is whole, and wipe the mark. Free: see that the address
 * is an object's, of this cache, handed out; mark it; push it. All checks are here: what follows a
 * failed one is not fast. Each way out but the first is a tail call, so that these need neither a
 * frame nor saved registers.
 */
#pragma once

#include <port/stack.h>

#include "mm/internal.h"

static __always_inline void *alloc_object(struct kmem_cache *cache, gfp_t gfp, uintptr_t who)
{
	void *object = stack_pop(cache->stack);

	if (unlikely(!object || (gfp & __GFP_ZERO) ||
		     *slab_word(cache, object) != slab_mark(cache, object)))
		return cache_alloc_rest(cache, gfp, object, who);
	*slab_word(cache, object) = 0;
	return object;
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

	return offset * cache->inverse < cache->inverse && !slab_word_is_free(cache, object);
}

static __always_inline void push_object(struct kmem_cache *cache, void *object)
{
	*slab_word(cache, object) = slab_mark(cache, object);
	if (unlikely(!stack_push(cache->stack, object)))
		cache_free_rest(cache, object);
}

static __always_inline void free_object(struct kmem_cache *cache, void *object, uintptr_t who)
{
	uint64_t paddr = (uintptr_t)object - (uintptr_t)cache->direct_map;

	if (likely(is_readable(cache, paddr) &&
		   cache->pages[paddr >> PAGE_SHIFT].tag == cache->tag &&
		   is_live(cache, object, paddr)))
		push_object(cache, object);
	else
		cache_free_doubtful(cache, object, who);
}
