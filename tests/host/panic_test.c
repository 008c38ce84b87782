/*
 * What must end in a panic and what a panic tells; what goes to the console; and systems that this
 * process is not. Each runs in a process of its own: on a machine only a boot that is meant to fail
 * could show it.
 */
#include <unistd.h>

#include "mm/snapshot.h"

#include <kernel/cmdline.h>
#include <kernel/command.h>
#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/mm.h>

#include "tests/host/child.h"

#define BASE	(1ULL << 20)	/* where the maps of these cases have their RAM */

static struct spinlock low = SPINLOCK_RANKED(1, "low"), high = SPINLOCK_RANKED(2, "high");
static struct spinlock unnamed = SPINLOCK_INIT;

/* ---- what a panic tells -------------------------------------------------- */

static void dies_quietly(void)
{
	log_set_level(LOGLEVEL_EMERG);
	panic("reason %d", 42);
}

static void dies_with_state(void)
{
	panic_set_dump(report_panic);
	panic("with state");
}

/* The locks that a report takes otherwise are held: it must not wait for them. */
static void dies_under_locks(void)
{
	panic_set_dump(report_panic);
	(void)spin_lock_irqsave(&cache_list_lock);
	(void)spin_lock_irqsave(&kernel_mm.zone[ZONE_DMA32].lock);
	panic("under locks");
}

static void dump_that_verifies(void)
{
	seq_printf(&seq_console, "%u broken\n", mm_verify(&seq_console));
}

static void dies_verifying(void)
{
	panic_set_dump(dump_that_verifies);
	(void)spin_lock_irqsave(&cache_list_lock);
	panic("verifying");
}

/* Whoever held the table when the panic came will not give it back. */
static void dump_of_slabinfo(void)
{
	report_slabinfo(&seq_console);
}

static void dies_printing_caches(void)
{
	panic_set_dump(dump_of_slabinfo);
	if (cache_table_claim())
		panic("in slabinfo");
}

static void dump_that_panics(void)
{
	panic("second");
}

/* A list of caches that runs in a circle does not hold up the story. */
static void dies_going_round(void)
{
	panic_set_dump(report_panic);
	cache_list->next = cache_list;
	panic("round");
}

static void dies_twice(void)
{
	panic_set_dump(dump_that_panics);
	panic("first");
}

static void a_panic_tells_its_story(struct ktest *t)
{
	EXPECT_PANIC(t, dies_quietly, "Bail out! panic on CPU ", ": reason 42\n", "Call trace:\n",
		     "dies_quietly+0x");
	EXPECT_PANIC(t, dies_with_state, "with state\n", "State, read without locks:\n",
		     "zone DMA ", "Node 0, zone ", "MemTotal: ");
	EXPECT_PANIC(t, dies_twice, ": first\n", "panic inside a panic: second\n");
}

static void a_panic_takes_no_lock(struct ktest *t)
{
	EXPECT_PANIC(t, dies_under_locks, "under locks\n", "Node 0, zone ", "MemTotal: ");
	EXPECT_PANIC(t, dies_going_round, "round\n", "MemTotal: ");
	EXPECT_PANIC(t, dies_verifying, "verify: in a panic: no lock is taken\n", "0 broken\n");
	EXPECT_PANIC(t, dies_printing_caches, "in slabinfo\n", "slabinfo - version: 2.1\n",
		     "task_struct  ");
}

/* ---- who panics ---------------------------------------------------------- */

static void asserts(void)
{
	MM_ASSERT(low.rank == 3);
}

static void takes_twice(void)
{
	(void)spin_lock_irqsave(&low);
	(void)spin_lock_irqsave(&low);
}

static void gives_what_nobody_holds(void)
{
	spin_unlock_irqrestore(&unnamed, 0);
}

static void gives_what_another_holds(void)
{
	low.owner = 7 + 1;
	spin_unlock_irqrestore(&low, 0);
}

static void takes_downwards(void)
{
	(void)spin_lock_irqsave(&high);
	(void)spin_lock_irqsave(&low);
}

static void takes_unmasked(void)
{
	spin_lock(&unnamed);
}

static void locks_are_guarded(struct ktest *t)
{
	EXPECT_PANIC(t, asserts, "assertion failed: low.rank == 3, ", "panic_test.c:");
	EXPECT_PANIC(t, takes_twice, "spinlock low (", ", which holds it already\n");
	EXPECT_PANIC(t, gives_what_nobody_holds, "spinlock (no name) (", "but nobody holds it\n");
	EXPECT_PANIC(t, gives_what_another_holds, "spinlock low (", "but CPU 7 holds it\n");
	if (!SPINLOCK_DEBUG)
		return;
	EXPECT_PANIC(t, takes_downwards, "spinlock low (rank 1) taken by CPU ",
		     "which holds high (rank 2)\n");
	EXPECT_PANIC(t, takes_unmasked, "spinlock (no name) (", "with interrupts enabled\n");
}

