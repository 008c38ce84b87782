/*
 * Replays memory maps: replay FILE.map ... feeds each to mm/memmap.c and compares what comes out
 * with the file's expectations, which tests/maps/oracle.py worked out on its own; the format stands
 * there. Then it checks what must hold for any map. One "ok" or "not ok" line a file; the status is
 * 1 when one of them is not ok.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mm/ledger.h>
#include <mm/memmap.h>

#include "mm/internal.h"

#define MAX_LINE	256		/* bytes; the longest line that a map file may have */
#define CPU_BITS	46		/* of a CPU that a map does not give */
#define NR_TAKEN	64		/* reservations beside those of ACPI ranges */
#define END_DMA		(16ULL << 20)
#define END_DMA32	(4ULL << 30)

struct replay {
	const char *path;
	unsigned int line;		/* now read, from 1 */
	unsigned int faults;
	bool inside, sealed;
	unsigned int cpu_bits;
	uint64_t mem;			/* bytes; UINT64_MAX: no limit */
	struct memmap_entry *raw;
	uint32_t nr_raw, max_raw;
	uint32_t nr_expected;		/* expect- lines */
	uint32_t next_range;		/* that an expect-range line names */
	struct memmap map;
	void *storage;
	char *log;			/* what memmap_seal() said */
};

__printf(2, 3) static void fault(struct replay *replay, const char *fmt, ...)
{
	va_list args;

	printf("# %s:%u: ", replay->path, replay->line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	replay->faults++;
}

static void *allocate(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory) {
		fprintf(stderr, "replay: no memory for %zu bytes\n", size);
		exit(2);
	}
	return memory;
}

/* ---- Running the map ----------------------------------------------------- */

/* Standard output goes to a file while the map is sealed. Return: its text. */
static char *captured_seal(struct memmap *map, int *result)
{
	FILE *file = tmpfile();
	int console = dup(STDOUT_FILENO);
	char *text;
	long size;

	fflush(stdout);
	if (!file || console < 0 || dup2(fileno(file), STDOUT_FILENO) < 0) {
		perror("replay: capturing the log");
		exit(2);
	}
	*result = memmap_seal(map);
	dup2(console, STDOUT_FILENO);
	close(console);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = allocate((size_t)size + 1);
	text[fread(text, 1, (size_t)size, file)] = '\0';
	fclose(file);
	return text;
}

/* The storage is exactly as large as it says, so that a sanitizer sees the first byte too many. */
static void run_map(struct replay *replay)
{
	struct memmap *map = &replay->map;
	uint32_t nr_taken = NR_TAKEN + 4 * replay->nr_raw;
	uint64_t usable = 0;
	int result;

	replay->storage = allocate(memmap_bytes(replay->nr_raw, nr_taken));
	memmap_init(map, replay->storage, replay->nr_raw, nr_taken, 1ULL << replay->cpu_bits);
	for (uint32_t i = 0; i < replay->nr_raw; i++)
		if (memmap_add(map, replay->raw[i].base, replay->raw[i].length,
			       replay->raw[i].type) != 0)
			fault(replay, "entry %u is refused", i);
	if (replay->mem != UINT64_MAX)
		memmap_limit(map, replay->mem);
	replay->log = captured_seal(map, &result);
	replay->sealed = true;
	for (uint32_t i = 0; i < map->nr_ranges; i++)
		if (map->ranges[i].type == MEMMAP_USABLE)
			usable += map->ranges[i].end - map->ranges[i].start;
	if ((result == 0) != (usable != 0))
		fault(replay, "memmap_seal() returns %d with %" PRIu64 " usable bytes", result,
		      usable);
}

/* ---- Expectations -------------------------------------------------------- */

static uint64_t bytes_of(const struct memmap *map, uint32_t type)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < map->nr_ranges; i++)
		if (map->ranges[i].type == type)
			bytes += map->ranges[i].end - map->ranges[i].start;
	return bytes;
}

