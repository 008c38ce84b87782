/*
 * mm_verify(): for each invariant a damage that breaks it, and the finding that must name it. A
 * check that nothing can break checks nothing.
 *
 * Zones are damaged in an arena, caches among the running system's: a cache of this test's own,
 * which nobody else uses. What was changed is put back before anybody else looks.
 */
#include "arena.h"

#include <kernel/string.h>
#include <mm/report.h>

#define FIRST		5130U		/* the block of 5120 begins with ten holes */
#define END		5200U		/* and ends with 944 of them, less the page for the map */
#define BLOCK		5120U

static struct arena arena;
static struct zone *zone;
static struct page *pages;		/* by pfn */

static char text[8 * 1024];		/* bytes; 21 lines of 150 at most */
static struct seq_buffer buffer;

static struct seq *fresh_buffer(void)
{
	seq_buffer_init(&buffer, text, sizeof(text));
	return &buffer.seq;
}

static bool text_has(const char *what)
{
	size_t len = strlen(what);

	for (const char *at = text; *at; at++)
		if (strncmp(at, what, len) == 0)
			return true;
	return false;
}

/* The only free blocks of the arena before a damage: see open_arena(). */
#define SINGLE		5131U		/* order 0 */
#define PAIR		5134U		/* order 1 */
#define SIXTEEN		5184U		/* order 4 */
#define TAKEN		5132U		/* order 1, allocated */
#define TAKEN_LAST	5133U		/* its tail */

static void damage_link(void)
{
	zone->free[1].first = 6144 + 1;
}

static void damage_circle(void)
{
	pages[PAIR].next = PAIR;
	pages[PAIR].prev = PAIR;
}

static void damage_back_link(void)
{
	pages[PAIR].prev = SINGLE;
}

static void damage_last(void)
{
	zone->free[1].last = SINGLE;
}

static void damage_length(void)
{
	zone->free[1].nr++;
	zone->nr_free += 2;
}

static void damage_sum(void)
{
	zone->nr_free--;
}

static void damage_tag(void)
{
	pages[PAIR].state = PAGE_ALLOCATED;
}

/* Move the only block of order 1 to @pfn. */
static void list_pair_at(uint32_t pfn)
{
	pages[pfn] = pages[PAIR];
	zone->free[1].first = zone->free[1].last = pfn;
}

static void damage_alignment(void)
{
	list_pair_at(PAIR + 1);
}

static void damage_start(void)
{
	list_pair_at(FIRST - 2);
}

static void damage_end(void)
{
	zone->end_pfn = PAIR + 1;
}

static void damage_small_run(void)
{
	pages[PAIR].nr_blocks = 1;
}

static void damage_buddies(void)
{
	pages[TAKEN].tag = pages[PAIR].tag;
}

static void damage_free_tail(void)
{
	pages[PAIR + 1].tag = page_tag(PAGE_FREE, 0, zone->index);
}

static void damage_taken_tail(void)
{
	pages[TAKEN_LAST].tag = page_tag(PAGE_ALLOCATED, 0, zone->index);
}

static void damage_head(void)
{
	pages[TAKEN].state = PAGE_TAIL;
}

static void damage_state(void)
{
	pages[TAKEN].state = PAGE_NR_STATES;
}

static void damage_order(void)
{
	pages[TAKEN].order = MAX_ORDER;
}

static void damage_head_alignment(void)
{
	pages[TAKEN].tag = page_tag(PAGE_RESERVED, 0, zone->index);
	pages[TAKEN_LAST].tag = page_tag(PAGE_LARGE, 1, zone->index);
}

static void damage_managed(void)
{
	zone->managed++;
}

static void damage_to_slab(void)
{
	pages[TAKEN].tag = pages[TAKEN_LAST].tag = page_tag(PAGE_SLAB, 1, 7);
}

static void damage_to_free(void)
{
	pages[TAKEN].state = PAGE_FREE;
	pages[TAKEN].order = 0;
	pages[TAKEN_LAST].tag = page_tag(PAGE_ALLOCATED, 0, zone->index);
}

static void damage_everything(void)
{
	for (uint32_t i = 1; i < 16; i++)
		pages[SIXTEEN + i].tag = 0xffffffff;
	for (uint32_t pfn = BLOCK; pfn < FIRST; pfn++)
		pages[pfn].state = PAGE_NR_STATES;
}

