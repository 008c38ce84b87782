/*
 * Runs the searches and reports in KTAP, with a line for each that says what was searched and how
 * many states there are. run.py compares the zones' numbers with those of count.py.
 *
 *     exhaust [--long] [NAME]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "port.h"
#include "zone.h"

static bool long_too;
static const char *only;	/* NULL: all */

static bool is_wanted(const char *name, bool is_long)
{
	return only ? strcmp(only, name) == 0 : long_too || !is_long;
}

static unsigned int count_wanted(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_zone_plans; i++)
		nr += is_wanted(zone_plans[i].name, zone_plans[i].is_long);
	for (unsigned int i = 0; i < nr_cache_plans; i++)
		nr += is_wanted(cache_plans[i].name, cache_plans[i].is_long);
	return nr;
}

static bool report(const char *kind, const char *name, const struct search_result *result)
{
	static unsigned int nr;

	printf("states=%llu operations=%llu depth=%u\n", (unsigned long long)result->states,
	       (unsigned long long)result->operations, result->depth);
	printf("%s %u - every state: %s, %s\n", result->failed ? "not ok" : "ok", ++nr, kind, name);
	fflush(stdout);
	return !result->failed;
}

static bool search_zone(const struct zone_plan *plan)
{
	struct search_result result = zone_search(plan);

	printf("# zone %s: map=%s shift=%u lists=%u exact=%d mirror=%d ", plan->name, plan->map,
	       plan->shift, plan->lists, plan->exact, plan->mirror);
	return report("zone", plan->name, &result);
}

static bool search_cache(const struct cache_plan *plan)
{
	struct search_result result = cache_search(plan);

	printf("# cache %s: ", plan->name);
	return report("cache", plan->name, &result);
}

static bool read_words(int argc, char **argv)
{
	int i = 1;

	if (i < argc && strcmp(argv[i], "--long") == 0) {
		long_too = true;
		i++;
	}
	if (i < argc)
		only = argv[i++];
	return i == argc && count_wanted() != 0;
}

/* Caches come last: while zones are searched there are none. */
int main(int argc, char **argv)
{
	bool good = true;

	if (!read_words(argc, argv)) {
		fprintf(stderr, "usage: %s [--long] [NAME]\n", argv[0]);
		return 2;
	}
	port_catch_faults();
	printf("KTAP version 1\n1..%u\n", count_wanted());
	for (unsigned int i = 0; i < nr_zone_plans; i++) {
		if (is_wanted(zone_plans[i].name, zone_plans[i].is_long))
			good &= search_zone(&zone_plans[i]);
	}
	for (unsigned int i = 0; i < nr_cache_plans; i++) {
		if (is_wanted(cache_plans[i].name, cache_plans[i].is_long))
			good &= search_cache(&cache_plans[i]);
	}
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
