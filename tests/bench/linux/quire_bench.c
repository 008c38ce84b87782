// SPDX-License-Identifier: MIT
/*
 * The operations of Quire's benchmark, in Linux.
 *
 * 1. Unit.    The guest runs under -icount shift=0, where the time stamp counter counts
 *             instructions. A row is a number of instructions per operation, printed in tenths as
 *             "quire_bench: ROW TENTHS".
 * 2. Loops.   Most rows are the median of some rounds, less the median of the same loop without the
 *             operation. Interrupts stay on: a timer tick every four million instructions is below
 *             the last digit.
 * 3. Batches. N are allocated, then all are freed in one random order, the same in every round.
 * 4. Sizes.   Constants, so that the compiler chooses the kmalloc cache, unless the row's name has
 *             "variable".
 *
 * 5. CPUs.    Under -icount a CPU that spins without `pause` starves the others, and Linux waits so
 *             for a CPU that it starts. So the machine boots with maxcpus=1, and the second CPU is
 *             started from here, beside a thread that pauses.
 *
 * Loading the module runs the benchmark. rows= selects: "all", "remote" (needs two CPUs), "none".
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/msr.h>

#define ROUNDS		7U
#define HOT		20000U		/* pairs in a round */
#define BATCH		10000U		/* objects or pages in a batch */
#define BULK		16U		/* objects or pages in one bulk call */
#define BULK_CALLS	2000U		/* bulk pairs in a round */
#define LARGEST_CALLS	500U		/* pairs of the largest orders in a round */
#define CACHES		20U		/* caches created and destroyed in a row */
#define MAX_PAGES	(1U << 20)	/* 4 GiB */
#define SEED		0x9e3779b97f4a7c15ULL
#define NR_SIZES	10U		/* 8 .. 4096 by powers of two */

/* Takes what there is and wakes nobody: neither reclaim nor its thread. */
#define GFP_TAKE	((GFP_KERNEL & ~__GFP_RECLAIM) | __GFP_NOWARN)

static char *rows = "all";
module_param(rows, charp, 0);

static void **held;		/* MAX_PAGES objects or pages */
static u32 *order;		/* a permutation of a batch, or of all pages held */
static u64 state;

static u64 samples[2][ROUNDS];

/* Ticks of @n turns of @body, which has the turn's number as i. */
#define TICKS(n, body) ({					\
	u64 ticks_start = rdtsc_ordered();			\
	u32 i;							\
								\
	for (i = 0; i < (n); i++) {				\
		barrier();					\
		body;						\
	}							\
	rdtsc_ordered() - ticks_start;				\
})

/* One sample of ROUNDS, one of ROUNDS + 1 being a warm-up. */
#define SAMPLES(which, n, body) do {				\
	u32 round;						\
								\
	TICKS(n, body);						\
	for (round = 0; round < ROUNDS; round++)		\
		samples[which][round] = TICKS(n, body);		\
} while (0)

#define USE(value)	asm volatile("" : : "r" (value))

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u32 which)
{
	sort(samples[which], ROUNDS, sizeof(samples[which][0]), compare, NULL);
	return samples[which][ROUNDS / 2];
}

static void say(const char *row, u64 ticks, u64 empty, u64 operations)
{
	u64 net = ticks > empty ? ticks - empty : 0;

	pr_info("quire_bench: %s %llu\n", row, (net * 10 + operations / 2) / operations);
}

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void shuffle(u32 nr)
{
	u32 i, other;

	state = SEED;
	for (i = 0; i < nr; i++)
		order[i] = i;
	for (i = nr - 1; i > 0; i--) {
		other = draw() % (i + 1);
		swap(order[i], order[other]);
	}
}

static u64 empty_hot(u32 n)
{
	SAMPLES(0, n, );
	return median(0);
}

/* A pair that allocates and frees, @n times. */
#define HOT_PAIR(n, alloc, release) ({				\
	SAMPLES(0, n, void *p = (alloc); USE(p); release(p));	\
	median(0);						\
})

#define KMALLOC_PAIR(size)	HOT_PAIR(HOT, kmalloc(size, GFP_KERNEL), kfree)

