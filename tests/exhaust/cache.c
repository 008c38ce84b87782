/*
 * Every state of a small cache, with its sheaves and barn, for two CPUs.
 *
 * 1. The cache.  Its slabs come from an instance with room for a few of them, its sheaves from
 *                kernel_mm, of which nothing is left but a few sheaves. Both run short, so the ways
 *                that lead around a shortage are among the states.
 * 2. Operations. kmem_cache_alloc() on each CPU; where it must fail, with GFP_KERNEL too, which
 *                reclaims; kmem_cache_free() of what is out, on each CPU; kmem_cache_shrink();
 *                emptying all CPUs' sheaves, or the barn.
 * 3. Result.     With GFP_KERNEL there is an object as long as not all are out. Without, there is
 *                one if the CPU's sheaves, the barn, a slab or the instance has something; the barn
 *                is out of reach of a CPU for which there is no sheaf. A shrink keeps a slab only
 *                for objects that are out.
 * 4. Afterwards  each object is in exactly one place: handed out, in a sheaf of CPU 0 or 1, in the
 *                barn, on its slab's list, or its slab is not there. What lies in a sheaf is
 *                marked, what is out still holds what its owner wrote. Slabs are on the list for
 *                their filling, sheaves are all accounted for, and counts are the sums.
 * 5. Each state  is walked by mm_verify() and mm_verify_instance(), and in each all objects that
 *                are not out are freed once more, and so are addresses inside and behind objects:
 *                each is to be reported once and to change nothing.
 * 6. Keys.       Objects of one slab can stand for each other, and so can slabs and sheaves. A key
 *                says how many free objects each slab has, in the order of the lists, and for each
 *                place in a sheaf which slab its object is of.
 */
#include <stdio.h>
#include <string.h>

#include <mm/ledger.h>
#include <mm/report.h>

#include "cache.h"
#include "memory.h"
#include "mm/snapshot.h"
#include "port.h"

#define MAX_OBJECTS	64U
#define MAX_SLABS	4U
#define SLAB_DISTANCE	16U		/* pages from slab to slab: none can merge with the next */
#define KERNEL_PAGES	64U
#define SHEAVES		16U		/* in a page, less one that is held: a plan's most */
#define SPREAD		0x9e3b0001U	/* slab.c: what a link is multiplied with */
#define PLACE_REST	0x8000U		/* from here on never handed out: slab.c */
#define PLACE_UNIT	8U		/* bytes: slab.c */
#define ALL_TO_FREE	9U		/* objects; of more, one or two in each slab are freed */
#define MAX_TO_SPLIT	4U		/* objects; of larger slabs a list and its rest are one */
#define BARN_MAX_FULL	10U		/* full sheaves in a barn: sheaf.c */

enum op_kind { OP_ALLOC, OP_ALLOC_WAIT, OP_FREE, OP_SHRINK, OP_DRAIN_CPUS, OP_DRAIN_BARN };

static const struct cache_plan *plan;
static struct search_world world;
static struct memory kernel_memory, memory;
static struct mm mm;
static struct kmem_cache *cache, *sheaf_cache;
static unsigned int nr_objects;			/* that there is room for */
static unsigned int held;			/* sheaves that the search keeps from the cache */
static unsigned int bugs;			/* reports that were asked for */

static bool live[MAX_OBJECTS];			/* part of the state, as is the next one */
static int got;

/* What the last look at the memory found. Of the state, too: it says what to expect of a call. */
static struct {
	bool seen[MAX_OBJECTS];
	unsigned int label[MAX_SLABS];		/* by slab: place in the order of lists */
	bool there[MAX_SLABS];
	unsigned int nr_slabs, nr_free;		/* slabs; free objects on their lists */
	unsigned int nr_in_sheaves, nr_sheaves;
	unsigned int nr_live;
	struct search_key key;
	unsigned int key_bits;
} found;

static unsigned int most_full, most_empty;	/* sheaves seen in the barn */