static uint64_t pages_between(const struct memmap *map, uint64_t low, uint64_t high)
{
	uint64_t pages = 0, start, end;

	for (uint64_t from = 0; memmap_next_ram(map, from, &start, &end); from = end)
		if (start < high && end > low)
			pages += PFN_DOWN(min_u64(end, high)) - PFN_DOWN(max_u64(start, low));
	return pages;
}

static uint64_t fnv1a(uint64_t hash, uint64_t number)
{
	for (unsigned int byte = 0; byte < 8; byte++)
		hash = (hash ^ (number >> 8 * byte & 0xff)) * 0x100000001b3ULL;
	return hash;
}

static uint64_t hash_ranges(const struct memmap *map)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (uint32_t i = 0; i < map->nr_ranges; i++) {
		hash = fnv1a(hash, map->ranges[i].start);
		hash = fnv1a(hash, map->ranges[i].end);
		hash = fnv1a(hash, map->ranges[i].type);
	}
	return hash;
}

static unsigned int lines_with(const char *text, const char *part)
{
	unsigned int lines = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at, part)) {
		lines++;
		at += strcspn(at, "\n");
	}
	return lines;
}

static void compare(struct replay *replay, const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		fault(replay,
		      "%s is %" PRIu64 " (0x%" PRIx64 "), expected %" PRIu64 " (0x%" PRIx64 ")",
		      what, got, got, want, want);
}

static void expect_range(struct replay *replay, uint64_t start, uint64_t end, uint32_t type)
{
	const struct memmap_range *range = &replay->map.ranges[replay->next_range];

	if (replay->next_range >= replay->map.nr_ranges) {
		fault(replay, "there is no range number %u", replay->next_range);
		return;
	}
	replay->next_range++;
	compare(replay, "start", range->start, start);
	compare(replay, "end", range->end, end);
	compare(replay, "type", range->type, type);
}

static void expect_zone(struct replay *replay, const char *name, uint64_t pages)
{
	if (strcmp(name, "DMA") == 0)
		compare(replay, name, pages_between(&replay->map, 0, END_DMA), pages);
	else if (strcmp(name, "DMA32") == 0)
		compare(replay, name, pages_between(&replay->map, END_DMA, END_DMA32), pages);
	else if (strcmp(name, "Normal") == 0)
		compare(replay, name, pages_between(&replay->map, END_DMA32, UINT64_MAX), pages);
	else
		fault(replay, "no zone is called %s", name);
}

/* Does @line match @format to its last character? @format ends in " %n", which sets *@used. */
#define SCAN(line, count, used, ...)                                                               \
	(*(used) = 0, sscanf((line), __VA_ARGS__, (used)) == (count) && *(used) > 0 &&             \
			      (line)[*(used)] == '\0')

static void expect(struct replay *replay, const char *line)
{
	const struct memmap *map = &replay->map;
	uint64_t a, b;
	uint32_t type;
	int used;
	char name[MAX_LINE];

	replay->nr_expected++;
	if (SCAN(line, 1, &used, "expect-usable %" SCNu64 " %n", &a)) {
		compare(replay, "usable", bytes_of(map, MEMMAP_USABLE), a);
	} else if (SCAN(line, 1, &used, "expect-acpi %" SCNu64 " %n", &a)) {
		compare(replay, "ACPI", bytes_of(map, MEMMAP_ACPI), a);
	} else if (SCAN(line, 1, &used, "expect-dropped %" SCNu64 " %n", &a)) {
		compare(replay, "dropped", map->dropped, a);
	} else if (SCAN(line, 2, &used, "expect-zone %s %" SCNu64 " %n", name, &a)) {
		expect_zone(replay, name, a);
	} else if (SCAN(line, 2, &used, "expect-ranges %" SCNu64 " 0x%" SCNx64 " %n", &a, &b)) {
		compare(replay, "number of ranges", map->nr_ranges, a);
		compare(replay, "hash of the ranges", hash_ranges(map), b);
	} else if (SCAN(line, 3, &used, "expect-range 0x%" SCNx64 " 0x%" SCNx64 " %" SCNu32 " %n",
			&a, &b, &type)) {
		expect_range(replay, a, b, type);
	} else if (sscanf(line, "expect-said %" SCNu64 " %n", &a, &used) == 1 && line[used]) {
		compare(replay, line + used, lines_with(replay->log, line + used), a);
	} else {
		fault(replay, "not understood: %s", line);
	}
}