static void kmalloc_rows(void)
{
	u64 empty = empty_hot(HOT), sum = 0, loads;
	static volatile size_t sizes[NR_SIZES] = { 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096 };

	say("kmalloc_pair_64", KMALLOC_PAIR(64), empty, HOT);
	sum = KMALLOC_PAIR(8) + KMALLOC_PAIR(16) + KMALLOC_PAIR(32) + KMALLOC_PAIR(64) +
	      KMALLOC_PAIR(128) + KMALLOC_PAIR(256) + KMALLOC_PAIR(512) + KMALLOC_PAIR(1024) +
	      KMALLOC_PAIR(2048) + KMALLOC_PAIR(4096);
	say("kmalloc_pair", sum, NR_SIZES * empty, NR_SIZES * HOT);

	SAMPLES(1, HOT, USE(sizes[i % NR_SIZES]));
	loads = median(1);
	SAMPLES(0, HOT, void *p = kmalloc(sizes[i % NR_SIZES], GFP_KERNEL); USE(p); kfree(p));
	say("kmalloc_pair_variable", median(0), loads, HOT);
}

static void bulk_rows(struct kmem_cache *cache)
{
	u64 empty = empty_hot(BULK_CALLS), timers = 0, alloc = 0;
	struct page **pages = (struct page **)held;
	u32 call;

	SAMPLES(0, BULK_CALLS, USE(kmem_cache_alloc_bulk(cache, GFP_KERNEL, BULK, held));
		kmem_cache_free_bulk(cache, BULK, held));
	say("cache_64_bulk16", median(0), empty, BULK_CALLS * BULK);

	memset(held, 0, BULK * sizeof(*held));
	for (call = 0; call < BULK_CALLS; call++) {
		unsigned long got = 0;

		timers += TICKS(1, );
		alloc += TICKS(1, got = alloc_pages_bulk_array(GFP_KERNEL, BULK, pages));
		while (got > 0) {
			__free_page(pages[--got]);
			pages[got] = NULL;
		}
	}
	say("pages_bulk16_alloc", alloc, timers, BULK_CALLS * BULK);
}

#define PAGE_PAIR(row, n, order_)						\
	say(row, HOT_PAIR(n, alloc_pages(GFP_KERNEL, order_), PAGE_RELEASE_##order_),		\
	    empty_hot(n), n)
#define PAGE_RELEASE_0(p)	__free_pages(p, 0)
#define PAGE_RELEASE_1(p)	__free_pages(p, 1)
#define PAGE_RELEASE_2(p)	__free_pages(p, 2)
#define PAGE_RELEASE_3(p)	__free_pages(p, 3)
#define PAGE_RELEASE_4(p)	__free_pages(p, 4)
#define PAGE_RELEASE_9(p)	__free_pages(p, 9)
#define PAGE_RELEASE_10(p)	__free_pages(p, 10)

static void page_rows(void)
{
	PAGE_PAIR("pages_order0_pair", HOT, 0);
	PAGE_PAIR("pages_order1_pair", HOT, 1);
	PAGE_PAIR("pages_order2_pair", HOT, 2);
	PAGE_PAIR("pages_order3_pair", HOT, 3);
	PAGE_PAIR("pages_order4_pair", HOT, 4);
	PAGE_PAIR("pages_order9_pair", LARGEST_CALLS, 9);
	PAGE_PAIR("pages_order10_pair", LARGEST_CALLS, 10);
}

/* Rows @name_alloc and @name_free: a batch, then all of it back in random order. */
#define BATCH_ROWS(name, alloc, release) do {					\
	u32 batch;								\
	u64 empty_alloc, empty_free;						\
										\
	SAMPLES(0, BATCH, held[i] = held);					\
	SAMPLES(1, BATCH, USE(held[order[i]]));					\
	empty_alloc = median(0);						\
	empty_free = median(1);							\
	for (batch = 0; batch < ROUNDS; batch++) {				\
		samples[0][batch] = TICKS(BATCH, held[i] = (alloc));		\
		samples[1][batch] = TICKS(BATCH, release(held[order[i]]));	\
	}									\
	say(name "_alloc", median(0), empty_alloc, BATCH);			\
	say(name "_free", median(1), empty_free, BATCH);			\
} while (0)

static void cache_rows(void)
{
	struct kmem_cache *small = kmem_cache_create("quire_bench_192", 192, 0, 0, NULL);
	struct kmem_cache *odd = kmem_cache_create("quire_bench_1728", 1728, 0, 0, NULL);
	struct kmem_cache *bulk = kmem_cache_create("quire_bench_64", 64, 0, 0, NULL);
	u64 empty = empty_hot(HOT);

	if (!small || !odd || !bulk)
		panic("quire_bench: no caches");
#define FREE_SMALL(p)	kmem_cache_free(small, p)
#define FREE_ODD(p)	kmem_cache_free(odd, p)
	say("cache_192_pair", HOT_PAIR(HOT, kmem_cache_alloc(small, GFP_KERNEL), FREE_SMALL),
	    empty, HOT);
	say("cache_1728_pair", HOT_PAIR(HOT, kmem_cache_alloc(odd, GFP_KERNEL), FREE_ODD),
	    empty, HOT);
	BATCH_ROWS("cache_1728_random", kmem_cache_alloc(odd, GFP_KERNEL), FREE_ODD);
	bulk_rows(bulk);
	kmem_cache_destroy(small);
	kmem_cache_destroy(odd);
	kmem_cache_destroy(bulk);
}