/* ---- objects --------------------------------------------------------------------------------- */

static void *object_at(unsigned int object)
{
	uint64_t pfn = MEMORY_BASE_PFN + object / plan->objects * SLAB_DISTANCE;

	return mm.direct_map + PFN_PHYS(pfn) + object % plan->objects * cache->stride;
}

/* The number of the object at @address. */
static unsigned int object_of(const void *address)
{
	for (unsigned int i = 0; i < nr_objects; i++) {
		if (object_at(i) == address)
			return i;
	}
	search_fail("%p is no object", address);
}

static uint64_t *word_of(unsigned int object)
{
	return object_at(object);
}

/* What an owner writes into an object. */
static uint64_t content(unsigned int object)
{
	return 0x0123456789abcdefULL * (object + 1);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void put(unsigned int value, unsigned int bits)
{
	SEARCH_EXPECT(found.key_bits + bits <= 128 && value >> bits == 0, "a key needs more bits");
	for (unsigned int i = 0; i < bits; i++, found.key_bits++)
		found.key.word[found.key_bits / 64] |= (uint64_t)(value >> i & 1)
						       << found.key_bits % 64;
}

static void see(unsigned int object, const char *where)
{
	SEARCH_EXPECT(!live[object], "object %u is handed out, but lies in %s", object, where);
	SEARCH_EXPECT(!found.seen[object], "object %u lies in %s and elsewhere", object, where);
	found.seen[object] = true;
}

/* The object at @place of a slab whose first one is @first; mm/slab.c, places. */
static unsigned int object_at_place(unsigned int first, unsigned int place)
{
	size_t offset = (size_t)(place & ~PLACE_REST) * PLACE_UNIT;

	SEARCH_EXPECT(offset % cache->stride == 0 && offset / cache->stride < plan->objects,
		      "a slab's list is broken");
	return first + (unsigned int)(offset / cache->stride);
}

/* From @object to the slab's end: never handed out, marked as in a sheaf. Return: how many. */
static unsigned int read_rest(unsigned int object, unsigned int end)
{
	unsigned int nr = end - object;

	for (; object < end; object++) {
		see(object, "a slab's rest");
		SEARCH_EXPECT(*word_of(object) == (cache->secret ^ (uintptr_t)object_at(object)),
			      "the mark of an object that was never out");
	}
	return nr;
}

static void read_free_list(const struct page *slab, unsigned int first)
{
	unsigned int place = slab->free, nr = 0, nr_rest = 0;

	while (place != SLAB_END && !(place & PLACE_REST)) {
		unsigned int object = object_at_place(first, place);
		uint64_t link;

		SEARCH_EXPECT(nr < plan->objects, "a slab's list is broken");
		see(object, "a slab");
		link = *word_of(object) ^ cache->secret ^ (uintptr_t)object_at(object);
		place = (unsigned int)(link >> 32 & 0xffff) - 1;
		SEARCH_EXPECT(link == (uint64_t)((place + 1) * SPREAD) << 32,
			      "a free object's word is %#llx", (unsigned long long)link);
		nr++;
	}
	if (place != SLAB_END)
		nr_rest = read_rest(object_at_place(first, place), first + plan->objects);
	SEARCH_EXPECT(nr + nr_rest == plan->objects - slab->inuse,
		      "a slab's list has %u objects, by its count %u are out", nr + nr_rest,
		      slab->inuse);
	found.nr_free += nr + nr_rest;
	put(nr + nr_rest, 7);
	if (plan->objects <= MAX_TO_SPLIT)
		put(nr_rest, 3);
}

static void read_slabs(const struct slab_list *list, unsigned int least, unsigned int most)
{
	uint32_t prev = 0;
	unsigned int nr = 0;

	for (uint32_t pfn = list->first; pfn; pfn = mm.pages[pfn].next, nr++) {
		const struct page *slab = mm.pages + pfn;
		unsigned int number = (unsigned int)(pfn - MEMORY_BASE_PFN) / SLAB_DISTANCE;

		SEARCH_EXPECT(pfn % SLAB_DISTANCE == 0 && number < plan->slabs,
			      "pfn %#x is on a list of slabs", pfn);
		SEARCH_EXPECT(!found.there[number], "slab %u is on two lists", number);
		SEARCH_EXPECT(slab->prev == prev, "the link back from slab %u", number);
		SEARCH_EXPECT(slab->inuse >= least && slab->inuse <= most,
			      "slab %u has %u objects out and is on the list for %u to %u", number,
			      slab->inuse, least, most);
		for (unsigned int i = 0; i < 1U << plan->order; i++)
			SEARCH_EXPECT(slab[i].tag == cache->tag, "tag of page %u of slab %u", i,
				      number);
		found.there[number] = true;
		found.label[number] = found.nr_slabs++;
		read_free_list(slab, number * plan->objects);
		prev = pfn;
	}
	SEARCH_EXPECT(nr == list->nr, "%u slabs on a list that counts %u", nr, list->nr);
}

static void read_lists(void)
{
	unsigned int step = 1;		/* how many different counts a list stands for */

	while (step * SLAB_NR_FILL < plan->objects - 1)
		step *= 2;
	read_slabs(&cache->empty, 0, 0);
	for (unsigned int i = 0; i < SLAB_NR_FILL; i++)
		read_slabs(&cache->fill[i], i * step + 1, (i + 1) * step);
	read_slabs(&cache->full, plan->objects, plan->objects);
	put(found.nr_slabs, 3);
}

/* @nr objects of a sheaf, from @from on, the oldest first. */
static void read_entries(void **from, unsigned int nr, const char *where)
{
	put(nr, 5);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int object = object_of(from[i]);

		see(object, where);
		SEARCH_EXPECT(*word_of(object) == (cache->secret ^ (uintptr_t)object_at(object)),
			      "object %u lies in %s without its mark", object, where);
		SEARCH_EXPECT(found.there[object / plan->objects],
			      "object %u lies in %s, but its slab is gone", object, where);
		if (plan->slabs > 1)
			put(found.label[object / plan->objects], 2);
		found.nr_in_sheaves++;
	}
}

