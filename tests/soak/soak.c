/*
 * The soak: all CPUs allocate, hand over, free and reallocate, with little memory left.
 *
 * 1. Owners.   Each CPU owns a row of slots. In a slot lies nothing, pages or an object, filled
 *              with a pattern of its address and its size; before it is freed or moved the pattern
 *              is checked, every word of it. So memory that two owners have shows.
 * 2. Handing over. A few mailboxes, taken and filled by an atomic exchange, carry pointers from any
 *              CPU to any other, which checks and frees them.
 * 3. Pressure. Before the start all memory is taken but FREE_PAGES for each CPU and what watermarks
 *              keep. A CPU lets go of slots when a request fails; a failure is nothing wrong here.
 *              In every second PHASE_NS the first CPU lets go of RELIEF_PAGES, so that all is tried
 *              with and without pages and objects that CPUs keep for themselves.
 * 4. Ticks.    The timer interrupt of each CPU does the same with slots of its own, GFP_ATOMIC.
 * 5. The end.  All is freed, the objects of the soak's cache are counted, empty slabs are given
 *              back, and as many pages are free as before; mm_verify() finds nothing. Too little
 *              done is a failure as well: see MIN_RATE.
 */
#include <kernel/command.h>
#include <kernel/errno.h>
#include <kernel/port.h>
#include <kernel/string.h>
#include <kernel/work.h>
#include <mm/ledger.h>
#include <mm/page_alloc.h>
#include <mm/report.h>
#include <mm/slab.h>

#include "mm/internal.h"
#include "soak.h"
#include "steps.h"

#define NR_SLOTS	256U		/* of a CPU */
#define TICK_SLOTS	8U		/* of a CPU's timer interrupt */
#define TICK_STEPS	4U
#define FREE_PAGES	128U		/* left to each CPU, whose slots want about 400 */
#define RELIEF_PAGES	2048U		/* 8 MiB: above a high watermark of 512 MiB's zones */
#define PHASE_NS	100000000ULL	/* 0.1 s */
#define NS_PER_S	1000000000ULL

/* Allocations a second, of all CPUs: a tenth of what eight emulated CPUs do on two cores that many
 * others want as well. One that waits for ever for another is what it finds. */
#define MIN_RATE	20U

/* What somebody holds. @size: bytes that carry the pattern. @kind: enum soak_kind. */
struct slot {
	uint64_t *memory;
	uint32_t size;
	uint8_t kind;
	uint8_t order;
};

/* At the start of a block that is held to make memory short. */
struct held {
	struct page *next;
	unsigned int order;
};

/* One CPU's, or its timer interrupt's. */
struct owner {
	uint64_t random;
	uint64_t allocated, freed, moved, failed, wrong;
};

struct soaker {
	struct owner thread, tick;
	struct slot slots[NR_SLOTS], tick_slots[TICK_SLOTS];
};

static struct {
	struct soaker *cpus;		/* port_nr_cpus() of them */
	struct kmem_cache *cache;
	struct page *held;		/* the pressure */
	struct page *relief;		/* that part of it which comes and goes */
	uint64_t start;			/* port_ticks() */
	uint64_t limit_ns;
	struct slot *mailbox[SOAK_MAILBOXES];
} soak;

/* ---- content --------------------------------------------------------------------------------- */

static uint64_t pattern_of(const struct slot *slot, size_t word)
{
	return ((uintptr_t)slot->memory + slot->size + word) * SOAK_GOLDEN;
}

static void fill(const struct slot *slot)
{
	for (size_t i = 0; i < slot->size / sizeof(uint64_t); i++)
		slot->memory[i] = pattern_of(slot, i);
}

static void check(struct owner *owner, const struct slot *slot)
{
	size_t wrong = 0;

	for (size_t i = 0; i < slot->size / sizeof(uint64_t); i++)
		wrong += slot->memory[i] != pattern_of(slot, i);
	if (wrong && owner->wrong++ < 3)
		pr_err("# soak: CPU %u: %zu words of %px, kind %u, %u bytes, are wrong\n",
		       port_cpu(), wrong, (void *)slot->memory, slot->kind, slot->size);
}

/* ---- one step -------------------------------------------------------------------------------- */

static void give_back(struct owner *owner, struct slot *slot)
{
	if (slot->kind == SOAK_NOTHING)
		return;
	check(owner, slot);
	if (slot->kind == SOAK_PAGES)
		free_pages((unsigned long)slot->memory, slot->order);
	else if (slot->kind == SOAK_OBJECT)
		kmem_cache_free(soak.cache, slot->memory);
	else
		kfree(slot->memory);
	slot->kind = SOAK_NOTHING;
	owner->freed++;
}

