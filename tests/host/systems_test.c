/*
 * Systems that this process is not, each in a process of its own: with more CPUs, with a gap in
 * their numbers, with zones that are not there, booted with failslab=.
 */
#include <time.h>

#include <hosted/quire.h>
#include <kernel/ktest.h>
#include <kernel/work.h>
#include <mm/mm.h>

#include "mm/fault.h"
#include "mm/internal.h"

#include "tests/host/child.h"

#define SIZE		100U	/* bytes: an object of the cache */
#define WINDOW_MS	1000U	/* of a rate limit; what is to fall into one takes some ms */

static struct kmem_cache *cache;

/* Ask @nr times. Return: how many failed. */
static __noinline unsigned int refused(gfp_t gfp, unsigned int nr)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < nr; i++) {
		void *object = kmem_cache_alloc(cache, gfp);

		failed += !object;
		if (object)
			kmem_cache_free(cache, object);
	}
	return failed;
}

/* ---- failures on purpose, and what is said of them ------------------------ */

static void ask_once(const char *how, gfp_t gfp)
{
	unsigned int nr = refused(gfp, 1);

	seq_printf(&seq_console, "%s: %u refused\n", how, nr);
}

static void fails_aloud(void)
{
	struct fault_attr attr = { .interval = 1, .probability = 100, .times = 3, .verbose = 1,
				   .cache = "talks" };

	cache = kmem_cache_create("talks", SIZE, 0, 0, NULL);
	fault_apply(FAULT_SLAB, &attr);
	ask_once("warned not", GFP_ATOMIC | __GFP_NOWARN);
	ask_once("told", GFP_ATOMIC);
	attr.verbose = 0;
	fault_apply(FAULT_SLAB, &attr);
	ask_once("silent", GFP_ATOMIC);
	attr.verbose = 2;
	fault_apply(FAULT_SLAB, &attr);
	ask_once("with a trace", GFP_ATOMIC);
	attr = (struct fault_attr){ .interval = 1, .probability = 100, .times = -1, .verbose = 1,
				    .min_order = 3 };
	fault_apply(FAULT_PAGE_ALLOC, &attr);
	if (!alloc_pages(GFP_ATOMIC, 3))
		seq_puts(&seq_console, "no block\n");
}

/* Two entries of five are let through; those of the next span of time begin with the rest. */
static void fails_often(void)
{
	static const struct timespec window = { WINDOW_MS / 1000, 100000000 };
	static const struct fault_attr attr = {
		.interval = 1, .probability = 100, .times = -1, .verbose = 1, .cache = "often",
		.ratelimit_ms = WINDOW_MS, .ratelimit_burst = 2,
	};

	cache = kmem_cache_create("often", SIZE, 0, 0, NULL);
	fault_apply(FAULT_SLAB, &attr);
	seq_printf(&seq_console, "refused: %u\n", refused(GFP_ATOMIC, 5));
	nanosleep(&window, NULL);
	seq_printf(&seq_console, "refused: %u\n", refused(GFP_ATOMIC, 1));
}

/* What the boot line says counts from the end of the boot on. */
static void boots_with_failslab(void)
{
	int none, bad, good;

	cache = kmem_cache_create("booted", SIZE, 0, 0, NULL);
	none = fault_option(FAULT_SLAB, NULL);
	bad = fault_option(FAULT_PAGE_ALLOC, "banana");
	good = fault_option(FAULT_SLAB, "1,100,0,2,ignore-gfp-wait=N,verbose=0,cache=booted");
	seq_printf(&seq_console, "options: %d %d %d\n", none, bad, good);
	seq_printf(&seq_console, "at boot: %u\n", refused(GFP_KERNEL, 5));
	fault_start();
	seq_printf(&seq_console, "then: %u\n", refused(GFP_KERNEL, 5));
}

