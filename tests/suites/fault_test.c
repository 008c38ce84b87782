/*
 * failslab and fail_page_alloc: which requests fail, by Linux's rules, and that CPUs' stacks are
 * out of use meanwhile and back afterwards.
 */
#include "object_test.h"
#include "typed.h"

#include <kernel/errno.h>
#include <kernel/work.h>

#include "mm/fault.h"

#define SIZE		100U	/* bytes: an object of the cache */
#define NR		200U	/* requests of most cases */
#define MANY		10000U
#define MAX_CPUS	8U	/* that take part */

static struct kmem_cache *cache;
static struct fault_attr saved[NR_FAULT_KINDS];
static char said[512];		/* bytes; the longest answer has about 300 */

static struct seq *listen(void)
{
	static struct seq_buffer buffer;

	seq_buffer_init(&buffer, said, sizeof(said));
	return &buffer.seq;
}

/* Linux's defaults, silent. */
static bool open(struct ktest *t)
{
	struct fault_state state;

	if (READ_ONCE(fault_armed)) {
		ktest_skip(t, "failslab or fail_page_alloc is on");
		return false;
	}
	for (unsigned int kind = 0; kind < NR_FAULT_KINDS; kind++) {
		fault_get((enum fault_kind)kind, &state);
		saved[kind] = state.attr;
	}
	cache = kmem_cache_create("test-fault", SIZE, 0, 0, NULL);
	KTEST_EXPECT(t, cache);
	return cache;
}

static void close(struct ktest *t)
{
	for (unsigned int kind = 0; kind < NR_FAULT_KINDS; kind++)
		fault_apply((enum fault_kind)kind, &saved[kind]);
	KTEST_EXPECT_EQ(t, fault_armed, 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	EXPECT_SOUND(t);
}

static void apply(struct ktest *t, enum fault_kind kind, const char *text)
{
	static const struct fault_attr defaults[NR_FAULT_KINDS] = {
		[FAULT_SLAB] = { .interval = 1, .times = 1, .ignore_gfp_wait = true, .cache = "*" },
		[FAULT_PAGE_ALLOC] = { .interval = 1, .times = 1, .ignore_gfp_wait = true,
				       .min_order = 1 },
	};
	struct fault_attr attr = defaults[kind];

	if (fault_parse(listen(), kind, &attr, text))
		ktest_fail(t, __FILE__, __LINE__, "\"%s\" was not understood: %s", text, said);
	fault_apply(kind, &attr);
}

static unsigned int first[NR];		/* which requests of ask_objects() failed, from 1 */

/* Ask @nr times. Return: how many failed. */
static unsigned int ask_objects(gfp_t gfp, unsigned int nr)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < nr; i++) {
		void *object = kmem_cache_alloc(cache, gfp);

		if (object)
			kmem_cache_free(cache, object);
		else if (failed++ < NR)
			first[failed - 1] = i + 1;
	}
	return failed;
}

static unsigned int ask_pages(gfp_t gfp, unsigned int order, unsigned int nr)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct page *page = alloc_pages(gfp, order);

		if (page)
			__free_pages(page, order);
		else
			failed++;
	}
	return failed;
}

/* ---- text ---------------------------------------------------------------- */

static void linux_syntax(struct ktest *t)
{
	struct fault_attr a = { .cache = "*" };

	KTEST_EXPECT_EQ(t, fault_parse(listen(), FAULT_SLAB, &a, "10,100,4096,-1"), 0);
	KTEST_EXPECT_EQ(t, a.interval, 10);
	KTEST_EXPECT_EQ(t, a.probability, 100);
	KTEST_EXPECT_EQ(t, a.space, 4096);
	KTEST_EXPECT_EQ(t, a.times, -1);
	KTEST_EXPECT_EQ(t, fault_parse(listen(), FAULT_SLAB, &a,
				       "1,2,3,4,cache=dentry,ignore-gfp-wait=Y,verbose=1"), 0);
	KTEST_EXPECT_EQ(t, a.times, 4);
	KTEST_EXPECT_STREQ(t, a.cache, "dentry");
	KTEST_EXPECT(t, a.ignore_gfp_wait);
	KTEST_EXPECT_EQ(t, a.verbose, 1);
	KTEST_EXPECT_EQ(t, fault_parse(listen(), FAULT_SLAB, &a, "ignore-gfp-wait=N,times=-1"), 0);
	KTEST_EXPECT(t, !a.ignore_gfp_wait);
	KTEST_EXPECT_EQ(t, a.times, -1);
	KTEST_EXPECT_EQ(t, a.probability, 2);		/* what is not named stays */
	KTEST_EXPECT_EQ(t, fault_parse(listen(), FAULT_PAGE_ALLOC, &a,
				       "min-order=3,verbose_ratelimit_interval_ms=5000,"
				       "verbose_ratelimit_burst=10"), 0);
	KTEST_EXPECT_EQ(t, a.min_order, 3);
	KTEST_EXPECT_EQ(t, a.ratelimit_ms, 5000);
	KTEST_EXPECT_EQ(t, a.ratelimit_burst, 10);
}

