/*
 * mm/memmap.c and mm/early.c: any entries, limits and reservations.
 *
 * The input is a list of calls, before and after the seal. What must come out is worked out anew
 * from the contract in include/mm/memmap.h, as naively as can be: all edges of entries, of the
 * pages that they lie in, and of the limits cut the address space into pieces that no edge divides;
 * each piece asks every entry what it is. Sums are 128 bits wide, so nothing wraps.
 */
#include <kernel/errno.h>
#include <mm/memmap.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_CALLS	48U		/* of an input that count */
#define MAX_ENTRIES	24U
#define MAX_EDGES	1024U		/* more than all entries, ranges and reservations have */
#define MAX_PIECES	(MAX_EDGES + 1)

typedef unsigned __int128 wide;

#define TOP		((wide)1 << 64)

struct reservation {
	uint64_t start, end;
	enum memmap_owner owner;
};

static struct memmap map;

static struct {
	struct memmap_entry entry[MAX_ENTRIES];
	unsigned int nr_entries;
	uint64_t reach, limit;

	wide edge[MAX_EDGES];
	unsigned int nr_edges;
	struct memmap_range range[MAX_PIECES];
	unsigned int nr_ranges;
	uint64_t dropped;

	struct reservation taken[2 * MAX_CALLS + MAX_PIECES];	/* as asked for, in order */
	unsigned int nr_taken;
	struct memmap_reservation merged[4 * MAX_CALLS + 2 * MAX_PIECES];
	unsigned int nr_merged;
} model;

/* ---- pieces -------------------------------------------------------------- */

static wide page_down(wide at)
{
	return at / PAGE_SIZE * PAGE_SIZE;
}

static wide page_up(wide at)
{
	return page_down(at + PAGE_SIZE - 1);
}

static int compare_edges(const void *left, const void *right)
{
	wide a = *(const wide *)left, b = *(const wide *)right;

	return (a > b) - (a < b);
}

static void add_edge(wide at)
{
	FUZZ_CHECK(model.nr_edges < MAX_EDGES);
	model.edge[model.nr_edges++] = at;
}

static wide entry_end(const struct memmap_entry *entry)
{
	wide end = (wide)entry->base + entry->length;

	return end < TOP ? end : TOP;
}

static void sort_edges(void)
{
	unsigned int nr = 0;

	qsort(model.edge, model.nr_edges, sizeof(model.edge[0]), compare_edges);
	for (unsigned int i = 0; i < model.nr_edges; i++) {
		if (nr == 0 || model.edge[nr - 1] != model.edge[i])
			model.edge[nr++] = model.edge[i];
	}
	model.nr_edges = nr;
}

static void collect_edges(void)
{
	model.nr_edges = 0;
	add_edge(0);
	add_edge(model.limit);
	add_edge(model.reach);
	add_edge(TOP);
	for (unsigned int i = 0; i < model.nr_entries; i++) {
		wide start = model.entry[i].base, end = entry_end(&model.entry[i]);

		add_edge(start);
		add_edge(page_down(start));
		add_edge(page_up(start));
		add_edge(end);
		add_edge(page_down(end));
		add_edge(page_up(end));
	}
	sort_edges();
}

/* Restriction: the greater wins. Nothing is 0. */
static unsigned int strictness(uint32_t type)
{
	switch (type) {
	case 0:
		return 0;
	case MEMMAP_USABLE:
		return 1;
	case MEMMAP_ACPI:
		return 2;
	case MEMMAP_NVS:
		return 4;
	case MEMMAP_BAD:
		return 5;
	default:
		return 3;
	}
}

static const uint32_t type_of_strictness[] = { 0, MEMMAP_USABLE, MEMMAP_ACPI, MEMMAP_RESERVED,
					       MEMMAP_NVS, MEMMAP_BAD };

/* What the bytes from @start to the next edge are, all limits aside. */
static unsigned int claimed(wide start)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < model.nr_entries; i++) {
		const struct memmap_entry *entry = &model.entry[i];
		unsigned int type = entry->type;

		if (start < entry->base || start >= entry_end(entry))
			continue;
		type = strictness(type == 0 ? MEMMAP_RESERVED : type);
		if (type > most)
			most = type;
	}
	return most;
}

static unsigned int existing(wide start)
{
	unsigned int most = claimed(start);

	if (start >= model.reach || (start >= model.limit && most <= 2))
		return 0;
	return most;
}

