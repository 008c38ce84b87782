/*
 * What is searched. count.py knows how many states each zone must have.
 */
#include "cache.h"
#include "zone.h"

#define LISTED		0x20f		/* orders that have page lists: 0 to 3, and 9 */

const struct zone_plan zone_plans[] = {
	{ .name = "8 pages", .map = "########", .exact = true },
	{ .name = "8 pages, odd edges", .map = ".########", .exact = true },
	{ .name = "8 pages with holes", .map = "#.####r.#.##", .exact = true },
	{ .name = "16 pages", .map = "################" },
	{ .name = "16 pages, odd edges", .map = "...################", .mirror = true },
	{ .name = "16 pages with holes", .map = ".####.#######r####..#", .mirror = true },
	{ .name = "32 pages", .map = "################################", .mirror = true },
	{ .name = "32 pages, odd edges and holes", .mirror = true,
	  .map = ".#######.#######r#######.######..###..##" },
	{ .name = "32 pages in runs of 4", .mirror = true,
	  .map = "....####....####r...####....####....####....####....####....####" },

	/* Lists of CPUs that never run full: there is room for all pages on them. */
	{ .name = "6 pages, 2 CPUs", .map = "..######", .lists = 2, .listed = LISTED,
	  .exact = true },
	{ .name = "8 pages, 2 CPUs", .map = "########", .lists = 2, .listed = LISTED },
	{ .name = "16 pages, 1 CPU", .map = "################", .lists = 1, .listed = LISTED,
	  .mirror = true },
	/* And lists that do, of 8, 4 and 2 blocks. */
	{ .name = "9 blocks of order 2, 2 CPUs", .map = "#########", .shift = 2, .lists = 2,
	  .listed = LISTED, .mirror = true },
	{ .name = "6 blocks of order 3, 2 CPUs", .map = "######", .shift = 3, .lists = 2,
	  .listed = LISTED, .exact = true },
	{ .name = "4 blocks of order 9, 2 CPUs", .map = "####", .shift = 9, .lists = 2,
	  .listed = LISTED, .exact = true },

	{ .name = "12 pages", .map = "....############", .exact = true, .is_long = true },
	{ .name = "32 pages in runs of 6", .mirror = true, .is_long = true,
	  .map = "..######..######r.######..######..######.##" },
	{ .name = "8 pages, 1 CPU", .map = "########", .lists = 1, .listed = LISTED, .exact = true,
	  .is_long = true },
	{ .name = "8 pages, 2 CPUs, order of lists", .map = "########", .lists = 2,
	  .listed = LISTED, .exact = true, .is_long = true },
	{ .name = "6 blocks of order 9, 2 CPUs", .map = "######", .shift = 9, .lists = 2,
	  .listed = LISTED, .exact = true, .is_long = true },
};

const unsigned int nr_zone_plans = ARRAY_SIZE(zone_plans);

const struct cache_plan cache_plans[] = {
	{ .name = "4 objects in 2 slabs", .size = 16384, .order = 3, .objects = 2, .slabs = 2,
	  .sheaf_size = 2, .sheaves = 8, .min_empty = 1 },
	{ .name = "6 objects in 2 slabs", .size = 10920, .order = 3, .objects = 3, .slabs = 2,
	  .sheaf_size = 2, .sheaves = 8, .min_empty = 1 },
	{ .name = "6 objects in 3 slabs", .size = 16384, .order = 3, .objects = 2, .slabs = 3,
	  .sheaf_size = 2, .sheaves = 8, .min_empty = 0 },
	{ .name = "8 objects in 2 slabs", .size = 8192, .order = 3, .objects = 4, .slabs = 2,
	  .sheaf_size = 2, .sheaves = 8, .min_empty = 2 },
	{ .name = "8 objects, sheaves of 4", .size = 8192, .order = 3, .objects = 4, .slabs = 2,
	  .sheaf_size = 4, .sheaves = 8, .min_empty = 1 },
	{ .name = "6 objects, 1 sheaf", .size = 10920, .order = 3, .objects = 3, .slabs = 2,
	  .sheaf_size = 2, .sheaves = 1, .min_empty = 1 },
	{ .name = "6 objects, 3 sheaves", .size = 10920, .order = 3, .objects = 3, .slabs = 2,
	  .sheaf_size = 2, .sheaves = 3, .min_empty = 0 },
	{ .name = "16 objects in a slab", .size = 256, .order = 0, .objects = 16, .slabs = 1,
	  .sheaf_size = 1, .sheaves = 15, .min_empty = 0 },
	{ .name = "32 objects in a slab", .size = 128, .order = 0, .objects = 32, .slabs = 1,
	  .sheaf_size = 4, .sheaves = 10, .min_empty = 1 },

	{ .name = "9 objects in 3 slabs", .size = 10920, .order = 3, .objects = 3, .slabs = 3,
	  .sheaf_size = 2, .sheaves = 8, .min_empty = 1, .is_long = true },
};

const unsigned int nr_cache_plans = ARRAY_SIZE(cache_plans);
