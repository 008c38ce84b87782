/*
 * Searches of caches: cache.c has the theory.
 */
#pragma once

#include "search.h"

/*
 * struct cache_plan - a cache to be searched, for two CPUs.
 * @size:       of an object, bytes
 * @order:      of a slab, as follows from the size
 * @objects:    in a slab, likewise
 * @slabs:      that there is memory for
 * @sheaf_size: objects in a sheaf
 * @sheaves:    that there is memory for, at most 15
 * @min_empty:  empty slabs that are kept
 */
struct cache_plan {
	const char *name;
	unsigned int size;
	unsigned int order;
	unsigned int objects;
	unsigned int slabs;
	unsigned int sheaf_size;
	unsigned int sheaves;
	unsigned int min_empty;
	bool is_long;
};

extern const struct cache_plan cache_plans[];
extern const unsigned int nr_cache_plans;

/** cache_search() - all states of @plan's cache. After the last zone_search(). */
struct search_result cache_search(const struct cache_plan *plan);