static void append_range(wide start, wide end, unsigned int strict)
{
	struct memmap_range *last = model.nr_ranges ? &model.range[model.nr_ranges - 1] : NULL;
	uint32_t type = type_of_strictness[strict];

	if (last && last->end == start && last->type == type) {
		last->end = (uint64_t)end;
		return;
	}
	FUZZ_CHECK(model.nr_ranges < MAX_PIECES);
	model.range[model.nr_ranges++] =
		(struct memmap_range){ (uint64_t)start, (uint64_t)end, type };
}

/* The page at @page, whose pieces are those from @piece on. Return: the first piece behind it. */
static unsigned int judge_page(wide page, unsigned int piece)
{
	wide ram = 0;
	unsigned int most = 0, strict;

	for (; piece + 1 < model.nr_edges && model.edge[piece] < page + PAGE_SIZE; piece++) {
		strict = existing(model.edge[piece]);
		if (strict == 1 || strict == 2)
			ram += model.edge[piece + 1] - model.edge[piece];
		if (strict > most)
			most = strict;
	}
	if ((most == 1 || most == 2) && ram < PAGE_SIZE)
		most = most == 1 ? 0 : 3;
	if (most)
		append_range(page, page + PAGE_SIZE, most);
	return piece;
}

static void work_out_ranges(void)
{
	uint64_t usable = 0;

	collect_edges();
	model.nr_ranges = 0;
	model.dropped = 0;
	for (unsigned int i = 0; i + 1 < model.nr_edges; i++) {
		if (claimed(model.edge[i]) == 1)
			model.dropped += (uint64_t)(model.edge[i + 1] - model.edge[i]);
	}
	for (unsigned int i = 0; i + 1 < model.nr_edges && model.edge[i] < model.reach;) {
		wide start = model.edge[i], end = model.edge[i + 1];

		if (page_down(start) == start && page_down(end) == end) {
			if (existing(start))
				append_range(start, end, existing(start));
			i++;
		} else {
			i = judge_page(page_down(start), i);
		}
	}
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		if (model.range[i].type == MEMMAP_USABLE)
			usable += model.range[i].end - model.range[i].start;
	}
	model.dropped -= usable;
}

/* ---- reservations -------------------------------------------------------- */

static enum memmap_owner owner_at(wide at)
{
	enum memmap_owner most = MEMMAP_OWNER_NONE;

	for (unsigned int i = 0; i < model.nr_taken; i++) {
		const struct reservation *taken = &model.taken[i];

		if (taken->start <= at && at < taken->end && taken->owner > most)
			most = taken->owner;
	}
	return most;
}

/* The pages that are taken, by whom, as the fewest ranges. */
static void work_out_taken(void)
{
	model.nr_edges = 0;
	for (unsigned int i = 0; i < model.nr_taken; i++) {
		add_edge(model.taken[i].start);
		add_edge(model.taken[i].end);
	}
	sort_edges();
	model.nr_merged = 0;
	for (unsigned int i = 0; i + 1 < model.nr_edges; i++) {
		struct memmap_reservation *last =
			model.nr_merged ? &model.merged[model.nr_merged - 1] : NULL;
		uint64_t start = (uint64_t)model.edge[i], end = (uint64_t)model.edge[i + 1];
		enum memmap_owner owner = owner_at(start);

		if (owner == MEMMAP_OWNER_NONE)
			continue;
		if (last && last->end == start && last->owner == owner)
			last->end = end;
		else
			model.merged[model.nr_merged++] =
				(struct memmap_reservation){ start, end, owner };
	}
}

static void compare_taken(void)
{
	FUZZ_EQ(map.nr_taken, model.nr_merged);
	for (unsigned int i = 0; i < map.nr_taken; i++) {
		FUZZ_EQ(map.taken[i].start, model.merged[i].start);
		FUZZ_EQ(map.taken[i].end, model.merged[i].end);
		FUZZ_EQ(map.taken[i].owner, model.merged[i].owner);
	}
}

/* Return: does the table have room for it? Then the model has it. */
static bool model_reserve(uint64_t start, uint64_t end, enum memmap_owner owner)
{
	wide stop = page_up(end);

	if (stop >= TOP)		/* the last page has no end that 64 bits can say */
		stop = page_down(TOP - 1);
	model.taken[model.nr_taken++] =
		(struct reservation){ (uint64_t)page_down(start), (uint64_t)stop, owner };
	work_out_taken();
	if (model.nr_merged <= map.max_taken)
		return true;
	model.nr_taken--;
	work_out_taken();
	return false;
}

static void reserve(uint64_t start, uint64_t end, enum memmap_owner owner)
{
	bool sound = end > start && page_down(start) < page_down(TOP - 1) && owner > 0 &&
		     owner < MEMMAP_NR_OWNERS;
	int want = !sound ? -EINVAL : model_reserve(start, end, owner) ? 0 : -ENOSPC;

	FUZZ_EQ(memmap_reserve(&map, start, end, owner), want);
	work_out_taken();
	compare_taken();
}

