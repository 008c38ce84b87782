/*
 * The firmware's memory map, made sound, and the list of what is taken of it.
 *
 * 1. Idea.       Entries are copied and sorted by their start. One sweep over them keeps, for each
 *                degree of restriction, the furthest byte that an entry seen so far reaches: what
 *                reaches the present byte and is most restrictive is the byte's type. The stretches
 *                of bytes that the sweep cuts go straight into pages: whole pages of one type as
 *                they are, a page that several stretches share once all are known.
 * 2. A page      is usable when every byte of it is. If a byte of it is anything else that an entry
 *                names, the whole page is the most restrictive of those; if the rest of it is a
 *                hole, it is dropped. ACPI memory is handed out later, so that a page with ACPI
 *                bytes and a hole becomes reserved, not ACPI.
 * 3. Reach.      Nothing exists at or above map->reach, where the CPU's addresses end. At or above
 *                map->limit (mem=) only memory ceases to exist: what else is there stays known.
 * 4. Invariants. ranges and taken are each sorted, disjoint, page-aligned and without empty ones;
 *                neighbours that touch differ in type or owner.
 * 5. Room.       See MEMMAP_MAX_RANGES. The sorted copy stands at the end of the table that the
 *                sweep fills from its beginning: after k of n entries at most 4k + 2 ranges are out
 *                and 3n + 4 + k slots are free.
 * 6. Cost.       Seal: n log n, no recursion. A reservation: one pass over all of them. A look-up:
 *                two bisections.
 * 7. Locking.    None: boot runs on one CPU, and later the map is only read.
 * 8. Not here.   Parsing (boot/), text (memmap_print.c), taking memory by size (early.c), zones
 *                (mm.c).
 */
#include <kernel/errno.h>
#include <kernel/panic.h>
#include <kernel/string.h>
#include <mm/memmap.h>

/* Degrees of restriction: where entries overlap, the greatest wins. */
enum rank { RANK_USABLE, RANK_ACPI, RANK_RESERVED, RANK_NVS, RANK_BAD, NR_RANKS };

static const uint32_t rank_type[NR_RANKS] = {
	[RANK_USABLE] = MEMMAP_USABLE, [RANK_ACPI] = MEMMAP_ACPI, [RANK_RESERVED] = MEMMAP_RESERVED,
	[RANK_NVS] = MEMMAP_NVS, [RANK_BAD] = MEMMAP_BAD,
};

/* A stretch that entries of several types claim. */
struct overlap {
	uint64_t start;
	uint64_t last;
	unsigned int winner;		/* rank */
	unsigned int losers;		/* bit per rank; 0: no overlap */
};

/* The page that is not yet decided because stretches share it. */
struct shared_page {
	uint64_t page;			/* its first byte */
	uint64_t bytes[NR_RANKS];	/* how many of each rank it holds */
	bool open;
};

struct sweep {
	struct memmap *map;
	uint64_t clipped;		/* bytes of RAM at or above map->limit */
	uint32_t room;			/* ranges that may be written now */
	struct shared_page shared;
	struct overlap overlap;
};

size_t memmap_bytes(uint32_t nr_raw, uint32_t nr_taken)
{
	return MEMMAP_BYTES(nr_raw, nr_taken);
}

void memmap_init(struct memmap *map, void *storage, uint32_t nr_raw, uint32_t nr_taken,
		 uint64_t limit)
{
	memset(map, 0, sizeof(*map));
	map->ranges = storage;
	map->max_ranges = (uint32_t)MEMMAP_MAX_RANGES(nr_raw);
	map->raw = (struct memmap_entry *)(map->ranges + map->max_ranges);
	map->max_raw = nr_raw;
	map->taken = (struct memmap_reservation *)(map->raw + nr_raw);
	map->max_taken = nr_taken;
	map->reach = align_down(min_u64(limit, PFN_PHYS(MAX_PFN)), PAGE_SIZE);
	map->limit = map->reach;
}

