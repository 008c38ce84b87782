/*
 * The console's commands, as a person types them: each line goes through command_run(), and its
 * answer is read back.
 */
#include "arena.h"
#include "mm/snapshot.h"
#include "typed.h"

#include <kernel/errno.h>
#include <kernel/ktest.h>
#include <kernel/string.h>

static char answer[32 * 1024]; /* bytes; slabinfo's is 120 a cache */

static int type(const char *line)
{
	return type_line(line, answer, sizeof(answer));
}

__printf(1, 2) static int typef(const char *fmt, ...)
{
	char line[128]; /* bytes; longer than any line below */
	va_list args;

	va_start(args, fmt);
	kvsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return type(line);
}

static bool answer_begins(const char *with)
{
	return strncmp(answer, with, strlen(with)) == 0;
}

static bool answer_has(const char *what)
{
	size_t len = strlen(what);

	for (const char *at = answer; *at; at++)
		if (strncmp(at, what, len) == 0)
			return true;
	return false;
}

/* The address that the answer begins with; 0: it begins otherwise. */
static uint64_t answer_address(void)
{
	char word[24]; /* bytes; "0x" and 16 digits */
	const char *blank = strchr(answer, ' ');
	uint64_t value;

	if (!blank || (size_t)(blank - answer) >= sizeof(word))
		return 0;
	memcpy(word, answer, (size_t)(blank - answer));
	word[blank - answer] = '\0';
	return kstrtou64(word, &value) == 0 ? value : 0;
}

static unsigned int lines_of_answer(void)
{
	unsigned int nr = 0;

	for (const char *at = answer; *at; at++)
		nr += *at == '\n';
	return nr;
}

static void reports_answer(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, type("buddyinfo"), 0);
	KTEST_EXPECT(t, answer_begins("Node 0, zone "));
	KTEST_EXPECT_EQ(t, type("slabinfo"), 0);
	KTEST_EXPECT(t, answer_begins("slabinfo - version: 2.1\n# name "));
	KTEST_EXPECT_EQ(t, type("zoneinfo"), 0);
	KTEST_EXPECT(t, answer_begins("Node 0, zone      DMA\n"));
	KTEST_EXPECT_EQ(t, type("meminfo"), 0);
	KTEST_EXPECT(t, answer_begins("MemTotal:  "));
	KTEST_EXPECT_EQ(t, type("vmstat"), 0);
	KTEST_EXPECT(t, answer_begins("nr_free_pages "));
	KTEST_EXPECT_EQ(t, type("zones"), 0);
	KTEST_EXPECT(t, answer_begins("zone "));
	KTEST_EXPECT_EQ(t, type("memmap"), 0);
	KTEST_EXPECT(t, answer_begins("memmap-v1\n"));
	KTEST_EXPECT_EQ(t, type("ledger"), 0);
	KTEST_EXPECT(t, answer_begins("row  "));
	KTEST_EXPECT(t, answer_has("  equal: every byte is in one row\n"));
	KTEST_EXPECT_EQ(t, type("verify"), 0);
	KTEST_EXPECT_STREQ(t, answer, "verify: every invariant holds\n");
}

static void slabinfo_of_one_cache(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, type("slabinfo task_struct"), 0);
	KTEST_EXPECT_EQ(t, lines_of_answer(), 3);
	KTEST_EXPECT(t, answer_has("\ntask_struct  "));
	KTEST_EXPECT_EQ(t, type("slabinfo no_such_cache"), -ENOENT);
	KTEST_EXPECT(t, answer_has("\"no_such_cache\""));
	KTEST_EXPECT_EQ(t, lines_of_answer(), 1);
}

