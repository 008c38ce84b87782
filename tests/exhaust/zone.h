/*
 * Searches of zones: zone.c has the theory.
 */
#pragma once

#include "search.h"

/*
 * struct zone_plan - a zone to be searched.
 * @map:    at most 64 characters, one a unit, from a multiple of 1024 pages on: '#' free, 'r' RAM
 *          that is reserved, '.' none
 * @shift:  log2 of the pages in a unit
 * @lists:  CPUs with page lists; 0: the zone has none
 * @listed: one bit for each order that has a list
 * @exact:  states differ in the order of lists too; else
 * @mirror: like halves of the tree may change places
 * @is_long: too long for `make check`
 */
struct zone_plan {
	const char *name;
	const char *map;
	unsigned int shift;
	unsigned int lists;
	unsigned int listed;
	bool exact;
	bool mirror;
	bool is_long;
};

extern const struct zone_plan zone_plans[];
extern const unsigned int nr_zone_plans;

/** zone_search() - all states of @plan's zone. */
struct search_result zone_search(const struct zone_plan *plan);
