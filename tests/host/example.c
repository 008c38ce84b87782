/*
 * What a user of the library writes: one call for the arena, then the kernel's interface.
 *
 *     cc -Iinclude -Iinclude/hosted example.c build/host/libquire.a
 */
#include <stdio.h>
#include <string.h>

#include <hosted/quire.h>
#include <kernel/print.h>

int main(void)
{
	struct page *page;
	char *text;
	uint64_t before;

	log_set_level(LOGLEVEL_WARNING);
	if (quire_init(64UL << 20) != 0) {
		fprintf(stderr, "no arena\n");
		return 1;
	}

	text = kmalloc(100, GFP_KERNEL);
	if (text == NULL)
		return 1;
	strcpy(text, "a sheet folded in half, and in half again");
	printf("%s: %zu bytes at %p\n", text, ksize(text), (void *)text);
	kfree(text);

	before = nr_free_pages();
	page = alloc_pages(GFP_KERNEL, 3);
	if (page == NULL)
		return 1;
	memset(page_address(page), 0x55, 8 * PAGE_SIZE);
	printf("8 pages at physical 0x%lx, %lu free\n", (unsigned long)page_to_phys(page),
	       (unsigned long)nr_free_pages());
	__free_pages(page, 3);

	report_buddyinfo(&seq_console);
	return nr_free_pages() == before && mm_verify(&seq_console) == 0 ? 0 : 1;
}
