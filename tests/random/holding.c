/*
 * What is handed out: a shadow of the address space, and patterns.
 *
 * 1. Shadow.   For each page how many hold a part of it, or WHOLE: somebody has all of it. For each
 *              8 bytes one byte: taken or not. Both are flat arrays by physical address, so that
 *              nothing in the model can be wrong in the way that a tree could be.
 * 2. CPUs.     Marks are set and cleared by relaxed atomic exchanges: the shadow must not order the
 *              CPUs, or TSan would not see what is missing in mm/. Where CPUs are several, of each
 *              64 bytes one mark stands for all, beside the first 64 and the last.
 * 3. Patterns. A word at each place depends on the owner's stamp and on the place. All of the first
 *              64 bytes, then a word each 512 bytes or in each page, and the last.
 */
#include <string.h>
#include <sys/mman.h>

#include "model.h"

#define ADDRESSES	(4096ULL << 20 | 128ULL << 20)	/* bytes: main.c's map ends there */
#define WHOLE		0x8000U
#define GRANULE		8U		/* bytes */
#define DENSE		64U		/* bytes that are marked and stamped without gaps */
#define SPARSE_STAMP	512U		/* bytes from one word of the pattern to the next, */
#define LARGE		16384U		/* and in what has more bytes than this, */
#define LARGE_STAMP	PAGE_SIZE	/* one in each page */
#define GOLDEN		0x9e3779b97f4a7c15ULL
#define PLACE		0xd6e8feb86659fd93ULL	/* odd: the place's part of a pattern's word */

static uint16_t *users;			/* by pfn */
static uint8_t *taken;			/* by paddr / GRANULE */