static const struct damage {
	const char *name;
	void (*make)(void);
	const char *finding;
} damages[] = {
	{ "a link out of the zone", damage_link, "B5 link out of the zone: 6145 " },
	{ "a list in a circle", damage_circle, "B5 length of a list: " },
	{ "a wrong backward link", damage_back_link, "B5 backward link: 5131 " },
	{ "a wrong last", damage_last, "B5 last of a list: 5131 (0x140b), expected 5134 " },
	{ "a wrong length", damage_length, "B5 length of a list: 1 (0x1), expected 2 " },
	{ "a wrong sum", damage_sum, "B3 free pages: " },
	{ "a listed block that is not free", damage_tag, "B1 tag of a listed block: " },
	{ "a block off its place", damage_alignment, "B4 alignment of a free block: 1 " },
	{ "a block below the zone", damage_start, "B4 free block starts in its zone: 0 " },
	{ "a block past the zone", damage_end, "B4 free block ends in its zone: 0 " },
	{ "a run of small blocks", damage_small_run, "run on a list below the largest order: 1 " },
	{ "a run that is filled", damage_small_run, "run that is filled already: 1 " },
	{ "two free buddies", damage_buddies, "B2 buddies both free: 1 " },
	{ "a head inside a free block", damage_free_tail, "B1 tail of a block: " },
	{ "a head inside a taken block", damage_taken_tail, "B1 tail of a block: " },
	{ "a tail for a head", damage_head, "B1 page without a head: 5132 " },
	{ "a state that there is not", damage_state, "B1 page without a head: 5132 " },
	{ "an order that there is not", damage_order, "order of a block: 11 " },
	{ "a head off its place", damage_head_alignment, "B4 alignment of a block: 1 " },
	{ "a page too many", damage_managed, "managed pages found: 70 (0x46), expected 71 " },
	{ "a slab that is not counted", damage_to_slab,
	  "all zones: slab pages found: 2 (0x2), expected 0 " },
	{ "a free block on no list", damage_to_free, "free pages in the array and in runs: " },
};

/* 70 pages: two are taken as one block, one as a single; what is free then is known in full. */
static bool open_arena(struct ktest *t)
{
	static const struct arena_range range = { FIRST, END, MEMMAP_OWNER_NONE };

	if (!arena_init(&arena, t, &range, 1))
		return false;
	zone = &arena.mm.zone[ZONE_DMA32];
	pages = arena.mm.pages;
	return true;
}

/* Put blocks back until those named above are what is free. */
static bool take_known_blocks(void)
{
	struct page *page[END - FIRST];
	unsigned int nr = 0;

	while (nr < ARRAY_SIZE(page) && (page[nr] = arena_take(&arena, 0)) != NULL)
		nr++;
	if (nr != ARRAY_SIZE(page))
		return false;
	for (uint32_t pfn = FIRST; pfn < END; pfn++)
		if (pfn == SINGLE || pfn == PAIR || pfn == PAIR + 1 || pfn >= SIXTEEN)
			arena_give(&arena, pages + pfn, 0);
	pages[TAKEN].tag = page_tag(PAGE_ALLOCATED, 1, zone->index);
	pages[TAKEN_LAST].tag = page_tag(PAGE_TAIL, 0, 0);
	return zone->nr_free == 1 + 2 + 16;
}

static void each_damage_to_a_zone_is_named(struct ktest *t)
{
	static struct page saved_pages[END - BLOCK];
	static struct zone saved_zone;

	if (!open_arena(t))
		return;
	KTEST_ASSERT(t, take_known_blocks());
	ZONE_EXPECT_FREE(t, zone, [0] = 1, [1] = 1, [4] = 1);
	KTEST_EXPECT_EQ(t, mm_verify_instance(&arena.mm, fresh_buffer()), 0);
	KTEST_EXPECT_STREQ(t, text, "");
	memcpy(saved_pages, pages + BLOCK, sizeof(saved_pages));
	saved_zone = *zone;
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		unsigned int broken;

		damages[i].make();
		broken = mm_verify_instance(&arena.mm, fresh_buffer());
		if (broken == 0 || !text_has(damages[i].finding))
			ktest_fail(t, __FILE__, __LINE__, "%s: %u findings:\n%s", damages[i].name,
				   broken, text);
		memcpy(pages + BLOCK, saved_pages, sizeof(saved_pages));
		*zone = saved_zone;
	}
	arena_fini(&arena, t);
}

