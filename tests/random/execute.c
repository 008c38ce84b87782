/*
 * Running a list: each operation against the library, and what comes of it against the model.
 *
 * An operation that does not fit what its slot holds is skipped, so that every part of a list is a
 * list. All CPUs run their operations at the same time; what they hold is theirs alone, apart from
 * what they put into mailboxes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hosted/quire.h>
#include <kernel/work.h>

#include "model.h"

const struct cache_spec cache_specs[NR_CACHES] = {
	{ 8, 0, 0, false },
	{ 40, 0, SLAB_HWCACHE_ALIGN, false },
	{ 100, 0, SLAB_RECLAIM_ACCOUNT, false },
	{ 192, 0, 0, false },
	{ 72, 0, 0, true },
	{ 700, 256, 0, false },
	{ 24, 8, SLAB_CACHE_DMA, false },
	{ 1740, 0, 0, false },
	{ 600, 0, SLAB_RECLAIM_ACCOUNT | SLAB_HWCACHE_ALIGN, true },
	{ 5000, 0, SLAB_CACHE_DMA32, false },
	{ 512, 4096, 0, false },
	{ 20000, 0, 0, false },
};

struct model model;
unsigned int planted = NR_OPS;

void fail(enum why why, const char *fmt, ...)
{
	static uint32_t failed;
	va_list args;

	if (__atomic_exchange_n(&failed, 1, __ATOMIC_ACQ_REL) == 0) {
		va_start(args, fmt);
		vsnprintf(model.outcome->text, sizeof(model.outcome->text), fmt, args);
		va_end(args);
		model.outcome->why = why;
		_exit(EXIT_FAILURE);
	}
	for (;;)
		pause();
}

/* ---- taking ------------------------------------------------------------------------------ */

static enum done refused(const struct op *op, unsigned int order)
{
	__atomic_fetch_add(&model.outcome->refused, 1, __ATOMIC_RELAXED);
	if (model.list->nr_cpus == 1 && order < MAX_ORDER)
		check_refused(op->gfp, order);
	return DONE_REFUSED;
}

static enum done alloc_one(struct actor *actor, const struct op *op, struct slot *slot)
{
	struct page *page;
	void *at;

	if (slot->kind != SLOT_EMPTY)
		return DONE_SKIPPED;
	if (op->kind == OP_PAGES) {
		page = alloc_pages(op->gfp, op->size);
		if (!page)
			return refused(op, op->size);
		*slot = (struct slot){ .kind = SLOT_PAGES, .order = (uint8_t)op->size,
				       .bytes = PAGE_SIZE << op->size };
		at = page_address(page);
	} else if (op->kind == OP_PAGES_EXACT) {
		at = alloc_pages_exact(op->size, op->gfp);
		if (!at)
			return refused(op, LARGE_ORDER(op->size));
		*slot = (struct slot){ .kind = SLOT_EXACT, .bytes = op->size };
	} else {
		at = op->gfp & __GFP_ZERO && op->size % 2 ? kzalloc(op->size, op->gfp) :
							    kmalloc(op->size, op->gfp);
		if (!at)
			return refused(op, op->size > 256 ? LARGE_ORDER(op->size) : MAX_ORDER);
		*slot = (struct slot){ .kind = SLOT_KMALLOC, .bytes = op->size };
	}
	take(actor, slot, at, op->gfp);
	return DONE;
}

static void take_object(struct actor *actor, const struct op *op, struct slot *slot, void *at)
{
	*slot = (struct slot){ .kind = SLOT_CACHE, .cache = op->cache,
			       .bytes = cache_specs[op->cache].size };
	take(actor, slot, at, op->gfp);
}

static enum done alloc_object_of(struct actor *actor, const struct op *op, struct slot *slot)
{
	struct kmem_cache *cache = *cache_of(actor, op->cache);
	void *at;

	if (slot->kind != SLOT_EMPTY || !cache)
		return DONE_SKIPPED;
	at = op->gfp & __GFP_ZERO ? kmem_cache_zalloc(cache, op->gfp) :
				    kmem_cache_alloc(cache, op->gfp);
	if (!at)
		return refused(op, MAX_ORDER);
	take_object(actor, op, slot, at);
	return DONE;
}

