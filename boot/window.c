/*
 * Windows on the firmware's tables, which need not lie in RAM: the 2 MiB of address space behind
 * the image's GiB, cut in two. The two tables are part of the image, so the windows work before
 * there is an allocator, under entry.asm's page tables as well as under the final ones.
 */
#include <mm/page.h>

#include "boot.h"
#include "cpu.h"

#define WINDOW_BASE	(PORT_KERNEL_BASE + (1UL << 30))	/* behind the image's GiB */
#define WINDOW_PAGES	(WINDOW_BYTES / PAGE_SIZE)
#define TOP_SLOT	511U		/* of both upper levels: the last GiB of addresses */

#define PTE_TABLE	0x3ULL		/* present, writable */
#define PTE_READ	(1ULL | 1ULL << 63)	/* present, not executable */

_Static_assert(NR_WINDOWS * WINDOW_BYTES == 512 * 4096UL, "the windows fill one table");

static uint64_t directory[512] __attribute__((aligned(4096)));
static uint64_t entries[512] __attribute__((aligned(4096)));

void window_attach(uint64_t *root)
{
	uint64_t *upper = phys_to_virt(root[TOP_SLOT] & CR3_ADDRESS);

	directory[0] = image_paddr(entries) | PTE_TABLE;
	upper[TOP_SLOT] = image_paddr(directory) | PTE_TABLE;
}

const void *map_firmware(unsigned int window, uint64_t paddr, size_t size)
{
	uint64_t offset = paddr & (PAGE_SIZE - 1);
	uint64_t first = align_down(paddr, PAGE_SIZE);
	char *base = (char *)WINDOW_BASE + window * WINDOW_BYTES;

	if (size > WINDOW_BYTES - offset || first >= cpu_reach() ||
	    cpu_reach() - first < offset + size)
		return NULL;
	for (uint64_t i = 0; i < WINDOW_PAGES; i++) {
		uint64_t old = entries[window * WINDOW_PAGES + i];
		uint64_t at = i * PAGE_SIZE;
		uint64_t new = at < offset + size ? (first + at) | PTE_READ : 0;

		entries[window * WINDOW_PAGES + i] = new;
		if (old != new)
			invlpg(base + i * PAGE_SIZE);
	}
	return base + offset;
}

uint64_t cpu_reach(void)
{
	uint32_t bits = cpuid_or_zero(0x80000008U).eax & 0xffU;

	/* A CPU with long mode but without that leaf has 36 bits, as its PAE. */
	if (bits == 0)
		bits = 36;
	return 1ULL << (bits < 52 ? bits : 52);
}