/* Names that begin alike are told apart, to the last letter. */
static void slabinfo_compares_whole_names(struct ktest *t)
{
	struct kmem_cache *first = kmem_cache_create("commands-test", 64, 0, 0, NULL);
	struct kmem_cache *second = kmem_cache_create("commands-test2", 64, 0, 0, NULL);

	KTEST_ASSERT(t, first && second);
	KTEST_EXPECT_EQ(t, type("slabinfo commands-test2"), 0);
	KTEST_EXPECT(t, answer_has("\ncommands-test2 "));
	KTEST_EXPECT_EQ(t, type("slabinfo commands-test"), 0);
	KTEST_EXPECT(t, answer_has("\ncommands-test "));
	KTEST_EXPECT_EQ(t, type("slabinfo commands"), -ENOENT);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(second), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(first), 0);
}

static void caches_are_listed(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, type("caches"), 0);
	KTEST_EXPECT(t, answer_has("task_struct"));
}

static void alloc_and_free_restore_the_lists(struct ktest *t)
{
	struct snapshot before, after;
	uint64_t addr;

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		zones_snapshot(&kernel_mm, &before);
		KTEST_EXPECT_EQ(t, typef("alloc %u", order), 0);
		addr = answer_address();
		KTEST_ASSERT(t, addr != 0);
		KTEST_EXPECT_EQ(t, addr % (PAGE_SIZE << order), 0);
		KTEST_EXPECT_EQ(t, virt_to_page((void *)(uintptr_t)addr)->state, PAGE_ALLOCATED);
		KTEST_EXPECT_EQ(t, virt_to_page((void *)(uintptr_t)addr)->order, order);
		KTEST_EXPECT(t, answer_has("\nbefore  Node 0, zone "));
		KTEST_EXPECT(t, answer_has("\nafter   Node 0, zone "));
		KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr), 0);
		KTEST_EXPECT(t, answer_begins("freed 0x"));
		zones_snapshot(&kernel_mm, &after);
		for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
			KTEST_EXPECT_EQ(t,
					memcmp(before.zone[i].free, after.zone[i].free,
					       sizeof(after.zone[i].free)),
					0);
	}
}

static void alloc_takes_flags(struct ktest *t)
{
	uint64_t addr;

	if (!kernel_mm.zone[ZONE_DMA].present) {
		ktest_skip(t, "this machine has no DMA zone");
		return;
	}
	KTEST_EXPECT_EQ(t, type("alloc 0 GFP_DMA|__GFP_ZERO"), 0);
	addr = answer_address();
	KTEST_ASSERT(t, addr != 0);
	KTEST_EXPECT(t, answer_has(" zone DMA order 0, 4 KiB\n"));
	KTEST_EXPECT(t, virt_to_phys((void *)(uintptr_t)addr) < 16ULL << 20);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		KTEST_ASSERT(t, ((const char *)(uintptr_t)addr)[i] == 0);
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr), 0);
}

static void bad_words_are_named(struct ktest *t)
{
	static const struct {
		const char *line, *names;
	} cases[] = {
		{ "alloc 11", "\"11\"" },
		{ "alloc -1", "\"-1\"" },
		{ "alloc 99999999999999999999", "\"99999999999999999999\"" },
		{ "alloc two", "\"two\"" },
		{ "alloc 0 GFP_FOO", "\"GFP_FOO\"" },
		{ "alloc 0 GFP_DMA|gfp_dma", "\"gfp_dma\"" },
		{ "free here", "\"here\"" },
		{ "free 0x1000", "0x1000" },
		{ "free 0xffffffffffffffff", "0xffffffffffffffff" },
		{ "kmalloc 12x", "\"12x\"" },
		{ "kmalloc K", "\"K\"" },
		{ "kmalloc 8 GFP_", "\"GFP_\"" },
		{ "kfree 0x", "\"0x\"" },
		{ "kfree 0x2000", "0x2000" },
		{ "cache alloc no_such_cache", "\"no_such_cache\"" },
		{ "cache free task_struct 0x3000", "0x3000" },
		{ "cache alloc task_struct GFP_NONE", "\"GFP_NONE\"" },
	};
	uint64_t free = nr_free_pages();

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		if (type(cases[i].line) >= 0 || lines_of_answer() != 1 ||
		    !answer_has(cases[i].names))
			ktest_fail(t, __FILE__, __LINE__, "\"%s\" answers: %s", cases[i].line,
				   answer);
	}
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
}

