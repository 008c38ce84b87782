/*
 * The words of the kernel command line.
 *
 *   test[=GLOB]  bench[=GLOB]  soak=SECONDS  dump  poweroff  loglevel=N  mem=SIZE
 *   failslab=INTERVAL,PROBABILITY,SPACE,TIMES[,NAME=VALUE...]   fail_page_alloc=the same
 *   fail-nth=N                              the N-th request of the boot is refused
 *   kmalloc_sizes                           the ledger knows what was asked of kmalloc()
 *   memmap=SPEC[,SPEC...]   exactmap         forget the firmware's map
 *                           SIZE@START       usable            SIZE#START   ACPI tables
 *                           SIZE$START       reserve: taken    SIZE!START   reserved: no RAM
 *                           SIZE             as mem=SIZE
 *
 * As in Linux, except that an added range does not overrule the firmware: where types meet, the
 * more restrictive one wins, as everywhere in the map. The map does not exist yet when the line is
 * read, so its ranges are kept here.
 */
#include <kernel/cmdline.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <mm/slab.h>

#include "input.h"
#include "mm/fault.h"

#define LOGLEVEL_MAX	8U		/* one above debug: everything */

struct range {
	uint64_t start, size;		/* bytes */
	char kind;			/* '@' '#' '$' '!' */
};

struct options options;

static struct range ranges[OPTIONS_MAX_RANGES];
static uint32_t nr_ranges;

static int set_test(const char *value)
{
	static char glob[128];
	size_t len = value ? strlen(value) : 0;

	if (value && (len == 0 || len >= sizeof(glob)))
		return -EINVAL;
	memcpy(glob, value ? value : "*", value ? len + 1 : 2);
	options.test = glob;
	return 0;
}

/* The benchmarks are a console command, which is not part of every image. */
static int set_bench(const char *value)
{
	static char line[128] = "bench ";
	size_t used = strlen("bench "), len = value ? strlen(value) : 0;

	if (value && (len == 0 || len >= sizeof(line) - used))
		return -EINVAL;
	if (value)
		memcpy(line + used, value, len + 1);
	options.bench = line;
	return 0;
}

static int set_dump(const char *value)
{
	if (value)
		return -EINVAL;
	options.dump = true;
	return 0;
}

static int set_soak(const char *value)
{
	uint64_t seconds;

	if (!value || kstrtou64(value, &seconds) || seconds == 0)
		return -EINVAL;
	options.soak = seconds;
	return 0;
}

static int set_poweroff(const char *value)
{
	if (value)
		return -EINVAL;
	options.poweroff = true;
	return 0;
}

static int set_loglevel(const char *value)
{
	uint64_t level;

	if (!value || kstrtou64(value, &level) || level > LOGLEVEL_MAX)
		return -EINVAL;
	log_set_level((unsigned int)level);
	return 0;
}

static int set_mem(const char *value)
{
	const char *end;
	uint64_t size;

	if (!value)
		return -EINVAL;
	size = memparse(value, &end);
	if (end == value || *end != '\0' || size == 0)
		return -EINVAL;
	options.mem = options.mem ? min_u64(options.mem, size) : size;
	return 0;
}

static bool ends_spec(char c)
{
	return c == '\0' || c == ',';
}

/* One SPEC at @text, kept if it is sound; *@end is left behind it. */
static int parse_spec(const char *text, const char **end)
{
	static const char exactmap[] = "exactmap";
	struct range range;
	const char *start;

	if (strncmp(text, exactmap, sizeof(exactmap) - 1) == 0) {
		*end = text + sizeof(exactmap) - 1;
		if (!ends_spec(**end))
			return -EINVAL;
		options.exactmap = true;
		return 0;
	}
	range.size = memparse(text, end);
	if (*end == text)
		return -EINVAL;
	range.kind = **end;
	if (ends_spec(range.kind)) {
		if (range.size == 0)
			return -EINVAL;
		options.mem = options.mem ? min_u64(options.mem, range.size) : range.size;
		return 0;
	}
	if (!strchr("@#$!", range.kind))
		return -EINVAL;
	start = *end + 1;
	range.start = memparse(start, end);
	if (*end == start || !ends_spec(**end))
		return -EINVAL;
	if (nr_ranges == OPTIONS_MAX_RANGES) {
		pr_warn("memmap=: more than %u ranges\n", OPTIONS_MAX_RANGES);
		return -ENOSPC;
	}
	ranges[nr_ranges++] = range;
	return 0;
}