static void needs_a_cache(void)
{
	mm_bug_quiet(true);
	if (!kmem_cache_create("task_struct", 64, 0, SLAB_PANIC, NULL))
		seq_puts(&seq_console, "came back\n");
}

static void needs_a_cache_of_nothing(void)
{
	mm_bug_quiet(true);
	if (!kmem_cache_create("nothing", 0, 0, SLAB_PANIC, NULL))
		seq_puts(&seq_console, "came back\n");
}

/* All is taken, what the reserves hold too, and there is nothing that could be reclaimed. */
static void needs_a_page(void)
{
	log_set_level(LOGLEVEL_EMERG);
	while (alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0))
		;
}

/*
 * The table that is filled ends where the sorted entries stand. Two entries, nested, make three
 * ranges; a map that has room for no more than its entries must not be written past them.
 */
static void overfills_a_map(void)
{
	static struct memmap full;
	static uint64_t storage[MEMMAP_BYTES(2, 1) / sizeof(uint64_t) + 1];

	memmap_init(&full, storage, 2, 1, 1ULL << 40);
	full.max_ranges = 2;
	(void)memmap_add(&full, BASE, 3 * BASE, MEMMAP_USABLE);
	(void)memmap_add(&full, 2 * BASE, BASE, MEMMAP_RESERVED);
	if (memmap_seal(&full) == 0)
		seq_puts(&seq_console, "sealed\n");
}

static void what_cannot_be_refused_panics(struct ktest *t)
{
	EXPECT_PANIC(t, needs_a_cache, "cache task_struct with SLAB_PANIC cannot be created: ",
		     "error 17");
	EXPECT_PANIC(t, needs_a_cache_of_nothing,
		     "cache nothing with SLAB_PANIC cannot be created: the size must be ");
	EXPECT_PANIC(t, needs_a_page, "a __GFP_NOFAIL request of order 0 by ");
	EXPECT_PANIC(t, overfills_a_map, "memmap: more than ", " out of 2 entries");
}

/* ---- what goes on -------------------------------------------------------- */

static void frees_twice(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	__free_pages(page, 1);
	__free_pages(page, 1);
}

static void asks_for_too_much(void)
{
	volatile size_t size = KMALLOC_MAX_SIZE + 1;
	void *object = kmalloc(size, GFP_KERNEL);

	seq_printf(&seq_console, "got %px\n", object);
}

/* Only zones that manage something have a line. */
static void runs_out(void)
{
	kernel_mm.zone[ZONE_DMA].managed = 0;
	while (alloc_pages(GFP_DMA32, MAX_ORDER - 1))
		;
}

static void bugs_and_shortage_are_told(struct ktest *t)
{
	EXPECT_SAID(t, frees_twice, "mm: BUG: double free: ", "mm:   by frees_twice+0x",
		    "; refused\n", "Call trace:\n");
	EXPECT_SAID(t, asks_for_too_much, "kmalloc of 4194305 bytes by asks_for_too_much+0x",
		    "the largest is 4194304", "got ");
	EXPECT_SAID(t, runs_out, "order:10, ", "  DMA32 free:", "  Normal free:");
	KTEST_EXPECT_EQ(t, child_said_times(" DMA free:"), 0);
}

/* ---- an instance that cannot start --------------------------------------- */

static struct memmap map;
static uint64_t map_storage[MEMMAP_BYTES(2, 4) / sizeof(uint64_t) + 1];

static void start_with(uint64_t base, uint64_t taken_from)
{
	memmap_init(&map, map_storage, 2, 4, 1ULL << 44);
	(void)memmap_add(&map, base, 4 * BASE, MEMMAP_USABLE);
	(void)memmap_reserve(&map, taken_from, base + 4 * BASE, MEMMAP_OWNER_FIRMWARE);
	if (memmap_seal(&map) == 0)
		seq_printf(&seq_console, "mm_init says %d\n", mm_init(&map));
}

/* Descriptors so far up that the process has no address space there. */
static void starts_out_of_reach(void)
{
	start_with((1ULL << 44) - 8 * BASE, (1ULL << 44) - 5 * BASE);
}

static void starts_with_everything_taken(void)
{
	start_with(8 * BASE, 8 * BASE);
}

