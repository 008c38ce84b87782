/*
 * Sheaves: arrays of free objects between a cache's callers and its slabs.
 *
 * 1. Idea.       Each CPU has a stack of free objects for each cache, its main sheaf: allocation
 *                pops, freeing pushes (cache.c), and no slab is touched. Beside it lies a spare,
 *                always whole: full or empty. When the main sheaf runs empty or full the two change
 *                places; when that does not help, a sheaf is exchanged with the barn, which keeps
 *                whole ones for all CPUs; only then are objects taken from slabs, a sheaf at a
 *                time, or given to them, FLUSH_BATCH at a time. So an object that is freed on
 *                another CPU than it came from costs what a local one does.
 * 2. Objects.    In a sheaf an object's free word holds slab_mark() and no link (slab.c), so a
 *                double free is seen wherever the object lies. Slabs count it as out.
 * 3. A sheaf     is a struct cpu_stack from sheaf_cache. Its entry[0] is the CPU's spare, with bit
 *                0 set when that is full; in the barn, the next sheaf.
 * 4. Invariants. H1  every object in a sheaf is marked and belongs to the sheaf's cache.
 *                H2  a spare, and each sheaf in the barn, is full or empty as link or list says.
 *                H3  cache->nr_out is live objects plus objects in sheaves.
 *                H4  the barn has at most barn_max full sheaves, and as many empty ones.
 * 5. Locking.    A CPU's own sheaves: interrupts masked, and percpu->busy clear. The barn:
 *                cache->lock. Nobody touches another CPU's sheaves: drains run where they lie.
 * 6. Cost.       Exchange: a constant. Refill: one pass of sheaf_size objects. Flush: FLUSH_BATCH
 *                objects, so that a single free stays bounded.
 * 7. Without.    The cache of sheaves itself, kmalloc's that note sizes, any other while memory for
 *                a sheaf is short, and all of them after sheaves_set(false), have stack_none: empty
 *                and full at once, so every call comes here and goes on to slabs.
 */

#include <kernel/string.h>
#include <port/stack.h>

#include "internal.h"

#define FLUSH_BATCH	16U	/* objects that one free gives to slabs: it stays below 3000 */
#define TRIM_BATCH	2U	/* empty slabs that one free gives back: likewise */
#define BARN_MIN	10U	/* full sheaves that each barn may keep: Linux's MAX_FULL_SHEAVES */
#define BARN_SHARE	4096U	/* and more, up to this part of all memory: 1 MiB of 4 GiB */
#define DRAIN_TRIES	4U	/* calls to CPUs that are busy each time */
#define SPARE_FULL	1UL	/* bit 0 of entry[0]: sheaves are 256-byte aligned */

static struct kmem_cache *sheaf_cache;
static bool sheaves_off;		/* by sheaves_set() */

/* ---- a CPU's two sheaves ------------------------------------------------- */

static struct cpu_stack *spare_of(const struct cpu_stack *main)
{
	return (struct cpu_stack *)((uintptr_t)main->entry[0] & ~SPARE_FULL);
}

static __always_inline bool spare_is_full(const struct cpu_stack *main)
{
	return (uintptr_t)main->entry[0] & SPARE_FULL;
}

static void set_spare(struct cpu_stack *main, struct cpu_stack *spare, bool full)
{
	main->entry[0] = (void *)((uintptr_t)spare | (full ? SPARE_FULL : 0));
}

/* The first of the objects of a full sheaf. */
static void **sheaf_bottom(const struct kmem_cache *cache, struct cpu_stack *sheaf)
{
	return stack_full_top(sheaf) - cache->sheaf_size;
}

static struct cpu_stack *new_sheaf(void)
{
	return sheaf_cache ? kmem_cache_alloc(sheaf_cache, GFP_NOWAIT) : NULL;
}

