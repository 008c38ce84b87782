/*
 * The kernel's final page tables (4 levels; Intel SDM volume 3, section 4.5).
 *
 *   direct map   all RAM, writable, never executable; the largest pages that alignment and the CPU
 *                allow, smaller ones only at ragged edges. The image's text and read-only data are
 *                read-only here too.
 *   page array   the descriptors of RAM, backed by port_back_page_array() on behalf of mm_init()
 *   image        text: read and execute; read-only data: read; data and stacks: read and write,
 *                without guard pages
 *   window       read-only, for firmware tables (window.c)
 *   stacks       of the other CPUs, with a page left out below each (smp.c)
 *   device       the local APIC, uncached
 *
 * Nothing else is mapped: the identity map that entry.asm needed is gone, and with it page 0.
 * Tables come from early_alloc(), below 4 GiB until the direct map is there to reach the others.
 * Built once, by one CPU; entries only ever become present, so no translation has to be forgotten.
 */
#include <kernel/errno.h>
#include <kernel/panic.h>
#include <kernel/string.h>
#include <mm/page.h>

#include "boot.h"
#include "cpu.h"

#define PTE_PRESENT	(1ULL << 0)
#define PTE_WRITE	(1ULL << 1)
#define PTE_WRITE_THROUGH (1ULL << 3)	/* with the next: uncached */
#define PTE_NO_CACHE	(1ULL << 4)
#define PTE_LARGE	(1ULL << 7)
#define PTE_NX		(1ULL << 63)
#define PTE_ADDRESS	CR3_ADDRESS

#define PROT_TEXT	PTE_PRESENT
#define PROT_RODATA	(PTE_PRESENT | PTE_NX)
#define PROT_DATA	(PTE_PRESENT | PTE_WRITE | PTE_NX)

#define PROT_DEVICE	(PROT_DATA | PTE_WRITE_THROUGH | PTE_NO_CACHE)

#define DEVICE_VADDR	0xffffcd0000000000UL	/* behind the CPUs' stacks */

#define NR_ENTRIES	512U
#define SHIFT_TOP	39U		/* log2 of the bytes that an entry of each level covers */
#define SHIFT_1G	30U
#define SHIFT_2M	21U
#define SHIFT_4K	12U

#define BOOT_MAP_END	(4ULL << 30)	/* entry.asm's direct map ends here */

#define CPUID_1G	(1U << 26)	/* leaf 0x80000001, edx */

struct paging_stats paging_stats;

static uint64_t *root;			/* through the direct map */
static struct memmap *source;		/* of tables */
static uint64_t tables_below;		/* paddr; 0: anywhere */
static bool has_1g_pages;

static unsigned int table_index(uintptr_t vaddr, unsigned int shift)
{
	return (unsigned int)(vaddr >> shift) & (NR_ENTRIES - 1);
}

/* Return: physical address of a table of zeroes; 0: no memory. */
static uint64_t new_table(void)
{
	uint64_t paddr = early_alloc_for(source, PAGE_SIZE, PAGE_SIZE, tables_below,
					 MEMMAP_OWNER_PAGE_TABLES);

	if (paddr) {
		memset(phys_to_virt(paddr), 0, PAGE_SIZE);
		paging_stats.nr_tables++;
	}
	return paddr;
}

/* The table that @entry names, made if there is none. Return: NULL: no memory. */
static uint64_t *table_under(uint64_t *entry)
{
	if (!(*entry & PTE_PRESENT)) {
		uint64_t paddr = new_table();

		if (!paddr)
			return NULL;
		*entry = paddr | PTE_PRESENT | PTE_WRITE;
	}
	MM_ASSERT(!(*entry & PTE_LARGE));
	return phys_to_virt(*entry & PTE_ADDRESS);
}

/* Map @nr pages of 1 << @shift bytes. */
static int map_pages(uintptr_t vaddr, uint64_t paddr, uint64_t nr, unsigned int shift,
		     uint64_t prot)
{
	uint64_t size = 1ULL << shift;

	if (shift != SHIFT_4K)
		prot |= PTE_LARGE;
	while (nr > 0) {
		uint64_t *table = root;

		for (unsigned int s = SHIFT_TOP; s > shift; s -= 9) {
			table = table_under(&table[table_index(vaddr, s)]);
			if (!table)
				return -ENOMEM;
		}
		for (unsigned int i = table_index(vaddr, shift); i < NR_ENTRIES && nr > 0;
		     i++, nr--) {
			MM_ASSERT(!(table[i] & PTE_PRESENT));
			table[i] = paddr | prot;
			paddr += size;
			vaddr += size;
		}
	}
	return 0;
}

/*
 * The largest page that can begin at @address, of which no set bit may lie inside the page, and the
 * bytes that such pages can cover before a larger one fits.
 */
