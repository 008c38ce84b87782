/*
 * From the multiboot2 block to a memory map that is ready for its seal.
 *
 * The block is walked more than once, which costs little: first for texts and for the number of
 * entries, then, when there are more entries than the static table holds, for a place to put a
 * larger one, and at last to fill it. After boot_info_add() nothing points into the block, whose
 * memory is given back later.
 */
#include <kernel/print.h>
#include <kernel/string.h>
#include <mm/page.h>

#include "boot.h"
#include "input.h"
#include "multiboot2.h"

#define STATIC_ENTRIES	512U		/* raw entries; firmware has up to about 200 */
#define CMDLINE_BYTES	16384U		/* a whole map in memmap= words */
#define LOADER_BYTES	64U
#define REASON_BYTES	128U
#define INFO_MAX	(16ULL << 20)	/* bytes of the block that are believed; GRUB's: few KiB */
#define READABLE_END	(4ULL << 30)	/* of entry.asm's direct map */

static uint64_t info_paddr;
static uint64_t info_bytes;		/* readable at first, then the block's size; 0: no block */
static uint32_t nr_entries;		/* that the firmware has */
static char cmdline[CMDLINE_BYTES];
static char loader[LOADER_BYTES];

static struct memmap the_map;
static uint64_t static_storage[MEMMAP_BYTES(STATIC_ENTRIES, NR_RESERVATIONS) / sizeof(uint64_t)];
static uint64_t extra_start, extra_end;	/* where a larger table stands; 0: nowhere */

/* A larger table lies in memory of the firmware's map, which exactmap takes away. */
_Static_assert(OPTIONS_MAX_RANGES <= STATIC_ENTRIES, "exactmap needs no larger table");
_Static_assert(MEMMAP_BYTES(STATIC_ENTRIES, NR_RESERVATIONS) % sizeof(uint64_t) == 0,
	       "whole words of storage");

static void copy_text(char *to, size_t size, const char *what, const char *text, size_t len)
{
	if (len >= size) {
		pr_warn("boot: the %s is cut after %zu of %zu characters\n", what, size - 1, len);
		len = size - 1;
	}
	memcpy(to, text, len);
	to[len] = '\0';
}

static void count_memory(void *ctx, uint64_t base, uint64_t length, uint32_t type)
{
	(void)ctx;
	(void)base;
	(void)length;
	(void)type;
	nr_entries++;
}

static void note_cmdline(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	copy_text(cmdline, sizeof(cmdline), "command line", text, len);
}

static void note_loader(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	copy_text(loader, sizeof(loader), "boot loader's name", text, len);
	(void)printable(loader, sizeof(loader), loader, sizeof(loader));
}

static void note_rsdp(void *ctx, const void *rsdp, size_t len)
{
	(void)ctx;
	acpi_note_rsdp(rsdp, len);
}

static void walk(const struct multiboot2_handler *handler, void *ctx)
{
	char why[REASON_BYTES];

	if (info_bytes)
		(void)multiboot2_parse(phys_to_virt(info_paddr), info_bytes, handler, ctx, why,
				       sizeof(why));
}

void boot_info_read(uint64_t paddr)
{
	static const struct multiboot2_handler texts = {
		.memory = count_memory,
		.cmdline = note_cmdline,
		.loader = note_loader,
		.rsdp = note_rsdp,
	};
	char why[REASON_BYTES];
	uint32_t total;

	if (paddr == 0 || paddr >= READABLE_END - sizeof(total) || paddr % 8 != 0) {
		pr_err("boot: no boot information can be at 0x%llx\n", (unsigned long long)paddr);
		return;
	}
	info_paddr = paddr;
	info_bytes = min_u64(READABLE_END - paddr, INFO_MAX);
	if (multiboot2_parse(phys_to_virt(paddr), info_bytes, &texts, NULL, why, sizeof(why)) != 0)
		pr_err("boot: damaged boot information: %s\n", why);
	memcpy(&total, phys_to_virt(paddr), sizeof(total));
	info_bytes = min_u64(info_bytes, total);
}

const char *boot_cmdline(void)
{
	return cmdline;
}

const char *boot_loader(void)
{
	return loader;
}

/* A place of @bytes that is pushed upwards by everything that overlaps it. */
struct place {
	uint64_t start, end, bytes;	/* end: of the usable entry that it must lie in */
	bool moved;
};