static void read_full(struct cpu_stack *sheaf, const char *where)
{
	found.nr_sheaves++;
	read_entries(&sheaf->entry[STACK_ENTRIES - plan->sheaf_size], plan->sheaf_size, where);
}

/* 0: no sheaf; 1: no spare; 2, 3: an empty or a full one. */
static void read_cpu(unsigned int cpu)
{
	void **top = percpu_area[cpu]->top[cache->stack];
	const char *where = cpu ? "a sheaf of CPU 1" : "a sheaf of CPU 0";
	struct cpu_stack *main = stack_of_top(top), *spare;
	unsigned int nr;

	if (top == stack_none) {
		put(0, 2);
		return;
	}
	nr = stack_nr(top);
	SEARCH_EXPECT(top - nr == &main->entry[STACK_ENTRIES - plan->sheaf_size],
		      "the %u objects in the main sheaf of CPU %u do not begin at its bottom", nr,
		      cpu);
	spare = (struct cpu_stack *)((uintptr_t)main->entry[0] & ~1UL);
	found.nr_sheaves++;
	put(!spare ? 1 : (uintptr_t)main->entry[0] & 1 ? 3 : 2, 2);
	read_entries(top - nr, nr, where);
	if ((uintptr_t)main->entry[0] & 1)
		read_full(spare, where);
	else if (spare)
		found.nr_sheaves++;
}