int memmap_add(struct memmap *map, uint64_t base, uint64_t length, uint32_t type)
{
	if (map->nr_raw == map->max_raw || map->sealed) {
		map->refused++;
		pr_warn("memmap: entry 0x%llx + 0x%llx, type %u, refused: %s\n",
			(unsigned long long)base, (unsigned long long)length, type,
			map->sealed ? "the map is sealed" : "the table is full");
		return -ENOSPC;
	}
	map->raw[map->nr_raw++] = (struct memmap_entry){ base, length, type };
	return 0;
}

void memmap_limit(struct memmap *map, uint64_t limit)
{
	if (map->sealed) {
		pr_warn("memmap: limit 0x%llx ignored: the map is sealed\n",
			(unsigned long long)limit);
		return;
	}
	map->limit = min_u64(map->limit, align_down(limit, PAGE_SIZE));
}

/* ---- Sorting -------------------------------------------------------------------------------- */

static void sift_down(struct memmap_range *heap, size_t root, size_t nr)
{
	struct memmap_range moved = heap[root];

	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= nr)
			break;
		if (child + 1 < nr && heap[child].start < heap[child + 1].start)
			child++;
		if (heap[child].start <= moved.start)
			break;
		heap[root] = heap[child];
		root = child;
	}
	heap[root] = moved;
}

/* Heapsort: in place, n log n whatever the order, and no stack. */
static void sort_by_start(struct memmap_range *range, size_t nr)
{
	for (size_t i = nr / 2; i > 0; i--)
		sift_down(range, i - 1, nr);
	for (size_t end = nr; end > 1; end--) {
		struct memmap_range last = range[end - 1];

		range[end - 1] = range[0];
		range[0] = last;
		sift_down(range, 0, end - 1);
	}
}

/* ---- From entries to stretches of bytes ----------------------------------------------------- */

static unsigned int rank_of(uint32_t type)
{
	for (unsigned int rank = 0; rank < NR_RANKS; rank++)
		if (rank_type[rank] == type)
			return rank;
	return RANK_RESERVED;
}

static void say_entry(const struct memmap *map, uint32_t index, const char *reason)
{
	const struct memmap_entry *raw = &map->raw[index];

	pr_warn("memmap: entry %u, 0x%llx + 0x%llx, type %u: %s\n", index,
		(unsigned long long)raw->base, (unsigned long long)raw->length, raw->type, reason);
}

/*
 * Copy what can take part to @out, with .end as the last byte, since 2^64 has no number, and .type
 * as the rank. Return: how many.
 */
static uint32_t collect(const struct memmap *map, struct memmap_range *out)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < map->nr_raw; i++) {
		const struct memmap_entry *raw = &map->raw[i];
		uint64_t last = raw->base + raw->length - 1;

		if (raw->length == 0) {
			say_entry(map, i, "zero length, dropped");
			continue;
		}
		if (last < raw->base) {
			say_entry(map, i, "wraps past the end of the address space, cut there");
			last = UINT64_MAX;
		}
		if (raw->base >= map->reach)
			say_entry(map, i, "above what the CPU can address, dropped");
		else if (last >= map->reach)
			say_entry(map, i, "partly above what the CPU can address, cut there");
		if (raw->type < MEMMAP_USABLE || raw->type > MEMMAP_BAD)
			say_entry(map, i, "unknown type, taken as reserved");
		out[nr++] = (struct memmap_range){ raw->base, last, rank_of(raw->type) };
	}
	return nr;
}

static void say_overlap(struct sweep *sweep)
{
	struct overlap *overlap = &sweep->overlap;

	for (unsigned int rank = 0; rank < NR_RANKS; rank++)
		if (overlap->losers & 1U << rank)
			pr_notice("memmap: 0x%llx-0x%llx is both %s and %s, taken as %s\n",
				  (unsigned long long)overlap->start,
				  (unsigned long long)overlap->last,
				  memmap_type_name(rank_type[rank]),
				  memmap_type_name(rank_type[overlap->winner]),
				  memmap_type_name(rank_type[overlap->winner]));
	overlap->losers = 0;
}