static unsigned int largest_page(uint64_t address, uint64_t bytes, uint64_t *run)
{
	static const unsigned int shifts[] = { SHIFT_1G, SHIFT_2M, SHIFT_4K };
	uint64_t larger = 0;		/* bytes of the next larger page; 0: none */

	for (unsigned int i = 0; i < ARRAY_SIZE(shifts); i++) {
		uint64_t size = 1ULL << shifts[i];

		if (shifts[i] == SHIFT_1G && !has_1g_pages)
			continue;
		if ((address & (size - 1)) == 0 && bytes >= size) {
			uint64_t edge = larger ? larger - (address & (larger - 1)) : bytes;

			*run = align_down(min_u64(edge, bytes), size);
			return shifts[i];
		}
		larger = size;
	}
	panic("paging: 0x%llx is not page-aligned", (unsigned long long)(address | bytes));
}

/* Both addresses agree in their low 30 bits, or the smaller pages that they share are used. */
static int map_range(uintptr_t vaddr, uint64_t paddr, uint64_t bytes, uint64_t prot, bool count)
{
	while (bytes > 0) {
		uint64_t run;
		unsigned int shift = largest_page(vaddr | paddr, bytes, &run);
		int err = map_pages(vaddr, paddr, run >> shift, shift, prot);

		if (err)
			return err;
		if (count)
			paging_stats.direct_pages[(shift - SHIFT_4K) / 9] += run >> shift;
		vaddr += run;
		paddr += run;
		bytes -= run;
	}
	return 0;
}

static int map_direct(uint64_t start, uint64_t end, uint64_t prot)
{
	return end > start ? map_range(PORT_DIRECT_MAP + start, start, end - start, prot, true) : 0;
}

/* All RAM, in pieces where the read-only part of the image begins and ends. */
static int map_ram(const struct memmap *map)
{
	uint64_t ro_start = image_paddr(text_start), ro_end = image_paddr(rodata_end);
	uint64_t start, end, from = 0;
	int err = 0;

	while (!err && memmap_next_ram(map, from, &start, &end)) {
		from = end;
		err = map_direct(start, min_u64(end, ro_start), PROT_DATA);
		if (!err)
			err = map_direct(max_u64(start, ro_start), min_u64(end, ro_end),
					 PROT_RODATA);
		if (!err)
			err = map_direct(max_u64(start, ro_end), end, PROT_DATA);
	}
	return err;
}

static int map_image_part(const char *start, const char *end, uint64_t prot)
{
	return map_range((uintptr_t)start, image_paddr(start), (uint64_t)(end - start), prot,
			 false);
}

static int map_image(void)
{
	const char *from = data_start;
	int err = map_image_part(text_start, text_end, PROT_TEXT);

	if (!err)
		err = map_image_part(rodata_start, rodata_end, PROT_RODATA);
	for (unsigned int i = 0; !err && i < NR_STACKS; i++) {
		err = map_image_part(from, boot_stacks[i].guard, PROT_DATA);
		from = boot_stacks[i].guard + PAGE_SIZE;
	}
	return err ? err : map_image_part(from, image_end, PROT_DATA);
}

int paging_init(struct memmap *map)
{
	uint64_t paddr;
	int err;

	source = map;
	tables_below = BOOT_MAP_END;
	has_1g_pages = cpuid_or_zero(0x80000001U).edx & CPUID_1G;
	paddr = new_table();
	if (!paddr)
		return -ENOMEM;
	root = phys_to_virt(paddr);
	err = map_ram(map);
	if (!err)
		err = map_image();
	if (err)
		return err;
	window_attach(root);
	write_cr3(paddr);
	write_cr0(read_cr0() | CR0_WP);
	tables_below = 0;
	return 0;
}

int paging_map_data(void *vaddr, uint64_t paddr, size_t bytes)
{
	return map_range((uintptr_t)vaddr, paddr, bytes, PROT_DATA, false);
}

volatile void *paging_map_device(uint64_t paddr)
{
	if (map_range(DEVICE_VADDR, paddr, PAGE_SIZE, PROT_DEVICE, false))
		return NULL;
	return (volatile void *)DEVICE_VADDR;
}

/*
 * One early_alloc() and a tight loop for a run of equal pages, so that a TiB of RAM costs little
 * more than a GiB. When memory has no such run, halves of it are tried, then the next smaller page.
 */
int port_back_page_array(void *start, size_t bytes)
{
	uintptr_t vaddr = (uintptr_t)start;

	while (bytes > 0) {
		uint64_t run, paddr;
		unsigned int shift = largest_page(vaddr, bytes, &run);
		int err;

		while ((paddr = early_alloc_for(source, run, 1ULL << shift, 0,
						MEMMAP_OWNER_PAGE_ARRAY)) == 0) {
			if (run == PAGE_SIZE)
				return -ENOMEM;
			if (run == 1ULL << shift)
				shift -= 9;
			run = align_down(run / 2, 1ULL << shift);
		}
		err = map_pages(vaddr, paddr, run >> shift, shift, PROT_DATA);
		if (err)
			return err;
		vaddr += run;
		bytes -= run;
	}
	return 0;
}
