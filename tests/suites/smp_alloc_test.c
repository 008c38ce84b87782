/*
 * Objects and pages that change CPUs: allocated on one, freed on another, drained meanwhile.
 */
#include <kernel/work.h>

#include "object_test.h"

#define SIZE		120U
#define NR		256U		/* objects of each CPU in a round */
#define ROUNDS		20U
#define MAX_CPUS	8U		/* that take part */

static struct kmem_cache *cache;
static void *objects[MAX_CPUS][NR];
static struct page *pages[MAX_CPUS][NR];
static uint32_t bad;

static unsigned int nr_workers(void)
{
	return port_nr_cpus() < MAX_CPUS ? port_nr_cpus() : MAX_CPUS;
}

static void note(bool good)
{
	if (!good)
		__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
}

static void produce(unsigned int cpu, void *arg)
{
	(void)arg;
	for (uintptr_t i = 0; i < NR; i++) {
		objects[cpu][i] = kmem_cache_alloc(cache, GFP_KERNEL);
		pages[cpu][i] = i % 8 ? NULL : alloc_page(GFP_KERNEL);
		note(objects[cpu][i] && (i % 8 || pages[cpu][i]));
		if (objects[cpu][i])
			pattern_fill(objects[cpu][i], SIZE, cpu * NR + i);
		if (pages[cpu][i])
			pattern_fill(page_address(pages[cpu][i]), PAGE_SIZE, cpu * NR + i);
	}
}

/* What the next CPU made. */
static void consume(unsigned int cpu, void *arg)
{
	unsigned int from = (cpu + 1) % nr_workers();

	(void)arg;
	for (uintptr_t i = 0; i < NR; i++) {
		void *object = objects[from][i];
		struct page *page = pages[from][i];

		note(!object || pattern_holds(object, SIZE, from * NR + i));
		note(!page || pattern_holds(page_address(page), PAGE_SIZE, from * NR + i));
		if (object)
			kmem_cache_free(cache, object);
		if (page)
			__free_pages(page, 0);
	}
}

/* Each CPU makes and eats its own, and the first one drains all of them again and again. */
static void churn(unsigned int cpu, void *arg)
{
	(void)arg;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		if (cpu == 0) {
			drain_all_pages();
			(void)kmem_cache_shrink(cache);
			continue;
		}
		produce(cpu, NULL);
		for (uintptr_t i = 0; i < NR; i++) {
			note(pattern_holds(objects[cpu][i], SIZE, cpu * NR + i));
			kmem_cache_free(cache, objects[cpu][i]);
			if (pages[cpu][i])
				__free_pages(pages[cpu][i], 0);
		}
	}
}

static bool open(struct ktest *t)
{
	bad = 0;
	if (port_nr_cpus() == 1) {
		ktest_skip(t, "one CPU");
		return false;
	}
	cache = kmem_cache_create("test-smp", SIZE, 0, 0, NULL);
	if (!cache)
		ktest_fail(t, __FILE__, __LINE__, "no cache");
	return cache;
}

static void close(struct ktest *t, const struct free_state *before)
{
	KTEST_EXPECT_EQ(t, bad, 0);
	KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	EXPECT_SOUND(t);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	expect_free_state(t, before);
}

static void handed_over(struct ktest *t)
{
	struct free_state before = free_state_now();

	if (!open(t))
		return;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		work_run(nr_workers(), produce, NULL);
		KTEST_EXPECT_EQ(t, cache_nr_live(cache), nr_workers() * NR);
		work_run(nr_workers(), consume, NULL);
		KTEST_EXPECT_EQ(t, cache_nr_live(cache), 0);
	}
	close(t, &before);
}

static void drained_while_others_allocate(struct ktest *t)
{
	struct free_state before = free_state_now();

	if (!open(t))
		return;
	work_run(nr_workers(), churn, NULL);
	close(t, &before);
}

static const struct ktest_case smp_alloc_cases[] = {
	KTEST_CASE(handed_over),
	KTEST_CASE(drained_while_others_allocate),
};
KTEST_SUITE(smp_alloc, smp_alloc_cases);
