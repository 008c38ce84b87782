/*
 * The ledger's rows of slabs: what callers hold, what sheaves and slabs keep, what a layout wastes;
 * and that an object, a sheaf or a slab that nothing points to any more is missed. Expected bytes
 * follow from sizes: a slab is pages of 4096, an object its size, rounded up to 8 and its
 * alignment.
 */
#include "object_test.h"

#include <mm/ledger.h>
#include <port/stack.h>

#include "mm/fault.h"

#define SHEAF	30U		/* objects of up to 256 bytes in a sheaf */
#define SIZE	200U		/* of most objects here: 20 in a page, 96 bytes left */

static struct ledger before, now;

static void take(struct ktest *t)
{
	ledger_take(&kernel_mm, &now);
	KTEST_EXPECT_EQ(t, ledger_sum(&now), now.total);
	KTEST_EXPECT_EQ(t, now.nr_drifts, 0);
}

/* Memory that other suites left in sheaves is out of the way, and would stay so. */
static void begin(struct ktest *t)
{
	(void)free_state_now();
	take(t);
	before = now;
}

/* By how much a row has grown. */
static int64_t growth(unsigned int row)
{
	return (int64_t)(now.row[row] - before.row[row]);
}

static void do_nothing(void *object)
{
	(void)object;
}

/* 20 bytes, 24 of its own, then the word: 32 apart, 128 in a page, of which a refill takes 30. */
static void an_object_with_its_word_outside(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-ledger", 20, 0, 0, do_nothing);
	void *mine[5];

	KTEST_ASSERT(t, cache);
	begin(t);
	KTEST_ASSERT(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 5, mine) == 5);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 5 * 20);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ON_CPUS), (SHEAF - 5) * 20);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ROUNDING), 128 * 4);
	KTEST_EXPECT_EQ(t, growth(LEDGER_WORDS), 128 * 8);
	KTEST_EXPECT_EQ(t, growth(LEDGER_TAILS), 0);
	KTEST_EXPECT_EQ(t, growth(LEDGER_SHEAVES), 256);
	kmem_cache_free_bulk(cache, 5, mine);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 0);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ON_CPUS), SHEAF * 20);
	(void)kmem_cache_shrink(cache);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ON_CPUS), 0);
	KTEST_EXPECT_EQ(t, growth(LEDGER_WORDS), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* 1740 bytes are 1744 apart: 18 in 8 pages, 1376 bytes left; a sheaf has 8 of them. */
static void a_slab_with_a_tail(struct ktest *t)
{
	struct kmem_cache *cache;
	void *object;

	begin(t);
	cache = kmem_cache_create("test-ledger", 1740, 0, 0, NULL);
	KTEST_ASSERT(t, cache);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CACHES), sizeof(struct kmem_cache));
	before = now;			/* that descriptor came with more, into a sheaf */
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_EXPECT(t, object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 1740);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ON_CPUS), 7 * 1740);
	KTEST_EXPECT_EQ(t, growth(LEDGER_TAILS), 1376);
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CACHES), -(int64_t)sizeof(struct kmem_cache));
	KTEST_EXPECT_EQ(t, growth(LEDGER_TAILS), 0);
}

/* Has kmalloc_note_sizes() been called for this system? */
static bool sizes_are_noted(void)
{
	return kmalloc_caches[0]->flags & SLAB_NOTE_SIZE;
}

/* 100 bytes take the class of 112, the one below is 96: between 0 and 15 bytes of slack. */
static void a_class_bounds_what_it_rounds(struct ktest *t)
{
	void *object;

	if (sizes_are_noted()) {
		ktest_skip(t, "sizes are noted");
		return;
	}
	begin(t);
	object = kmalloc(100, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 112);
	KTEST_EXPECT_EQ(t, now.class_slack - before.class_slack, 15);
	kfree(object);
}

/* 1 byte takes the class of 8, below which there is none: at most 7 bytes of slack. */
static void dma_classes_are_bounded_as_well(struct ktest *t)
{
	void *object;

	if (!kernel_mm.zone[ZONE_DMA].present || sizes_are_noted()) {
		ktest_skip(t, "no zone DMA, or sizes are noted");
		return;
	}
	begin(t);
	object = kmalloc(1, GFP_KERNEL | __GFP_DMA);
	KTEST_ASSERT(t, object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 8);
	KTEST_EXPECT_EQ(t, now.class_slack - before.class_slack, 7);
	kfree(object);
}