bool holding_init(void)
{
	users = mmap(NULL, (ADDRESSES >> PAGE_SHIFT) * sizeof(*users), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	taken = mmap(NULL, ADDRESSES / GRANULE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return users != MAP_FAILED && taken != MAP_FAILED;
}

bool page_is_held(uint64_t pfn)
{
	return __atomic_load_n(&users[pfn], __ATOMIC_RELAXED) != 0;
}

/* ---- the shadow -------------------------------------------------------------------------- */

static bool mark_pages(uint64_t pfn, uint64_t nr, bool take)
{
	uint16_t from = take ? 0 : WHOLE, to = take ? WHOLE : 0;
	bool good = true;

	for (uint64_t i = pfn; i < pfn + nr; i++)
		good &= __atomic_exchange_n(&users[i], to, __ATOMIC_RELAXED) == from;
	return good;
}

/* One of the object's pages has one user more, or less. */
static bool count_user(uint64_t pfn, bool take)
{
	if (take)
		return __atomic_fetch_add(&users[pfn], 1, __ATOMIC_RELAXED) < WHOLE - 1;
	return __atomic_fetch_sub(&users[pfn], 1, __ATOMIC_RELAXED) - 1U < WHOLE - 1;
}

/* The granule after @mark that is marked. */
static uint64_t next_mark(uint64_t mark, uint64_t first, uint64_t last)
{
	if (mark - first < DENSE / GRANULE - 1 || mark == last)
		return mark + 1;
	return min_u64(mark + DENSE / GRANULE, last);
}

/* One CPU alone can look at all of them at once. */
static bool mark_granules(uint64_t first, uint64_t last, bool take)
{
	bool good = true;

	if (model.list->nr_cpus == 1) {
		good = !memchr(taken + first, take, last + 1 - first);
		memset(taken + first, take, last + 1 - first);
		return good;
	}
	for (uint64_t i = first; i <= last; i = next_mark(i, first, last))
		good &= __atomic_exchange_n(&taken[i], take, __ATOMIC_RELAXED) == !take;
	return good;
}

static bool mark_object(uint64_t paddr, uint64_t bytes, bool take)
{
	uint64_t end = paddr + bytes - 1;
	bool good = true;

	for (uint64_t pfn = paddr >> PAGE_SHIFT; pfn <= end >> PAGE_SHIFT; pfn++)
		good &= count_user(pfn, take);
	return mark_granules(paddr / GRANULE, end / GRANULE, take) && good;
}

static bool is_whole_pages(const struct slot *slot)
{
	return slot->kind == SLOT_PAGES || slot->kind == SLOT_EXACT;
}

/* Does kmalloc serve it from whole pages? */
static bool is_large(const struct slot *slot)
{
	return slot->kind == SLOT_KMALLOC && virt_to_page(slot->at)->state == PAGE_LARGE;
}

static size_t held_bytes(const struct slot *slot)
{
	if (is_large(slot))
		return PAGE_SIZE << virt_to_page(slot->at)->order;
	return is_whole_pages(slot) ? align_up(slot->bytes, PAGE_SIZE) : slot->bytes;
}

static bool mark(const struct slot *slot, bool take)
{
	uint64_t paddr = virt_to_phys(slot->at);

	if (is_whole_pages(slot) || is_large(slot))
		return mark_pages(paddr >> PAGE_SHIFT, held_bytes(slot) >> PAGE_SHIFT, take);
	return mark_object(paddr, slot->bytes, take);
}

/* ---- patterns ---------------------------------------------------------------------------- */

static uint64_t stamp_word(uint64_t stamp, size_t place)
{
	return stamp * GOLDEN ^ place * PLACE;
}

/* The next place after @place; @bytes: there is none. */
static size_t next_place(size_t place, size_t bytes)
{
	size_t sparse = bytes > LARGE ? LARGE_STAMP : SPARSE_STAMP;
	size_t next = place + (place + GRANULE < DENSE ? GRANULE : sparse);
	size_t last = align_down(bytes - 1, GRANULE);

	if (next <= last)
		return next;
	return place < last ? last : bytes;
}

static void stamp(const struct slot *slot)
{
	for (size_t place = 0; place < slot->bytes; place = next_place(place, slot->bytes)) {
		uint64_t word = stamp_word(slot->stamp, place);

		memcpy(slot->at + place, &word, min_u64(GRANULE, slot->bytes - place));
	}
}

void stamp_check(const struct slot *slot, const char *at, size_t bytes)
{
	for (size_t place = 0; place < slot->bytes; place = next_place(place, slot->bytes)) {
		uint64_t word = stamp_word(slot->stamp, place);
		size_t size = min_u64(GRANULE, slot->bytes - place);

		if (place + size <= bytes && memcmp(at + place, &word, size) != 0)
			fail(WHY_CONTENT, "%zu bytes at %#llx were overwritten at byte %zu",
			     slot->bytes, (unsigned long long)virt_to_phys(at), place);
	}
}

static void expect_all(const struct slot *slot, size_t from, size_t to, unsigned char byte,
		       const char *what)
{
	for (size_t i = from; i < to && i < slot->bytes; i++) {
		if ((unsigned char)slot->at[i] != byte)
			fail(WHY_CONTENT, "%zu new bytes at %#llx: byte %zu is not %s", slot->bytes,
			     (unsigned long long)virt_to_phys(slot->at), i, what);
	}
}

/* ---- alignment, zone, size --------------------------------------------------------------- */

static const unsigned int class_size[KMALLOC_NR_CLASSES] = {
	8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896,
	1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192,
};

static unsigned int class_of(size_t bytes)
{
	unsigned int class = 0;

	while (class_size[class] < bytes)
		class++;
	return class;
}

/* As the headers promise it. */
static size_t wanted_align(const struct slot *slot)
{
	const struct cache_spec *spec = &cache_specs[slot->cache];
	size_t align = 8;

	switch (slot->kind) {
	case SLOT_PAGES:
		return PAGE_SIZE << slot->order;
	case SLOT_EXACT:
		return PAGE_SIZE;
	case SLOT_KMALLOC:
		if (is_power_of_2(slot->room))
			return min_u64(slot->room, PAGE_SIZE);
		return 16;
	default:
		if (spec->flags & SLAB_HWCACHE_ALIGN)
			align = spec->size > 32 ? 64 : spec->size > 16 ? 32 : 16;
		return max_u64(align, spec->align);
	}
}

/* The first byte that it may not reach. */
static uint64_t address_limit(const struct slot *slot, gfp_t gfp)
{
	slab_flags_t flags = slot->kind == SLOT_CACHE ? cache_specs[slot->cache].flags : 0;

	if ((gfp & __GFP_DMA && slot->kind != SLOT_CACHE) || flags & SLAB_CACHE_DMA)
		return 16ULL << 20;
	if ((gfp & __GFP_DMA32 && slot->kind != SLOT_CACHE) || flags & SLAB_CACHE_DMA32)
		return 4096ULL << 20;
	return ADDRESSES;
}

static void check_place(const struct slot *slot, gfp_t gfp)
{
	uint64_t paddr = virt_to_phys(slot->at);

	if (paddr % wanted_align(slot))
		fail(WHY_PLACE, "%zu bytes at %#llx are not aligned to %zu", slot->bytes,
		     (unsigned long long)paddr, wanted_align(slot));
	if (paddr < PAGE_SIZE || paddr + held_bytes(slot) > address_limit(slot, gfp))
		fail(WHY_PLACE, "%zu bytes at %#llx are above %#llx", slot->bytes,
		     (unsigned long long)paddr, (unsigned long long)address_limit(slot, gfp));
}

static size_t wanted_room(const struct slot *slot)
{
	size_t room = PAGE_SIZE;

	/* Slabs of one page hold no larger objects: for these nothing else stands in. */
	if (is_large(slot) && slot->bytes <= 256)
		fail(WHY_PLACE, "%zu bytes were served from a page of their own", slot->bytes);
	if (!is_large(slot) && slot->bytes <= KMALLOC_MAX_CACHE_SIZE)
		return class_size[class_of(slot->bytes)];
	while (room < slot->bytes)
		room *= 2;
	return room;
}

static void check_ksize(const struct slot *slot)
{
	size_t size = ksize(slot->at);

	if (size != slot->room)
		fail(WHY_PLACE, "ksize of %zu bytes at %#llx is %zu, expected %zu", slot->bytes,
		     (unsigned long long)virt_to_phys(slot->at), size, slot->room);
}

/* ---- counts ------------------------------------------------------------------------------ */

static void count(const struct actor *actor, const struct slot *slot, int64_t nr)
{
	unsigned int zone = mm_zone_of(&kernel_mm, page_to_pfn(virt_to_page(slot->at)))->index;
	unsigned int row = slot->gfp & __GFP_DMA ? 1 : slot->gfp & __GFP_DMA32 ? 2 : 0;

	if (slot->kind == SLOT_CACHE)
		__atomic_fetch_add(live_of(actor, slot->cache), nr, __ATOMIC_RELAXED);
	else if (is_whole_pages(slot) || is_large(slot))
		__atomic_fetch_add(&model.nr_whole[zone],
				   nr * (int64_t)(held_bytes(slot) >> PAGE_SHIFT),
				   __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&model.nr_kmalloc[row][class_of(slot->room)], nr,
				   __ATOMIC_RELAXED);
}

static void own(struct actor *actor, struct slot *slot)
{
	slot->stamp = ++actor->next_stamp;
	if (!mark(slot, true))
		fail(WHY_OVERLAP, "%zu bytes at %#llx were handed out, but are somebody's",
		     slot->bytes, (unsigned long long)virt_to_phys(slot->at));
	check_place(slot, slot->gfp);
	if (slot->kind == SLOT_KMALLOC)
		check_ksize(slot);
	count(actor, slot, 1);
}

void take_in_place(struct actor *actor, struct slot *slot)
{
	own(actor, slot);
	stamp(slot);
}

void take(struct actor *actor, struct slot *slot, void *at, gfp_t gfp)
{
	slot->at = at;
	slot->gfp = gfp;
	if (slot->kind == SLOT_KMALLOC)
		slot->room = wanted_room(slot);
	own(actor, slot);
	if (gfp & __GFP_ZERO) {
		expect_all(slot, 0, PAGE_SIZE, 0, "zero");
		for (size_t i = PAGE_SIZE; i < slot->bytes; i += PAGE_SIZE / 2)
			expect_all(slot, i, i + 1, 0, "zero");
		expect_all(slot, slot->bytes - 1, slot->bytes, 0, "zero");
	}
	if (slot->kind == SLOT_CACHE && cache_specs[slot->cache].has_ctor)
		expect_all(slot, 0, CTOR_BYTES, CTOR_BYTE, "as constructed");
	stamp(slot);
}

void let_go(struct actor *actor, struct slot *slot)
{
	stamp_check(slot, slot->at, slot->bytes);
	count(actor, slot, -1);
	if (!mark(slot, false))
		fail(WHY_OVERLAP, "%zu bytes at %#llx were handed out twice", slot->bytes,
		     (unsigned long long)virt_to_phys(slot->at));
	if (slot->kind == SLOT_CACHE && cache_specs[slot->cache].has_ctor)
		memset(slot->at, CTOR_BYTE, CTOR_BYTES);
}