/* ---- the seal and what reads the map ------------------------------------- */

/* ACPI ranges are taken, or reserved where the table has no room. */
static void hold_acpi(void)
{
	unsigned int nr = model.nr_ranges;

	model.nr_ranges = 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct memmap_range range = model.range[i];

		if (range.type == MEMMAP_ACPI &&
		    !model_reserve(range.start, range.end, MEMMAP_OWNER_ACPI))
			range.type = MEMMAP_RESERVED;
		append_range(range.start, range.end, strictness(range.type));
	}
}

static void seal(void)
{
	bool usable = false;

	work_out_ranges();
	hold_acpi();
	for (unsigned int i = 0; i < model.nr_ranges; i++)
		usable |= model.range[i].type == MEMMAP_USABLE;
	FUZZ_EQ(memmap_seal(&map), usable ? 0 : -ENOMEM);
	FUZZ_EQ(map.nr_ranges, model.nr_ranges);
	FUZZ_CHECK(map.nr_ranges <= map.max_ranges);
	for (unsigned int i = 0; i < map.nr_ranges; i++) {
		FUZZ_EQ(map.ranges[i].start, model.range[i].start);
		FUZZ_EQ(map.ranges[i].end, model.range[i].end);
		FUZZ_EQ(map.ranges[i].type, model.range[i].type);
	}
	FUZZ_EQ(map.dropped, model.dropped);
	work_out_taken();
	compare_taken();
}

static bool is_ram(uint64_t page)
{
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		const struct memmap_range *range = &model.range[i];

		if (page >= range->start && page < range->end)
			return range->type == MEMMAP_USABLE || range->type == MEMMAP_ACPI;
	}
	return false;
}

static bool is_usable(uint64_t page)
{
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		const struct memmap_range *range = &model.range[i];

		if (page >= range->start && page < range->end)
			return range->type == MEMMAP_USABLE;
	}
	return false;
}

typedef bool (*walk)(const struct memmap *, uint64_t from, uint64_t *start, uint64_t *end);

/* Every stretch between edges, one after the other, must be what @next says of it. */
static void compare_walk(walk next, bool free)
{
	uint64_t start = 0, end = 0;
	bool more = next(&map, 0, &start, &end);

	model.nr_edges = 0;
	add_edge(0);
	add_edge(map.reach);
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		add_edge(model.range[i].start);
		add_edge(model.range[i].end);
	}
	for (unsigned int i = 0; free && i < model.nr_taken; i++) {
		add_edge(model.taken[i].start);
		add_edge(model.taken[i].end);
	}
	sort_edges();
	for (unsigned int i = 0; i + 1 < model.nr_edges; i++) {
		uint64_t from = (uint64_t)model.edge[i], to = (uint64_t)model.edge[i + 1];
		bool want = is_ram(from) && (!free || owner_at(from) == MEMMAP_OWNER_NONE);

		if (more && from >= end)
			more = next(&map, end, &start, &end);
		FUZZ_EQ(more && from >= start && from < end, want);
		FUZZ_CHECK(!want || to <= end);
	}
	FUZZ_CHECK(!more || !next(&map, end, &start, &end));
}

/* Is the block at @place free, usable and below @below? */
static bool fits(wide place, wide size, wide below)
{
	wide at = place;

	if (place == 0 || place + size > below || place + size > map.reach)
		return false;
	while (at < place + size) {
		wide next = place + size;

		if (!is_usable((uint64_t)at) || owner_at(at) != MEMMAP_OWNER_NONE)
			return false;
		for (unsigned int i = 0; i < model.nr_edges; i++) {
			if (model.edge[i] > at && model.edge[i] < next)
				next = model.edge[i];
		}
		at = next;
	}
	return true;
}

/*
 * The highest place is below some edge: the block ends where free memory ends, or as far below as
 * its alignment asks for. An early_alloc() block lies inside one range.
 */
