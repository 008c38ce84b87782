/*
 * The words of the command line (boot/options.c), and what boot/boot_info.c makes of them and of
 * the loader's block. Both are parts of this file, with the memory that they read and write in a
 * buffer: `low` stands for physical memory from 1 MiB on.
 */
#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/page.h>

#define LOW_PADDR	0x100000ULL	/* of low[0] */
#define LOW_BYTES	(8UL << 20)
#define IMAGE_END	0x200000ULL	/* where the kernel's image is said to end */
#define INFO_PADDR	0x280000ULL	/* of the loader's block */

static char low[LOW_BYTES] __attribute__((aligned(4096)));

/* The image's place is what its end makes it. */
#define PORT_KERNEL_BASE	((uintptr_t)image_end - IMAGE_END)
#define phys_to_virt(paddr)	((void *)(low + ((paddr) - LOW_PADDR)))
#include "boot/options.c"
#include "boot/boot_info.c"

char image_end[1];

uint64_t cpu_reach(void)
{
	return 1ULL << 46;
}

void acpi_note_rsdp(const void *rsdp, size_t len)
{
	(void)rsdp;
	(void)len;
}

static void forget(void)
{
	options = (struct options){ .test = NULL };
	nr_ranges = 0;
	nr_entries = 0;
	extra_start = extra_end = 0;
	info_paddr = info_bytes = 0;
}

/* ---- the loader's block ---------------------------------------------------------------------- */

static uint32_t block_len;

static void put(const void *bytes, size_t len)
{
	memcpy(low + (INFO_PADDR - LOW_PADDR) + block_len, bytes, len);
	block_len += (uint32_t)len;
}

static void put32(uint32_t value)
{
	put(&value, sizeof(value));
}

static void begin_block(void)
{
	forget();
	block_len = 0;
	put32(0);
	put32(0);
}

static void put_memory(const struct memmap_entry *entries, uint32_t nr)
{
	put32(6);
	put32(16 + nr * 24);
	put32(24);
	put32(0);
	for (uint32_t i = 0; i < nr; i++) {
		put(&entries[i].base, 8);
		put(&entries[i].length, 8);
		put32(entries[i].type);
		put32(0);
	}
}

static void put_module(uint32_t start, uint32_t end)
{
	put32(3);
	put32(17);
	put32(start);
	put32(end);
	put("\0\0\0\0\0\0\0", 8);		/* an empty text, and up to the next tag */
}

static void end_block(void)
{
	put32(0);
	put32(8);
	memcpy(low + (INFO_PADDR - LOW_PADDR), &block_len, sizeof(block_len));
	boot_info_read(INFO_PADDR);
}

/* ---- words that are ignored ------------------------------------------------------------------ */

static void ignored_words_change_nothing(struct ktest *t)
{
	static const char *const words[] = {
		"poweroff=0", "poweroff=", "dump=1", "dump=", "soak=0", "soak=5x", "soak", "mem=0",
		"mem=5Mx", "test=", "bench=", "fail-nth=0", "kmalloc_sizes=1",
		"memmap=exactmapfoo",
		"memmap=exactmap=1", "memmap=16M!32Mfoo", "memmap=16M!32M!48M", "memmap=16M%32M",
		"memmap=16M@", "memmap=5Mx", "memmap=0", "memmap=", "memmap=exactmap,",
		"memmap=4M,exactmap,16M!32M,1M?5M", "memmap=16M$32M,5Mx",
	};
	const struct options none = { .test = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		forget();
		options_parse(words[i]);
		KTEST_EXPECT_EQ(t, memcmp(&options, &none, sizeof(none)), 0);
		KTEST_EXPECT_EQ(t, nr_ranges, 0);
	}
	forget();
}