/* All SPECs of a word are used or none: a word that is said to be ignored changes nothing. */
static int set_memmap(const char *value)
{
	const struct options before = options;
	const uint32_t nr_before = nr_ranges;
	const char *at = value;

	if (!value)
		return -EINVAL;
	for (;;) {
		const char *end;
		int err = parse_spec(at, &end);

		if (err) {
			options = before;
			nr_ranges = nr_before;
			return err;
		}
		if (*end == '\0')
			return 0;
		at = end + 1;
	}
}

static int set_failslab(const char *value)
{
	return fault_option(FAULT_SLAB, value);
}

static int set_fail_page_alloc(const char *value)
{
	return fault_option(FAULT_PAGE_ALLOC, value);
}

/* Counted from here on: early memory first, then all that mm_init() and the CPUs ask for. */
static int set_fail_nth(const char *value)
{
	uint64_t n;

	if (!value || kstrtou64(value, &n) || n == 0)
		return -EINVAL;
	options.fail_nth = true;
	fault_nth_begin(n);
	return 0;
}

static int set_kmalloc_sizes(const char *value)
{
	if (value)
		return -EINVAL;
	kmalloc_note_sizes();
	return 0;
}

static const struct cmdline_option known[] = {
	{ "test", "test or test=GLOB", set_test },
	{ "bench", "bench or bench=GLOB", set_bench },
	{ "dump", "no value", set_dump },
	{ "soak", "a number of seconds", set_soak },
	{ "poweroff", "no value", set_poweroff },
	{ "loglevel", "a number from 0 to 8", set_loglevel },
	{ "failslab", FAULT_EXPECTS, set_failslab },
	{ "fail_page_alloc", FAULT_EXPECTS, set_fail_page_alloc },
	{ "fail-nth", "a number from 1 on", set_fail_nth },
	{ "kmalloc_sizes", "no value", set_kmalloc_sizes },
	{ "mem", "a size, such as 512M", set_mem },
	{ "memmap", "exactmap or SIZE, SIZE@START, SIZE#START, SIZE$START, SIZE!START, with commas",
	  set_memmap },
};

void options_parse(const char *cmdline)
{
	(void)cmdline_parse(cmdline, known, ARRAY_SIZE(known));
}

uint32_t options_nr_entries(void)
{
	return nr_ranges;
}

void options_avoid(void (*taken)(void *ctx, uint64_t start, uint64_t end), void *ctx)
{
	for (uint32_t i = 0; i < nr_ranges; i++) {
		const struct range *range = &ranges[i];
		uint64_t end = range->start + range->size;

		if (range->kind != '@')
			taken(ctx, range->start, end < range->start ? UINT64_MAX : end);
	}
	if (options.mem)
		taken(ctx, options.mem, UINT64_MAX);
}

static void reserve(struct memmap *map, const struct range *range)
{
	if (may_reserve(map)) {
		(void)memmap_reserve(map, range->start, range->start + range->size,
				     MEMMAP_OWNER_USER);
		return;
	}
	map->refused++;
	pr_warn("memmap=: reservation 0x%llx + 0x%llx refused: the boot needs the other %u\n",
		(unsigned long long)range->start, (unsigned long long)range->size,
		KEPT_RESERVATIONS);
}

void options_add(struct memmap *map)
{
	for (uint32_t i = 0; i < nr_ranges; i++) {
		const struct range *range = &ranges[i];
		uint32_t type = range->kind == '@' ? MEMMAP_USABLE :
				range->kind == '#' ? MEMMAP_ACPI : MEMMAP_RESERVED;

		/* Both say by themselves when there is no room or the range is empty. */
		if (range->kind == '$')
			reserve(map, range);
		else
			(void)memmap_add(map, range->start, range->size, type);
	}
	if (options.mem)
		memmap_limit(map, options.mem);
}
