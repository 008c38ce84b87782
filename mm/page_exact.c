/*
 * Page requests that are no power of two: a block is taken, split into single pages, and the
 * tail given back.
 *
 * The pages stay single ones until they are freed, so free_pages_exact() checks each of them, and a
 * wrong size is reported page by page.
 */

#include "internal.h"

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long nr = PFN_UP(size);
	unsigned int order;
	struct page *page;

	if (size == 0 || size > KMALLOC_MAX_SIZE) {
		mm_bug(MM_BUG_BAD_REQUEST, NULL, RET_IP,
		       "alloc_pages_exact of %zu bytes; 1 .. %lu are possible", size,
		       KMALLOC_MAX_SIZE);
		return NULL;
	}
	order = LARGE_ORDER(size);
	page = mm_alloc_pages(&kernel_mm, gfp, order, RET_IP);
	if (!page)
		return NULL;
	mm_split_pages(page, order);
	for (unsigned long i = nr; i < 1UL << order; i++)
		mm_free_pages(&kernel_mm, page + i, 0, PAGE_ALLOCATED, RET_IP);
	return page_address(page);
}

void free_pages_exact(void *addr, size_t size)
{
	unsigned long nr = PFN_UP(size);

	if (!addr)
		return;
	if ((uintptr_t)addr % PAGE_SIZE || size == 0 || size > KMALLOC_MAX_SIZE) {
		mm_bug(MM_BUG_BAD_POINTER, addr, RET_IP,
		       "free_pages_exact of %zu bytes at no page's address", size);
		return;
	}
	for (unsigned long i = 0; i < nr; i++)
		mm_free_pages(&kernel_mm, virt_to_page(addr) + i, 0, PAGE_ALLOCATED, RET_IP);
}