/* Twenty are told, the rest is counted. */
static void many_findings_are_counted(struct ktest *t)
{
	unsigned int lines = 0;

	if (!open_arena(t))
		return;
	KTEST_ASSERT(t, take_known_blocks());
	damage_everything();
	KTEST_EXPECT_EQ(t, mm_verify_instance(&arena.mm, fresh_buffer()), 15 + 10);
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	KTEST_EXPECT_EQ(t, lines, 20 + 1);
	KTEST_EXPECT(t, text_has("verify: and 5 more\n"));
	for (uint32_t i = 1; i < 16; i++)
		pages[SIXTEEN + i].tag = page_tag(PAGE_TAIL, 0, 0);
	for (uint32_t pfn = BLOCK; pfn < FIRST; pfn++)
		pages[pfn].tag = page_tag(PAGE_HOLE, 0, zone->index);
	arena_fini(&arena, t);
}

/* ---- caches -------------------------------------------------------------- */

static struct kmem_cache *cache;
static struct page *slab;		/* the only one, with one object out */

static void damage_inuse(void)
{
	slab->inuse = (uint16_t)cache->objects;
}

static void damage_inuse_zero(void)
{
	slab->inuse = 0;
}

static void damage_slab_back_link(void)
{
	slab->prev = 1;
}

static void damage_slab_tag(void)
{
	slab->order++;
}

static void damage_slab_list(void)
{
	for (unsigned int i = 0; i < SLAB_NR_FILL; i++)
		cache->fill[i].nr += cache->fill[i].first != 0;
}

static void damage_slab_circle(void)
{
	slab->next = (uint32_t)page_to_pfn(slab);
}

static void damage_nr_slabs(void)
{
	cache->nr_slabs++;
}

static void damage_nr_out(void)
{
	cache->nr_out++;
}

static void damage_barn_full(void)
{
	cache->nr_barn_full++;
}

static struct cpu_stack circle;

static void damage_barn_empty(void)
{
	circle.entry[0] = &circle;
	cache->barn_empty = &circle;
	cache->nr_barn_empty = 2;
}

static void damage_barn_bound(void)
{
	static struct cpu_stack other;

	circle.entry[0] = &other;
	other.entry[0] = NULL;
	cache->barn_empty = &circle;
	cache->nr_barn_empty = 2;
	cache->barn_max = 1;
}

static void damage_free_list(void)
{
	slab->free = (uint16_t)cache->objects;
}

/* Of a place on the slab's list, in units of 8 bytes; the topmost bit marks the rest. */
static void *listed(unsigned int place)
{
	return (char *)page_address(slab) + (size_t)(place & 0x7fff) * 8;
}

/* The upper half of a listed object's word is its mark's with a link mixed in: the place + 1. */
static void *behind(void *object)
{
	uint64_t link = (*slab_word(cache, object) ^ slab_mark(cache, object)) >> 32;

	return listed((unsigned int)(link & 0xffff) - 1);
}

static void damage_word(void)
{
	*slab_word(cache, listed(slab->free)) = 0x5555555555555555;
}

/* The mark alone says that an object lies in a sheaf: on a list it is no link. */
static void damage_word_to_mark(void)
{
	*slab_word(cache, listed(slab->free)) = slab_mark(cache, listed(slab->free));
}

/* The second free object names itself: it carries the first one's link, under its own mark. */
static void damage_list_circle(void)
{
	void *first = listed(slab->free), *second = behind(first);

	*slab_word(cache, second) = *slab_word(cache, first) ^ slab_mark(cache, first) ^
				    slab_mark(cache, second);
}

static void damage_rest(void)
{
	*slab_word(cache, listed((cache->objects - 1) * cache->stride / 8)) ^= 1;
}

static void damage_list_past_slab(void)
{
	slab->free = (uint16_t)(cache->objects * cache->stride / 8);
}