/* Does the CPU have a sheaf of @cache, and may it be touched? It is given its first one here. */
static bool have_sheaf(struct kmem_cache *cache, struct percpu *cpu)
{
	struct cpu_stack *main;

	if (cpu->busy || !sheaf_cache || !cache->sheaf_size || READ_ONCE(sheaves_off))
		return false;
	if (cpu->top[cache->stack] != stack_none)
		return true;
	if (reclaim_is_short())
		return false;
	main = new_sheaf();
	if (!main)
		return false;
	set_spare(main, NULL, false);
	stack_set_top(cpu, cache->stack, stack_empty_top(main, cache->sheaf_size));
	return true;
}

/* ---- the barn ------------------------------------------------------------ */

/* Under the lock, but make_room() looks at them before it has it. */

static struct cpu_stack *barn_take_locked(struct cpu_stack **list, unsigned int *nr)
{
	struct cpu_stack *sheaf = *list;

	if (sheaf) {
		WRITE_ONCE(*list, sheaf->entry[0]);
		WRITE_ONCE(*nr, *nr - 1);
	}
	return sheaf;
}

static void barn_put_locked(struct cpu_stack **list, unsigned int *nr, struct cpu_stack *sheaf)
{
	sheaf->entry[0] = *list;
	WRITE_ONCE(*list, sheaf);
	WRITE_ONCE(*nr, *nr + 1);
}

/* ---- the main sheaf is empty --------------------------------------------- */

/*
 * A full sheaf of the barn's, or objects of the slabs. The spare is empty or not there. Return: an
 * empty sheaf that the barn need not keep.
 */
static struct cpu_stack *refill(struct kmem_cache *cache, struct percpu *cpu,
				struct cpu_stack *main, void **corrupted)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct cpu_stack *full = barn_take_locked(&cache->barn_full, &cache->nr_barn_full);
	struct cpu_stack *empty = NULL;

	if (full) {
		empty = spare_of(main);
		if (empty && cache->nr_barn_empty < cache->barn_max) {
			barn_put_locked(&cache->barn_empty, &cache->nr_barn_empty, empty);
			empty = NULL;
		}
		set_spare(full, main, false);
		stack_set_top(cpu, cache->stack, stack_full_top(full));
	} else {
		void **top = cpu->top[cache->stack];

		stack_set_top(cpu, cache->stack,
			      top + slab_take_locked(cache, top, cache->sheaf_size, corrupted));
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	return empty;
}

static void *pop_or_refill(struct kmem_cache *cache, struct percpu *cpu, void **corrupted)
{
	struct cpu_stack *main = stack_of_top(cpu->top[cache->stack]), *spare = spare_of(main);
	void *object = cpu->top[cache->stack][-1];

	if (!object) {
		if (spare_is_full(main)) {
			set_spare(spare, main, false);
			stack_set_top(cpu, cache->stack, stack_full_top(spare));
		} else {
			kmem_cache_free(sheaf_cache, refill(cache, cpu, main, corrupted));
		}
		object = cpu->top[cache->stack][-1];
	}
	if (object)
		stack_set_top(cpu, cache->stack, cpu->top[cache->stack] - 1);
	return object;
}

void *sheaf_alloc(struct kmem_cache *cache, void **corrupted)
{
	unsigned long irq = port_irq_save();
	struct percpu *cpu = port_percpu();
	void *object = NULL;

	if (have_sheaf(cache, cpu)) {
		object = pop_or_refill(cache, cpu, corrupted);
	} else {
		unsigned long flags = spin_lock_irqsave(&cache->lock);

		(void)slab_take_locked(cache, &object, 1, corrupted);
		spin_unlock_irqrestore(&cache->lock, flags);
	}
	port_irq_restore(irq);
	return object;
}

/* ---- the main sheaf is full ---------------------------------------------- */

/* The spare takes its place if it is empty; the first time there is none yet. */
static bool swap_in_empty(struct kmem_cache *cache, struct percpu *cpu, struct cpu_stack *main)
{
	struct cpu_stack *spare = spare_of(main);

	if (spare_is_full(main))
		return false;
	if (!spare)
		spare = new_sheaf();
	if (!spare)
		return false;
	set_spare(spare, main, true);
	stack_set_top(cpu, cache->stack, stack_empty_top(spare, cache->sheaf_size));
	return true;
}