static void early(uint64_t size, unsigned int align_shift, uint64_t below)
{
	wide limit = below ? (wide)below : TOP, best = 0;
	uint64_t align = PAGE_SIZE << align_shift, place;
	uint64_t rounded = size && size < TOP / 4 ? (uint64_t)page_up(size) : 0;
	uint32_t refused = map.refused;

	model.nr_edges = 0;
	add_edge(limit);
	for (unsigned int i = 0; i < model.nr_ranges; i++) {
		add_edge(model.range[i].start);
		add_edge(model.range[i].end);
	}
	for (unsigned int i = 0; i < model.nr_taken; i++) {
		add_edge(model.taken[i].start);
		add_edge(model.taken[i].end);
	}
	sort_edges();
	for (unsigned int i = 0; rounded && i < model.nr_edges; i++) {
		wide from = model.edge[i];

		if (from < rounded)
			continue;
		from = (from - rounded) / align * align;
		if (from > best && fits(from, rounded, limit))
			best = from;
	}
	place = early_alloc(&map, size, align, below);
	if (map.refused == refused)
		FUZZ_EQ(place, (uint64_t)best);
	if (place)
		FUZZ_CHECK(model_reserve(place, place + rounded, MEMMAP_OWNER_EARLY));
	work_out_taken();
	compare_taken();
}

/* ---- the input ----------------------------------------------------------- */

/*
 * A number near something that matters: an edge of a zone, of the CPU's reach or of the address
 * space, a few pages and bytes off; or any at all.
 */
static uint64_t take_address(struct fuzz_input *in)
{
	static const uint64_t base[] = { 0, 0xa0000, 1 << 20, 16 << 20, 1ULL << 32, 1ULL << 36,
					 1ULL << 44, 1ULL << 52, 1ULL << 63 };
	uint8_t kind = take_byte(in);
	uint64_t value = base[(kind & 15) % ARRAY_SIZE(base)];

	if (kind & 0x80)
		return take_number(in, 8);
	value += (uint64_t)(int8_t)take_byte(in) << PAGE_SHIFT;
	if (kind & 0x40)
		value += (uint64_t)(int16_t)take_number(in, 2);
	return value;
}

static uint64_t take_length(struct fuzz_input *in)
{
	uint8_t kind = take_byte(in);

	if (kind & 0x80)
		return take_number(in, 8);
	if (kind & 0x40)
		return take_number(in, 2);
	return (uint64_t)take_byte(in) << (PAGE_SHIFT + (kind & 31));
}

static void add(struct fuzz_input *in)
{
	uint64_t base = take_address(in), length = take_length(in);
	uint32_t type = take_byte(in);
	bool room = model.nr_entries < map.max_raw && !map.sealed;

	FUZZ_EQ(memmap_add(&map, base, length, type), room ? 0 : -ENOSPC);
	if (room)
		model.entry[model.nr_entries++] = (struct memmap_entry){ base, length, type };
}

static void limit(struct fuzz_input *in)
{
	uint64_t bytes = take_address(in);

	memmap_limit(&map, bytes);
	if (!map.sealed && page_down(bytes) < model.limit)
		model.limit = (uint64_t)page_down(bytes);
	FUZZ_EQ(map.limit, model.limit);
}

/* One number a statement: compilers differ in which argument of a call they work out first. */
static void one_call(struct fuzz_input *in)
{
	uint8_t call = take_byte(in), byte;
	uint64_t start, end, size;

	switch (call % 8) {
	case 0:
		limit(in);
		break;
	case 1:
		start = take_address(in);
		end = call & 0x80 ? take_address(in) : start + take_length(in);
		byte = take_byte(in);
		reserve(start, end, byte % (MEMMAP_NR_OWNERS + 1));
		break;
	case 2:
		if (!map.sealed && call & 0x80)
			seal();
		break;
	case 3:
		size = take_length(in);
		if (!map.sealed)
			break;
		byte = take_byte(in);
		early(size, byte % 12, call & 0x80 ? take_address(in) : 0);
		break;
	default:
		add(in);
		break;
	}
}

static void run(const uint8_t *bytes, size_t size)
{
	struct fuzz_input in = { bytes, bytes + size };
	uint32_t nr_raw = take_byte(&in) % (MAX_ENTRIES + 1), nr_taken = take_byte(&in) % 32;
	unsigned int bits = 20 + take_byte(&in) % 44;
	void *storage = malloc(memmap_bytes(nr_raw, nr_taken) + 1);

	FUZZ_CHECK(storage != NULL);
	model.nr_entries = model.nr_ranges = model.nr_taken = model.nr_merged = 0;
	memmap_init(&map, storage, nr_raw, nr_taken, 1ULL << bits);
	model.reach = model.limit = 1ULL << (bits < 44 ? bits : 44);
	FUZZ_EQ(map.reach, model.reach);
	for (unsigned int i = 0; i < MAX_CALLS && in.at < in.end; i++)
		one_call(&in);
	if (!map.sealed)
		seal();
	compare_walk(memmap_next_ram, false);
	compare_walk(memmap_next_free, true);
	memmap_print_raw(&map, &fuzz_sink);
	memmap_print(&map, &fuzz_sink);
	free(storage);
}

const struct fuzz_target fuzz_memmap = { "memmap", NULL, run };