/* The objects of kmalloc-64 with a word behind each are 128 apart, 32 in a page. */
static void classes_note_what_was_asked(struct ktest *t)
{
	void *object;

	if (!sizes_are_noted()) {
		ktest_skip(t, "sizes are not noted");
		return;
	}
	begin(t);
	KTEST_EXPECT_EQ(t, now.class_slack, 0);
	object = kmalloc(50, GFP_KERNEL);		/* a constant: kmalloc_from() */
	KTEST_ASSERT(t, object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 50);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CLASS_ROUNDING), 14);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ROUNDING) % (32 * (128 - 64 - 8)), 0);
	KTEST_EXPECT_EQ(t, growth(LEDGER_ON_CPUS), 0);
	KTEST_EXPECT_EQ(t, ksize(object), 64);
	KTEST_EXPECT(t, krealloc(object, 61, GFP_KERNEL) == object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 61);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CLASS_ROUNDING), 3);
	KTEST_EXPECT(t, krealloc(object, 1, GFP_KERNEL) == object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CLASS_ROUNDING), 63);
	kfree(object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE) + growth(LEDGER_CLASS_ROUNDING), 0);
}

static void whoever_asks_is_noted(struct ktest *t)
{
	void *object, *whole, *zeroed, *big;

	if (!sizes_are_noted()) {
		ktest_skip(t, "sizes are not noted");
		return;
	}
	begin(t);
	object = (kmalloc)(40, GFP_KERNEL);		/* as for a size that is no constant */
	whole = (kmalloc)(64, GFP_KERNEL);
	zeroed = kzalloc(80, GFP_KERNEL);
	big = kmalloc(6000, GFP_KERNEL);		/* above a page: its own look-up */
	KTEST_EXPECT(t, object && whole && zeroed && big);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 40 + 64 + 80 + 6000);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CLASS_ROUNDING), 8 + 0 + 0 + 144);
	kfree(object);
	kfree(whole);
	kfree(zeroed);
	kfree(big);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE) + growth(LEDGER_CLASS_ROUNDING), 0);

	/* Who takes an object past kmalloc() has asked for all of it. */
	object = kmem_cache_alloc(kmalloc_caches[kmalloc_class(64)], GFP_KERNEL);
	KTEST_EXPECT(t, object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 64);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CLASS_ROUNDING), 0);

	/* A note that cannot be true, as a write past the object leaves it, says nothing. */
	*slab_word(kmalloc_caches[kmalloc_class(64)], object) = 65;
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE), 64);
	KTEST_EXPECT_EQ(t, growth(LEDGER_CLASS_ROUNDING), 0);
	kfree(object);

	/* A request that fails has no object to note anything with. */
	fault_nth_begin(1);
	object = kmalloc(40, GFP_KERNEL | __GFP_NOWARN);
	KTEST_EXPECT(t, fault_nth_end());
	KTEST_EXPECT(t, !object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LIVE) + growth(LEDGER_CLASS_ROUNDING), 0);
}

static void a_large_request_knows_what_was_asked(struct ktest *t)
{
	void *object, *same;

	begin(t);
	object = kmalloc(10000, GFP_KERNEL);
	if (!object) {
		ktest_skip(t, "no 16 KiB in one piece");
		return;
	}
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE), 10000);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE_ROUNDING), 16384 - 10000);
	same = krealloc(object, 16384, GFP_KERNEL);
	KTEST_EXPECT(t, same == object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE), 16384);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE_ROUNDING), 0);
	same = krealloc(object, 100, GFP_KERNEL | __GFP_ZERO);
	KTEST_EXPECT(t, same == object);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE), 100);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE_ROUNDING), 16384 - 100);
	KTEST_EXPECT_EQ(t, growth(LEDGER_PAGES), 0);
	kfree(same);
	take(t);
	KTEST_EXPECT_EQ(t, growth(LEDGER_LARGE) + growth(LEDGER_LARGE_ROUNDING), 0);
}

/* Of three objects in a sheaf one is written to, and set aside when its turn comes. */
static void what_is_written_off_has_a_row(struct ktest *t)
{
	static struct arena arena;
	static struct ledger ledger;
	struct kmem_cache *cache;
	void *mine[3];

	if (!arena_open(&arena, t))
		return;
	cache = kmem_cache_create_in(&arena.mm, "test-ledger", SIZE, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	KTEST_ASSERT(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 3, mine) == 3);
	kmem_cache_free(cache, mine[0]);
	*slab_word(cache, mine[0]) ^= 1;
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 1, mine[0] = kmem_cache_alloc(cache, GFP_KERNEL));
	ledger_take(&arena.mm, &ledger);
	KTEST_EXPECT_EQ(t, ledger_sum(&ledger), ledger.total);
	KTEST_EXPECT_EQ(t, ledger.row[LEDGER_LOST], SIZE);
	KTEST_EXPECT_EQ(t, ledger.row[LEDGER_LIVE], 3 * SIZE);
	KTEST_EXPECT_EQ(t, ledger.row[LEDGER_SHEAVES], 0);	/* they are kernel_mm's memory */
	kmem_cache_free_bulk(cache, 3, mine);
	(void)kmem_cache_shrink(cache);
	arena_abandon(&arena, t, cache);
}