static bool all_empty(const struct slot *slot, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (slot[i].kind != SLOT_EMPTY)
			return false;
	}
	return true;
}

static enum done alloc_bulk(struct actor *actor, const struct op *op, struct slot *slot)
{
	struct kmem_cache *cache = *cache_of(actor, op->cache);
	struct page *pages[MAX_BULK] = { NULL };
	void *objects[MAX_BULK];
	unsigned long nr;

	if (!all_empty(slot, op->size) || (op->kind == OP_CACHE_BULK && !cache))
		return DONE_SKIPPED;
	if (op->kind == OP_CACHE_BULK) {
		nr = kmem_cache_alloc_bulk(cache, op->gfp, op->size, objects);
		if (nr != 0 && nr != op->size)
			fail(WHY_COUNTERS, "%lu of %u objects in bulk", nr, op->size);
		for (unsigned long i = 0; i < nr; i++)
			take_object(actor, op, &slot[i], objects[i]);
		return nr ? DONE : refused(op, MAX_ORDER);
	}
	nr = alloc_pages_bulk(op->gfp, op->size, pages);
	for (unsigned long i = 0; i < op->size; i++) {
		if ((i < nr) != (pages[i] != NULL))
			fail(WHY_COUNTERS, "alloc_pages_bulk says %lu; entry %lu is %p", nr, i,
			     (void *)pages[i]);
		if (!pages[i])
			return nr ? DONE : refused(op, 0);
		slot[i] = (struct slot){ .kind = SLOT_PAGES, .bytes = PAGE_SIZE };
		take(actor, &slot[i], page_address(pages[i]), op->gfp);
	}
	return DONE;
}

static enum done resize(struct actor *actor, const struct op *op, struct slot *slot)
{
	struct slot old = *slot;
	char *at;

	if (slot->kind != SLOT_KMALLOC)
		return DONE_SKIPPED;
	let_go(actor, slot);
	at = krealloc(old.at, op->size, op->gfp);
	if (!at) {
		take_in_place(actor, slot);
		return refused(op, MAX_ORDER);
	}
	stamp_check(&old, at, op->size);
	slot->bytes = op->size;
	if ((at == old.at) != (op->size <= old.room))
		fail(WHY_PLACE, "krealloc of %zu bytes in %zu to %u bytes: %s", old.bytes, old.room,
		     op->size, at == old.at ? "not moved" : "moved");
	if (at == old.at)
		take_in_place(actor, slot);
	else
		take(actor, slot, at, op->gfp);
	return DONE;
}

/* ---- giving ------------------------------------------------------------------------------ */

void give_back(const struct actor *actor, const struct slot *slot)
{
	switch (slot->kind) {
	case SLOT_PAGES:
		if (slot->stamp % 2)
			free_pages((unsigned long)slot->at, slot->order);
		else
			__free_pages(virt_to_page(slot->at), slot->order);
		break;
	case SLOT_EXACT:
		free_pages_exact(slot->at, slot->bytes);
		break;
	case SLOT_KMALLOC:
		kfree(slot->at);
		break;
	case SLOT_CACHE:
		kmem_cache_free(*cache_of(actor, slot->cache), slot->at);
		break;
	default:
		break;
	}
}

void free_slot(struct actor *actor, struct slot *slot)
{
	if (slot->kind == SLOT_EMPTY)
		return;
	let_go(actor, slot);
	give_back(actor, slot);
	slot->kind = SLOT_EMPTY;
}

static enum done free_one(struct actor *actor, const struct op *op, struct slot *slot)
{
	if (slot->kind == SLOT_EMPTY || (op->kind == OP_KFREE && slot->kind != SLOT_CACHE))
		return DONE_SKIPPED;
	if (op->kind == OP_FREE) {
		free_slot(actor, slot);
		return DONE;
	}
	let_go(actor, slot);
	kfree(slot->at);
	slot->kind = SLOT_EMPTY;
	return DONE;
}

static enum done free_bulk(struct actor *actor, const struct op *op, struct slot *slot)
{
	void *objects[MAX_BULK];
	size_t nr = 0;