static void failures_are_told(struct ktest *t)
{
	EXPECT_SAID(t, fails_aloud, "warned not: 1 refused\n"
		    "FAULT_INJECTION: forcing a failure: name failslab, interval 1, "
		    "probability 100, space 0, times 2\n",
		    "FAULT_INJECTION:   an object of talks, mode:0x", ", by refused+0x",
		    "told: 1 refused\nsilent: 1 refused\nFAULT_INJECTION: ", "times 3\n",
		    "Call trace:\n", "fails_aloud+0x", "with a trace: 1 refused\n",
		    "forcing a failure: name fail_page_alloc, interval 1, probability 100, "
		    "space 0, times -1\n",
		    "FAULT_INJECTION:   a block of order:3, mode:0x", ", by fails_aloud+0x",
		    "no block\n");
	KTEST_EXPECT_EQ(t, child_said_times("forcing a failure"), 3);
	KTEST_EXPECT_EQ(t, child_said_times("Call trace:"), 1);
	EXPECT_SAID(t, fails_often, "forcing a failure: ", "forcing a failure: ", "refused: 5\n",
		    "FAULT_INJECTION: name failslab, 3 entries suppressed\n",
		    "forcing a failure: ", "refused: 1\n");
	KTEST_EXPECT_EQ(t, child_said_times("forcing a failure"), 3);
	KTEST_EXPECT_EQ(t, child_said_times("suppressed"), 1);
}

static void failures_from_the_boot_line(struct ktest *t)
{
	EXPECT_SAID(t, boots_with_failslab, "\"banana\"", "options: -22 -22 0\n", "at boot: 0\n",
		    "failslab: on, interval=1 probability=100 space=0 times=2 ", "then: 2\n");
	KTEST_EXPECT_EQ(t, child_said_times("fail_page_alloc: o"), 0);
}

/* ---- more CPUs ----------------------------------------------------------- */

/* Sheaves of two caches and a page list are begun, and not empty. */
static void keep_some(unsigned int cpu, void *arg)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)cpu;
	(void)arg;
	(void)refused(GFP_KERNEL, 2);
	kfree(kmalloc(SIZE, GFP_KERNEL));
	if (page)
		__free_page(page);
}

static void show_kept(const char *when)
{
	uint64_t pages = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		pages += page_cpu_nr(&kernel_mm.zone[i], 2);
	seq_printf(&seq_console, "%s: pages %s, objects %s\n", when, pages ? "kept" : "none",
		   sheaf_nr_objects(cache) ? "kept" : "none");
}

static void takes_back_what_others_keep(void)
{
	if (quire_start_cpus(3) != 0)
		return;
	cache = kmem_cache_create("kept", SIZE, 0, 0, NULL);
	work_run(3, keep_some, NULL);
	show_kept("each");
	drain_all_pages();
	show_kept("pages drained");
	(void)kmem_cache_shrink(cache);
	show_kept("cache shrunk");
	work_run(3, keep_some, NULL);
	caches_drain();
	show_kept("caches drained");
	(void)reclaim(&kernel_mm, GFP_KERNEL);
	show_kept("reclaimed");
	seq_printf(&seq_console, "%u broken\n", mm_verify(&seq_console));
}

static void runs_what_needs_cpus(void)
{
	if (quire_start_cpus(2) != 0)
		return;
	(void)ktest_run(&seq_console, "smp_alloc.*");
	(void)ktest_run(&seq_console, "fault.stacks*");
}

static void other_cpus_give_back(struct ktest *t)
{
	EXPECT_SAID(t, takes_back_what_others_keep, "each: pages kept, objects kept\n",
		    "pages drained: pages none, objects kept\n",
		    "cache shrunk: pages none, objects none\n",
		    "caches drained: pages kept, objects none\n",
		    "reclaimed: pages none, objects none\n", "0 broken\n");
}

static void suites_with_more_cpus(struct ktest *t)
{
	EXPECT_SAID(t, runs_what_needs_cpus, "ok 1 - smp_alloc\n",
		    "pass:2 fail:0 skip:0", "ok 1 - fault\n", "pass:2 fail:0 skip:0");
}