/*
 * A slab is set aside of which most objects were never handed out: they still carry their marks,
 * and are lost all the same.
 */
static void a_slab_set_aside_with_its_rest(struct ktest *t)
{
	static struct arena arena;
	static struct ledger ledger;
	struct kmem_cache *cache;
	void *mine[3], *other;

	if (!arena_open(&arena, t))
		return;
	cache = kmem_cache_create_in(&arena.mm, "test-ledger", SIZE, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	cache->sheaf_size = 0;		/* straight from the slab, which keeps its rest */
	for (unsigned int i = 0; i < ARRAY_SIZE(mine); i++)
		mine[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, mine[2]);
	kmem_cache_free(cache, mine[0]);
	*slab_word(cache, mine[0]) ^= 1;
	EXPECT_BUGS(t, MM_BUG_CORRUPTED, 1, other = kmem_cache_alloc(cache, GFP_KERNEL));
	ledger_take(&arena.mm, &ledger);
	KTEST_EXPECT_EQ(t, ledger_sum(&ledger), ledger.total);
	KTEST_EXPECT_EQ(t, ledger.nr_drifts, 0);
	KTEST_EXPECT_EQ(t, ledger.row[LEDGER_LOST], (cache->objects - 2ULL) * SIZE);
	KTEST_EXPECT_EQ(t, ledger.row[LEDGER_LIVE], (other ? 3 : 2) * (uint64_t)SIZE);
	for (unsigned int i = 1; i < ARRAY_SIZE(mine); i++)
		kmem_cache_free(cache, mine[i]);
	kmem_cache_free(cache, other);
	(void)kmem_cache_shrink(cache);
	arena_abandon(&arena, t, cache);
}

/* ---- faults -------------------------------------------------------------- */

/* One fault: so many bytes are in no row, and so many counters disagree. */
static void expect_fault(struct ktest *t, const char *what, int64_t missing, unsigned int drifts)
{
	ledger_take(&kernel_mm, &now);
	if ((int64_t)(now.total - ledger_sum(&now)) != missing || now.nr_drifts != drifts)
		ktest_fail(t, __FILE__, __LINE__,
			   "%s: %lld bytes are missing, expected %lld; %u counters, expected %u",
			   what, (long long)(now.total - ledger_sum(&now)), (long long)missing,
			   now.nr_drifts, drifts);
}

/* One full sheaf in the barn, a full one and one with one object on this CPU. */
static struct kmem_cache *three_sheaves(struct ktest *t)
{
	static void *objects[2 * SHEAF + 1];
	struct kmem_cache *cache = kmem_cache_create("test-ledger", SIZE, 0, 0, NULL);
	size_t nr = ARRAY_SIZE(objects);

	if (!cache || kmem_cache_alloc_bulk(cache, GFP_KERNEL, nr, objects) != nr) {
		ktest_fail(t, __FILE__, __LINE__, "no objects");
		return NULL;
	}
	(void)kmem_cache_shrink(cache);
	kmem_cache_free_bulk(cache, nr, objects);	/* the last one asks for a third sheaf */
	KTEST_EXPECT_EQ(t, cache->nr_barn_full, 1);
	take(t);
	return cache;
}

static void a_forgotten_sheaf_is_missing(struct ktest *t)
{
	struct kmem_cache *cache = three_sheaves(t);
	struct cpu_stack *barn;
	unsigned long irq;
	void **top;

	if (!cache)
		return;
	barn = cache->barn_full;
	cache->barn_full = NULL;
	expect_fault(t, "a sheaf of the barn", SHEAF * SIZE + 256, 1);
	cache->barn_full = barn;
	cache->nr_barn_full = 0;
	expect_fault(t, "a sheaf that the barn's counter knows nothing of", SHEAF * SIZE + 256, 1);
	cache->nr_barn_full = 1;

	irq = port_irq_save();
	top = port_percpu()->top[cache->stack];
	port_percpu()->top[cache->stack] = stack_none;
	expect_fault(t, "a CPU's two sheaves", (SHEAF + 1) * SIZE + 2 * 256, 1);
	port_percpu()->top[cache->stack] = top - 1;
	expect_fault(t, "an object on top", SIZE, 1);
	port_percpu()->top[cache->stack] = top;
	port_irq_restore(irq);
	expect_fault(t, "nothing", 0, 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static void a_slab_off_its_list_is_missing(struct ktest *t)
{
	struct kmem_cache *cache = three_sheaves(t);
	struct slab_list *list = NULL;
	void *object;
	uint32_t first;

	if (!cache)
		return;
	object = kmem_cache_alloc(cache, GFP_KERNEL);	/* its slab is all that stays */
	(void)kmem_cache_shrink(cache);
	for (unsigned int i = 0; i < SLAB_NR_FILL; i++) {
		if (cache->fill[i].first)
			list = &cache->fill[i];
	}
	KTEST_ASSERT(t, list && list->nr == 1);
	first = list->first;
	list->first = 0;
	expect_fault(t, "a slab", PAGE_SIZE, 2);	/* slabs, objects out */
	list->first = first;
	expect_fault(t, "nothing", 0, 0);
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* A walk over a list of slabs that runs in a circle ends, and says that there is too much. */
static void a_list_of_slabs_may_run_in_a_circle(struct ktest *t)
{
	static struct arena arena;
	static struct ledger ledger;
	struct kmem_cache *cache;
	struct page *slab;
	void *object;

	if (!arena_open(&arena, t))
		return;
	cache = kmem_cache_create_in(&arena.mm, "test-ledger", SIZE, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	slab = arena.mm.pages + (((char *)object - cache->direct_map) >> PAGE_SHIFT);
	KTEST_EXPECT_EQ(t, slab->next, 0);
	slab->next = (uint32_t)(slab - arena.mm.pages);
	ledger_take(&arena.mm, &ledger);
	KTEST_EXPECT(t, ledger_sum(&ledger) > ledger.total);
	KTEST_EXPECT(t, ledger.nr_drifts >= 1);
	slab->next = 0;
	ledger_take(&arena.mm, &ledger);
	KTEST_EXPECT_EQ(t, ledger_sum(&ledger), ledger.total);
	KTEST_EXPECT_EQ(t, ledger.nr_drifts, 0);
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	arena_fini(&arena, t);
}

/* What has no user of its own: sheaves and descriptors are counted by who holds them. */
static void a_sheaf_or_descriptor_of_nobody_is_missing(struct ktest *t)
{
	struct kmem_cache *sheaves = kmem_cache_find("sheaf");
	void *object;

	begin(t);
	KTEST_ASSERT(t, sheaves);
	object = kmem_cache_alloc(sheaves, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	expect_fault(t, "a sheaf", 256, 0);
	kmem_cache_free(sheaves, object);
	object = kmem_cache_alloc(cache_list, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	expect_fault(t, "a descriptor", sizeof(struct kmem_cache), 0);
	kmem_cache_free(cache_list, object);
	expect_fault(t, "nothing", 0, 0);
}

static void each_counter_of_a_cache_is_held_against_the_count(struct ktest *t)
{
	struct kmem_cache *cache = three_sheaves(t);
	uint64_t *const counters[] = { &cache->nr_slabs, &cache->nr_out };

	if (!cache)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(counters); i++) {
		(*counters[i])++;
		expect_fault(t, "one more", 0, 1);
		*counters[i] -= 2;
		expect_fault(t, "one less", 0, 1);
		(*counters[i])++;
	}
	cache->nr_lost++;		/* moves bytes from LIVE to LOST: nr_out does not agree */
	expect_fault(t, "one more written off", 0, 1);
	cache->nr_lost--;
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* A write after the free cuts a slab's list short, long before anybody takes the object. */
static void a_broken_free_list_is_said(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("test-ledger", SIZE, 0, 0, NULL);
	void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	void *other = object ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	uint64_t *word;

	KTEST_ASSERT(t, other);
	kmem_cache_free(cache, other);
	(void)kmem_cache_shrink(cache);
	word = slab_word(cache, other);
	*word ^= 1;
	ledger_take(&kernel_mm, &now);
	KTEST_EXPECT(t, now.nr_drifts != 0);
	*word ^= 1;
	take(t);
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static const struct ktest_case ledger_object_cases[] = {
	KTEST_CASE(an_object_with_its_word_outside),
	KTEST_CASE(a_slab_with_a_tail),
	KTEST_CASE(a_class_bounds_what_it_rounds),
	KTEST_CASE(dma_classes_are_bounded_as_well),
	KTEST_CASE(classes_note_what_was_asked),
	KTEST_CASE(whoever_asks_is_noted),
	KTEST_CASE(a_large_request_knows_what_was_asked),
	KTEST_CASE(what_is_written_off_has_a_row),
	KTEST_CASE(a_slab_set_aside_with_its_rest),
	KTEST_CASE(a_forgotten_sheaf_is_missing),
	KTEST_CASE(a_slab_off_its_list_is_missing),
	KTEST_CASE(a_list_of_slabs_may_run_in_a_circle),
	KTEST_CASE(a_sheaf_or_descriptor_of_nobody_is_missing),
	KTEST_CASE(each_counter_of_a_cache_is_held_against_the_count),
	KTEST_CASE(a_broken_free_list_is_said),
};
KTEST_SUITE(ledger_object, ledger_object_cases);