	for (unsigned int i = 0; i < op->size; i++) {
		if (slot[i].kind != SLOT_CACHE || slot[i].cache != op->cache)
			continue;
		let_go(actor, &slot[i]);
		objects[nr++] = slot[i].at;
		slot[i].kind = SLOT_EMPTY;
	}
	if (nr == 0)
		return DONE_SKIPPED;
	kmem_cache_free_bulk(*cache_of(actor, op->cache), nr, objects);
	return DONE;
}

/* A private cache's objects stay at home: it can be destroyed at any time. */
static enum done post(struct actor *actor, const struct op *op, struct slot *slot)
{
	struct slot *letter;

	if (slot->kind == SLOT_CACHE && slot->cache >= NR_SHARED)
		return DONE_SKIPPED;
	letter = malloc(sizeof(*letter));
	if (!letter)
		return DONE_SKIPPED;
	*letter = *slot;
	slot->kind = SLOT_EMPTY;
	letter = __atomic_exchange_n(&model.mailbox[op->size], letter, __ATOMIC_ACQ_REL);
	if (letter)
		free_slot(actor, letter);
	free(letter);
	return DONE;
}

/* ---- caches ------------------------------------------------------------------------------ */

static void construct(void *object)
{
	memset(object, CTOR_BYTE, CTOR_BYTES);
}

static enum done create(struct actor *actor, unsigned int index)
{
	const struct cache_spec *spec = &cache_specs[index];
	struct kmem_cache **cache = cache_of(actor, index);
	char name[32];

	if (*cache || (index < NR_SHARED && actor->cpu != 0))
		return DONE_SKIPPED;
	snprintf(name, sizeof(name), "random-%u-%u", actor->cpu, index);
	*cache = kmem_cache_create(name, spec->size, spec->align, spec->flags,
				   spec->has_ctor ? construct : NULL);
	return *cache ? DONE : DONE_REFUSED;
}

static enum done destroy(struct actor *actor, unsigned int index)
{
	struct kmem_cache **cache = cache_of(actor, index);

	if (!*cache)
		return DONE_SKIPPED;
	for (struct slot *slot = actor->slot; slot < actor->slot + NR_SLOTS; slot++) {
		if (slot->kind == SLOT_CACHE && slot->cache == index)
			free_slot(actor, slot);
	}
	if (kmem_cache_destroy(*cache) != 0)
		fail(WHY_LEAK, "cache random-%u-%u is empty, but cannot be destroyed", actor->cpu,
		     index);
	*cache = NULL;
	return DONE;
}

static enum done on_cache(struct actor *actor, const struct op *op)
{
	struct kmem_cache *cache = *cache_of(actor, op->cache);

	if (op->kind == OP_CREATE)
		return create(actor, op->cache);
	if (!cache)
		return DONE_SKIPPED;
	if (op->kind == OP_DESTROY)
		return destroy(actor, op->cache);
	if (op->kind == OP_MIN_EMPTY)
		kmem_cache_set_min_empty(cache, op->size);
	else if (kmem_cache_shrink(cache) == 0 && model.list->nr_cpus == 1 &&
		 *live_of(actor, op->cache) != 0)
		fail(WHY_COUNTERS, "no slab of random-%u-%u is left, but %lld objects", actor->cpu,
		     op->cache, (long long)*live_of(actor, op->cache));
	return DONE;
}

/* ---- the list ---------------------------------------------------------------------------- */

static enum done on_all(const struct op *op)
{
	char text[512];

	if (op->kind == OP_DRAIN_LOCAL)
		drain_local_pages();
	else if (op->kind == OP_DRAIN_ALL)
		drain_all_pages();
	else if (op->kind == OP_DRAIN_CACHES)
		caches_drain();
	else if (op->kind == OP_REPORT)
		print_report(op->size % NR_REPORTS, text, sizeof(text));
	else if (model.list->nr_cpus == 1)
		check_all();
	return DONE;
}

static enum done step(struct actor *actor, const struct op *op)
{
	struct slot *slot = &actor->slot[op->slot];