static void words_add_up(struct ktest *t)
{
	forget();
	options_parse("poweroff dump soak=7 memmap=exactmap,16M!32M,8M mem=9M");
	options_parse("memmap=1K$0x10,2M@3M");
	KTEST_EXPECT(t, options.poweroff);
	KTEST_EXPECT(t, options.dump);
	KTEST_EXPECT(t, options.exactmap);
	KTEST_EXPECT_EQ(t, options.soak, 7);
	KTEST_EXPECT_EQ(t, options.mem, 8 << 20);
	KTEST_ASSERT(t, nr_ranges == 3);
	KTEST_EXPECT_EQ(t, ranges[0].start, 32 << 20);
	KTEST_EXPECT_EQ(t, ranges[1].start, 16);
	KTEST_EXPECT_EQ(t, ranges[2].size, 2 << 20);
	forget();
}

/* A word whose ranges do not all fit is ignored whole, and what was there stays. */
static void a_word_beyond_the_last_range(struct ktest *t)
{
	forget();
	while (nr_ranges < OPTIONS_MAX_RANGES - 1)
		options_parse("memmap=1!12M");
	options_parse("memmap=4K!1M,4K!2M");
	KTEST_EXPECT_EQ(t, nr_ranges, OPTIONS_MAX_RANGES - 1);
	options_parse("memmap=4K!3M");
	KTEST_EXPECT_EQ(t, nr_ranges, OPTIONS_MAX_RANGES);
	KTEST_EXPECT_EQ(t, ranges[OPTIONS_MAX_RANGES - 1].start, 3 << 20);
	forget();
}

/* ---- a larger table -------------------------------------------------------------------------- */

static const struct memmap_entry ram[] = {
	{ 0x0, 0x9fc00, MEMMAP_USABLE },
	{ LOW_PADDR, LOW_BYTES, MEMMAP_USABLE },
};

/* 512 ranges, so that the firmware's two entries find no room in the static table. */
static struct memmap *map_of(struct ktest *t, const char *words)
{
	begin_block();
	put_memory(ram, ARRAY_SIZE(ram));
	end_block();
	options_parse(words);
	while (nr_ranges < OPTIONS_MAX_RANGES)
		options_parse("memmap=1!12M");
	KTEST_EXPECT_EQ(t, info_bytes, block_len);
	return boot_info_new_map();
}

static void table_avoids_what_the_words_take(struct ktest *t)
{
	uint64_t bytes = align_up(memmap_bytes(OPTIONS_MAX_RANGES + 2, NR_RESERVATIONS), PAGE_SIZE);

	(void)map_of(t, "");
	KTEST_EXPECT_EQ(t, extra_start, IMAGE_END);
	KTEST_EXPECT_EQ(t, extra_end - extra_start, bytes);
	(void)map_of(t, "memmap=1M!2M");
	KTEST_EXPECT_EQ(t, extra_start, 3 << 20);
	(void)map_of(t, "memmap=1M$2M,1M#0x300000");
	KTEST_EXPECT_EQ(t, extra_start, 4 << 20);
	(void)map_of(t, "memmap=2M@2M");
	KTEST_EXPECT_EQ(t, extra_start, IMAGE_END);
	/* Only the lower half of a page of the first place is taken. */
	(void)map_of(t, "memmap=1@0,0x800!0x200000");
	KTEST_EXPECT_EQ(t, extra_start, IMAGE_END + PAGE_SIZE);
	(void)map_of(t, "memmap=0xffffffffffffffff!4M,1M!2M");
	KTEST_EXPECT_EQ(t, extra_start, 3 << 20);
	forget();
}

static void table_lies_below_mem(struct ktest *t)
{
	(void)map_of(t, "mem=2100K");
	KTEST_EXPECT_EQ(t, extra_start, 0);
	(void)map_of(t, "mem=4M");
	KTEST_EXPECT_EQ(t, extra_start, IMAGE_END);
	(void)map_of(t, "memmap=1M!2M mem=4M");
	KTEST_EXPECT_EQ(t, extra_start, 3 << 20);
	(void)map_of(t, "memmap=1M!2M mem=3M");
	KTEST_EXPECT_EQ(t, extra_start, 0);
	forget();
}