static void what_cannot_start_says_so(struct ktest *t)
{
	EXPECT_SAID(t, starts_out_of_reach, "no memory to back the page array\n",
		    "mm_init says -12\n");
	EXPECT_SAID(t, starts_with_everything_taken, "no room for a block map of ",
		    "mm_init says -12\n");
}

/* ---- systems that this one is not ---------------------------------------- */

/* No page above 4 GiB: what may have any memory takes DMA32's. */
static void loses_its_highest_zone(void)
{
	struct page *page;

	kernel_mm.zone[ZONE_NORMAL].managed = 0;
	mm_bug_quiet(true);		/* its shrinker is registered already */
	page_cpu_init();
	drain_all_pages();
	page = alloc_page(GFP_KERNEL);
	seq_printf(&seq_console, "from %s, %s, more are %s\n",
		   page ? kernel_mm.zone[page->zone_or_cache].name : "nowhere",
		   page_request_stack[0][0] == page_stack[ZONE_DMA32][0] ? "fast" : "slow",
		   page_cpu_nr(&kernel_mm.zone[ZONE_DMA32], port_cpu()) ? "kept" : "not kept");
}

/* In the pairs that are free no block of four can be had, but single pages until the end. */
static void has_pairs_alone(void)
{
	static struct page *pages[32768];
	struct zone *zone = &kernel_mm.zone[ZONE_DMA32];
	unsigned int nr = 0, singles = 0;

	memset(zone->watermark, 0, sizeof(zone->watermark));
	while (nr < ARRAY_SIZE(pages) &&
	       (pages[nr] = alloc_page(GFP_DMA32 | __GFP_NOWARN)) != NULL)
		nr++;
	for (unsigned int i = 0; i < nr; i++)
		if (pages[i]->zone_or_cache == ZONE_DMA32 && (page_to_pfn(pages[i]) & 2) == 0)
			__free_page(pages[i]);
	drain_all_pages();
	seq_printf(&seq_console, "singles %lu, larger %lu\n", zone->free[0].nr / 8,
		   zone->free[2].nr / 8);
	seq_printf(&seq_console, "order 3: %s\n",
		   alloc_pages(GFP_DMA32 | __GFP_NOWARN, 3) ? "there" : "none");
	while (singles < 1000 && alloc_page(GFP_DMA32 | __GFP_NOWARN))
		singles++;
	seq_printf(&seq_console, "%u singles, %u broken\n", singles, mm_verify(&seq_console));
}

/* As in a machine of many GiB, where zones have stacks of order 9: two blocks a CPU, no more. */
static void keeps_huge_pages(void)
{
	struct zone *zone = &kernel_mm.zone[ZONE_NORMAL];
	uint64_t present = zone->present;
	struct page *page[3];

	zone->present = 1UL << (30 - PAGE_SHIFT);
	mm_bug_quiet(true);
	page_cpu_init();
	zone->present = present;
	drain_all_pages();
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = alloc_pages(GFP_KERNEL, 9);
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		__free_pages(page[i], 9);
	seq_printf(&seq_console, "keeps %lu pages\n", page_cpu_nr(zone, port_cpu()));
	drain_all_pages();
	seq_printf(&seq_console, "then %lu, %u broken\n", page_cpu_nr(zone, port_cpu()),
		   mm_verify(&seq_console));
}

/* A sheaf is short, but no free fails: objects go to their slabs. */
static void frees_without_memory(void)
{
	static void *objects[3 * 30];
	struct kmem_cache *cache = kmem_cache_create("short", 64, 0, 0, NULL);
	struct kmem_cache *sheaves = kmem_cache_find("sheaf");

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	while (kmem_cache_alloc(sheaves, GFP_ATOMIC | __GFP_NOWARN))
		;
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(cache, objects[i]);
	seq_printf(&seq_console, "%lu live, %u broken\n", cache_nr_live(cache),
		   mm_verify(&seq_console));
}

/*
 * Six objects lie in a sheaf, and one in the middle was written to: it is reported and set aside,
 * the request is served in full, and the others that were behind it come up again.
 */
static void takes_many_over_a_damaged_one(void)
{
	struct kmem_cache *cache = kmem_cache_create("bulk", 64, 0, 0, NULL);
	unsigned int bugs = mm_bug_count(MM_BUG_CORRUPTED), same = 0;
	void *objects[6], *damaged;
	size_t got = kmem_cache_alloc_bulk(cache, GFP_KERNEL, 6, objects);

	kmem_cache_free_bulk(cache, got, objects);
	damaged = objects[3];
	*slab_word(cache, damaged) ^= 1ULL << 40;
	mm_bug_quiet(true);
	got = kmem_cache_alloc_bulk(cache, GFP_KERNEL, 6, objects);
	for (unsigned int i = 0; i < got; i++) {
		same += objects[i] == damaged;
		for (unsigned int j = 0; j < i; j++)
			same += objects[i] == objects[j];
	}
	seq_printf(&seq_console, "got %zu, %u twice, %u reported, %lu lost\n", got, same,
		   mm_bug_count(MM_BUG_CORRUPTED) - bugs, cache->nr_lost);
	seq_printf(&seq_console, "%lu live, ", cache_nr_live(cache));
	kmem_cache_free_bulk(cache, got, objects);
	seq_printf(&seq_console, "then %lu, %u broken\n", cache_nr_live(cache),
		   mm_verify(&seq_console));
}

