/*
 * Pages for callers: which zone, how deep into its reserve, and what is accepted back.
 *
 * 1. Zone walk.  A request names the highest zone that it may use; that one and those below it
 *                are tried in falling order, so that the scarce low zones go last.
 *                lowmem_reserve[] keeps in each lower zone some pages from requests that could
 *                have been served higher up.
 * 2. Watermarks. A request is served while the zone keeps more than a mark's pages free: first
 *                `low`, then, if that fails everywhere, `min`. __GFP_HIGH may go down to half of
 *                min. These reserves are what lets a caller that frees memory get the few pages
 *                that it needs to do so.
 * 3. Shortage.   A request that may reclaim calls the shrinkers (reclaim.c) and tries again while
 *                that frees something; then it fails: NULL, one log entry. __GFP_NOFAIL takes the
 *                last reserves before it gives up in a panic.
 * 4. Fast path.  A CPU's own list (page_cpu.c) serves the usual orders without a lock:
 *                alloc_pages() pops, __free_pages() pushes. An order without lists has a short way
 *                of its own: a block that is free as it is wanted, in the highest zone of the
 *                request. All that is not a plain request or a sound block goes the long way:
 *                kernel_mm's lists first, then the zones.
 * 5. Frees.      What comes back must be the head of a block of just that order, in just that
 *                state. Anything else is a caller's bug: told apart, reported, refused. On the long
 *                way the check and the free are one critical section; on the fast path two frees of
 *                one block in the same moment on two CPUs can both pass.
 * 6. Locking.    One zone->lock at a time; none while reclaiming or printing.
 */

#include <kernel/print.h>
#include <kernel/string.h>
#include <port/stack.h>

#include "internal.h"
#include "mm/fault.h"

/* As many as Linux's MAX_RECLAIM_RETRIES, but of rounds that freed something: then it gives up. */
#define RECLAIM_MAX_ROUNDS	16U

/*
 * May @zone give a block of @order and still keep @mark pages, and what it holds back from this
 * class of request?
 */
static bool watermark_ok_locked(const struct zone *zone, unsigned int order, uint64_t mark,
				unsigned int highest)
{
	uint64_t taken = (1UL << order) - 1;

	if (zone->nr_free < taken)
		return false;
	return zone->nr_free - taken > mark + zone->lowmem_reserve[highest];
}

static struct page *take_from_zones(struct mm *mm, gfp_t gfp, unsigned int order,
				    enum zone_watermark wmark)
{
	unsigned int highest = gfp_highest_zone(gfp);

	for (unsigned int i = highest + 1; i-- > 0;) {
		struct zone *zone = &mm->zone[i];
		uint64_t mark = zone->watermark[wmark];
		struct page *page = NULL;
		unsigned long flags;

		if (!zone->managed)
			continue;
		if (gfp & __GFP_HIGH)
			mark -= mark / 2;
		flags = spin_lock_irqsave(&zone->lock);
		if (watermark_ok_locked(zone, order, mark, highest))
			page = buddy_take_locked(zone, order);
		spin_unlock_irqrestore(&zone->lock, flags);
		if (page)
			return page;
	}
	return NULL;
}

/* The last reserves, for __GFP_NOFAIL: watermarks do not count any more. */
static struct page *take_last_pages(struct mm *mm, gfp_t gfp, unsigned int order)
{
	for (unsigned int i = gfp_highest_zone(gfp) + 1; i-- > 0;) {
		struct zone *zone = &mm->zone[i];
		unsigned long flags = spin_lock_irqsave(&zone->lock);
		struct page *page = buddy_take_locked(zone, order);

		spin_unlock_irqrestore(&zone->lock, flags);
		if (page)
			return page;
	}
	return NULL;
}

static __cold void warn_failure(struct mm *mm, gfp_t gfp, unsigned int order, uintptr_t who)
{
	pr_warn("mm: page allocation failure: order:%u, mode:%#x, by %pS\n", order, gfp,
		(void *)who);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &mm->zone[i];

		if (!zone->managed)
			continue;
		pr_warn("mm:   %s free:%llu min:%llu low:%llu high:%llu managed:%llu "
			"reserve:%llu pages\n",
			zone->name, (unsigned long long)zone->nr_free,
			(unsigned long long)zone->watermark[WMARK_MIN],
			(unsigned long long)zone->watermark[WMARK_LOW],
			(unsigned long long)zone->watermark[WMARK_HIGH],
			(unsigned long long)zone->managed,
			(unsigned long long)zone->lowmem_reserve[gfp_highest_zone(gfp)]);
	}
}