static void read_barn(void)
{
	struct cpu_stack *sheaf = cache->barn_full;
	unsigned int nr;

	for (nr = 0; sheaf && nr <= SHEAVES; nr++, sheaf = sheaf->entry[0])
		read_full(sheaf, "the barn");
	SEARCH_EXPECT(nr == cache->nr_barn_full, "%u full sheaves in the barn, which counts %u", nr,
		      cache->nr_barn_full);
	put(nr, 4);
	most_full = nr > most_full ? nr : most_full;
	sheaf = cache->barn_empty;
	for (nr = 0; sheaf && nr <= SHEAVES; nr++, sheaf = sheaf->entry[0])
		found.nr_sheaves++;
	SEARCH_EXPECT(nr == cache->nr_barn_empty, "%u empty sheaves in the barn, which counts %u",
		      nr, cache->nr_barn_empty);
	put(nr, 4);
	most_empty = nr > most_empty ? nr : most_empty;
}

static void read_objects(void)
{
	for (unsigned int i = 0; i < nr_objects; i++) {
		bool there = found.there[i / plan->objects];

		SEARCH_EXPECT(there || !live[i], "object %u is handed out, its slab is gone", i);
		SEARCH_EXPECT(!there || live[i] || found.seen[i], "object %u is lost", i);
		SEARCH_EXPECT(!live[i] || *word_of(i) == content(i),
			      "object %u is handed out and was written to", i);
		found.nr_live += live[i];
	}
}

static void expect_count(const char *what, uint64_t is, uint64_t want)
{
	SEARCH_EXPECT(is == want, "%s: %llu, expected %llu", what, (unsigned long long)is,
		      (unsigned long long)want);
}

static struct search_key cache_key(void)
{
	const struct zone *zone = mm_zone_of(&mm, MEMORY_BASE_PFN);

	expect_count("reports of callers' bugs", memory_nr_bugs(), bugs);
	memset(&found, 0, sizeof(found));
	read_lists();
	read_cpu(0);
	read_cpu(1);
	read_barn();
	read_objects();
	expect_count("slabs", cache->nr_slabs, found.nr_slabs);
	expect_count("objects out of slabs", cache->nr_out, found.nr_live + found.nr_in_sheaves);
	expect_count("objects written off", cache->nr_lost, 0);
	expect_count("sheaves in use", sheaf_cache->nr_out, held + found.nr_sheaves);
	expect_count("free pages", zone->nr_free,
		     (uint64_t)(plan->slabs - found.nr_slabs) << plan->order);
	return found.key;
}

/* ---- operations ------------------------------------------------------------------------------ */

static uint16_t make_op(enum op_kind kind, unsigned int cpu, unsigned int object)
{
	return (uint16_t)(kind << 12 | cpu << 8 | object);
}

static enum op_kind op_kind(uint16_t op)
{
	return (enum op_kind)(op >> 12);
}

static unsigned int op_cpu(uint16_t op)
{
	return op >> 8 & 15;
}

static unsigned int op_object(uint16_t op)
{
	return op & 255;
}

/* Without reclaim, by what the last look found. */
static bool can_have(unsigned int cpu)
{
	void **top = percpu_area[cpu]->top[cache->stack];
	bool sheaf = top != stack_none || held + found.nr_sheaves < SHEAVES;

	if (found.nr_free != 0 || found.nr_slabs < plan->slabs)
		return true;
	if (top != stack_none &&
	    (stack_nr(top) != 0 || ((uintptr_t)stack_of_top(top)->entry[0] & 1)))
		return true;
	return sheaf && cache->nr_barn_full != 0;
}

/* Of many objects, the first and the last that are out stand for all of their slab. */
static bool is_chosen(unsigned int object)
{
	unsigned int slab = object / plan->objects, first = object, last = object;

	if (nr_objects <= ALL_TO_FREE)
		return true;
	for (unsigned int i = slab * plan->objects; i < (slab + 1) * plan->objects; i++) {
		if (live[i] && i < first)
			first = i;
		if (live[i] && i > last)
			last = i;
	}
	return object == first || object == last;
}