/* Adjacent stretches with the same story are told as one. */
static void note_overlap(struct sweep *sweep, uint64_t start, uint64_t last, unsigned int winner,
			 unsigned int losers)
{
	struct overlap *overlap = &sweep->overlap;

	if (overlap->losers == losers && overlap->winner == winner && overlap->last + 1 == start) {
		overlap->last = last;
		return;
	}
	say_overlap(sweep);
	*overlap = (struct overlap){ start, last, winner, losers };
}

/* ---- From stretches to pages ---------------------------------------------------------------- */

static void append(struct sweep *sweep, uint64_t start, uint64_t end, uint32_t type)
{
	struct memmap *map = sweep->map;
	struct memmap_range *before = map->nr_ranges ? &map->ranges[map->nr_ranges - 1] : NULL;

	if (before && before->end == start && before->type == type) {
		before->end = end;
		return;
	}
	if (map->nr_ranges >= sweep->room)
		panic("memmap: more than %u ranges out of %u entries", sweep->room, map->nr_raw);
	map->ranges[map->nr_ranges++] = (struct memmap_range){ start, end, type };
}

/* The shared page is known in full: decide it. */
static void close_page(struct sweep *sweep)
{
	struct shared_page *shared = &sweep->shared;
	uint64_t usable = shared->bytes[RANK_USABLE], acpi = shared->bytes[RANK_ACPI];
	unsigned int rank = NR_RANKS - 1;

	if (!shared->open)
		return;
	shared->open = false;
	while (shared->bytes[rank] == 0)
		rank--;
	if (rank <= RANK_ACPI && usable + acpi < PAGE_SIZE)
		rank = acpi ? RANK_RESERVED : NR_RANKS;
	if (rank < NR_RANKS)
		append(sweep, shared->page, shared->page + PAGE_SIZE, rank_type[rank]);
	if (rank == RANK_USABLE)
		return;
	sweep->map->dropped += usable;
	if (usable)
		pr_notice("memmap: 0x%llx usable bytes in the page at 0x%llx dropped: it is %s\n",
			  (unsigned long long)usable, (unsigned long long)shared->page,
			  rank < NR_RANKS ? memmap_type_name(rank_type[rank]) : "not whole");
	if (acpi && rank > RANK_ACPI)
		pr_notice("memmap: 0x%llx ACPI bytes in the page at 0x%llx dropped: it is %s\n",
			  (unsigned long long)acpi, (unsigned long long)shared->page,
			  memmap_type_name(rank_type[rank]));
}

static void add_bytes(struct sweep *sweep, uint64_t start, uint64_t end, unsigned int rank)
{
	struct shared_page *shared = &sweep->shared;

	while (start < end) {
		uint64_t page = align_down(start, PAGE_SIZE);
		uint64_t stop = min_u64(end, page + PAGE_SIZE);

		if (shared->open && shared->page != page)
			close_page(sweep);
		if (stop - start == PAGE_SIZE) {
			stop = align_down(end, PAGE_SIZE);
			append(sweep, start, stop, rank_type[rank]);
		} else {
			if (!shared->open)
				*shared = (struct shared_page){ .page = page, .open = true };
			shared->bytes[rank] += stop - start;
		}
		start = stop;
	}
}

/* A stretch from @start to @last inclusive that no other overlaps: cut it at the limits. */
static void add_stretch(struct sweep *sweep, uint64_t start, uint64_t last, unsigned int rank)
{
	struct memmap *map = sweep->map;
	bool ram = rank <= RANK_ACPI;
	uint64_t limit = ram ? map->limit : map->reach;

	if (last >= limit && ram) {
		uint64_t first = max_u64(start, limit);

		if (first < map->reach)
			sweep->clipped += min_u64(last, map->reach - 1) - first + 1;
		if (rank == RANK_USABLE)
			map->dropped += last - first + 1;
	}
	if (start < limit)
		add_bytes(sweep, start, last < limit ? last + 1 : limit, rank);
}

/*
 * @in: @nr entries sorted by start, .end the last byte and .type the rank; they stand in the table
 *      that is filled.
 */