/* ---- reservations ---------------------------------------------------------------------------- */

static void words_leave_reservations_to_the_boot(struct ktest *t)
{
	char word[32];
	struct memmap *map;

	begin_block();
	put_memory(ram, ARRAY_SIZE(ram));
	end_block();
	for (unsigned int i = 0; i < 200; i++) {
		(void)ksnprintf(word, sizeof(word), "memmap=1$%u", 0x400000 + i * 2 * 4096);
		options_parse(word);
	}
	map = boot_info_new_map();
	options_add(map);
	KTEST_EXPECT_EQ(t, map->nr_taken, NR_RESERVATIONS - KEPT_RESERVATIONS);
	KTEST_EXPECT_EQ(t, map->refused, 200 - (NR_RESERVATIONS - KEPT_RESERVATIONS));
	forget();
}

static const struct memmap_reservation *taken_at(const struct memmap *map, uint64_t start)
{
	for (uint32_t i = 0; i < map->nr_taken; i++)
		if (map->taken[i].start == start)
			return &map->taken[i];
	return NULL;
}

static void modules_leave_reservations_to_the_boot(struct ktest *t)
{
	const struct memmap_reservation *taken;
	struct memmap *map;

	begin_block();
	for (uint32_t i = 0; i < 300; i++)
		put_module(0x400000 + i * 2 * 4096, 0x400001 + i * 2 * 4096);
	put_memory(ram, ARRAY_SIZE(ram));
	end_block();
	map = boot_info_new_map();
	KTEST_EXPECT_EQ(t, boot_info_add(map), 0);
	taken = taken_at(map, 0);
	KTEST_EXPECT(t, taken && taken->owner == MEMMAP_OWNER_FIRMWARE);
	taken = taken_at(map, IMAGE_START_PADDR);
	KTEST_EXPECT(t, taken && taken->owner == MEMMAP_OWNER_KERNEL && taken->end == IMAGE_END);
	taken = taken_at(map, INFO_PADDR);
	KTEST_EXPECT(t, taken && taken->owner == MEMMAP_OWNER_BOOT_INFO);
	taken = taken_at(map, 0x400000);
	KTEST_EXPECT(t, taken && taken->owner == MEMMAP_OWNER_MODULE);
	KTEST_EXPECT_EQ(t, map->nr_taken, NR_RESERVATIONS - KEPT_RESERVATIONS);
	KTEST_EXPECT_EQ(t, map->refused, 303 - (NR_RESERVATIONS - KEPT_RESERVATIONS));
	KTEST_EXPECT_EQ(t, map->nr_raw, ARRAY_SIZE(ram));
	forget();
}

/* A table that is full already: the kernel's memory would be handed out. */
static void own_memory_that_is_not_reserved_is_an_error(struct ktest *t)
{
	struct memmap *map;

	begin_block();
	put_memory(ram, ARRAY_SIZE(ram));
	end_block();
	map = boot_info_new_map();
	for (uint64_t i = 0; i < NR_RESERVATIONS - 1; i++)
		KTEST_EXPECT_EQ(t, memmap_reserve(map, (i * 2 + 4096) * PAGE_SIZE,
						  (i * 2 + 4097) * PAGE_SIZE,
						  MEMMAP_OWNER_USER), 0);
	KTEST_EXPECT_EQ(t, boot_info_add(map), -ENOSPC);
	forget();
}

static const struct ktest_case boot_cases[] = {
	KTEST_CASE(modules_leave_reservations_to_the_boot),
	KTEST_CASE(own_memory_that_is_not_reserved_is_an_error),
	KTEST_CASE(words_leave_reservations_to_the_boot),
	KTEST_CASE(ignored_words_change_nothing),
	KTEST_CASE(words_add_up),
	KTEST_CASE(a_word_beyond_the_last_range),
	KTEST_CASE(table_avoids_what_the_words_take),
	KTEST_CASE(table_lies_below_mem),
};
KTEST_SUITE(boot, boot_cases);
