/*
 * Wrong frees of pages: each is one report of the right kind, and changes nothing.
 */
#include "arena.h"

#include <kernel/string.h>
#include <mm/report.h>

struct bug_watch {
	unsigned int count[MM_NR_BUG_KINDS];
	uint64_t free;
};

/* From here on a report is expected. */
static void watch(struct bug_watch *w)
{
	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		w->count[kind] = mm_bug_count((enum mm_bug_kind)kind);
	w->free = nr_free_pages();
	mm_bug_quiet(true);
}

/*
 * Up to here: one of @kind, none of any other, and the system is as it was. Then the watch goes on.
 */
static void expect_one(struct ktest *t, struct bug_watch *w, int line, enum mm_bug_kind kind)
{
	for (unsigned int i = 0; i < MM_NR_BUG_KINDS; i++) {
		unsigned int nr = mm_bug_count((enum mm_bug_kind)i) - w->count[i];

		if (nr != (i == kind))
			ktest_fail(t, __FILE__, line, "%u reports of \"%s\", expected %u", nr,
				   mm_bug_name((enum mm_bug_kind)i), i == kind);
	}
	if (nr_free_pages() != w->free)
		ktest_fail(t, __FILE__, line, "%llu pages are free, expected %llu",
			   (unsigned long long)nr_free_pages(), (unsigned long long)w->free);
	watch(w);
}

static void end_watch(struct ktest *t)
{
	mm_bug_quiet(false);
	KTEST_EXPECT_EQ(t, mm_verify(&seq_console), 0);
}

#define EXPECT_ONE(kind)	expect_one(t, &w, __LINE__, (kind))

static void a_block_freed_twice(struct ktest *t)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	struct bug_watch w;

	KTEST_ASSERT(t, page);
	__free_pages(page, 3);
	watch(&w);
	__free_pages(page, 3);
	EXPECT_ONE(MM_BUG_DOUBLE_FREE);
	free_pages((unsigned long)page_address(page), 3);
	EXPECT_ONE(MM_BUG_DOUBLE_FREE);
	end_watch(t);
}

/* Its buddy stays in use, so that the block is free as it is, head of itself. */
static void a_page_freed_twice_beside_its_buddy(struct ktest *t)
{
	char *pair = alloc_pages_exact(2 * PAGE_SIZE, GFP_KERNEL);
	struct bug_watch w;

	KTEST_ASSERT(t, pair);
	free_page((unsigned long)pair);
	watch(&w);
	free_page((unsigned long)pair);
	EXPECT_ONE(MM_BUG_DOUBLE_FREE);
	end_watch(t);
	free_page((unsigned long)(pair + PAGE_SIZE));
}

/* Sixteen single pages that have merged: each is now a part of something larger. */
static void a_page_freed_again_after_merging(struct ktest *t)
{
	char *pages = alloc_pages_exact(16 * PAGE_SIZE, GFP_KERNEL);
	struct bug_watch w;

	KTEST_ASSERT(t, pages);
	free_pages_exact(pages, 16 * PAGE_SIZE);
	watch(&w);
	for (unsigned int i = 0; i < 16; i++) {
		free_page((unsigned long)(pages + i * PAGE_SIZE));
		EXPECT_ONE(MM_BUG_DOUBLE_FREE);
	}
	end_watch(t);
}

static void a_block_freed_with_another_order(struct ktest *t)
{
	static const unsigned int wrong[] = { 0, 1, 3, 10, 11, 64, ~0U };
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	struct bug_watch w;

	KTEST_ASSERT(t, page);
	watch(&w);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		__free_pages(page, wrong[i]);
		EXPECT_ONE(MM_BUG_WRONG_ORDER);
	}
	end_watch(t);
	__free_pages(page, 2);
	KTEST_EXPECT_EQ(t, nr_free_pages(), w.free + 4);
}

static void a_page_inside_a_block(struct ktest *t)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	struct bug_watch w;

	KTEST_ASSERT(t, page);
	watch(&w);
	for (unsigned int i = 1; i < 8; i++) {
		__free_pages(page + i, 0);
		EXPECT_ONE(MM_BUG_BAD_POINTER);
	}
	end_watch(t);
	__free_pages(page, 3);
	KTEST_EXPECT_EQ(t, nr_free_pages(), w.free + 8);
}

static void no_page_at_all(struct ktest *t)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *addr;
	struct bug_watch w;

	KTEST_ASSERT(t, page);
	addr = page_address(page);
	watch(&w);
	__free_pages((struct page *)((char *)page + 4), 0);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	__free_pages(pfn_to_page(kernel_mm.max_pfn + 5), 0);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	__free_pages(pfn_to_page(0) - 1, 0);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	free_pages((unsigned long)addr + 8, 0);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	free_pages(PORT_DIRECT_MAP - PAGE_SIZE, 0);	/* below all addresses of pages */
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	free_pages_exact(addr + 8, 100);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	end_watch(t);
	__free_page(page);
}

static void reserved_memory(struct ktest *t)
{
	uint64_t pfn = 0;
	struct bug_watch w;

	while (pfn < kernel_mm.max_pfn &&
	       !(mm_page_valid(&kernel_mm, pfn) && pfn_to_page(pfn)->state == PAGE_RESERVED))
		pfn += mm_page_valid(&kernel_mm, pfn) ? 1 : MAX_ORDER_NR_PAGES;
	if (pfn >= kernel_mm.max_pfn) {
		ktest_skip(t, "no reserved page shares a block with free ones");
		return;
	}
	watch(&w);
	__free_pages(pfn_to_page(pfn), 0);
	EXPECT_ONE(MM_BUG_RESERVED);
	end_watch(t);
}

