/*
 * Callers' bugs: each must be reported as what it is, as often as it was made, and change nothing.
 *
 * A second free needs a list with one CPU: where there are others, one may own the memory by then,
 * and nobody could tell its owner's free from a second one.
 */
#include <kernel/errno.h>

#include "model.h"

/* @nr reports of @kind must have come since @before, and no others. */
static void expect_bugs(const unsigned int *before, enum mm_bug_kind kind, unsigned int nr,
			const char *what)
{
	struct result *result = &model.outcome->result[model.outcome->at[port_cpu()]];

	result->bug = (uint8_t)kind;
	result->nr_bugs = (uint16_t)nr;
	__atomic_fetch_add(&model.nr_bugs[kind], nr, __ATOMIC_RELAXED);
	__atomic_fetch_add(&model.outcome->misused, nr, __ATOMIC_RELAXED);
	for (unsigned int i = 0; model.list->nr_cpus == 1 && i < MM_NR_BUG_KINDS; i++) {
		unsigned int got = mm_bug_count((enum mm_bug_kind)i) - before[i];
		unsigned int want = i == (unsigned int)kind ? nr : 0;

		if (got != want)
			fail(WHY_BUG, "%s: %u reports of \"%s\", expected %u", what, got,
			     mm_bug_name((enum mm_bug_kind)i), want);
	}
}

static void count_bugs(unsigned int *before)
{
	for (unsigned int i = 0; i < MM_NR_BUG_KINDS; i++)
		before[i] = mm_bug_count((enum mm_bug_kind)i);
}

static bool is_in_slab(const struct slot *slot)
{
	return virt_to_page(slot->at)->state == PAGE_SLAB;
}

static enum done free_twice(struct actor *actor, const struct slot *slot,
			    const unsigned int *before)
{
	enum mm_bug_kind kind = MM_BUG_DOUBLE_FREE;
	unsigned int nr = 1;

	give_back(actor, slot);
	if (slot->kind == SLOT_CACHE && !is_in_slab(slot))
		kind = MM_BUG_BAD_POINTER;	/* its slab is gone: no cache's address any more */
	if (slot->kind == SLOT_EXACT)
		nr = (unsigned int)PFN_UP(slot->bytes);
	give_back(actor, slot);
	expect_bugs(before, kind, nr, "second free");
	return DONE;
}

static enum done free_to_other(struct actor *actor, const struct op *op, const struct slot *slot,
			       const unsigned int *before)
{
	struct kmem_cache *other = *cache_of(actor, op->cache);

	if (!other || (slot->kind == SLOT_CACHE && slot->cache == op->cache))
		return DONE_SKIPPED;
	kmem_cache_free(other, slot->at);
	expect_bugs(before, is_in_slab(slot) ? MM_BUG_WRONG_CACHE : MM_BUG_BAD_POINTER, 1,
		    "free to another cache");
	return DONE;
}

static enum done free_inside(struct actor *actor, const struct op *op, const struct slot *slot,
			     const unsigned int *before)
{
	size_t words = (slot->bytes - 1) / 8;
	char *at;

	if (words == 0)
		return DONE_SKIPPED;
	at = slot->at + 8 * (1 + op->size % words);
	if (slot->kind == SLOT_CACHE)
		kmem_cache_free(*cache_of(actor, slot->cache), at);
	else if (slot->kind == SLOT_KMALLOC)
		kfree(at);
	else if (slot->kind == SLOT_PAGES && slot->order > 0)
		__free_pages(virt_to_page(slot->at) + 1 + op->size % ((1U << slot->order) - 1), 0);
	else
		free_pages((unsigned long)slot->at + 8, 0);
	expect_bugs(before, MM_BUG_BAD_POINTER, 1, "free of an address inside");
	return DONE;
}