static bool was_said(const char *what)
{
	for (const char *at = said; *at; at++) {
		if (strncmp(at, what, strlen(what)) == 0)
			return true;
	}
	return false;
}

/* The bad part is named, and nothing changes. */
static void bad_values_are_named(struct ktest *t)
{
	static const struct {
		enum fault_kind kind;
		const char *text, *named;
	} cases[] = {
		{ FAULT_SLAB, "", "\"\"" },
		{ FAULT_SLAB, "1", "INTERVAL,PROBABILITY,SPACE,TIMES" },
		{ FAULT_SLAB, "1,100,0", "INTERVAL,PROBABILITY,SPACE,TIMES" },
		{ FAULT_SLAB, "cache=0123456789abcdef0123456789abcdef",
		  "cache is a name of 1 to 31 characters" },
		{ FAULT_SLAB, "1,101,0,1", "probability is a number from 0 to 100, not \"101\"" },
		{ FAULT_SLAB, "1,100,0,-2", "\"-2\"" },
		{ FAULT_SLAB, "-1,100,0,1", "interval is a number, not \"-1\"" },
		{ FAULT_SLAB, "1,100,99999999999999999999,1", "\"99999999999999999999\"" },
		{ FAULT_SLAB, "1,100,0,1,5", "\"5\" is no setting; there are interval" },
		{ FAULT_SLAB, "1,100,9223372036854775808,1", "space is a number below 2^63, not" },
		{ FAULT_SLAB, "banana", "\"banana\"" },
		{ FAULT_SLAB, "ignore-gfp-wait=maybe", "Y or N, not \"maybe\"" },
		{ FAULT_SLAB, "ignore-gfp-wait=Yes", "Y or N, not \"Yes\"" },
		{ FAULT_SLAB, "colour=red", "\"colour\" is no setting" },
		{ FAULT_SLAB, "min-order=1", "\"min-order\" is no setting" },
		{ FAULT_SLAB, "cache=", "\"\"" },
		{ FAULT_SLAB, "cache=a-name-that-no-cache-can-have-now", "1 to 31 characters" },
		{ FAULT_SLAB, "times=1,2", "\"2\" is no setting" },
		/* What comes from the boot line does not act on the terminal. */
		{ FAULT_SLAB, "col\033[2Jour=red", "\"col?[2Jour\" is no setting" },
		{ FAULT_SLAB, "times=1\r2", "not \"1?2\"" },
		{ FAULT_SLAB, "cache=den\btry", "if you like, not \"den?try\"" },
		{ FAULT_PAGE_ALLOC, "cache=dentry", "fail_page_alloc: \"cache\" is no setting" },
		{ FAULT_PAGE_ALLOC, "min-order=x", "min-order is a number, not \"x\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fault_attr attr, before;

		memset(&attr, 0x11, sizeof(attr));
		before = attr;
		if (fault_parse(listen(), cases[i].kind, &attr, cases[i].text) != -EINVAL ||
		    !was_said(cases[i].named))
			ktest_fail(t, __FILE__, __LINE__, "\"%s\": %s", cases[i].text, said);
		KTEST_EXPECT_EQ(t, memcmp(&attr, &before, sizeof(attr)), 0);
	}
}

/* ---- which requests fail ------------------------------------------------- */

static void every_tenth(struct ktest *t)
{
	if (!open(t))
		return;
	apply(t, FAULT_SLAB, "10,100,0,-1");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_ATOMIC, NR), NR / 10);
	for (unsigned int i = 0; i < NR / 10; i++)
		KTEST_EXPECT_EQ(t, first[i], 10 * (i + 1));
	close(t);
}