	switch ((enum op_kind)op->kind) {
	case OP_PAGES:
	case OP_PAGES_EXACT:
	case OP_KMALLOC:
		return alloc_one(actor, op, slot);
	case OP_CACHE:
		return alloc_object_of(actor, op, slot);
	case OP_PAGES_BULK:
	case OP_CACHE_BULK:
		return alloc_bulk(actor, op, slot);
	case OP_KREALLOC:
		return resize(actor, op, slot);
	case OP_FREE:
	case OP_KFREE:
		return free_one(actor, op, slot);
	case OP_FREE_BULK:
		return free_bulk(actor, op, slot);
	case OP_POST:
		return post(actor, op, slot);
	case OP_CREATE:
	case OP_DESTROY:
	case OP_SHRINK:
	case OP_MIN_EMPTY:
		return on_cache(actor, op);
	case OP_DRAIN_LOCAL:
	case OP_DRAIN_ALL:
	case OP_DRAIN_CACHES:
	case OP_REPORT:
	case OP_CHECK:
		return on_all(op);
	default:
		return misuse(actor, op, slot);
	}
}

/* What the slot holds is damaged; nobody sees it before it is let go. */
static void plant(struct slot *slot)
{
	if (slot->kind == SLOT_EMPTY || slot->bytes == 0)
		fail(WHY_CONTENT, "planted");
	slot->at[0] ^= 1;
}

/* What check_reserves() goes by: a cache may lower the highest zone of a request. */
static gfp_t bounds(const struct op *op)
{
	return op->kind == OP_CACHE || op->kind == OP_CACHE_BULK ? op->gfp | __GFP_DMA : op->gfp;
}

static void run_actor(unsigned int cpu, void *arg)
{
	struct actor *actor = &model.actor[cpu];
	const struct list *list = arg;
	bool alone = list->nr_cpus == 1;
	uint64_t executed = 0;

	for (size_t i = 0; i < list->nr; i++) {
		struct reserves before;
		enum done done;

		if (list->ops[i].cpu != cpu)
			continue;
		model.outcome->at[cpu] = (uint32_t)i;
		if (alone)
			before = reserves_now();
		done = step(actor, &list->ops[i]);
		if (alone)
			check_reserves(&before, bounds(&list->ops[i]));
		model.outcome->result[i].done = (uint8_t)done;
		executed += done != DONE_SKIPPED;
		if (list->ops[i].kind == planted && done == DONE)
			plant(&actor->slot[list->ops[i].slot]);
	}
	__atomic_fetch_add(&model.outcome->executed, executed, __ATOMIC_RELAXED);
}

void execute(const struct list *list, struct outcome *outcome)
{
	model.list = list;
	model.outcome = outcome;
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		model.actor[cpu].cpu = cpu;
		model.actor[cpu].next_stamp = (uint64_t)(cpu + 1) << 40;
	}
	if (list->nr_cpus > 1 && quire_start_cpus(list->nr_cpus) != 0)
		fail(WHY_HUNG, "no threads");
	mm_bug_quiet(true);
	check_start();
	for (unsigned int i = 0; i < NR_SHARED; i++)
		(void)create(&model.actor[0], i);
	work_run(list->nr_cpus, run_actor, (void *)(uintptr_t)list);
	if (list->nr <= NR_SLOTS || list->nr_cpus > 1)
		check_all();
	for (unsigned int i = 0; i < NR_MAILBOXES; i++) {
		if (model.mailbox[i])
			free_slot(&model.actor[0], model.mailbox[i]);
		free(model.mailbox[i]);
	}
	for (unsigned int cpu = 0; cpu < list->nr_cpus; cpu++) {
		for (unsigned int i = 0; i < NR_SLOTS; i++)
			free_slot(&model.actor[cpu], &model.actor[cpu].slot[i]);
	}
	for (unsigned int cpu = 0; cpu < list->nr_cpus; cpu++) {
		for (unsigned int i = cpu ? NR_SHARED : 0; i < NR_CACHES; i++)
			(void)destroy(&model.actor[cpu], i);
	}
	check_end();
	_exit(EXIT_SUCCESS);
}