static unsigned int cache_ops(uint16_t *ops)
{
	unsigned int nr = 0;

	for (unsigned int cpu = 0; cpu < NR_TEST_CPUS; cpu++) {
		ops[nr++] = make_op(OP_ALLOC, cpu, 0);
		if (!can_have(cpu))
			ops[nr++] = make_op(OP_ALLOC_WAIT, cpu, 0);
		for (unsigned int i = 0; i < nr_objects; i++) {
			if (live[i] && is_chosen(i))
				ops[nr++] = make_op(OP_FREE, cpu, i);
		}
	}
	ops[nr++] = make_op(OP_SHRINK, 0, 0);
	ops[nr++] = make_op(OP_DRAIN_CPUS, 0, 0);
	ops[nr++] = make_op(OP_DRAIN_BARN, 0, 0);
	return nr;
}

static void run_alloc(uint16_t op, bool replay)
{
	bool waits = op_kind(op) == OP_ALLOC_WAIT;
	bool want = replay || (waits ? found.nr_live < nr_objects : can_have(op_cpu(op)));
	void *object = kmem_cache_alloc(cache, waits ? GFP_KERNEL | __GFP_NOWARN : GFP_NOWAIT);

	got = -1;
	if (!replay)
		SEARCH_EXPECT(!object == !want, "%s", object ? "there is no object to be had" :
			      "there is an object, but NULL was returned");
	if (!object)
		return;
	got = (int)object_of(object);
	SEARCH_EXPECT(!live[got], "object %d was handed out before", got);
	live[got] = true;
	*word_of((unsigned int)got) = content((unsigned int)got);
}

static void run_shrink(bool replay)
{
	bool slabs_left = kmem_cache_shrink(cache) != 0;
	unsigned int want = 0;

	if (replay)
		return;
	for (unsigned int slab = 0; slab < plan->slabs; slab++) {
		bool any = false;

		for (unsigned int i = 0; i < plan->objects; i++)
			any |= live[slab * plan->objects + i];
		want += any;
	}
	expect_count("slabs after a shrink", cache->nr_slabs, want);
	expect_count("what a shrink says", slabs_left, want != 0);
	expect_count("objects in sheaves after a shrink", sheaf_nr_objects(cache), 0);
}

static void cache_run(uint16_t op, bool replay)
{
	port_choose_cpu(op_cpu(op));
	switch (op_kind(op)) {
	case OP_ALLOC:
	case OP_ALLOC_WAIT:
		run_alloc(op, replay);
		break;
	case OP_FREE:
		live[op_object(op)] = false;
		kmem_cache_free(cache, object_at(op_object(op)));
		break;
	case OP_SHRINK:
		run_shrink(replay);
		break;
	case OP_DRAIN_CPUS:
		sheaf_drain_cpus(cache);
		break;
	case OP_DRAIN_BARN:
		sheaf_drain_barn(cache);
		break;
	}
	port_choose_cpu(0);
}

static void cache_describe(uint16_t op, bool outcome, char *text, size_t size)
{
	static const char *const names[] = {
		"kmem_cache_alloc(GFP_NOWAIT)", "kmem_cache_alloc(GFP_KERNEL)", "",
		"kmem_cache_shrink()", "sheaf_drain_cpus()", "sheaf_drain_barn()",
	};
	char result[32] = "";

	if (op_kind(op) == OP_FREE) {
		snprintf(text, size, "CPU %u: kmem_cache_free(%u)", op_cpu(op), op_object(op));
		return;
	}
	if (outcome && got < 0)
		snprintf(result, sizeof(result), " -> NULL");
	else if (outcome)
		snprintf(result, sizeof(result), " -> %d", got);
	snprintf(text, size, "CPU %u: %s%s", op_cpu(op), names[op_kind(op)],
		 op_kind(op) <= OP_ALLOC_WAIT ? result : "");
}

/* ---- once in each state ---------------------------------------------------------------------- */