/* A wrong number of words: the console then says what was expected, which is the table's args. */
static void wrong_counts_are_refused(struct ktest *t)
{
	static const char *const lines[] = {
		"buddyinfo now",
		"slabinfo a b",
		"zoneinfo x",
		"zones x",
		"meminfo x",
		"vmstat x",
		"memmap x",
		"ledger x",
		"dump x",
		"verify x",
		"alloc",
		"free",
		"free 1 2 3",
		"kmalloc",
		"kfree",
		"kfree 1 2",
		"caches x",
		"cache",
		"cache alloc",
		"cache free task_struct",
		"cache burn task_struct",
		"cache shrink task_struct x",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		if (type(lines[i]) != -EINVAL)
			ktest_fail(t, __FILE__, __LINE__, "\"%s\" was not refused", lines[i]);
	}
}

static void free_refuses_what_is_no_block(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_DOUBLE_FREE) + mm_bug_count(MM_BUG_BAD_POINTER);
	uint64_t addr, object;

	KTEST_EXPECT_EQ(t, type("alloc 2"), 0);
	addr = answer_address();
	KTEST_ASSERT(t, addr != 0);
	KTEST_EXPECT(t, typef("free 0x%lx", addr + 8) < 0);
	KTEST_EXPECT(t, answer_has("is not the first byte of a page"));
	KTEST_EXPECT(t, typef("free 0x%lx", addr + PAGE_SIZE) < 0);
	KTEST_EXPECT(t, answer_has("lies inside a block"));
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr), 0);
	KTEST_EXPECT(t, typef("free 0x%lx", addr) < 0);
	KTEST_EXPECT(t, answer_has("is free already"));

	KTEST_EXPECT_EQ(t, type("kmalloc 100"), 0);
	object = answer_address();
	KTEST_ASSERT(t, object != 0);
	KTEST_EXPECT(t, typef("free 0x%lx", object & PAGE_MASK) < 0);
	KTEST_EXPECT(t, answer_has("is part of a slab of "));
	KTEST_EXPECT_EQ(t, typef("kfree 0x%lx", object), 0);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_DOUBLE_FREE) + mm_bug_count(MM_BUG_BAD_POINTER),
			bugs);
}

/* With the order given the allocator is the judge: its report counts, and the block stays taken. */
static void free_with_a_wrong_order_is_reported(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_WRONG_ORDER);
	uint64_t addr;

	KTEST_EXPECT_EQ(t, type("alloc 1"), 0);
	addr = answer_address();
	KTEST_ASSERT(t, addr != 0);
	mm_bug_quiet(true);
	KTEST_EXPECT(t, typef("free 0x%lx 0", addr) < 0);
	mm_bug_quiet(false);
	KTEST_EXPECT(t, answer_has("was not freed"));
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_WRONG_ORDER), bugs + 1);
	KTEST_EXPECT_EQ(t, typef("free 0x%lx 1", addr), 0);
}

static void kmalloc_and_kfree(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_DOUBLE_FREE);
	uint64_t addr;

	KTEST_EXPECT_EQ(t, type("kmalloc 1000"), 0);
	addr = answer_address();
	KTEST_ASSERT(t, addr != 0);
	KTEST_EXPECT(t, ksize((void *)(uintptr_t)addr) >= 1000);
	KTEST_EXPECT_EQ(t, typef("kfree 0x%lx", addr), 0);
	mm_bug_quiet(true);
	KTEST_EXPECT(t, typef("kfree 0x%lx", addr) < 0);
	mm_bug_quiet(false);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_DOUBLE_FREE), bugs + 1);

	KTEST_EXPECT_EQ(t, type("kmalloc 64K"), 0);
	addr = answer_address();
	KTEST_EXPECT(t, answer_has(" from pages of order 4, 65536 bytes usable\n"));
	KTEST_EXPECT_EQ(t, typef("kfree 0x%lx", addr), 0);
	KTEST_EXPECT_EQ(t, type("kmalloc 0"), 0);
	KTEST_EXPECT_STREQ(t, answer, "0x10, which stands for 0 bytes\n");
	KTEST_EXPECT_EQ(t, type("kfree 0x10"), 0);
	KTEST_EXPECT_EQ(t, type("kmalloc 5M __GFP_NOWARN"), -ENOMEM);
	KTEST_EXPECT_EQ(t, lines_of_answer(), 1);
}