static void take(struct owner *owner, struct slot *slot, const struct soak_step *step)
{
	gfp_t gfp = (step->atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN;

	slot->order = step->order;
	if (step->kind == SOAK_PAGES)
		slot->memory = (uint64_t *)__get_free_pages(gfp, step->order);
	else if (step->kind == SOAK_OBJECT)
		slot->memory = kmem_cache_alloc(soak.cache, gfp);
	else
		slot->memory = kmalloc(step->size, gfp);
	if (!slot->memory) {
		owner->failed++;
		return;
	}
	slot->kind = (uint8_t)step->kind;
	slot->size = step->size;
	owner->allocated++;
	fill(slot);
}

static void move(struct owner *owner, struct slot *slot, uint32_t size)
{
	struct slot moved = *slot;

	moved.size = size;
	check(owner, slot);
	moved.memory = krealloc(slot->memory, moved.size, GFP_KERNEL | __GFP_NOWARN);
	if (!moved.memory) {
		owner->failed++;
		return;
	}
	for (size_t i = 0; i < min_u64(moved.size, slot->size) / sizeof(uint64_t); i++)
		owner->wrong += moved.memory[i] != pattern_of(slot, i);
	*slot = moved;
	owner->moved++;
	fill(slot);
}

/* The letter is itself an object, and goes with what it tells of. */
static void hand_over(struct owner *owner, struct slot *slot, unsigned int mailbox)
{
	struct slot *letter = kmalloc(sizeof(*letter), GFP_KERNEL | __GFP_NOWARN);

	if (!letter) {
		owner->failed++;
		return;
	}
	*letter = *slot;
	slot->kind = SOAK_NOTHING;
	letter = __atomic_exchange_n(&soak.mailbox[mailbox], letter, __ATOMIC_ACQ_REL);
	if (letter)
		give_back(owner, letter);
	kfree(letter);
}

static void step(struct soaker *self)
{
	struct owner *owner = &self->thread;
	struct slot *slot = &self->slots[soak_draw(&owner->random, NR_SLOTS)];
	struct soak_step next = soak_draw_step(&owner->random, (enum soak_kind)slot->kind);
	uint64_t failed = owner->failed;

	if (next.op == SOAK_TAKE)
		take(owner, slot, &next);
	else if (next.op == SOAK_MOVE)
		move(owner, slot, next.size);
	else if (next.op == SOAK_LETTER)
		hand_over(owner, slot, next.mailbox);
	else
		give_back(owner, slot);
	for (unsigned int i = 0; owner->failed != failed && i < NR_SLOTS / 8; i++)
		give_back(owner, &self->slots[soak_draw(&owner->random, NR_SLOTS)]);
}

static void soak_tick(void)
{
	struct soaker *self = &soak.cpus[port_cpu()];
	struct owner *owner = &self->tick;

	for (unsigned int i = 0; i < TICK_STEPS; i++) {
		struct slot *slot = &self->tick_slots[soak_draw(&owner->random, TICK_SLOTS)];
		struct soak_step next;

		if (slot->kind != SOAK_NOTHING) {
			give_back(owner, slot);
			continue;
		}
		next = soak_draw_take(&owner->random, true);
		take(owner, slot, &next);
	}
}

/* ---- pressure -------------------------------------------------------------------------------- */

/* Take up to @nr blocks and chain them through their own memory. */
static void hold(struct page **chain, uint64_t nr, unsigned int order)
{
	while (nr-- > 0) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
		struct held *held;

		if (!page)
			return;
		held = page_address(page);
		held->next = *chain;
		held->order = order;
		*chain = page;
	}
}

static void release(struct page **chain)
{
	while (*chain) {
		struct page *page = *chain;
		const struct held *held = page_address(page);
		unsigned int order = held->order;

		*chain = held->next;
		__free_pages(page, order);
	}
}

static void change_pressure(uint64_t passed_ns)
{
	bool relieved = !soak.relief;

	if (passed_ns / PHASE_NS % 2 && !relieved)
		release(&soak.relief);
	else if (passed_ns / PHASE_NS % 2 == 0 && relieved)
		hold(&soak.relief, RELIEF_PAGES, 0);
}

static void run_cpu(unsigned int cpu, void *arg)
{
	struct soaker *self = &soak.cpus[cpu];
	uint64_t passed_ns;

	(void)arg;
	while ((passed_ns = port_ticks_to_ns(port_ticks() - soak.start)) < soak.limit_ns) {
		if (cpu == 0)
			change_pressure(passed_ns);
		for (unsigned int i = 0; i < 64; i++)
			step(self);
	}
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		give_back(&self->thread, &self->slots[i]);
}

/* ---- before and after ------------------------------------------------------------------------ */

static void press(void)
{
	struct page *allowance = NULL;

	hold(&soak.relief, RELIEF_PAGES, 0);
	hold(&allowance, FREE_PAGES * (uint64_t)port_nr_cpus(), 0);
	for (unsigned int order = MAX_ORDER; order-- > 0;)
		hold(&soak.held, UINT64_MAX, order);
	release(&allowance);
}

