/*
 * The page descriptor and the four ways to name a page: pfn, physical address, address in the
 * direct map, descriptor.
 *
 * Descriptors stand in one virtual array indexed by pfn. Only blocks of MAX_ORDER_NR_PAGES pages
 * that hold RAM are backed by memory, and only those that have been carved (mm/zone.c) are filled;
 * mm_page_valid() tells.
 */
#pragma once

#include <kernel/port.h>
#include <mm/types.h>

enum page_state {
	PAGE_TAIL = 0,		/* second or later page of a block whose head says what it is */
	PAGE_HOLE,		/* no RAM here */
	PAGE_RESERVED,		/* RAM that was never handed to the allocator */
	PAGE_FREE,		/* head of a free block: @order, @next, @prev, @nr_blocks */
	PAGE_ALLOCATED,		/* head of a block from alloc_pages(): @order */
	PAGE_LARGE,		/* the same, taken by kmalloc for a large request: @order */
	PAGE_SLAB,		/* EVERY page of a slab: @order, cache's id; the rest in the head */
	PAGE_CPU,		/* head of a block on a CPU's list of free ones: @order */
	PAGE_NR_STATES,
};

/*
 * 16 bytes, Linux has 64. The first four are one word, the "tag": whether a buddy is free and of
 * the right order and zone is one load and one compare.
 */
struct page {
	union {
		uint32_t tag;
		struct {
			uint8_t state;		/* enum page_state */
			uint8_t order;
			uint16_t zone_or_cache;	/* PAGE_SLAB: cache id; else the zone's index */
		};
	};
	union {
		uint32_t nr_blocks;		/* PAGE_FREE, largest order: blocks in the run */
		struct {
			uint16_t inuse;		/* PAGE_SLAB head: objects off its free list */
			uint16_t free;		/* PAGE_SLAB head: where the first free object is */
		};
	};
	union {
		uint32_t next;			/* pfn; 0: none. Page 0 is never on a list */
		uint32_t asked;			/* PAGE_LARGE: bytes that the caller wanted */
	};
	uint32_t prev;
};

_Static_assert(sizeof(struct page) == 16, "the page descriptor is 16 bytes");

#include <port/layout.h>

static inline struct page *pfn_to_page(uint64_t pfn)
{
	return (struct page *)PORT_PAGE_ARRAY + pfn;
}

static inline uint64_t page_to_pfn(const struct page *page)
{
	return (uint64_t)(page - (const struct page *)PORT_PAGE_ARRAY);
}

static inline uint64_t page_to_phys(const struct page *page)
{
	return PFN_PHYS(page_to_pfn(page));
}

static inline void *phys_to_virt(uint64_t paddr)
{
	return (void *)(PORT_DIRECT_MAP + paddr);
}

/*
 * Only for addresses in the direct map, as in Linux; anything else gives a number
 * without a meaning.
 */
static inline uint64_t virt_to_phys(const void *addr)
{
	return (uintptr_t)addr - PORT_DIRECT_MAP;
}

static inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

static inline struct page *virt_to_page(const void *addr)
{
	return pfn_to_page(virt_to_phys(addr) >> PAGE_SHIFT);
}
