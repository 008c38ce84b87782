/*
 * Units and limits that all of mm/ shares.
 *
 *   pfn    page frame number: a physical address divided by PAGE_SIZE. 32 bits of it are used as
 *          links: 16 TiB.
 *   paddr  physical address, bytes.
 *   order  log2 of a number of pages.
 *   size   bytes.
 *   nr_    a count.
 */
#pragma once

#include <kernel/compiler.h>

#define PAGE_SHIFT	12U			/* x86-64's smallest page */
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

/* Orders 0 .. 10: 4 KiB .. 4 MiB; Linux's value before 6.4 made it inclusive. */
#define MAX_ORDER	11U
#define MAX_ORDER_NR_PAGES	(1UL << (MAX_ORDER - 1))

#define MAX_PFN		(1ULL << 32)		/* first pfn too large for a link in struct page */

#define PFN_UP(paddr)	(((paddr) >> PAGE_SHIFT) + (((paddr) & (PAGE_SIZE - 1)) != 0))
#define PFN_DOWN(paddr)	((paddr) >> PAGE_SHIFT)
#define PFN_PHYS(pfn)	((uint64_t)(pfn) << PAGE_SHIFT)
