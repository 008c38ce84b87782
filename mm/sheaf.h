/*
 * Sheaves, between caches and slabs: sheaf.c has the theory.
 */
#pragma once

#include "mm/cache.h"

/** sheaves_init() - from now on caches have sheaves. After caches_init(). */
void sheaves_init(void);

/** sheaf_barn_max() - full sheaves that the barn of @cache may keep, and empty ones. */
unsigned int sheaf_barn_max(const struct kmem_cache *cache);

/** sheaf_alloc() - what stack_pop() could not: from the spare, the barn or the slabs.
 *  @corrupted: as slab_take_locked(). Return: NULL: no slab has a free object. */
void *sheaf_alloc(struct kmem_cache *cache, void **corrupted);

/** sheaf_free() - what stack_push() could not. Return: slabs for slabs_destroy(). */
struct page *sheaf_free(struct kmem_cache *cache, void *object);

/**
 * sheaf_drain_cpus() - all objects in all CPUs' sheaves of @cache go to their slabs, and the
 * sheaves to theirs. @cache NULL: of all caches, for the price of one call to the other CPUs.
 * Context: no lock held, interrupts enabled.
 */
void sheaf_drain_cpus(struct kmem_cache *cache);

/** sheaf_on_cpus() - has any CPU a sheaf of @cache, an empty one too? Exact for CPUs that do not
 *  use it. */
bool sheaf_on_cpus(const struct kmem_cache *cache);

/** sheaves_set() - @on: CPUs use their sheaves; else they give them back and get no others. Barns
 *  stay as they are. Context: as sheaf_drain_cpus(), by one CPU at a time. */
void sheaves_set(bool on);

/** sheaf_drain_barn() - all objects in the sheaves of @cache's barn go to their slabs, and the
 *  sheaves to theirs. Context: no lock held. */
void sheaf_drain_barn(struct kmem_cache *cache);

/** sheaf_nr_objects() - objects in sheaves, as seen from here: exact when nobody allocates.
 *  Context: cache->lock held, or nobody allocates; as for the next two. */
uint64_t sheaf_nr_objects(const struct kmem_cache *cache);

/** struct sheaf_count - what lies in the sheaves of a cache, and how many sheaves there are. */
struct sheaf_count {
	uint64_t on_cpus;		/* objects */
	uint64_t in_barn;		/* objects */
	uint64_t sheaves;		/* empty ones too */
};

/** sheaf_count() - as exact as sheaf_nr_objects(). Context: cache->lock, or nobody allocates. */
struct sheaf_count sheaf_count(const struct kmem_cache *cache);

/** sheaf_is_from() - do sheaves come from @cache? */
bool sheaf_is_from(const struct kmem_cache *cache);

/** sheaf_for_each() - call @fn for each object in a sheaf. For checks while nobody allocates. */
void sheaf_for_each(const struct kmem_cache *cache,
		    void (*fn)(const struct kmem_cache *cache, void *object, void *ctx), void *ctx);

/** sheaf_holds() - does @object lie in a sheaf of @cache? As exact as sheaf_nr_objects(). */
bool sheaf_holds(const struct kmem_cache *cache, const void *object);

/** cache_nr_live() - objects that callers hold. */
uint64_t cache_nr_live(const struct kmem_cache *cache);

/** caches_drain() - empty all sheaves of all caches, give back all empty slabs. As
 *  sheaf_drain_cpus(). */
void caches_drain(void);