/* The oldest objects go to their slabs, the others move down. */
static struct page *flush_locked(struct kmem_cache *cache, struct percpu *cpu,
				 struct cpu_stack *main)
{
	unsigned int nr = cache->sheaf_size < FLUSH_BATCH ? cache->sheaf_size : FLUSH_BATCH;
	void **bottom = sheaf_bottom(cache, main);

	slab_put_locked(cache, bottom, nr);
	memmove(bottom, bottom + nr, (cache->sheaf_size - nr) * sizeof(*bottom));
	stack_set_top(cpu, cache->stack, cpu->top[cache->stack] - nr);
	return slab_trim_locked(cache, TRIM_BATCH);
}

/* Main and spare are full: the spare goes to the barn, or some objects to their slabs. */
static struct page *make_room(struct kmem_cache *cache, struct percpu *cpu, struct cpu_stack *main)
{
	/* A guess: a new sheaf is to be had without the lock only, which then shows what holds. */
	bool wants_empty = spare_is_full(main) &&
			   READ_ONCE(cache->nr_barn_full) < cache->barn_max;
	struct cpu_stack *fresh =
		wants_empty && !READ_ONCE(cache->barn_empty) ? new_sheaf() : NULL;
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct cpu_stack *empty = NULL;
	struct page *slabs = NULL;

	if (wants_empty && cache->nr_barn_full < cache->barn_max) {
		empty = barn_take_locked(&cache->barn_empty, &cache->nr_barn_empty);
		if (!empty) {
			empty = fresh;
			fresh = NULL;
		}
	}
	if (empty) {
		barn_put_locked(&cache->barn_full, &cache->nr_barn_full, spare_of(main));
		set_spare(empty, main, true);
		stack_set_top(cpu, cache->stack, stack_empty_top(empty, cache->sheaf_size));
	} else {
		slabs = flush_locked(cache, cpu, main);
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	if (fresh)
		kmem_cache_free(sheaf_cache, fresh);
	return slabs;
}

struct page *sheaf_free(struct kmem_cache *cache, void *object)
{
	unsigned long irq = port_irq_save();
	struct percpu *cpu = port_percpu();
	struct page *slabs = NULL;

	if (have_sheaf(cache, cpu)) {
		struct cpu_stack *main = stack_of_top(cpu->top[cache->stack]);

		if (cpu->top[cache->stack] == stack_full_top(main) &&
		    !swap_in_empty(cache, cpu, main))
			slabs = make_room(cache, cpu, main);
		*cpu->top[cache->stack] = object;
		stack_set_top(cpu, cache->stack, cpu->top[cache->stack] + 1);
	} else {
		unsigned long flags = spin_lock_irqsave(&cache->lock);

		slab_put_locked(cache, &object, 1);
		slabs = slab_trim_locked(cache, TRIM_BATCH);
		spin_unlock_irqrestore(&cache->lock, flags);
	}
	port_irq_restore(irq);
	return slabs;
}

/* ---- giving back --------------------------------------------------------- */

static void put_all(struct kmem_cache *cache, void **from, void **to)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct page *slabs;

	slab_put_locked(cache, from, (unsigned int)(to - from));
	slabs = slab_trim_locked(cache, ~0U);
	spin_unlock_irqrestore(&cache->lock, flags);
	slabs_destroy(cache, slabs);
}

/* Interrupts are masked. */
static void drain_own(struct kmem_cache *cache)
{
	struct percpu *cpu = port_percpu();
	void **top = cpu->top[cache->stack];

	if (top != stack_none) {
		struct cpu_stack *main = stack_of_top(top);
		struct cpu_stack *spare = spare_of(main);

		stack_set_top(cpu, cache->stack, stack_none);
		put_all(cache, top - stack_nr(top), top);
		if (spare_is_full(main))
			put_all(cache, sheaf_bottom(cache, spare), stack_full_top(spare));
		kmem_cache_free(sheaf_cache, main);
		kmem_cache_free(sheaf_cache, spare);
	}
}

struct drain {
	struct kmem_cache *cache;	/* NULL: all of them */
	uint32_t skipped;		/* CPUs that were inside a portable stack operation */
};