static void run_sweep(struct sweep *sweep, const struct memmap_range *in, uint32_t nr)
{
	uint64_t last[NR_RANKS] = { 0 };
	bool seen[NR_RANKS] = { false };
	uint32_t i = 0;
	uint64_t pos = nr ? in[0].start : 0;
	bool done = nr == 0;

	while (!done) {
		unsigned int winner = NR_RANKS, losers = 0;
		uint64_t stop = UINT64_MAX;	/* last byte of this stretch */

		for (; i < nr && in[i].start == pos; i++) {
			if (!seen[in[i].type] || in[i].end > last[in[i].type])
				last[in[i].type] = in[i].end;
			seen[in[i].type] = true;
		}
		sweep->room = (uint32_t)(in - sweep->map->ranges) + i;
		for (unsigned int rank = 0; rank < NR_RANKS; rank++) {
			if (!seen[rank] || last[rank] < pos)
				continue;
			if (winner < NR_RANKS)
				losers |= 1U << winner;
			winner = rank;
			stop = min_u64(stop, last[rank]);
		}
		if (i < nr)
			stop = min_u64(stop, in[i].start - 1);
		if (losers)
			note_overlap(sweep, pos, stop, winner, losers);
		if (winner < NR_RANKS)
			add_stretch(sweep, pos, stop, winner);
		done = stop == UINT64_MAX;	/* also when nothing is left */
		pos = stop + 1;
	}
}

/*
 * ACPI memory is RAM that is held until its tables have been read. Without a slot to say so it must
 * stay reserved, and is then one with the reserved ranges that it touches.
 */
static void hold_acpi(struct memmap *map)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < map->nr_ranges; i++) {
		struct memmap_range range = map->ranges[i];
		struct memmap_range *before = nr ? &map->ranges[nr - 1] : NULL;

		if (range.type == MEMMAP_ACPI &&
		    memmap_reserve(map, range.start, range.end, MEMMAP_OWNER_ACPI) != 0)
			range.type = MEMMAP_RESERVED;
		if (before && before->end == range.start && before->type == range.type)
			before->end = range.end;
		else
			map->ranges[nr++] = range;
	}
	map->nr_ranges = nr;
}

int memmap_seal(struct memmap *map)
{
	struct sweep sweep = { .map = map };
	struct memmap_range *sorted = map->ranges + map->max_ranges - map->nr_raw;
	bool any_usable = false;
	uint32_t nr;

	if (!map->sealed) {
		nr = collect(map, sorted);
		sort_by_start(sorted, nr);
		run_sweep(&sweep, sorted, nr);
		close_page(&sweep);
		say_overlap(&sweep);
		map->sealed = true;
		if (sweep.clipped)
			pr_notice("memmap: %llu KiB of memory at and above 0x%llx not used: mem=\n",
				  (unsigned long long)(sweep.clipped >> 10),
				  (unsigned long long)map->limit);
		hold_acpi(map);
	}
	for (uint32_t i = 0; i < map->nr_ranges; i++)
		any_usable |= map->ranges[i].type == MEMMAP_USABLE;
	if (any_usable)
		return 0;
	pr_err("memmap: no usable page in %u entries\n", map->nr_raw);
	return -ENOMEM;
}

/* ---- Reservations --------------------------------------------------------------------------- */

/* The table of reservations as it is about to be; built in the second half of its storage. */
struct rebuild {
	struct memmap_reservation *out;
	uint32_t nr, max;
	bool full;
};

static void rebuild_add(struct rebuild *build, uint64_t start, uint64_t end,
			enum memmap_owner owner)
{
	struct memmap_reservation *before = build->nr ? &build->out[build->nr - 1] : NULL;

	if (start >= end)
		return;
	if (before && before->end == start && before->owner == owner)
		before->end = end;
	else if (build->nr < build->max)
		build->out[build->nr++] = (struct memmap_reservation){ start, end, owner };
	else
		build->full = true;
}

/*
 * All reservations with @add among them: where it meets another, the greater owner keeps the bytes.
 * @add.start moves along as its parts are put out, so that what is left of it is always [add.start,
 * add.end).
 */
