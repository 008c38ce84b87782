/*
 * How much each zone keeps back, by Linux's formulas, so that readers of zoneinfo find the
 * numbers that they expect.
 *
 *   min_free_kbytes = sqrt(managed kB * 16), 128 .. 262144       (init_per_zone_wmark_min)
 *   min  = that in pages, shared out by the zones' managed pages (__setup_per_zone_wmarks)
 *   low  = min + max(min / 4, managed * 10 / 10000)              (watermark_scale_factor 10)
 *   high = low + the same step
 *   lowmem_reserve[j] of zone i = managed pages of zones i+1..j / ratio[i], for j > i
 *                                  ratios 256 (DMA), 256 (DMA32)  (setup_per_zone_lowmem_reserve)
 */

#include "internal.h"

#define MIN_FREE_KBYTES		128ULL
#define MAX_FREE_KBYTES		262144ULL
#define WATERMARK_SCALE		10ULL		/* of 10000 */

static const uint64_t reserve_ratio[MAX_NR_ZONES] = { 256, 256, 32 };

static uint64_t int_sqrt(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = 1ULL << 31; bit; bit >>= 1) {
		if ((root | bit) * (root | bit) <= x)
			root |= bit;
	}
	return root;
}

static void set_lowmem_reserve(struct mm *mm)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		uint64_t above = 0;

		for (unsigned int j = 0; j <= i; j++)
			mm->zone[i].lowmem_reserve[j] = 0;
		for (unsigned int j = i + 1; j < MAX_NR_ZONES; j++) {
			above += mm->zone[j].managed;
			mm->zone[i].lowmem_reserve[j] = mm->zone[i].managed ?
							above / reserve_ratio[i] : 0;
		}
	}
}

void zone_set_watermarks(struct mm *mm)
{
	uint64_t managed = 0, kbytes;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		managed += mm->zone[i].managed;
	kbytes = int_sqrt((managed << (PAGE_SHIFT - 10)) * 16);
	kbytes = min_u64(max_u64(kbytes, MIN_FREE_KBYTES), MAX_FREE_KBYTES);
	mm->pages_min = kbytes >> (PAGE_SHIFT - 10);

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &mm->zone[i];
		uint64_t min = managed ? mm->pages_min * zone->managed / managed : 0;
		uint64_t step = max_u64(min / 4, zone->managed * WATERMARK_SCALE / 10000);

		zone->watermark[WMARK_MIN] = min;
		zone->watermark[WMARK_LOW] = min + step;
		zone->watermark[WMARK_HIGH] = min + 2 * step;
	}
	set_lowmem_reserve(mm);
}