static void avoid(void *ctx, uint64_t start, uint64_t end)
{
	struct place *place = ctx;

	if (end > start && place->start < end && place->start + place->bytes > start) {
		place->start = align_up(min_u64(end, READABLE_END), PAGE_SIZE);
		place->moved = true;
	}
}

static void avoid_memory(void *ctx, uint64_t base, uint64_t length, uint32_t type)
{
	if (type != MEMMAP_USABLE)
		avoid(ctx, base, base + length < base ? UINT64_MAX : base + length);
}

static void avoid_module(void *ctx, uint64_t start, uint64_t end, const char *text, size_t len)
{
	(void)text;
	(void)len;
	avoid(ctx, start, end);
}

/*
 * Called for each entry: the first usable one with room wins. The table stays in use, so it must
 * not lie in what the command line takes away either: that is not in the direct map.
 */
static void find_place(void *ctx, uint64_t base, uint64_t length, uint32_t type)
{
	static const struct multiboot2_handler obstacles = {
		.memory = avoid_memory,
		.module = avoid_module,
	};
	struct place place = { .bytes = *(uint64_t *)ctx };

	if (extra_start || type != MEMMAP_USABLE || base >= READABLE_END ||
	    length > UINT64_MAX - base)
		return;
	place.start = align_up(max_u64(base, image_paddr(image_end)), PAGE_SIZE);
	place.end = min_u64(base + length, READABLE_END);
	do {
		if (place.start >= place.end || place.end - place.start < place.bytes)
			return;
		place.moved = false;
		avoid(&place, info_paddr, info_paddr + info_bytes);
		walk(&obstacles, &place);
		options_avoid(avoid, &place);
	} while (place.moved);
	extra_start = place.start;
	extra_end = place.start + place.bytes;
}

struct memmap *boot_info_new_map(void)
{
	static const struct multiboot2_handler places = { .memory = find_place };
	uint32_t nr = (options.exactmap ? 0 : nr_entries) + options_nr_entries();
	uint64_t bytes = align_up(memmap_bytes(nr, NR_RESERVATIONS), PAGE_SIZE);

	if (nr > STATIC_ENTRIES) {
		walk(&places, &bytes);
		if (!extra_start) {
			pr_err("boot: no memory for a map of %u entries, "
			       "only the first %u are used\n", nr, STATIC_ENTRIES);
			nr = STATIC_ENTRIES;
		}
	} else {
		nr = STATIC_ENTRIES;
	}
	memmap_init(&the_map, extra_start ? phys_to_virt(extra_start) : static_storage, nr,
		    NR_RESERVATIONS, cpu_reach());
	return &the_map;
}

static void add_memory(void *ctx, uint64_t base, uint64_t length, uint32_t type)
{
	if (!options.exactmap)
		(void)memmap_add(ctx, base, length, type);
}

/* Nobody here reads modules: one without a reservation is lost, and that is said. */
static void add_module(void *ctx, uint64_t start, uint64_t end, const char *text, size_t len)
{
	struct memmap *map = ctx;

	(void)text;
	(void)len;
	if (end <= start)
		return;
	if (may_reserve(map)) {
		(void)memmap_reserve(map, start, end, MEMMAP_OWNER_MODULE);
		return;
	}
	map->refused++;
	pr_warn("boot: the module at 0x%llx-0x%llx is not kept: too many reservations\n",
		(unsigned long long)start, (unsigned long long)end);
}

int boot_info_add(struct memmap *map)
{
	static const struct multiboot2_handler all = { .memory = add_memory, .module = add_module };
	int err;

	/* In an empty table: modules, of which there may be many, come behind. */
	err = memmap_reserve(map, 0, PAGE_SIZE, MEMMAP_OWNER_FIRMWARE);
	if (!err)
		err = memmap_reserve(map, IMAGE_START_PADDR, image_paddr(image_end),
				     MEMMAP_OWNER_KERNEL);
	if (!err && info_bytes)
		err = memmap_reserve(map, info_paddr, info_paddr + info_bytes,
				     MEMMAP_OWNER_BOOT_INFO);
	if (!err && extra_start)
		err = memmap_reserve(map, extra_start, extra_end, MEMMAP_OWNER_EARLY);
	if (!err)
		walk(&all, map);
	return err;
}