static enum done free_other_order(const struct op *op, const struct slot *slot,
				  const unsigned int *before)
{
	const struct page *page = virt_to_page(slot->at);
	bool is_pages = slot->kind == SLOT_PAGES || slot->kind == SLOT_EXACT;
	unsigned int order = op->size % MAX_ORDER;

	if (!is_pages && !is_in_slab(slot))
		order = page->order;		/* kmalloc's large block, and even its own order */
	if (is_pages && order == slot->order)
		return DONE_SKIPPED;
	__free_pages(virt_to_page(slot->at), order);
	expect_bugs(before, is_pages ? MM_BUG_WRONG_ORDER : MM_BUG_BAD_POINTER, 1,
		    "free with another order");
	return DONE;
}

static enum done bad_request(const struct op *op, const unsigned int *before)
{
	void *got = NULL;

	switch (op->size % 6) {
	case 0:
		got = alloc_pages(op->gfp, MAX_ORDER + op->slot);
		break;
	case 1:
		got = alloc_pages(op->gfp | 0x80000000U, 0);
		break;
	case 2:
		got = alloc_pages_exact(0, op->gfp);
		break;
	case 3:
		got = alloc_pages_exact(KMALLOC_MAX_SIZE + 1, op->gfp);
		break;
	case 4:
		got = kmem_cache_create("random bad", 8, 0, 0, NULL);
		break;
	default:
		got = kmem_cache_create("random-bad", 8, 24, 0, NULL);
		break;
	}
	if (got)
		fail(WHY_BUG, "bad request %u was served", op->size % 6);
	expect_bugs(before, MM_BUG_BAD_REQUEST, 1, "bad request");
	return DONE;
}

/* Page 0 is the firmware's; at 640 KiB there is no RAM; main.c has the map. */
static enum done free_reserved(const struct op *op, const unsigned int *before)
{
	enum mm_bug_kind kind = MM_BUG_RESERVED;

	switch (op->size % 4) {
	case 0:
		__free_pages(pfn_to_page(0), 0);
		break;
	case 1:
		__free_pages(pfn_to_page(0xa0), op->slot % MAX_ORDER);
		break;
	case 2:
		kfree(phys_to_virt(64));
		break;
	default:
		kmem_cache_free(kmalloc_caches[0], phys_to_virt(128));
		kind = MM_BUG_BAD_POINTER;
	}
	expect_bugs(before, kind, 1, "free of reserved memory");
	return DONE;
}

static enum done destroy_live(struct actor *actor, const struct op *op, const unsigned int *before)
{
	struct kmem_cache *cache = *cache_of(actor, op->cache);
	int64_t live = *live_of(actor, op->cache);
	int err;

	if (!cache || live == 0 || (model.list->nr_cpus > 1 && op->cache < NR_SHARED))
		return DONE_SKIPPED;
	err = kmem_cache_destroy(cache);
	if (err != -EBUSY)
		fail(WHY_BUG, "a cache with %lld objects out was destroyed: %d", (long long)live,
		     err);
	expect_bugs(before, MM_BUG_LIVE_OBJECTS, (unsigned int)live, "destroy");
	return DONE;
}

enum done misuse(struct actor *actor, const struct op *op, struct slot *slot)
{
	unsigned int before[MM_NR_BUG_KINDS];
	struct slot held = *slot;

	count_bugs(before);
	if (op->kind == OP_BUG_REQUEST)
		return bad_request(op, before);
	if (op->kind == OP_BUG_RESERVED)
		return free_reserved(op, before);
	if (op->kind == OP_BUG_LIVE)
		return destroy_live(actor, op, before);
	if (slot->kind == SLOT_EMPTY)
		return DONE_SKIPPED;
	if (op->kind == OP_BUG_CACHE)
		return free_to_other(actor, op, slot, before);
	if (op->kind == OP_BUG_INSIDE)
		return free_inside(actor, op, slot, before);
	if (op->kind == OP_BUG_ORDER)
		return free_other_order(op, slot, before);
	if (model.list->nr_cpus > 1)
		return DONE_SKIPPED;
	let_go(actor, slot);
	slot->kind = SLOT_EMPTY;
	return free_twice(actor, &held, before);
}
