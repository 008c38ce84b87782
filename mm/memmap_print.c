/*
 * The memory map as text: the raw block that tests/maps/ and a memmap= boot replay, and the
 * sanitised view.
 *
 * Nothing here changes a map; a map may be printed before its seal, when it has no ranges yet.
 */
#include <mm/memmap.h>

const char *memmap_type_name(uint32_t type)
{
	switch (type) {
	case MEMMAP_USABLE:
		return "usable";
	case MEMMAP_ACPI:
		return "ACPI data";
	case MEMMAP_NVS:
		return "ACPI NVS";
	case MEMMAP_BAD:
		return "bad";
	default:
		return "reserved";
	}
}

const char *memmap_owner_name(enum memmap_owner owner)
{
	static const char *const names[MEMMAP_NR_OWNERS] = {
		[MEMMAP_OWNER_NONE] = "nobody",
		[MEMMAP_OWNER_BOOT_INFO] = "boot information",
		[MEMMAP_OWNER_ACPI] = "ACPI data",
		[MEMMAP_OWNER_MODULE] = "module",
		[MEMMAP_OWNER_EARLY] = "early allocation",
		[MEMMAP_OWNER_BLOCK_MAP] = "block map",
		[MEMMAP_OWNER_PAGE_ARRAY] = "page array",
		[MEMMAP_OWNER_PAGE_TABLES] = "page tables",
		[MEMMAP_OWNER_CPUS] = "CPUs and their stacks",
		[MEMMAP_OWNER_USER] = "command line",
		[MEMMAP_OWNER_FIRMWARE] = "firmware",
		[MEMMAP_OWNER_KERNEL] = "kernel",
	};

	return (unsigned int)owner < MEMMAP_NR_OWNERS ? names[owner] : "nobody";
}

void memmap_print_raw(const struct memmap *map, struct seq *out)
{
	seq_puts(out, "memmap-v1\n");
	for (uint32_t i = 0; i < map->nr_raw; i++)
		seq_printf(out, "0x%016llx 0x%016llx %u\n", (unsigned long long)map->raw[i].base,
			   (unsigned long long)map->raw[i].length, map->raw[i].type);
	seq_puts(out, "end\n");
}

/* Ends are printed as the last byte, as firmware and Linux print them. */
static void print_line(struct seq *out, uint64_t start, uint64_t end, const char *name)
{
	seq_printf(out, "[mem 0x%016llx-0x%016llx] %10llu kB  %s\n", (unsigned long long)start,
		   (unsigned long long)(end - 1), (unsigned long long)((end - start) >> 10), name);
}

static void print_totals(const struct memmap *map, struct seq *out)
{
	uint64_t ram = 0, free = 0, start, end;

	for (uint64_t from = 0; memmap_next_ram(map, from, &start, &end); from = end)
		ram += end - start;
	for (uint64_t from = 0; memmap_next_free(map, from, &start, &end); from = end)
		free += end - start;
	seq_printf(out,
		   "RAM %llu kB, free %llu kB, taken %llu kB; usable bytes left out: %llu; "
		   "refused: %u\n",
		   (unsigned long long)(ram >> 10), (unsigned long long)(free >> 10),
		   (unsigned long long)((ram - free) >> 10), (unsigned long long)map->dropped,
		   map->refused);
}

void memmap_print(const struct memmap *map, struct seq *out)
{
	seq_printf(out, "memory map: %u ranges of %u entries, limit 0x%llx\n", map->nr_ranges,
		   map->nr_raw, (unsigned long long)map->limit);
	for (uint32_t i = 0; i < map->nr_ranges; i++)
		print_line(out, map->ranges[i].start, map->ranges[i].end,
			   memmap_type_name(map->ranges[i].type));
	seq_printf(out, "taken: %u ranges\n", map->nr_taken);
	for (uint32_t i = 0; i < map->nr_taken; i++)
		print_line(out, map->taken[i].start, map->taken[i].end,
			   memmap_owner_name(map->taken[i].owner));
	print_totals(map, out);
}