static struct page *alloc_slow(struct mm *mm, gfp_t gfp, unsigned int order, uintptr_t who)
{
	struct page *page = take_from_zones(mm, gfp, order, WMARK_MIN);
	unsigned int rounds = gfp & __GFP_NORETRY ? 1 : RECLAIM_MAX_ROUNDS;

	if (!page && mm == &kernel_mm) {
		drain_local_pages();
		page = take_from_zones(mm, gfp, order, WMARK_MIN);
	}
	while (!page && (gfp & __GFP_DIRECT_RECLAIM)) {
		bool progress = reclaim(mm, gfp);

		/* Without any, others may have freed something meanwhile. */
		page = take_from_zones(mm, gfp, order, WMARK_MIN);
		if (!progress || (!(gfp & __GFP_NOFAIL) && --rounds == 0))
			break;
	}
	if (!page && (gfp & __GFP_NOFAIL)) {
		page = take_last_pages(mm, gfp, order);
		if (!page) {
			warn_failure(mm, gfp, order, who);
			panic("mm: a __GFP_NOFAIL request of order %u by %pS: "
			      "nothing is left and nothing can be reclaimed",
			      order, (void *)who);
		}
	}
	if (!page) {
		__atomic_fetch_add(&mm->alloc_failed, 1, __ATOMIC_RELAXED);
		if (!(gfp & __GFP_NOWARN))
			warn_failure(mm, gfp, order, who);
	}
	return page;
}

struct page *mm_alloc_pages(struct mm *mm, gfp_t gfp, unsigned int order, uintptr_t who)
{
	struct page *page;