static void caches_by_name(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_WRONG_CACHE);
	uint64_t addr;

	KTEST_EXPECT_EQ(t, type("cache alloc task_struct"), 0);
	addr = answer_address();
	KTEST_ASSERT(t, addr != 0);
	KTEST_EXPECT(t, answer_has(" from task_struct, "));
	mm_bug_quiet(true);
	KTEST_EXPECT(t, typef("cache free kmalloc-64 0x%lx", addr) < 0);
	mm_bug_quiet(false);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_WRONG_CACHE), bugs + 1);
	KTEST_EXPECT_EQ(t, typef("cache free task_struct 0x%lx", addr), 0);
	KTEST_EXPECT_EQ(t, type("cache shrink task_struct"), 0);
	KTEST_EXPECT_EQ(t, type("verify"), 0);
	KTEST_EXPECT_STREQ(t, answer, "verify: every invariant holds\n");
}

/* The table of caches is one: who prints it has it, and the next one is told so. */
static void a_report_under_way_is_told(struct ktest *t)
{
	KTEST_ASSERT(t, cache_table_claim());
	KTEST_EXPECT_EQ(t, type("slabinfo task_struct"), -EBUSY);
	KTEST_EXPECT_STREQ(t, answer,
			   "slabinfo: another CPU is printing the caches; try again\n");
	KTEST_EXPECT_EQ(t, type("caches"), -EBUSY);
	KTEST_EXPECT_STREQ(t, answer, "caches: another CPU is printing them; try again\n");
	cache_table_release();
	KTEST_EXPECT_EQ(t, type("slabinfo task_struct"), 0);
}

static void verify_counts_what_is_broken(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("commands-test", 64, 0, 0, NULL);

	KTEST_ASSERT(t, cache);
	cache->nr_out++;
	KTEST_EXPECT_EQ(t, type("verify"), 0);
	cache->nr_out--;
	KTEST_EXPECT_STREQ(t, answer,
			   "verify: commands-test: S3 objects out of slabs: 0 (0), "
			   "expected 1 (0x1)\n"
			   "verify: 1 broken\n");
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

/* Empty names between bars mean nothing. */
static void bars_may_be_doubled(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, type("alloc 0 |GFP_KERNEL||__GFP_ZERO|"), 0);
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", answer_address()), 0);
}

/* The DMA zone has four blocks of order 10 at most. */
static void shortage_is_told(struct ktest *t)
{
	static uint64_t addr[5];
	unsigned int nr = 0;

	while (nr < ARRAY_SIZE(addr) && type("alloc 10 __GFP_DMA|__GFP_NOWARN") == 0)
		addr[nr++] = answer_address();
	KTEST_EXPECT_STREQ(t, answer, "no block of order 10 for these flags\n");
	while (nr > 0)
		KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr[--nr]), 0);
}

/* A free is refused with @what while the descriptor at @addr says @tag. */
static void expect_refusal(struct ktest *t, uint64_t addr, uint32_t tag, const char *what)
{
	struct page *page = virt_to_page((void *)(uintptr_t)addr);
	uint32_t saved = page->tag;

	page->tag = tag;
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr), -EBUSY);
	page->tag = saved;
	if (!answer_has(what))
		ktest_fail(t, __FILE__, __LINE__, "expected \"%s\", got: %s", what, answer);
}