static void try_wrong_free(void *address)
{
	kmem_cache_free(cache, address);
	bugs++;
	SEARCH_EXPECT(memory_nr_bugs() == bugs, "a free of %p, %#llx bytes from object 0, was let "
		      "through", address,
		      (unsigned long long)((char *)address - (char *)object_at(0)));
}

/* A sheaf is in the ledger by who holds it: those that the search keeps are in no row. */
static void look_into_ledger(struct seq *out, const char *text)
{
	static struct ledger ledger;

	ledger_take(&kernel_mm, &ledger);
	if (ledger.nr_drifts == 0 &&
	    ledger_sum(&ledger) + held * sizeof(struct cpu_stack) == ledger.total)
		return;
	print_ledger(out, &ledger);
	SEARCH_EXPECT(false, "%u sheaves are kept from the cache; %s", held, text);
}

static void cache_look(void)
{
	static char text[8192];		/* bytes; some findings, or the ledger and some */
	struct seq_buffer buffer;
	char *behind = (char *)object_at(plan->objects - 1) + cache->stride;

	seq_buffer_init(&buffer, text, sizeof(text));
	SEARCH_EXPECT(mm_verify(&buffer.seq) == 0, "%s", text);
	look_into_ledger(&buffer.seq, text);
	memory_verify(&memory);
	expect_count("free pages of kernel_mm",
		     mm_zone_of(&kernel_mm, MEMORY_BASE_PFN)->nr_free, 0);
	for (unsigned int i = 0; i < nr_objects; i++)
		try_wrong_free(live[i] ? (char *)object_at(i) + sizeof(uint64_t) : object_at(i));
	if (behind + sizeof(uint64_t) <= (char *)object_at(0) + (PAGE_SIZE << plan->order))
		try_wrong_free(behind);
}

static void settle_lock(struct spinlock *lock)
{
	lock->next = 0;
	lock->serving = 0;
}

static void cache_settle(void)
{
	kernel_mm.is_short = false;	/* a hint, not a state */
	struct zone *zone = mm_zone_of(&mm, MEMORY_BASE_PFN);

	settle_lock(&cache->lock);
	settle_lock(&sheaf_cache->lock);
	settle_lock(&zone->lock);
	memset(zone->event, 0, sizeof(zone->event));
}

/* ---- setting up ------------------------------------------------------------------------------ */

/* Caches exist once. Their memory is all that kernel_mm has. */
static void start_caches(void)
{
	static const struct memory_range all = { 0, KERNEL_PAGES, false };

	if (sheaf_cache)
		return;
	port_reset_cpus();
	memory_no_page_lists();
	memory_open(&kernel_memory, &kernel_mm, &all, 1);
	caches_init();
	sheaves_init();
	sheaf_cache = kmem_cache_find("sheaf");
}

static void open_instance(void)
{
	struct memory_range ranges[MAX_SLABS];

	for (unsigned int i = 0; i < plan->slabs; i++) {
		uint64_t start = i * SLAB_DISTANCE;

		ranges[i] = (struct memory_range){ start, start + (1U << plan->order), false };
	}
	memory_open(&memory, &mm, ranges, plan->slabs);
}

/* Leave as many sheaves as the plan says, and no page. Return: how many pages were taken. */
static unsigned int take_the_rest(void **sheaves, struct page **pages)
{
	unsigned int nr = 0;

	for (held = 0; held < SHEAVES; held++)
		sheaves[held] = kmem_cache_alloc(sheaf_cache, GFP_NOWAIT);
	while (nr < KERNEL_PAGES && (pages[nr] = alloc_pages(GFP_NOWAIT, 0)) != NULL)
		nr++;
	while (held > SHEAVES - plan->sheaves)
		kmem_cache_free(sheaf_cache, sheaves[--held]);
	return nr;
}

static void give_the_rest(void **sheaves, struct page **pages, unsigned int nr)
{
	while (held > 0)
		kmem_cache_free(sheaf_cache, sheaves[--held]);
	while (nr > 0)
		__free_pages(pages[--nr], 0);
}