static const struct damage cache_damages[] = {
	{ "too many out", damage_inuse, "verify-test: S2 slab on the list for its filling: 0 " },
	{ "too few out", damage_inuse_zero,
	  "verify-test: S2 slab on the list for its filling: 0 " },
	{ "a wrong backward link", damage_slab_back_link,
	  "verify-test: backward link of a slab: 1 " },
	{ "a wrong tag", damage_slab_tag, "verify-test: tag of a slab: " },
	{ "a wrong length", damage_slab_list, "verify-test: S3 slabs on a list: 1 " },
	{ "a list in a circle", damage_slab_circle, "verify-test: S3 slabs on a list: 2 " },
	{ "a slab too many", damage_nr_slabs,
	  "verify-test: S3 slabs: 1 (0x1), expected 2 " },
	{ "an object too many", damage_nr_out,
	  "verify-test: S3 objects out of slabs: 1 (0x1), expected 2 " },
	{ "a full sheaf too many", damage_barn_full,
	  "verify-test: H2 full sheaves in the barn: 0 (0), expected 1 " },
	{ "a barn in a circle", damage_barn_empty,
	  "verify-test: H2 empty sheaves in the barn: 3 (0x3), expected 2 " },
	{ "a sheaf above the bound", damage_barn_bound,
	  "verify-test: H4 more sheaves in the barn than it may keep: 1 (0x1), expected 0 " },
	{ "an index past the slab", damage_free_list, "verify-test: S1 length of a slab's free " },
	{ "an overwritten free object", damage_word, "verify-test: S1 length of a slab's free " },
	{ "a mark on the list", damage_word_to_mark, "verify-test: S1 length of a slab's free " },
	{ "an overwritten object of the rest", damage_rest,
	  "verify-test: S1 length of a slab's free " },
	{ "a place past the slab", damage_list_past_slab,
	  "verify-test: S1 length of a slab's free " },
	{ "a free list in a circle", damage_list_circle,
	  "verify-test: S1 length of a slab's free list: 18446744073709551615 " },
};

/* One object is out; the free list is the two that came back, and the rest. */
static void *open_slab(struct ktest *t)
{
	void *object[3];

	cache = kmem_cache_create("verify-test", 256, 0, 0, NULL);
	if (!cache)
		return NULL;
	cache->sheaf_size = 0;		/* the objects lie in slabs alone */
	for (unsigned int i = 0; i < ARRAY_SIZE(object); i++)
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	slab = virt_to_page(object[0]);
	kmem_cache_free(cache, object[1]);
	kmem_cache_free(cache, object[2]);
	KTEST_EXPECT_EQ(t, cache->nr_slabs, 1);
	KTEST_EXPECT_EQ(t, slab->inuse, 1);
	KTEST_EXPECT(t, listed(slab->free) == object[2]);
	KTEST_EXPECT(t, behind(object[2]) == object[1]);
	return object[0];
}

/* The zone compares the tags of its slabs' pages, too: its findings are not counted here. */
static void each_damage_to_a_cache_is_named(struct ktest *t)
{
	static struct kmem_cache saved_cache;
	static char saved_memory[8 * PAGE_SIZE];
	struct page saved_slab;
	void *object = open_slab(t);
	size_t bytes;

	KTEST_ASSERT(t, object);
	bytes = PAGE_SIZE << cache->order;
	KTEST_ASSERT(t, bytes <= sizeof(saved_memory));
	KTEST_EXPECT_EQ(t, mm_verify(fresh_buffer()), 0);
	saved_slab = *slab;
	saved_cache = *cache;
	memcpy(saved_memory, page_address(slab), bytes);
	for (unsigned int i = 0; i < ARRAY_SIZE(cache_damages); i++) {
		unsigned int broken;

		cache_damages[i].make();
		broken = mm_verify(fresh_buffer());
		*slab = saved_slab;
		*cache = saved_cache;
		memcpy(page_address(slab), saved_memory, bytes);
		if (broken == 0 || !text_has(cache_damages[i].finding))
			ktest_fail(t, __FILE__, __LINE__, "%s: %u findings:\n%s",
				   cache_damages[i].name, broken, text);
	}
	KTEST_EXPECT_EQ(t, mm_verify(fresh_buffer()), 0);
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static const struct ktest_case verify_cases[] = {
	KTEST_CASE(each_damage_to_a_zone_is_named),
	KTEST_CASE(many_findings_are_counted),
	KTEST_CASE(each_damage_to_a_cache_is_named),
};
KTEST_SUITE(verify, verify_cases);