/* ---- What holds for any map ---------------------------------------------- */

static void check_order(struct replay *replay)
{
	const struct memmap *map = &replay->map;

	for (uint32_t i = 0; i < map->nr_ranges; i++) {
		const struct memmap_range *range = &map->ranges[i], *before = i ? range - 1 : NULL;

		if (range->start >= range->end || (range->start | range->end) % PAGE_SIZE != 0)
			fault(replay, "range %u is empty or cuts a page", i);
		if (range->type < MEMMAP_USABLE || range->type > MEMMAP_BAD)
			fault(replay, "range %u has type %u", i, range->type);
		if (range->end > map->reach)
			fault(replay, "range %u ends above what can be addressed", i);
		if (before && (before->end > range->start ||
			       (before->end == range->start && before->type == range->type)))
			fault(replay, "ranges %u and %u overlap, are not in order or should be one",
			      i - 1, i);
	}
}

/* Is every byte of [@start, @end) in some usable entry and in no other? Naive on purpose. */
static void check_usable(struct replay *replay, uint64_t start, uint64_t end)
{
	uint64_t covered = start;
	bool grew = true;

	while (grew && covered < end) {
		grew = false;
		for (uint32_t i = 0; i < replay->nr_raw; i++) {
			const struct memmap_entry *raw = &replay->raw[i];
			uint64_t room = UINT64_MAX - raw->base;
			uint64_t stop = raw->base + min_u64(raw->length, room);

			if (raw->type != MEMMAP_USABLE || raw->base > covered || stop <= covered)
				continue;
			covered = stop;
			grew = true;
		}
	}
	if (covered < end)
		fault(replay, "byte 0x%" PRIx64 " is usable, but no usable entry holds it",
		      covered);
	for (uint32_t i = 0; i < replay->nr_raw; i++) {
		const struct memmap_entry *raw = &replay->raw[i];

		if (raw->type != MEMMAP_USABLE && raw->base < end && raw->length > 0 &&
		    (raw->base >= start || start - raw->base < raw->length))
			fault(replay,
			      "0x%" PRIx64 "-0x%" PRIx64 " is usable, but entry %u has type %u",
			      start, end, i, raw->type);
	}
}

/* ACPI ranges are taken, nothing else is, and RAM is the sum of what is free and what is taken. */
static void check_walks(struct replay *replay)
{
	const struct memmap *map = &replay->map;
	uint64_t start, end, ram = 0, free = 0, taken = 0;

	for (uint64_t from = 0; memmap_next_ram(map, from, &start, &end); from = end) {
		if (start < from || end <= start) {
			fault(replay, "memmap_next_ram() goes back at 0x%" PRIx64, from);
			return;
		}
		ram += end - start;
	}
	for (uint64_t from = 0; memmap_next_free(map, from, &start, &end); from = end) {
		if (start < from || end <= start) {
			fault(replay, "memmap_next_free() goes back at 0x%" PRIx64, from);
			return;
		}
		free += end - start;
	}
	for (uint32_t i = 0; i < map->nr_taken; i++)
		taken += map->taken[i].end - map->taken[i].start;
	compare(replay, "RAM", ram, bytes_of(map, MEMMAP_USABLE) + bytes_of(map, MEMMAP_ACPI));
	compare(replay, "free", free, bytes_of(map, MEMMAP_USABLE));
	compare(replay, "taken", taken, bytes_of(map, MEMMAP_ACPI));
}