static void so_many_times(struct ktest *t)
{
	struct fault_state state, after;

	if (!open(t))
		return;
	apply(t, FAULT_SLAB, "1,100,0,7");
	fault_get(FAULT_SLAB, &state);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_ATOMIC, NR), 7);
	KTEST_EXPECT_EQ(t, first[6], 7);
	fault_get(FAULT_SLAB, &after);
	KTEST_EXPECT_EQ(t, after.attr.times, 0);
	KTEST_EXPECT_EQ(t, after.failed - state.failed, 7);
	KTEST_EXPECT_EQ(t, after.seen - state.seen, NR);
	close(t);
}

/* 1000 bytes of space: 900, 800 .. 100 are left after each; then 100 bytes do not fit below it. */
static void space_comes_first(struct ktest *t)
{
	if (!open(t))
		return;
	apply(t, FAULT_SLAB, "1,100,1000,-1");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_ATOMIC, 20), 11);
	KTEST_EXPECT_EQ(t, first[0], 10);
	close(t);
}

/* 10000 draws at 50 %: the standard deviation is 50. */
static void probability(struct ktest *t)
{
	unsigned int failed;

	if (!open(t))
		return;
	apply(t, FAULT_SLAB, "1,50,0,-1");
	failed = ask_objects(GFP_ATOMIC, MANY);
	KTEST_EXPECT(t, failed > MANY / 2 - 500 && failed < MANY / 2 + 500);
	apply(t, FAULT_SLAB, "1,99,0,-1");	/* 0.99^10000 is below 10^-43 */
	KTEST_EXPECT(t, ask_objects(GFP_ATOMIC, MANY) < MANY);
	apply(t, FAULT_SLAB, "1,0,0,-1");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_ATOMIC, NR), 0);
	close(t);
}

static void who_is_spared(struct ktest *t)
{
	if (!open(t))
		return;
	apply(t, FAULT_SLAB, "1,100,0,-1");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_ATOMIC, NR), NR);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_NOWAIT, NR), NR);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), 0);
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), NR);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL | __GFP_NOFAIL, NR), 0);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_ATOMIC | __GFP_NOFAIL, NR), 0);
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N,cache=other*");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), 0);
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N,cache=*-fau?t");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), NR);
	close(t);
}

static void orders(struct ktest *t)
{
	if (!open(t))
		return;
	apply(t, FAULT_PAGE_ALLOC, "1,100,0,-1");
	KTEST_EXPECT_EQ(t, ask_pages(GFP_ATOMIC, 0, NR), 0);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_ATOMIC, 1, NR), NR);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL, 1, NR), 0);
	apply(t, FAULT_PAGE_ALLOC, "2,100,0,-1,ignore-gfp-wait=N,min-order=0");
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL, 0, NR), NR / 2);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL, 4, NR), NR / 2);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL | __GFP_ZERO, 0, NR), NR / 2);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL | __GFP_NOFAIL, 0, NR), 0);
	apply(t, FAULT_PAGE_ALLOC, "1,100,16,-1,min-order=0");
	KTEST_EXPECT_EQ(t, ask_pages(GFP_ATOMIC, 2, 5), 2);	/* 16, 12, 8; 4 is not above 4 */
	close(t);
}

/* Pages stand in for a slab that cannot be had, not for an object that is refused on purpose. */
static void refused_objects_of_several_pages(struct ktest *t)
{
	static const size_t sizes[] = { 64, 320, 4096, 5000, 8192 };

	if (!open(t))
		return;
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N,verbose=0");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *object = kmalloc(sizes[i], GFP_KERNEL);

		KTEST_EXPECT(t, !object);
		kfree(object);
	}
	close(t);
}

/* A refused block is counted as vmstat's alloc_failed, a refused object is not. */
static void slabs_are_blocks(struct ktest *t)
{
	uint64_t failed;
	void *object;

	if (!open(t))
		return;
	KTEST_EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	failed = kernel_mm.alloc_failed;
	apply(t, FAULT_PAGE_ALLOC, "1,100,0,-1,ignore-gfp-wait=N,min-order=0");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, 3), 3);	/* no slab can be had */
	KTEST_EXPECT_EQ(t, kernel_mm.alloc_failed, failed + 3);
	KTEST_EXPECT(t, !kmalloc(20000, GFP_KERNEL));
	apply(t, FAULT_PAGE_ALLOC, "1,0,0,0");
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_ASSERT(t, object);
	apply(t, FAULT_PAGE_ALLOC, "1,100,0,-1,ignore-gfp-wait=N,min-order=0");
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, 3), 0);	/* there is one */
	apply(t, FAULT_PAGE_ALLOC, "1,0,0,0");
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N");
	failed = kernel_mm.alloc_failed;
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, 3), 3);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL, 3, 3), 0);
	KTEST_EXPECT_EQ(t, kernel_mm.alloc_failed, failed);
	kmem_cache_free(cache, object);
	close(t);
}