/* For each state that a page can be in, the reason why it is no block; also for what is none. */
static void free_says_what_a_page_is(struct ktest *t)
{
	uint64_t addr, large;

	KTEST_EXPECT_EQ(t, type("alloc 0"), 0);
	addr = answer_address();
	KTEST_ASSERT(t, addr);
	expect_refusal(t, addr, page_tag(PAGE_HOLE, 0, 0), " is no RAM\n");
	expect_refusal(t, addr, page_tag(PAGE_RESERVED, 0, 0), " is reserved\n");
	expect_refusal(t, addr, page_tag(PAGE_FREE, 0, 0), " is free already\n");
	expect_refusal(t, addr, page_tag(PAGE_CPU, 0, 0), " is free already\n");
	expect_refusal(t, addr, page_tag(PAGE_NR_STATES, 0, 0),
		       " has a descriptor that says nothing\n");
	expect_refusal(t, addr, page_tag(PAGE_SLAB, 0, MAX_CACHES),
		       " is part of a slab of an unknown cache; use kfree or \"cache free\"\n");
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr), 0);

	KTEST_EXPECT_EQ(t, type("kmalloc 64K"), 0);
	large = answer_address();
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", large), -EBUSY);
	KTEST_EXPECT(t, answer_has(" came from kmalloc; use kfree\n"));
	KTEST_EXPECT_EQ(t, typef("kfree 0x%lx", large), 0);

	/* Blocks of order 10 go to the zone at once: the second page is a tail of a free one. */
	KTEST_EXPECT_EQ(t, type("alloc 10"), 0);
	addr = answer_address();
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr), 0);
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", addr + PAGE_SIZE), -EBUSY);
	KTEST_EXPECT(t, answer_has(" is free already\n"));
}

/* With an order it is the allocator that refuses, and it counts. */
static void a_second_free_with_an_order_is_reported(struct ktest *t)
{
	unsigned int bugs = mm_bug_count(MM_BUG_DOUBLE_FREE);
	uint64_t addr;

	KTEST_EXPECT_EQ(t, type("alloc 10"), 0);
	addr = answer_address();
	KTEST_EXPECT_EQ(t, typef("free 0x%lx 10", addr), 0);
	mm_bug_quiet(true);
	KTEST_EXPECT_EQ(t, typef("free 0x%lx 10", addr), -EBUSY);
	mm_bug_quiet(false);
	KTEST_EXPECT(t, answer_has("was not freed"));
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_DOUBLE_FREE), bugs + 1);
}

/* RAM that is not there, or that nobody has carved, has no descriptor that could be read. */
static void an_address_without_a_descriptor_is_refused(struct ktest *t)
{
	uint64_t block = 0, value;

	while (block < kernel_mm.nr_blocks && kernel_mm.block_map[block])
		block++;
	value = PORT_DIRECT_MAP + PFN_PHYS(block * MAX_ORDER_NR_PAGES);
	if (block == kernel_mm.nr_blocks || block * MAX_ORDER_NR_PAGES >= kernel_mm.max_pfn) {
		ktest_skip(t, "every block is filled");
		return;
	}
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", value), -ERANGE);
	KTEST_EXPECT(t, answer_has(" lies in a page that was never handed out\n"));
	KTEST_EXPECT_EQ(t, typef("kfree 0x%lx", value + 8), -ERANGE);
	KTEST_EXPECT(t, answer_has(" lies in a page that was never handed out\n"));
}