static void other_systems(struct ktest *t)
{
	EXPECT_SAID(t, takes_many_over_a_damaged_one, "got 6, 0 twice, 1 reported, 1 lost\n",
		    "6 live, then 0, 0 broken\n");
	EXPECT_SAID(t, loses_its_highest_zone, "from DMA32, fast, more are kept\n");
	EXPECT_SAID(t, has_pairs_alone, "singles 0, larger 0\n", "order 3: none\n",
		    "1000 singles, 0 broken\n");
	EXPECT_SAID(t, keeps_huge_pages, "keeps 1024 pages\n", "then 0, 0 broken\n");
	EXPECT_SAID(t, frees_without_memory, "0 live, 0 broken\n");
}

/* ---- the console --------------------------------------------------------- */

/* Bytes that the terminal acts upon are shown as question marks. */
static void reads_a_bad_command_line(void)
{
	(void)cmdline_parse("a\x1b[2Jb\x7f\xff", NULL, 0);
}

static void types(const char *keys)
{
	int ends[2];

	if (pipe(ends) != 0 || write(ends[1], keys, strlen(keys)) != (ssize_t)strlen(keys))
		return;
	dup2(ends[0], STDIN_FILENO);
	console_loop();
}

static void types_poweroff(void)
{
	types("poweroff now\r" "test no.such\r" "test a b\r" "test panic.kinds*\r" "poweroff\r");
}

static void types_reboot(void)
{
	types("reboot 1\r" "reboot\r");
}

/* A wrong number of words is answered with what is right, and the next line is read. */
static void a_session_at_the_prompt(struct ktest *t)
{
	EXPECT_SAID(t, reads_a_bad_command_line, "ignored \"a?[2Jb??\"");
	EXPECT_SAID(t, types_poweroff, "quire> ", "poweroff now",
		    "poweroff: expected nothing after it\n", "quire> ",
		    "no test matches \"no.such\"", "quire> ", "test: expected [SUITE[.CASE]]\n",
		    "ok 1 - kinds_of_bugs_have_names\n", "pass:1 fail:0", "quire> ");
	EXPECT_SAID(t, types_reboot, "reboot: expected nothing after it\n", "quire> ");
}

static unsigned int nr_checks;

static void before_case(void)
{
	nr_checks++;
}

static bool refuse_case(struct ktest *t)
{
	ktest_note(t, "refused after %u", nr_checks);
	return false;
}

static void runs_under_a_check(void)
{
	ktest_set_check(before_case, refuse_case);
	(void)ktest_run(&seq_console, "panic.kinds_of_bugs_have_names");
}

static void a_check_runs_around_each_case(struct ktest *t)
{
	EXPECT_SAID(t, runs_under_a_check, "# refused after 1\n", "the check after the case failed",
		    "not ok 1 - kinds_of_bugs_have_names\n");
}

static void kinds_of_bugs_have_names(struct ktest *t)
{
	for (unsigned int a = 0; a < MM_NR_BUG_KINDS; a++)
		for (unsigned int b = 0; b <= a; b++)
			KTEST_EXPECT_EQ(t, strcmp(mm_bug_name((enum mm_bug_kind)a),
						  mm_bug_name((enum mm_bug_kind)b)) == 0, a == b);
	KTEST_EXPECT_STREQ(t, mm_bug_name(MM_NR_BUG_KINDS), "unknown");
}

static const struct ktest_case panic_cases[] = {
	KTEST_CASE(bugs_and_shortage_are_told),
	KTEST_CASE(what_cannot_start_says_so),
	KTEST_CASE(other_systems),
	KTEST_CASE(a_check_runs_around_each_case),
	KTEST_CASE(a_session_at_the_prompt),
	KTEST_CASE(kinds_of_bugs_have_names),
	KTEST_CASE(a_panic_tells_its_story),
	KTEST_CASE(a_panic_takes_no_lock),
	KTEST_CASE(locks_are_guarded),
	KTEST_CASE(what_cannot_be_refused_panics),
};
KTEST_SUITE(panic, panic_cases);