/* Settings are for objects and blocks; what is taken before there are any is not theirs. */
static void early_memory_is_spared(struct ktest *t)
{
	static uint64_t storage[MEMMAP_BYTES(1, 4) / sizeof(uint64_t) + 1];
	struct memmap map;

	if (!open(t))
		return;
	memmap_init(&map, storage, 1, 4, 1ULL << 40);
	KTEST_EXPECT_EQ(t, memmap_add(&map, 1U << 20, 1U << 20, MEMMAP_USABLE), 0);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N,cache=nobody");
	apply(t, FAULT_PAGE_ALLOC, "1,100,0,-1,ignore-gfp-wait=N,min-order=0");
	KTEST_EXPECT(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0) != 0);
	close(t);
}

/* ---- stacks -------------------------------------------------------------- */

static unsigned int nr_stacks(void)
{
	const struct percpu *cpu = percpu_area[port_cpu()];
	unsigned int nr = cpu->top[cache->stack] != stack_none;

	for (unsigned int i = 0; i < STACK_NEVER; i++)
		nr += cpu->top[i] != stack_none;
	return nr;
}

/* Nothing fails, as no cache has that name, and yet each request is asked about. */
static void stacks_are_out_of_use(struct ktest *t)
{
	struct free_state before = free_state_now();
	static void *objects[NR];	/* more than main, spare and a full one in the barn */
	unsigned int used;
	void *held;

	if (!open(t))
		return;
	KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, NR, objects), NR);
	kmem_cache_free_bulk(cache, NR, objects);
	KTEST_EXPECT(t, cache->nr_barn_full > 0);
	(void)ask_pages(GFP_KERNEL, 0, NR);
	held = kmem_cache_alloc(cache, GFP_KERNEL);
	used = nr_stacks();
	KTEST_EXPECT(t, used >= 1);
	KTEST_EXPECT(t, sheaf_nr_objects(cache) > 0);
	apply(t, FAULT_SLAB, "1,100,0,-1,ignore-gfp-wait=N,cache=nobody");
	KTEST_EXPECT_EQ(t, nr_stacks(), 0);
	KTEST_EXPECT_EQ(t, sheaf_nr_objects(cache), 0);
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), 0);
	KTEST_EXPECT_EQ(t, ask_pages(GFP_KERNEL, 0, NR), 0);
	kmem_cache_free(cache, held);
	KTEST_EXPECT_EQ(t, nr_stacks(), 0);
	KTEST_EXPECT_EQ(t, sheaf_nr_objects(cache), 0);
	apply(t, FAULT_SLAB, "1,0,0,0");
	(void)ask_objects(GFP_KERNEL, NR);
	(void)ask_pages(GFP_KERNEL, 0, NR);
	KTEST_EXPECT_EQ(t, nr_stacks(), used);
	KTEST_EXPECT(t, sheaf_nr_objects(cache) > 0);
	close(t);
	expect_free_state(t, &before);
}

static uint32_t bad, busy_cpus;

/* CPU 0 takes the stacks away and gives them back, the others use them. */
static void use_and_take_away(unsigned int cpu, void *arg)
{
	void *objects[16] = { NULL };
	struct page *page = NULL;
	uint64_t state = cpu;

	(void)arg;
	for (unsigned int round = 0; cpu == 0 && round < 40; round++)
		fault_set_stacks(round % 2);
	if (cpu == 0)
		__atomic_store_n(&busy_cpus, 0, __ATOMIC_RELEASE);
	while (__atomic_load_n(&busy_cpus, __ATOMIC_ACQUIRE)) {
		void **slot = &objects[random_below(&state, ARRAY_SIZE(objects))];

		if (*slot && !pattern_holds(*slot, SIZE, cpu))
			__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
		if (*slot)
			kmem_cache_free(cache, *slot);
		*slot = *slot ? NULL : kmem_cache_alloc(cache, GFP_KERNEL);
		if (*slot)
			pattern_fill(*slot, SIZE, cpu);
		if (page)
			__free_page(page);
		page = page ? NULL : alloc_page(GFP_KERNEL);
		port_irq_restore(port_irq_save());	/* calls come in here if nowhere else */
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		if (objects[i])
			kmem_cache_free(cache, objects[i]);
	}
	if (page)
		__free_page(page);
}