static void memory_of_kmalloc(struct ktest *t)
{
	char *object = kmalloc(64, GFP_KERNEL), *large = kmalloc(64 << 10, GFP_KERNEL);
	struct page *slab;
	struct bug_watch w;

	KTEST_ASSERT(t, object && large);
	slab = virt_to_page(object);
	memset(object, 0x33, 64);
	watch(&w);
	__free_pages(slab, slab->order);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	free_pages((unsigned long)large, 4);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	free_pages((unsigned long)large, 3);
	EXPECT_ONE(MM_BUG_WRONG_ORDER);
	free_pages((unsigned long)large + PAGE_SIZE, 0);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	end_watch(t);
	KTEST_EXPECT_EQ(t, object[63], 0x33);
	kfree(object);
	kfree(large);
}

/*
 * A page too many, in the count of free_pages_exact(): that one is refused, the others are freed.
 */
static void an_exact_block_freed_with_another_size(struct ktest *t)
{
	char *pages = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	unsigned int twice = mm_bug_count(MM_BUG_DOUBLE_FREE);
	uint64_t free = nr_free_pages();

	KTEST_ASSERT(t, pages);
	mm_bug_quiet(true);
	free_pages_exact(pages, 4 * PAGE_SIZE);
	mm_bug_quiet(false);
	KTEST_EXPECT_EQ(t, mm_bug_count(MM_BUG_DOUBLE_FREE) - twice, 1);
	KTEST_EXPECT_EQ(t, nr_free_pages(), free + 3);
	KTEST_EXPECT_EQ(t, mm_verify(&seq_console), 0);
}

static struct arena arena;

static void expect_refused(struct ktest *t, uint64_t pfn, enum mm_bug_kind kind)
{
	unsigned int before = mm_bug_count(kind);

	arena_give(&arena, arena.mm.pages + pfn, 0);
	if (mm_bug_count(kind) != before + 1)
		ktest_fail(t, __FILE__, __LINE__, "no report of \"%s\" for pfn %llu",
			   mm_bug_name(kind), (unsigned long long)pfn);
	arena_verify(&arena, t);
}

/* What a machine may have nowhere near free pages: on an arena that has it all. */
static void holes_reservations_and_runs(struct ktest *t)
{
	static const struct arena_range ranges[] = {
		{ 5120, 5200, MEMMAP_OWNER_FIRMWARE },
		{ 5200, 5300, MEMMAP_OWNER_NONE },
		{ 6144, 8192, MEMMAP_OWNER_NONE },
		{ 8192, 9216, MEMMAP_OWNER_KERNEL },
	};

	if (!arena_init(&arena, t, ranges, ARRAY_SIZE(ranges)))
		return;
	mm_bug_quiet(true);
	expect_refused(t, 5120, MM_BUG_RESERVED);
	expect_refused(t, 5199, MM_BUG_RESERVED);
	expect_refused(t, 5300, MM_BUG_RESERVED);		/* a hole */
	expect_refused(t, 5200, MM_BUG_DOUBLE_FREE);		/* free since boot */
	expect_refused(t, 5201, MM_BUG_DOUBLE_FREE);		/* and inside that block */
	expect_refused(t, 6144, MM_BUG_BAD_POINTER);		/* a run that nobody has carved */
	expect_refused(t, 7168, MM_BUG_BAD_POINTER);		/* the middle of it */
	expect_refused(t, 8200, MM_BUG_BAD_POINTER);		/* a block without a free page */
	expect_refused(t, arena.map_pfn, MM_BUG_BAD_POINTER);
	mm_bug_quiet(false);
	KTEST_EXPECT_EQ(t, arena.mm.zone[ZONE_DMA32].nr_free, 100 + 2048);
	arena_fini(&arena, t);
}

/* The size that a large block was asked for looks like the descriptor of a block, half way in. */
static void the_middle_of_a_descriptor(struct ktest *t)
{
	void *large = kmalloc(200000, GFP_KERNEL);
	struct page *page = virt_to_page(large);
	struct bug_watch w;

	KTEST_ASSERT(t, large);
	KTEST_EXPECT(t, krealloc(large, page_tag(PAGE_ALLOCATED, 0, page->zone_or_cache),
				 GFP_KERNEL) == large);
	watch(&w);
	__free_pages((struct page *)((char *)page + offsetof(struct page, asked)), 0);
	EXPECT_ONE(MM_BUG_BAD_POINTER);
	end_watch(t);
	kfree(large);
}

static const struct ktest_case page_bug_cases[] = {
	KTEST_CASE(a_block_freed_twice),
	KTEST_CASE(a_page_freed_twice_beside_its_buddy),
	KTEST_CASE(a_page_freed_again_after_merging),
	KTEST_CASE(a_block_freed_with_another_order),
	KTEST_CASE(a_page_inside_a_block),
	KTEST_CASE(no_page_at_all),
	KTEST_CASE(the_middle_of_a_descriptor),
	KTEST_CASE(reserved_memory),
	KTEST_CASE(memory_of_kmalloc),
	KTEST_CASE(an_exact_block_freed_with_another_size),
	KTEST_CASE(holes_reservations_and_runs),
};
KTEST_SUITE(page_bug, page_bug_cases);