/* Runs on each CPU. */
static void drain_this_cpu(void *arg)
{
	unsigned long irq = port_irq_save();
	struct drain *drain = arg;

	if (port_percpu()->busy) {
		__atomic_fetch_add(&drain->skipped, 1, __ATOMIC_RELAXED);
	} else if (drain->cache) {
		drain_own(drain->cache);
	} else {
		unsigned long flags = spin_lock_irqsave(&cache_list_lock);

		for (struct kmem_cache *cache = cache_list; cache; cache = cache->next)
			drain_own(cache);
		spin_unlock_irqrestore(&cache_list_lock, flags);
	}
	port_irq_restore(irq);
}

static struct cpu_stack *barn_take(struct kmem_cache *cache, bool *full)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct cpu_stack *sheaf = barn_take_locked(&cache->barn_full, &cache->nr_barn_full);

	*full = sheaf;
	if (!sheaf)
		sheaf = barn_take_locked(&cache->barn_empty, &cache->nr_barn_empty);
	spin_unlock_irqrestore(&cache->lock, flags);
	return sheaf;
}

bool sheaf_on_cpus(const struct kmem_cache *cache)
{
	for (unsigned int i = 0; i < percpu_nr; i++) {
		const struct percpu *area = percpu_area[i];

		if (area && READ_ONCE(area->top[cache->stack]) != stack_none)
			return true;
	}
	return false;
}

/* Of @cache; NULL: of any. Exact for CPUs that do not use it. */
static bool cpus_have_sheaves(const struct kmem_cache *cache)
{
	unsigned long flags;
	bool have = false;

	if (cache)
		return sheaf_on_cpus(cache);
	flags = spin_lock_irqsave(&cache_list_lock);
	for (cache = cache_list; cache && !have; cache = cache->next)
		have = sheaf_on_cpus(cache);
	spin_unlock_irqrestore(&cache_list_lock, flags);
	return have;
}

/* This CPU first: most often there is nothing that others would have to be interrupted for. */
void sheaf_drain_cpus(struct kmem_cache *cache)
{
	struct drain drain = { cache, 0 };

	drain_this_cpu(&drain);
	for (unsigned int i = 0; i < DRAIN_TRIES && cpus_have_sheaves(cache); i++) {
		drain.skipped = 0;
		port_call_cpus(drain_this_cpu, &drain);
		if (!drain.skipped)
			break;
	}
}

void sheaves_set(bool on)
{
	struct drain drain = { NULL, !on };

	WRITE_ONCE(sheaves_off, !on);
	while (drain.skipped) {
		drain.skipped = 0;
		port_call_cpus(drain_this_cpu, &drain);
	}
}

void sheaf_drain_barn(struct kmem_cache *cache)
{
	struct cpu_stack *sheaf;
	bool full;

	while ((sheaf = barn_take(cache, &full)) != NULL) {
		if (full)
			put_all(cache, sheaf_bottom(cache, sheaf), stack_full_top(sheaf));
		kmem_cache_free(sheaf_cache, sheaf);
	}
}

/* ---- looking in ---------------------------------------------------------- */

struct walk {
	const struct kmem_cache *cache;
	void (*fn)(const struct kmem_cache *cache, void *object, void *ctx);
	void *ctx;
};

static void walk_entries(const struct walk *walk, void **from, void **to)
{
	for (; from < to; from++)
		walk->fn(walk->cache, *from, walk->ctx);
}

static void walk_full(const struct walk *walk, struct cpu_stack *sheaf)
{
	walk_entries(walk, sheaf_bottom(walk->cache, sheaf), stack_full_top(sheaf));
}

static void walk_all(const struct walk *walk)
{
	const struct kmem_cache *cache = walk->cache;
	struct cpu_stack *sheaf = cache->barn_full;

	for (unsigned int i = 0; i < cache->nr_barn_full && sheaf; i++, sheaf = sheaf->entry[0])
		walk_full(walk, sheaf);
	for (unsigned int i = 0; i < percpu_nr; i++) {
		void **top = percpu_area[i] ? percpu_area[i]->top[cache->stack] : stack_none;
		struct cpu_stack *main = stack_of_top(top);

		if (top == stack_none)
			continue;
		walk_entries(walk, top - stack_nr(top), top);
		if (spare_is_full(main))
			walk_full(walk, spare_of(main));
	}
}