/* Every byte that entries name is in one row, or in a page of RAM, which nobody has zones for. */
static void check_ledger(struct replay *replay)
{
	const struct memmap *map = &replay->map;
	struct mm mm = { .map = &replay->map };
	struct ledger ledger;

	ledger_take(&mm, &ledger);
	compare(replay, "the ledger's total",
		ledger_sum(&ledger) + bytes_of(map, MEMMAP_USABLE), ledger.total);
	compare(replay, "the ledger's ACPI data", ledger.row[LEDGER_TAKEN + MEMMAP_OWNER_ACPI],
		bytes_of(map, MEMMAP_ACPI));
}

static void check_invariants(struct replay *replay)
{
	const struct memmap *map = &replay->map;

	check_order(replay);
	for (uint32_t i = 0; i < map->nr_ranges; i++)
		if (map->ranges[i].type == MEMMAP_USABLE)
			check_usable(replay, map->ranges[i].start, map->ranges[i].end);
	check_walks(replay);
	check_ledger(replay);
}

/* ---- Reading the file ---------------------------------------------------- */

static void add_entry(struct replay *replay, const char *line)
{
	struct memmap_entry raw;
	int used;

	if (!SCAN(line, 3, &used, "0x%" SCNx64 " 0x%" SCNx64 " %" SCNu32 " %n", &raw.base,
		  &raw.length, &raw.type)) {
		fault(replay, "not an entry: %s", line);
		return;
	}
	if (replay->nr_raw == replay->max_raw) {
		replay->max_raw = replay->max_raw ? 2 * replay->max_raw : 64;
		replay->raw = realloc(replay->raw, replay->max_raw * sizeof(raw));
		if (!replay->raw)
			exit(2);
	}
	replay->raw[replay->nr_raw++] = raw;
}

static void read_line(struct replay *replay, const char *line)
{
	int used;

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (replay->inside && strcmp(line, "end") == 0) {
		replay->inside = false;
		run_map(replay);
	} else if (replay->inside) {
		add_entry(replay, line);
	} else if (replay->sealed) {
		expect(replay, line);
	} else if (strcmp(line, "memmap-v1") == 0) {
		replay->inside = true;
	} else if (SCAN(line, 1, &used, "cpu-bits %u %n", &replay->cpu_bits)) {
		if (replay->cpu_bits < 12 || replay->cpu_bits > 63)
			fault(replay, "no CPU has %u bits of address", replay->cpu_bits);
	} else if (!SCAN(line, 1, &used, "mem %" SCNu64 " %n", &replay->mem)) {
		fault(replay, "not understood: %s", line);
	}
}

static bool replay_file(const char *path)
{
	struct replay replay = { .path = path, .cpu_bits = CPU_BITS, .mem = UINT64_MAX };
	char line[MAX_LINE];
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		return false;
	}
	while (replay.faults == 0 && fgets(line, sizeof(line), file)) {
		replay.line++;
		line[strcspn(line, "\r\n")] = '\0';
		read_line(&replay, line);
	}
	fclose(file);
	if (!replay.faults && !replay.sealed)
		fault(&replay, "no memmap-v1 block with an end");
	else if (!replay.faults && replay.nr_expected == 0)
		fault(&replay, "nothing is expected of this map");
	if (replay.sealed)
		check_invariants(&replay);
	free(replay.raw);
	free(replay.storage);
	free(replay.log);
	return replay.faults == 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	if (failed)
		fprintf(stderr, "usage: %s FILE.map ...\n", argv[0]);
	for (int i = 1; i < argc; i++) {
		bool good = replay_file(argv[i]);

		printf("%s %d - %s\n", good ? "ok" : "not ok", i, argv[i]);
		failed |= !good;
	}
	return failed;
}