/* Empty slabs go back, so that free pages can be counted. */
static void shrink_all(void)
{
	caches_drain();
	drain_all_pages();	/* what it gives back are stacks, which are objects */
	caches_drain();
}

static void empty_handed_out(struct owner *owner)
{
	for (unsigned int i = 0; i < SOAK_MAILBOXES; i++) {
		struct slot *letter = soak.mailbox[i];

		soak.mailbox[i] = NULL;
		if (letter)
			give_back(owner, letter);
		kfree(letter);
	}
	for (unsigned int cpu = 0; cpu < port_nr_cpus(); cpu++) {
		for (unsigned int i = 0; i < TICK_SLOTS; i++)
			give_back(owner, &soak.cpus[cpu].tick_slots[i]);
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Return: was there enough memory to begin? */
static bool prepare(uint64_t seconds)
{
	unsigned int nr = port_nr_cpus();
	uint64_t seed = port_seed();

	soak.cpus = kcalloc(nr, sizeof(*soak.cpus), GFP_KERNEL);
	soak.cache = soak.cpus ? kmem_cache_create("soak", SOAK_CACHE_SIZE, 0, 0, NULL) : NULL;
	if (!soak.cache) {
		kfree(soak.cpus);
		return false;
	}
	for (unsigned int i = 0; i < nr; i++) {
		soak.cpus[i].thread.random = soak_random(seed, 2 * i);
		soak.cpus[i].tick.random = soak_random(seed, 2 * i + 1);
	}
	pr_info("# soak: %u CPUs, %llu s, seed 0x%llx\n", nr, (unsigned long long)seconds,
		(unsigned long long)seed);
	return true;
}

static void add(struct owner *sum, const struct owner *owner)
{
	sum->allocated += owner->allocated;
	sum->freed += owner->freed;
	sum->moved += owner->moved;
	sum->failed += owner->failed;
	sum->wrong += owner->wrong;
}

static bool say(struct seq *out, unsigned int number, bool good, const char *what)
{
	seq_printf(out, "%sok %u - %s\n", good ? "" : "not ", number, what);
	return good;
}

static void soak_cpus(uint64_t seconds)
{
	press();
	soak.limit_ns = seconds * NS_PER_S;
	soak.start = port_ticks();
	(void)port_on_tick(soak_tick);		/* without ticks no handlers allocate */
	work_run(port_nr_cpus(), run_cpu, NULL);
	(void)port_on_tick(NULL);
	port_call_cpus(nothing, NULL);		/* behind it no handler is still in soak_tick() */
	empty_handed_out(&soak.cpus[0].thread);
	release(&soak.relief);
	release(&soak.held);
}

bool soak_run(struct seq *out, uint64_t seconds)
{
	struct owner thread = { 0 }, tick = { 0 };
	uint64_t before;
	bool good;

	seq_printf(out, "KTAP version 1\n1..6\n");
	shrink_all();
	before = nr_free_pages();
	if (!prepare(seconds))
		return say(out, 1, false, "memory to begin with");
	soak_cpus(seconds);
	for (unsigned int i = 0; i < port_nr_cpus(); i++) {
		add(&thread, &soak.cpus[i].thread);
		add(&tick, &soak.cpus[i].tick);
	}
	seq_printf(out, "# CPUs: %llu allocated, %llu moved, %llu refused\n",
		   (unsigned long long)thread.allocated, (unsigned long long)thread.moved,
		   (unsigned long long)thread.failed);
	seq_printf(out, "# ticks: %llu allocated, %llu refused\n",
		   (unsigned long long)tick.allocated, (unsigned long long)tick.failed);
	kfree(soak.cpus);
	good = say(out, 1, thread.wrong + tick.wrong == 0, "every content is what its owner wrote");
	good &= say(out, 2, thread.allocated + tick.allocated == thread.freed + tick.freed &&
		    thread.allocated != 0 && kmem_cache_destroy(soak.cache) == 0,
		    "every allocation is freed");
	shrink_all();
	if (nr_free_pages() != before)
		seq_printf(out, "# %llu pages free, %llu before\n",
			   (unsigned long long)nr_free_pages(), (unsigned long long)before);
	good &= say(out, 3, nr_free_pages() == before, "every page is back");
	good &= say(out, 4, mm_verify(out) == 0, "the invariants hold");
	good &= say(out, 5, ledger_check(&kernel_mm, out) == 0, "the ledger is closed");
	good &= say(out, 6, thread.allocated >= MIN_RATE * seconds, "enough was done");
	return good;
}

static int cmd_soak(struct seq *out, int argc, char **argv)
{
	uint64_t seconds;

	if (argc != 2 || kstrtou64(argv[1], &seconds) || seconds == 0)
		return -EINVAL;
	return soak_run(out, seconds) ? 0 : -EIO;
}

static const struct command soak_commands[] = {
	{ "soak", "SECONDS", "all CPUs allocate and free in little memory", cmd_soak },
};
COMMAND_TABLE(soak, soak_commands);