/*
 * Is the spare of the sheaf that @top lies in full? Its CPU may have given the sheaf back, and then
 * this is a bit of somebody else's data: it is counted wrongly, and nothing is followed.
 */
static __no_sanitize_thread bool spare_elsewhere_is_full(void **top)
{
	return top != stack_none && spare_is_full(stack_of_top(top));
}

uint64_t sheaf_nr_objects(const struct kmem_cache *cache)
{
	uint64_t nr = (uint64_t)cache->nr_barn_full * cache->sheaf_size;

	for (unsigned int i = 0; i < percpu_nr; i++) {
		const struct percpu *cpu = percpu_area[i];

		if (!cpu)
			continue;
		nr += stack_nr_elsewhere(cpu, cache->stack, cache->sheaf_size);
		if (spare_elsewhere_is_full(READ_ONCE(cpu->top[cache->stack])))
			nr += cache->sheaf_size;
	}
	return nr;
}

/* Sheaves on a list of the barn, whose counter says @nr: a broken list ends there. */
static uint64_t count_barn(const struct cpu_stack *sheaf, unsigned int nr)
{
	uint64_t found = 0;

	for (; sheaf && found < nr; sheaf = sheaf->entry[0])
		found++;
	return found;
}

struct sheaf_count sheaf_count(const struct kmem_cache *cache)
{
	uint64_t full = count_barn(cache->barn_full, cache->nr_barn_full);
	struct sheaf_count count = {
		.in_barn = full * cache->sheaf_size,
		.sheaves = full + count_barn(cache->barn_empty, cache->nr_barn_empty),
	};

	for (unsigned int i = 0; i < PORT_NR_CPUS; i++) {
		void **top = percpu_area[i] ? percpu_area[i]->top[cache->stack] : stack_none;
		const struct cpu_stack *main = stack_of_top(top);

		if (top == stack_none)
			continue;
		count.sheaves += spare_of(main) ? 2 : 1;
		count.on_cpus += stack_nr(top);
		if (spare_is_full(main))
			count.on_cpus += cache->sheaf_size;
	}
	return count;
}

bool sheaf_is_from(const struct kmem_cache *cache)
{
	return cache == sheaf_cache;
}

void sheaf_for_each(const struct kmem_cache *cache,
		    void (*fn)(const struct kmem_cache *cache, void *object, void *ctx), void *ctx)
{
	walk_all(&(struct walk){ cache, fn, ctx });
}

struct search {
	const void *object;
	bool found;
};

static void is_it(const struct kmem_cache *cache, void *object, void *ctx)
{
	struct search *search = ctx;

	(void)cache;
	search->found |= object == search->object;
}

bool sheaf_holds(const struct kmem_cache *cache, const void *object)
{
	struct search search = { object, false };

	sheaf_for_each(cache, is_it, &search);
	return search.found;
}

uint64_t cache_nr_live(const struct kmem_cache *cache)
{
	uint64_t in_sheaves = sheaf_nr_objects(cache);

	return cache->nr_out > in_sheaves ? cache->nr_out - in_sheaves : 0;
}

unsigned int sheaf_barn_max(const struct kmem_cache *cache)
{
	uint64_t pages = 0, bytes;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		pages += cache->mm->zone[i].managed;
	bytes = pages * PAGE_SIZE / BARN_SHARE;
	return cache->sheaf_size ? (unsigned int)max_u64(bytes / cache->stride / cache->sheaf_size,
							 BARN_MIN)
				 : 0;
}

void sheaves_init(void)
{
	struct kmem_cache *cache = kmem_cache_create("sheaf", sizeof(struct cpu_stack),
						     sizeof(struct cpu_stack), SLAB_PANIC, NULL);

	cache->sheaf_size = 0;
	cache->permanent = true;
	sheaf_cache = cache;
}
