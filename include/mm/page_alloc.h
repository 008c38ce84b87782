/*
 * Pages: 2^order contiguous ones at a time, 4 KiB to 4 MiB, aligned to their own size.
 */
#pragma once

#include <mm/gfp.h>
#include <mm/page.h>

/**
 * alloc_pages() - take 2^@order contiguous pages.
 * @gfp:   zone limit and behaviour bits, see gfp.h
 * @order: 0 .. MAX_ORDER-1 (log2 of a page count, not bytes)
 *
 * Context: any, interrupts included; with __GFP_DIRECT_RECLAIM no spinlock held, interrupts enabled
 *          and no interrupt handler, for that may wait for other CPUs. Takes one zone->lock at a
 *          time.
 * Owner:   the caller, until __free_pages() with the same @order.
 * Return:  the first page's descriptor; contents undefined without __GFP_ZERO. NULL when no
 *          permitted zone has it after reclaim: logged unless __GFP_NOWARN, and counted. Bad @order
 *          or @gfp: a caller's bug, reported, NULL.
 */
__must_check struct page *alloc_pages(gfp_t gfp, unsigned int order);

#define alloc_page(gfp)	alloc_pages((gfp), 0)

/**
 * alloc_pages_bulk() - fill the NULL entries of @pages with single pages, as in Linux.
 * Return: how many entries from the first on are filled now; fewer than @nr when memory is short.
 */
__must_check unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **pages);

/** __get_free_pages() - the same, as an address in the direct map; 0 on failure. As in Linux. */
__must_check unsigned long __get_free_pages(gfp_t gfp, unsigned int order);

#define __get_free_page(gfp)	__get_free_pages((gfp), 0)

/** get_zeroed_page() - one page of zeroes, as an address; 0 on failure. */
__must_check unsigned long get_zeroed_page(gfp_t gfp);

/**
 * __free_pages() - give back what alloc_pages() gave, with the same @order. NULL is ignored.
 * Context: any. A page that is free, reserved, part of a slab, no head of a block, or of another
 *          order: a caller's bug, reported with the caller's name, and nothing is freed.
 */
void __free_pages(struct page *page, unsigned int order);

/** free_pages() - the same by address; 0 is ignored. */
void free_pages(unsigned long addr, unsigned int order);

#define __free_page(page)	__free_pages((page), 0)
#define free_page(addr)		free_pages((addr), 0)

/**
 * alloc_pages_exact() - @size bytes rounded up to pages, not to a power of two: the tail
 * goes back at once.
 * @size: 1 .. 4 MiB. Return: an address, page-aligned; NULL on failure.
 */
__must_check void *alloc_pages_exact(size_t size, gfp_t gfp);

/** free_pages_exact() - give it back; @size as it was asked for. NULL is ignored. */
void free_pages_exact(void *addr, size_t size);

/** nr_free_pages() - free pages of all zones, those not carved yet and on CPUs' lists included. */
uint64_t nr_free_pages(void);

/* What Linux's shrinkers may return besides a number. */
#define SHRINK_STOP	(~0UL)		/* by @scan_objects: nothing now, do not count on it */
#define SHRINK_EMPTY	(~0UL - 1)	/* by @count_objects: there is nothing at all */

/**
 * struct shrinker - somebody who can give memory back: as Linux's, without memcg and NUMA. What
 * Linux passes in a struct shrink_control are arguments here.
 * @count_objects: how many could be freed now; 0 or SHRINK_EMPTY: nothing
 * @scan_objects:  free about @nr of them. Return: how many were freed, or SHRINK_STOP. May free
 *                 pages and objects, must not allocate with __GFP_DIRECT_RECLAIM. May take any
 *                 shrinker off the list; its own must stay where it is until it returns.
 */
struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker, gfp_t gfp);
	unsigned long (*scan_objects)(struct shrinker *shrinker, gfp_t gfp, unsigned long nr);
	const char *name;
	struct shrinker *next;		/* the list's; leave it alone */
};

/**
 * register_shrinker() - from now on ask @shrinker when memory is short. Twice the same
 * one: a caller's bug.
 */
void register_shrinker(struct shrinker *shrinker);

/**
 * unregister_shrinker() - stop asking it. One that is not registered: a caller's bug.
 * Context: a shrinker's callback; else no lock held, interrupts enabled, not an interrupt handler:
 *          it waits until no callback runs.
 */
void unregister_shrinker(struct shrinker *shrinker);