static void stacks_of_busy_cpus(struct ktest *t)
{
	struct free_state before = free_state_now();

	if (port_nr_cpus() == 1) {
		ktest_skip(t, "one CPU");
		return;
	}
	if (!open(t))
		return;
	bad = 0;
	busy_cpus = 1;
	work_run(port_nr_cpus() < MAX_CPUS ? port_nr_cpus() : MAX_CPUS, use_and_take_away, NULL);
	fault_set_stacks(true);
	KTEST_EXPECT_EQ(t, bad, 0);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	close(t);
	expect_free_state(t, &before);
}

/* ---- the console --------------------------------------------------------- */

static int type(const char *line)
{
	return type_line(line, said, sizeof(said));
}

static void the_command(struct ktest *t)
{
	if (!open(t))
		return;
	KTEST_EXPECT_EQ(t, type("fault failslab 1,100,0,3 ignore-gfp-wait=N cache=test-fault"), 0);
	KTEST_EXPECT(t, was_said("failslab: on, interval=1 probability=100 space=0 times=3 "));
	KTEST_EXPECT(t, was_said(" ignore-gfp-wait=N cache=test-fault"));
	KTEST_EXPECT_EQ(t, type("fault failslab verbose=0"), 0);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), 3);
	KTEST_EXPECT_EQ(t, type("fault"), 0);
	KTEST_EXPECT(t, was_said("failslab: off, interval=1 probability=100 space=0 times=0 "));
	KTEST_EXPECT(t, was_said("fail_page_alloc: off, interval=1 probability=0 "));
	KTEST_EXPECT_EQ(t, type("fault fail_page_alloc"), 0);
	KTEST_EXPECT(t, was_said("fail_page_alloc: off, "));
	KTEST_EXPECT(t, !was_said("failslab: "));
	KTEST_EXPECT_EQ(t, type("fault failslab times=1"), 0);
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), 1);
	KTEST_EXPECT_EQ(t, type("fault failslab times=-1 off"), 0);
	KTEST_EXPECT(t, was_said("failslab: off, interval=1 probability=0 "));
	KTEST_EXPECT_EQ(t, ask_objects(GFP_KERNEL, NR), 0);
	KTEST_EXPECT_EQ(t, type("fault failslab 1,100,0,0 cache=nobody"), 0);
	KTEST_EXPECT(t, was_said("no cache has the name \"nobody\""));
	KTEST_EXPECT(t, type("fault failmalloc") < 0);
	KTEST_EXPECT(t, was_said("\"failmalloc\""));
	KTEST_EXPECT(t, type("fault failslab 1,100,0") < 0);
	KTEST_EXPECT(t, was_said("INTERVAL,PROBABILITY,SPACE,TIMES"));
	KTEST_EXPECT(t, type("fault fail_page_alloc times=many") < 0);
	KTEST_EXPECT(t, was_said("times is a number, or -1 for no limit, not \"many\""));
	close(t);
}

/* Blocks that no CPU keeps are asked about as well, when the others lie ready. */
static void orders_without_lists(struct ktest *t)
{
	struct page *page;

	fault_nth_begin(1);
	page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 5);
	KTEST_EXPECT(t, fault_nth_end());
	KTEST_EXPECT(t, !page);
	__free_pages(page, 5);
}

static const struct ktest_case fault_cases[] = {
	KTEST_CASE(linux_syntax),
	KTEST_CASE(bad_values_are_named),
	KTEST_CASE(every_tenth),
	KTEST_CASE(so_many_times),
	KTEST_CASE(space_comes_first),
	KTEST_CASE(probability),
	KTEST_CASE(who_is_spared),
	KTEST_CASE(orders),
	KTEST_CASE(orders_without_lists),
	KTEST_CASE(refused_objects_of_several_pages),
	KTEST_CASE(slabs_are_blocks),
	KTEST_CASE(early_memory_is_spared),
	KTEST_CASE(stacks_are_out_of_use),
	KTEST_CASE(stacks_of_busy_cpus),
	KTEST_CASE(the_command),
};
KTEST_SUITE(fault, fault_cases);