	if (unlikely(order >= MAX_ORDER)) {
		mm_bug(MM_BUG_BAD_REQUEST, NULL, who,
		       "alloc_pages of order %u; the largest is %u", order, MAX_ORDER - 1);
		return NULL;
	}
	if (unlikely(gfp & ~GFP_ALL_BITS)) {
		mm_bug(MM_BUG_BAD_REQUEST, NULL, who, "gfp bits %#x mean nothing",
		       gfp & ~GFP_ALL_BITS);
		return NULL;
	}
	if (should_fail_alloc_page(gfp, order, who)) {
		__atomic_fetch_add(&mm->alloc_failed, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	page = take_from_zones(mm, gfp, order, WMARK_LOW);
	if (unlikely(!page))
		page = alloc_slow(mm, gfp, order, who);
	if (page && (gfp & __GFP_ZERO))
		memset(mm->direct_map + PFN_PHYS(page - mm->pages), 0, PAGE_SIZE << order);
	return page;
}

/* The descriptor is no block of this order and state: say what it is instead. */
static __cold void report_bad_free(struct mm *mm, const struct page *page, unsigned int order,
				   struct page was, uintptr_t who)
{
	unsigned long long pfn = (unsigned long long)(page - mm->pages);

	switch (was.state) {
	case PAGE_CPU:
	case PAGE_FREE:
		mm_bug(MM_BUG_DOUBLE_FREE, page, who,
		       "pfn %#llx is the head of a free block of order %u", pfn, was.order);
		break;
	case PAGE_ALLOCATED:
	case PAGE_LARGE:
		mm_bug(was.order == order ? MM_BUG_BAD_POINTER : MM_BUG_WRONG_ORDER, page, who,
		       "pfn %#llx was taken with order %u%s, freed with order %u", pfn, was.order,
		       was.state == PAGE_LARGE ? " by kmalloc" : " by alloc_pages", order);
		break;
	case PAGE_SLAB:
		mm_bug(MM_BUG_BAD_POINTER, page, who,
		       "pfn %#llx belongs to a slab of cache %u", pfn, was.zone_or_cache);
		break;
	case PAGE_RESERVED:
	case PAGE_HOLE:
		mm_bug(MM_BUG_RESERVED, page, who, "pfn %#llx is %s", pfn,
		       was.state == PAGE_HOLE ? "no RAM" : "reserved since boot");
		break;
	default:
		mm_bug(mm_inside_free_block(mm, (uint64_t)pfn) ? MM_BUG_DOUBLE_FREE :
								 MM_BUG_BAD_POINTER,
		       page, who, "pfn %#llx is not the first page of a block", pfn);
	}
}

void mm_free_pages(struct mm *mm, struct page *page, unsigned int order, enum page_state state,
		   uintptr_t who)
{
	uintptr_t offset = (uintptr_t)page - (uintptr_t)mm->pages;
	uint64_t pfn = offset / sizeof(*page);
	struct zone *zone;
	struct page was = { .next = 0 };
	unsigned long flags;

	if (unlikely(offset % sizeof(*page) || pfn >= mm->max_pfn || !mm_page_valid(mm, pfn))) {
		mm_bug(MM_BUG_BAD_POINTER, page, who, "no page that was ever handed out");
		return;
	}
	if (unlikely(order >= MAX_ORDER)) {
		mm_bug(MM_BUG_WRONG_ORDER, page, who, "order %u; the largest is %u", order,
		       MAX_ORDER - 1);
		return;
	}
	zone = mm_zone_of(mm, pfn);
	flags = spin_lock_irqsave(&zone->lock);
	was.tag = READ_ONCE(page->tag);
	if (likely(was.tag == page_tag(state, order, zone->index)))
		buddy_give_locked(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (unlikely(was.tag != page_tag(state, order, zone->index)))
		report_bad_free(mm, page, order, was, who);
}

void mm_split_pages(struct page *page, unsigned int order)
{
	uint32_t tag = page_tag(PAGE_ALLOCATED, 0, page->zone_or_cache);

	for (unsigned long i = 0; i < 1UL << order; i++)
		WRITE_ONCE(page[i].tag, tag);
}

/* Bits that the fast path need not look at: they say what to do when there is nothing. */
#define GFP_FAST	(__GFP_DMA | __GFP_DMA32 | __GFP_HIGH | __GFP_DIRECT_RECLAIM | \
			 __GFP_NORETRY | __GFP_NOFAIL | __GFP_NOWARN)

/* A plain request of an order without lists, from the first zone that it may use. */
static struct page *alloc_whole(gfp_t gfp, unsigned int order)
{
	unsigned int highest = gfp_highest_zone(gfp);
	struct zone *zone = &kernel_mm.zone[highest];
	struct page *page = NULL;
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	if (watermark_ok_locked(zone, order, zone->watermark[WMARK_LOW], highest))
		page = buddy_pop_locked(zone, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static __noinline struct page *alloc_slower(gfp_t gfp, unsigned int order, uintptr_t who)
{
	struct page *page = NULL;

	if (likely(order < MAX_ORDER && !(gfp & ~GFP_ALL_BITS)))
		page = page_cpu_take(gfp, order);
	if (!page)
		return mm_alloc_pages(&kernel_mm, gfp, order, who);
	WRITE_ONCE(page->state, PAGE_ALLOCATED);
	if (gfp & __GFP_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	return page;
}

/* All that the fast path does not do. */
static __noinline struct page *alloc_rest(gfp_t gfp, unsigned int order, uintptr_t who)
{
	struct page *page = NULL;

	if (order < MAX_ORDER && !(gfp & ~GFP_FAST) &&
	    page_cpu_stack(gfp, order) == STACK_NEVER && !READ_ONCE(fault_armed))
		page = alloc_whole(gfp, order);
	return likely(page) ? page : alloc_slower(gfp, order, who);
}

/* Return: NULL: the rest is for alloc_rest(). */
static __always_inline struct page *alloc_fast(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (unlikely(order >= MAX_ORDER || (gfp & ~GFP_FAST)))
		return NULL;
	page = stack_pop(page_cpu_stack(gfp, order));
	if (likely(page))
		WRITE_ONCE(page->state, PAGE_ALLOCATED);
	return page;
}

static struct page *do_alloc_pages(gfp_t gfp, unsigned int order, uintptr_t who)
{
	struct page *page = alloc_fast(gfp, order);

	return likely(page) ? page : alloc_rest(gfp, order, who);
}

/* @page is no block that is out, or none of this order. */
static __noinline void free_doubtful(struct page *page, unsigned int order, enum page_state state,
				     uintptr_t who)
{
	if (page)
		mm_free_pages(&kernel_mm, page, order, state, who);
}

/* @page is sound and marked PAGE_CPU, but there was no room for it. */
static __noinline void free_rest(struct page *page, unsigned int order)
{
	struct zone *zone = mm_zone_of(&kernel_mm, (uint64_t)(page - kernel_mm.pages));
	unsigned int stack = page_stack[zone->index][order];
	unsigned long flags;

	if (stack != STACK_NEVER && page_cpu_give(stack, page))
		return;
	flags = spin_lock_irqsave(&zone->lock);
	buddy_give_locked(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Return: false: it is for free_doubtful(). */
static __always_inline bool free_fast(struct page *page, unsigned int order, enum page_state state)
{
	uintptr_t offset = (uintptr_t)page - PORT_PAGE_ARRAY;
	uint64_t block = offset / (MAX_ORDER_NR_PAGES * sizeof(*page));
	struct page was;

	if (unlikely(offset % sizeof(*page)) || unlikely(block >= kernel_mm.nr_blocks) ||
	    unlikely(!kernel_mm.block_map[block]))
		return false;
	was.tag = READ_ONCE(page->tag);	/* once: another CPU may free it wrongly just now */
	if (unlikely((was.tag & 0xffff) != page_tag(state, order, 0)))
		return false;
	WRITE_ONCE(page->state, PAGE_CPU);
	if (unlikely(!stack_push(page_stack[was.zone_or_cache][order], page)))
		free_rest(page, order);
	return true;
}

struct page *mm_take_pages(struct mm *mm, gfp_t gfp, unsigned int order, uintptr_t who)
{
	return likely(mm == &kernel_mm) ? do_alloc_pages(gfp, order, who)
					: mm_alloc_pages(mm, gfp, order, who);
}

void mm_give_pages(struct mm *mm, struct page *page, unsigned int order, enum page_state state,
		   uintptr_t who)
{
	if (unlikely(mm != &kernel_mm))
		mm_free_pages(mm, page, order, state, who);
	else if (unlikely(!free_fast(page, order, state)))
		free_doubtful(page, order, state, who);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_fast(gfp, order);

	return likely(page) ? page : alloc_rest(gfp, order, RET_IP);
}

/* How many entries from the first are NULL. */
static unsigned int nr_empty(struct page *const *pages, unsigned long nr)
{
	unsigned int i = 0, end = nr < PAGE_CPU_SINGLES ? (unsigned int)nr : PAGE_CPU_SINGLES;

	while (i < end && !pages[i])
		i++;
	return i;
}

unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **pages)
{
	unsigned long filled = 0;

	while (filled < nr) {
		unsigned int want = nr_empty(pages + filled, nr - filled), got = 0;

		if (want == 0) {
			filled++;
			continue;
		}
		if (!(gfp & ~GFP_FAST))
			got = stack_pop_many(page_cpu_stack(gfp, 0), PAGE_CPU_SINGLES,
					     (void **)pages + filled, want);
		for (unsigned int i = 0; i < got; i++)
			WRITE_ONCE(pages[filled + i]->state, PAGE_ALLOCATED);
		/* An interrupted try may have left what is the handler's now. */
		for (unsigned int i = got; i < want; i++)
			pages[filled + i] = NULL;
		filled += got;
		if (got == 0) {
			pages[filled] = do_alloc_pages(gfp, 0, RET_IP);
			if (!pages[filled])
				break;
			filled++;
		}
	}
	return filled;
}

void __free_pages(struct page *page, unsigned int order)
{
	if (unlikely(!free_fast(page, order, PAGE_ALLOCATED)))
		free_doubtful(page, order, PAGE_ALLOCATED, RET_IP);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = do_alloc_pages(gfp, order, RET_IP);

	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	struct page *page = do_alloc_pages(gfp | __GFP_ZERO, 0, RET_IP);

	return page ? (unsigned long)page_address(page) : 0;
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (!addr)
		return;
	if (addr % PAGE_SIZE) {
		mm_bug(MM_BUG_BAD_POINTER, (void *)addr, RET_IP, "not the address of a page");
		return;
	}
	mm_give_pages(&kernel_mm, virt_to_page((void *)addr), order, PAGE_ALLOCATED, RET_IP);
}