/* CPUs 40 and 20 are up, in this order, and none has the numbers before them. */
static void has_gaps_between_its_cpus(void)
{
	static struct percpu late[2];
	unsigned int nr = percpu_nr;
	void *object;

	percpu_init(&late[0], 40);
	percpu_init(&late[1], 20);
	seq_printf(&seq_console, "%u numbers, were fewer than 20: %d\n", percpu_nr, nr < 20);
	cache = kmem_cache_create("gaps", SIZE, 0, 0, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	seq_printf(&seq_console, "%lu live, ", cache_nr_live(cache));
	kmem_cache_free(cache, object);
	seq_printf(&seq_console, "then %lu, held %d\n", cache_nr_live(cache),
		   sheaf_holds(cache, object));
	(void)kmem_cache_shrink(cache);
	seq_printf(&seq_console, "%lu in sheaves, ", sheaf_nr_objects(cache));
	drain_all_pages();
	seq_printf(&seq_console, "%u broken\n", mm_verify(&seq_console));
}

static void numbers_of_cpus_have_gaps(struct ktest *t)
{
	EXPECT_SAID(t, has_gaps_between_its_cpus, "41 numbers, were fewer than 20: 1\n", "1 live, ",
		    "then 0, held 1\n", "0 in sheaves, ", "0 broken\n");
}

/* ---- zones that are not there -------------------------------------------- */

/* Zones of which nothing is managed do not end a shortage, whatever they had. */
static void is_short_for_long(void)
{
	uint64_t managed[MAX_NR_ZONES];

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		managed[i] = kernel_mm.zone[i].managed;
		kernel_mm.zone[i].managed = 0;
	}
	(void)reclaim(&kernel_mm, GFP_KERNEL);
	seq_printf(&seq_console, "short: %d\n", reclaim_is_short());
	kernel_mm.zone[ZONE_DMA32].managed = managed[ZONE_DMA32];
	seq_printf(&seq_console, "with DMA32: %d\n", reclaim_is_short());
}

/* All that the zones above DMA can give, from their lists in the end, and nothing of DMA. */
static void has_no_lowest_zone(void)
{
	static struct page *pages[65536];	/* 256 MiB: all that there is */
	struct zone *dma = &kernel_mm.zone[ZONE_DMA];
	uint64_t managed = dma->managed, free;
	unsigned int nr = 0, from_dma = 0;

	dma->managed = 0;
	drain_all_pages();
	free = nr_free_pages();
	while (nr < ARRAY_SIZE(pages) &&
	       (pages[nr] = alloc_page(GFP_KERNEL | __GFP_NOWARN)) != NULL)
		from_dma += pages[nr++]->zone_or_cache == ZONE_DMA;
	seq_printf(&seq_console, "all but %s, %u of DMA, ",
		   free - nr <= dma->nr_free + kernel_mm.zone[ZONE_DMA32].watermark[WMARK_MIN] +
				kernel_mm.zone[ZONE_DMA32].lowmem_reserve[ZONE_NORMAL] +
				kernel_mm.zone[ZONE_NORMAL].watermark[WMARK_MIN] + 2
			   ? "reserves" : "more", from_dma);
	while (nr > 0)
		__free_page(pages[--nr]);
	drain_all_pages();
	dma->managed = managed;
	seq_printf(&seq_console, "all back: %d, %u broken\n", nr_free_pages() >= free,
		   mm_verify(&seq_console));
}

static void what_is_not_there_is_not_plenty(struct ktest *t)
{
	EXPECT_SAID(t, has_no_lowest_zone, "all but reserves, 0 of DMA, all back: 1, 0 broken\n");
	EXPECT_SAID(t, is_short_for_long, "short: 1\n", "with DMA32: 0\n");
}

static const struct ktest_case systems_cases[] = {
	KTEST_CASE(failures_are_told),
	KTEST_CASE(failures_from_the_boot_line),
	KTEST_CASE(other_cpus_give_back),
	KTEST_CASE(suites_with_more_cpus),
	KTEST_CASE(numbers_of_cpus_have_gaps),
	KTEST_CASE(what_is_not_there_is_not_plenty),
};
KTEST_SUITE(systems, systems_cases);