static void add_regions(void *sheaf)
{
	struct page *slab = virt_to_page(sheaf);
	size_t slab_bytes = PAGE_SIZE << plan->order;

	search_add_region(&world, cache, sizeof(*cache));
	search_add_region(&world, sheaf_cache, sizeof(*sheaf_cache));
	search_add_region(&world, slab, sizeof(*slab));
	search_add_region(&world, page_address(slab), PAGE_SIZE);
	for (unsigned int cpu = 0; cpu < NR_TEST_CPUS; cpu++)
		search_add_region(&world, &percpu_area[cpu]->top[cache->stack], sizeof(void **));
	search_add_region(&world, mm_zone_of(&mm, MEMORY_BASE_PFN), sizeof(struct zone));
	search_add_region(&world, mm.pages + MEMORY_BASE_PFN,
			  plan->slabs * SLAB_DISTANCE * sizeof(struct page));
	search_add_region(&world, live, sizeof(live));
	search_add_region(&world, &got, sizeof(got));
	search_add_region(&world, &found, sizeof(found));
	if (plan->order == 0) {
		for (unsigned int i = 0; i < plan->slabs; i++)
			search_add_region(&world, object_at(i * plan->objects), slab_bytes);
		return;
	}
	/* Slabs are large, and little of them is used. */
	for (unsigned int i = 0; i < nr_objects; i++)
		search_add_region(&world, object_at(i), sizeof(uint64_t));
}

static bool make_cache(void)
{
	cache = kmem_cache_create_in(&mm, "searched", plan->size, 0, 0, NULL, RET_IP);
	if (!cache || cache->order != plan->order || cache->objects != plan->objects ||
	    plan->sheaf_size > cache->sheaf_size || plan->sheaves >= SHEAVES)
		return false;
	cache->sheaf_size = plan->sheaf_size;
	kmem_cache_set_min_empty(cache, plan->min_empty);
	return true;
}

/*
 * Full sheaves that the barn can be brought to hold: for the last one a CPU's two sheaves are full
 * and it frees one object more, and it needs two other sheaves. Emptied, all of them are in the
 * barn again.
 */
static unsigned int most_in_barn(void)
{
	unsigned int by_objects = (nr_objects - 1) / plan->sheaf_size;
	unsigned int most = by_objects < plan->sheaves - 1 ? by_objects : plan->sheaves - 1;

	most = most > 1 ? most - 1 : 0;
	return most < BARN_MAX_FULL ? most : BARN_MAX_FULL;
}

struct search_result cache_search(const struct cache_plan *which)
{
	struct page *pages[KERNEL_PAGES];
	void *sheaves[SHEAVES];
	struct search_result result = { .failed = true };
	unsigned int nr;

	plan = which;
	nr_objects = plan->slabs * plan->objects;
	most_full = 0;
	most_empty = 0;
	world = (struct search_world){ .name = plan->name, .ops = cache_ops, .run = cache_run,
				       .settle = cache_settle, .key = cache_key,
				       .look = cache_look, .describe = cache_describe };
	start_caches();
	open_instance();
	if (!make_cache()) {
		printf("# %s: the cache is not laid out as planned\n", plan->name);
		return result;
	}
	caches_drain();			/* what making it left in sheaves */
	nr = take_the_rest(sheaves, pages);
	memset(live, 0, sizeof(live));
	mm_bug_quiet(true);
	bugs = memory_nr_bugs();
	add_regions(sheaves[0]);
	result = search_run(&world);
	mm_bug_quiet(false);
	if (!result.failed && (most_full != most_in_barn() || most_empty != most_in_barn())) {
		printf("# %s: at most %u full and %u empty sheaves in the barn, not %u of each\n",
		       plan->name, most_full, most_empty, most_in_barn());
		result.failed = true;
	}
	give_the_rest(sheaves, pages, nr);
	result.failed |= kmem_cache_destroy(cache) != 0;
	memory_close(&memory);
	return result;
}