static void rebuild_with(struct rebuild *build, const struct memmap *map,
			 struct memmap_reservation add)
{
	for (uint32_t i = 0; i < map->nr_taken; i++) {
		const struct memmap_reservation *old = &map->taken[i];
		uint64_t first = max_u64(old->start, add.start), stop = min_u64(old->end, add.end);

		if (first >= stop) {				/* no byte in common */
			if (old->start >= add.end) {
				rebuild_add(build, add.start, add.end, add.owner);
				add.start = add.end;
			}
			rebuild_add(build, old->start, old->end, old->owner);
			continue;
		}
		rebuild_add(build, old->start, first, old->owner);
		if (old->owner > add.owner) {
			rebuild_add(build, add.start, first, add.owner);
			rebuild_add(build, first, stop, old->owner);
		} else {
			rebuild_add(build, add.start, stop, add.owner);
		}
		add.start = stop;
		rebuild_add(build, stop, old->end, old->owner);
	}
	rebuild_add(build, add.start, add.end, add.owner);
}

int memmap_reserve(struct memmap *map, uint64_t start, uint64_t end, enum memmap_owner owner)
{
	struct rebuild build = { .out = map->taken + map->max_taken, .max = map->max_taken };
	uint64_t top = align_down(UINT64_MAX, PAGE_SIZE);
	uint64_t first = align_down(start, PAGE_SIZE);
	uint64_t stop = end > top ? top : align_up(end, PAGE_SIZE);
	const char *reason = NULL;

	if (map->closed)
		reason = "the zones have the memory";
	else if (end <= start || first >= stop)
		reason = "it is empty or wraps";
	else if (owner <= MEMMAP_OWNER_NONE || owner >= MEMMAP_NR_OWNERS)
		reason = "no such owner";
	if (!reason) {
		rebuild_with(&build, map, (struct memmap_reservation){ first, stop, owner });
		if (!build.full) {
			memcpy(map->taken, build.out, build.nr * sizeof(*build.out));
			map->nr_taken = build.nr;
			return 0;
		}
		map->refused++;
	}
	pr_warn("memmap: reservation 0x%llx-0x%llx for %s refused: %s\n", (unsigned long long)start,
		(unsigned long long)end, memmap_owner_name(owner),
		reason ? reason : "the table is full");
	if (map->closed)
		return -EBUSY;
	return reason ? -EINVAL : -ENOSPC;
}

/* ---- Walks ---------------------------------------------------------------------------------- */

/* Index of the first range that ends above @paddr. */
static uint32_t find_range(const struct memmap *map, uint64_t paddr)
{
	uint32_t low = 0, high = map->nr_ranges;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (map->ranges[mid].end > paddr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static uint32_t find_taken(const struct memmap *map, uint64_t paddr)
{
	uint32_t low = 0, high = map->nr_taken;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (map->taken[mid].end > paddr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool is_ram(const struct memmap_range *range)
{
	return range->type == MEMMAP_USABLE || range->type == MEMMAP_ACPI;
}

bool memmap_next_ram(const struct memmap *map, uint64_t from, uint64_t *start, uint64_t *end)
{
	uint32_t i;

	if (!map->sealed || from > PFN_PHYS(MAX_PFN))
		return false;
	from = align_up(from, PAGE_SIZE);
	i = find_range(map, from);
	while (i < map->nr_ranges && !is_ram(&map->ranges[i]))
		i++;
	if (i == map->nr_ranges)
		return false;
	*start = max_u64(from, map->ranges[i].start);
	*end = map->ranges[i].end;
	for (i++; i < map->nr_ranges && is_ram(&map->ranges[i]) && map->ranges[i].start == *end;
	     i++)
		*end = map->ranges[i].end;
	return true;
}

bool memmap_next_free(const struct memmap *map, uint64_t from, uint64_t *start, uint64_t *end)
{
	uint64_t first, stop;

	while (memmap_next_ram(map, from, &first, &stop)) {
		uint32_t i = find_taken(map, first);

		for (; i < map->nr_taken && map->taken[i].start <= first; i++)
			first = map->taken[i].end;
		if (first < stop) {
			*start = first;
			*end = i < map->nr_taken ? min_u64(stop, map->taken[i].start) : stop;
			return true;
		}
		from = first;
	}
	return false;
}