/* The first byte behind the last page of RAM, and the range that is RAM. */
static void an_address_behind_ram_is_refused(struct ktest *t)
{
	uint64_t behind = PORT_DIRECT_MAP + PFN_PHYS(kernel_mm.max_pfn);
	char range[64];		/* bytes; two numbers of 16 digits */

	ksnprintf(range, sizeof(range), " which lies at 0x%lx to 0x%lx\n",
		  (uint64_t)PORT_DIRECT_MAP, behind - 1);
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", behind), -ERANGE);
	KTEST_EXPECT(t, answer_has(" is outside RAM,"));
	KTEST_EXPECT(t, answer_has(range));
	KTEST_EXPECT_EQ(t, typef("kfree 0x%lx", behind), -ERANGE);
	KTEST_EXPECT(t, answer_has(" is outside RAM,"));
	KTEST_EXPECT_EQ(t, typef("free 0x%lx", (uint64_t)PORT_DIRECT_MAP - 1), -ERANGE);
	KTEST_EXPECT(t, answer_has(" is outside RAM,"));
}

static void shrink_says_what_stays(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("commands-test", 64, 0, 0, NULL);
	void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;

	KTEST_ASSERT(t, object);
	KTEST_EXPECT_EQ(t, type("cache shrink commands-test"), 0);
	KTEST_EXPECT_STREQ(t, answer, "commands-test keeps the slabs that hold live objects\n");
	kmem_cache_free(cache, object);
	KTEST_EXPECT_EQ(t, type("cache shrink commands-test"), 0);
	KTEST_EXPECT_STREQ(t, answer, "commands-test keeps no slab\n");
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
}

static void the_allocators_own_objects_are_refused(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, type("cache alloc sheaf"), -EBUSY);
	KTEST_EXPECT(t, answer_has("what comes from sheaf is the allocator's own"));
	KTEST_EXPECT_EQ(t, type("cache alloc kmem_cache"), -EBUSY);
	KTEST_EXPECT(t, answer_has("what comes from kmem_cache is the allocator's own"));
}

/* A cache over an arena of seven pages, all of which are taken before it needs one. */
static void a_cache_without_memory_is_told(struct ktest *t)
{
	static struct arena arena;
	struct kmem_cache *cache;

	if (!arena_init_ram(&arena, t, 5120, 3))
		return;
	cache = kmem_cache_create_in(&arena.mm, "commands-arena", 64, 0, 0, NULL, RET_IP);
	KTEST_ASSERT(t, cache);
	while (arena_take(&arena, 0))
		;
	KTEST_EXPECT_EQ(t, type("cache alloc commands-arena GFP_NOWAIT|__GFP_NOWARN"), -ENOMEM);
	KTEST_EXPECT_STREQ(t, answer, "no object of commands-arena for these flags\n");
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache), 0);
	arena_fini(&arena, t);
}

static const struct ktest_case commands_cases[] = {
	KTEST_CASE(a_report_under_way_is_told),
	KTEST_CASE(verify_counts_what_is_broken),
	KTEST_CASE(bars_may_be_doubled),
	KTEST_CASE(shortage_is_told),
	KTEST_CASE(free_says_what_a_page_is),
	KTEST_CASE(a_second_free_with_an_order_is_reported),
	KTEST_CASE(an_address_without_a_descriptor_is_refused),
	KTEST_CASE(an_address_behind_ram_is_refused),
	KTEST_CASE(shrink_says_what_stays),
	KTEST_CASE(the_allocators_own_objects_are_refused),
	KTEST_CASE(a_cache_without_memory_is_told),
	KTEST_CASE(reports_answer),
	KTEST_CASE(slabinfo_of_one_cache),
	KTEST_CASE(slabinfo_compares_whole_names),
	KTEST_CASE(caches_are_listed),
	KTEST_CASE(alloc_and_free_restore_the_lists),
	KTEST_CASE(alloc_takes_flags),
	KTEST_CASE(bad_words_are_named),
	KTEST_CASE(wrong_counts_are_refused),
	KTEST_CASE(free_refuses_what_is_no_block),
	KTEST_CASE(free_with_a_wrong_order_is_reported),
	KTEST_CASE(kmalloc_and_kfree),
	KTEST_CASE(caches_by_name),
};
KTEST_SUITE(commands, commands_cases);
