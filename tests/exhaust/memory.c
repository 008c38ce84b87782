/*
 * Page allocators over memory of the searches' own: see memory.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <mm/ledger.h>
#include <port/layout.h>

#include "memory.h"
#include "search.h"

#define GARBAGE		0xa5		/* byte that unfilled descriptors consist of */
#define ADDRESS_LIMIT	(1ULL << 44)	/* bytes: 16 TiB, what a pfn link reaches */

static size_t array_bytes(const struct memory *memory)
{
	return (memory->end_pfn - MEMORY_BASE_PFN) * sizeof(struct page);
}

static size_t ram_bytes(const struct memory *memory)
{
	return (memory->end_pfn - MEMORY_BASE_PFN) * PAGE_SIZE;
}

static void *map_bytes(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		fputs("exhaust: no memory\n", stderr);
		exit(2);
	}
	return memory;
}

static int draw_map(struct memory *memory, const struct memory_range *ranges, unsigned int nr)
{
	struct memmap *map = &memory->map;
	int err = 0;

	memmap_init(map, memory->tables, MEMORY_MAX_RANGES, MEMORY_MAX_RANGES, ADDRESS_LIMIT);
	for (unsigned int i = 0; i < nr && !err; i++) {
		uint64_t start = PFN_PHYS(MEMORY_BASE_PFN + ranges[i].start);
		uint64_t end = PFN_PHYS(MEMORY_BASE_PFN + ranges[i].end);

		err = memmap_add(map, start, end - start, MEMMAP_USABLE);
		if (!err && ranges[i].taken)
			err = memmap_reserve(map, start, end, MEMMAP_OWNER_USER);
	}
	if (!err)
		err = memmap_add(map, PFN_PHYS(memory->map_pfn), PAGE_SIZE, MEMMAP_USABLE);
	return err ? err : memmap_seal(map);
}

void memory_open(struct memory *memory, struct mm *mm, const struct memory_range *ranges,
		 unsigned int nr)
{
	uintptr_t pages, direct_map;

	memset(memory, 0, sizeof(*memory));
	memory->mm = mm;
	memory->map_pfn = MEMORY_BASE_PFN + align_up(ranges[nr - 1].end, MAX_ORDER_NR_PAGES);
	memory->end_pfn = memory->map_pfn + MAX_ORDER_NR_PAGES;
	memory->pages = map_bytes(array_bytes(memory));
	memory->ram = map_bytes(ram_bytes(memory));
	memset(memory->pages, GARBAGE, array_bytes(memory));
	pages = (uintptr_t)memory->pages - MEMORY_BASE_PFN * sizeof(struct page);
	direct_map = (uintptr_t)memory->ram - PFN_PHYS(MEMORY_BASE_PFN);
	if (mm == &kernel_mm) {
		hosted_page_array = pages;
		hosted_direct_map = direct_map;
	}
	if (draw_map(memory, ranges, nr) != 0 ||
	    mm_setup(mm, &memory->map, (struct page *)pages, (char *)direct_map) != 0) {
		fputs("exhaust: no page allocator\n", stderr);
		exit(2);
	}
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		memset(mm->zone[i].watermark, 0, sizeof(mm->zone[i].watermark));
		memset(mm->zone[i].lowmem_reserve, 0, sizeof(mm->zone[i].lowmem_reserve));
	}
}

void memory_no_page_lists(void)
{
	static bool initialised;

	if (!initialised)
		page_cpu_init();
	initialised = true;
	memset(page_stack, STACK_NEVER, sizeof(page_stack));
	memset(page_request_stack, STACK_NEVER, sizeof(page_request_stack));
}

void memory_close(struct memory *memory)
{
	munmap(memory->pages, array_bytes(memory));
	munmap(memory->ram, ram_bytes(memory));
}

void memory_verify(struct memory *memory)
{
	static char text[8192];		/* bytes; some findings, or the ledger and some */
	struct seq_buffer buffer;

	seq_buffer_init(&buffer, text, sizeof(text));
	SEARCH_EXPECT(mm_verify_instance(memory->mm, &buffer.seq) == 0, "%s", text);
	SEARCH_EXPECT(ledger_check(memory->mm, &buffer.seq) == 0, "%s", text);
}

unsigned int memory_nr_bugs(void)
{
	unsigned int nr = 0;

	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		nr += mm_bug_count((enum mm_bug_kind)kind);
	return nr;
}