static void batch_rows(void)
{
	BATCH_ROWS("kmalloc_64_random", kmalloc(64, GFP_KERNEL), kfree);
	BATCH_ROWS("kmalloc_1024_random", kmalloc(1024, GFP_KERNEL), kfree);
	BATCH_ROWS("pages_order0_random", alloc_page(GFP_KERNEL), __free_page);
}

static void create_rows(void)
{
	struct kmem_cache *caches[CACHES];
	char name[32];
	u64 create = 0, destroy = 0;
	u32 nr;

	for (nr = 0; nr < CACHES; nr++) {
		snprintf(name, sizeof(name), "quire_bench_%u", nr);
		create += TICKS(1, caches[nr] = kmem_cache_create(name, 192, 0, 0, NULL));
	}
	while (nr-- > 0)
		destroy += TICKS(1, kmem_cache_destroy(caches[nr]));
	say("cache_create", create, 0, CACHES);
	say("cache_destroy", destroy, 0, CACHES);
}

static u32 take_all(void)
{
	struct page *page;
	u32 nr = 0;

	while (nr < MAX_PAGES && (page = alloc_page(GFP_TAKE)) != NULL)
		held[nr++] = page;
	return nr;
}

/*
 * All of memory, twice: with one clock for all, and with one for each free, the timer's interrupt
 * kept out.
 */
static void all_memory_rows(void)
{
	u64 start = rdtsc_ordered(), took, worst = 0;
	u32 nr = take_all(), i;

	took = rdtsc_ordered() - start;
	say("all_memory_pages_take", took, 0, nr);
	shuffle(nr);
	say("all_memory_pages_give", TICKS(nr, __free_page(held[order[i]])),
	    TICKS(nr, USE(held[order[i]])), nr);

	nr = take_all();
	shuffle(nr);
	for (i = 0; i < nr; i++) {
		unsigned long flags;
		u64 began, ticks;

		local_irq_save(flags);
		began = rdtsc_ordered();
		__free_page(held[order[i]]);
		ticks = rdtsc_ordered() - began;
		local_irq_restore(flags);
		worst = max(worst, ticks);
	}
	say("page_free_worst", worst, 0, 1);
}

static int pause_for_others(void *unused)
{
	while (!kthread_should_stop()) {
		cpu_relax();
		cond_resched();
	}
	return 0;
}

static void start_second_cpu(void)
{
	struct task_struct *pauser = kthread_run(pause_for_others, NULL, "quire_pause");

	if (IS_ERR(pauser) || add_cpu(1))
		panic("quire_bench: no second CPU");
	kthread_stop(pauser);
}

/* The other CPU halts meanwhile: the counter counts the instructions of both. */
static void remote_rows(void)
{
	u64 empty;
	u32 batch;

	start_second_cpu();
	SAMPLES(1, BATCH, USE(held[order[i]]));
	empty = median(1);
	for (batch = 0; batch < ROUNDS; batch++) {
		set_cpus_allowed_ptr(current, cpumask_of(0));
		samples[0][batch] = TICKS(BATCH, held[i] = kmalloc(64, GFP_KERNEL));
		set_cpus_allowed_ptr(current, cpumask_of(1));
		samples[1][batch] = TICKS(BATCH, kfree(held[order[i]]));
	}
	say("kmalloc_64_cross_cpu_free", median(1), empty, BATCH);
}

static int __init quire_bench_init(void)
{
	held = vzalloc(MAX_PAGES * sizeof(*held));
	order = vzalloc(MAX_PAGES * sizeof(*order));
	if (!held || !order)
		panic("quire_bench: no room for the arrays");
	shuffle(BATCH);
	if (!strcmp(rows, "all")) {
		kmalloc_rows();
		cache_rows();
		batch_rows();
		page_rows();
		create_rows();
		all_memory_rows();
	} else if (!strcmp(rows, "remote")) {
		remote_rows();
	}
	pr_info("quire_bench: done\n");
	vfree(held);
	vfree(order);
	return 0;
}
module_init(quire_bench_init);

MODULE_DESCRIPTION("Quire's benchmark rows in Linux");
MODULE_LICENSE("Dual MIT/GPL");
