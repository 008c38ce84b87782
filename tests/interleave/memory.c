/*
 * Memory that CPUs share, and what they do to it.
 *
 * 1. Granules.   Watched memory is looked at in granules of 8 bytes. Each remembers which agents
 *                ever read and wrote it; an agent is a CPU's program or a handler on that CPU.
 * 2. Points.     Where two agents meet at a granule and one of them writes, their order matters: a
 *                point. Elsewhere a preemption can as well come at the next point, since what lies
 *                between commutes with all that others do; so there is nothing to choose. Which
 *                granules are points is learned from schedule to schedule: explore.c begins again
 *                until no new one comes up.
 * 3. History.    Each access is mixed into its CPU's history together with the granule's last
 *                write, which stands for all that had led to it.
 * 4. Undo.       The first write to a granule in a schedule saves what was in it, so all schedules
 *                begin alike. What code writes without telling is not restored: explore.c compares
 *                checksums.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "interleave.h"

#define MAX_REGIONS	4U
#define GRANULE		8U		/* bytes */

/* Agents: a program on CPU 0, on CPU 1, a handler on CPU 0, on CPU 1. */
#define AGENTS_OF_CPU0	0x5U
#define AGENTS_OF_CPU1	0xaU
#define PROGRAM(cpu)	(0x1U << (cpu))
#define HANDLER(cpu)	(0x4U << (cpu))

struct granule {
	uint64_t write;			/* history of the last write in schedule @written */
	uint32_t written;
	uint32_t saved;			/* the schedule that saved its content */
	uint8_t readers, writers;	/* one bit per agent, of all schedules so far */
	uint8_t point;			/* POINT_*, as of the last memory_learn() */
	bool is_listed;
};

struct region {
	uintptr_t base;
	size_t bytes;
	struct granule *granules;
	bool is_mms;			/* nobody but mm/ and programs write there */
};

struct saved {
	uint64_t *where;
	uint64_t was;
};

static struct region regions[MAX_REGIONS];
static unsigned int nr_regions;
static struct granule **met;		/* all that were ever accessed */
static size_t nr_met, max_met;
static struct saved *undo;
static size_t nr_undo, max_undo;
static uint32_t schedule;		/* number of the current one; 0: nothing is kept yet */

/* The finaliser of splitmix64 over both. */
uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15ULL + b + 0x632be59bd9b4e019ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static void *grown(void *array, size_t *max, size_t size)
{
	*max = *max ? 2 * *max : 1024;
	array = realloc(array, *max * size);
	if (!array)
		abort();
	return array;
}

void memory_watch(void *base, size_t bytes, bool is_mms)
{
	struct region *region = &regions[nr_regions++];
	size_t room = (bytes / GRANULE + 1) * sizeof(struct granule);

	if (nr_regions > MAX_REGIONS)
		abort();
	region->base = align_down((uintptr_t)base, GRANULE);
	region->bytes = bytes + ((uintptr_t)base - region->base);
	region->is_mms = is_mms;
	region->granules = mmap(NULL, room, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region->granules == MAP_FAILED)
		abort();
}

static const struct region *region_of(uintptr_t address)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		if (address - regions[i].base < regions[i].bytes)
			return &regions[i];
	}
	return NULL;
}

/* ---- points -------------------------------------------------------------- */

static bool do_meet(const struct granule *g, unsigned int some, unsigned int others)
{
	unsigned int users = g->readers | g->writers;

	return ((g->writers & some) && (users & others)) ||
	       ((g->writers & others) && (users & some));
}

static uint8_t point_of(const struct granule *g)
{
	unsigned int point = POINT_NONE;

	if (do_meet(g, AGENTS_OF_CPU0, AGENTS_OF_CPU1))
		point |= POINT_SWITCH | POINT_IRQ;
	if (do_meet(g, PROGRAM(0), HANDLER(0)) || do_meet(g, PROGRAM(1), HANDLER(1)))
		point |= POINT_IRQ;
	return (uint8_t)point;
}

unsigned int memory_learn(void)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < nr_met; i++) {
		uint8_t point = point_of(met[i]);

		nr += point != met[i]->point;
		met[i]->point = point;
	}
	return nr;
}

static void meet(struct granule *g, bool write)
{
	unsigned int number = cpu_number();
	unsigned int agent = cpu_this()->in_interrupt ? HANDLER(number) : PROGRAM(number);

	if (write)
		g->writers |= (uint8_t)agent;
	else
		g->readers |= (uint8_t)agent;
	if (g->is_listed)
		return;
	if (nr_met == max_met)
		met = grown(met, &max_met, sizeof(*met));
	met[nr_met++] = g;
	g->is_listed = true;
}

/* ---- accesses ------------------------------------------------------------ */

static void save(struct granule *g, uintptr_t address)
{
	if (g->saved == schedule)
		return;
	g->saved = schedule;
	if (nr_undo == max_undo)
		undo = grown(undo, &max_undo, sizeof(*undo));
	undo[nr_undo++] = (struct saved){ (uint64_t *)address, *(uint64_t *)address };
}

static void remember(struct granule *g, uintptr_t address, bool write)
{
	struct cpu *other = cpu_other();

	cpu_note(mix(address + write, g->written == schedule ? g->write : 0));
	if (!write)
		return;
	g->write = cpu_this()->history;
	g->written = schedule;
	if ((uintptr_t)other->last / GRANULE == address / GRANULE)
		other->waiting = false;
}

void memory_access(const void *address, size_t size, bool write)
{
	const struct region *region = region_of((uintptr_t)address);
	uintptr_t first = (uintptr_t)address / GRANULE, last;
	bool running = cpus_running();
	unsigned int point = POINT_NONE;
	struct granule *granules;

	if (!region || !schedule || !size)
		return;
	last = ((uintptr_t)address + size - 1) / GRANULE;
	granules = region->granules - region->base / GRANULE;
	if (running) {
		for (uintptr_t i = first; i <= last; i++) {
			meet(&granules[i], write);
			point |= granules[i].point;
		}
		explore_event(point);
		cpu_this()->last = address;
	}
	for (uintptr_t i = first; i <= last; i++) {
		if (running)
			remember(&granules[i], i * GRANULE, write);
		if (write)
			save(&granules[i], i * GRANULE);
	}
}

/* ---- undo ---------------------------------------------------------------- */

void memory_keep(void)
{
	schedule++;
	nr_undo = 0;
}

void memory_restore(void)
{
	while (nr_undo > 0) {
		nr_undo--;
		*undo[nr_undo].where = undo[nr_undo].was;
	}
	schedule++;
}

uint64_t memory_sum(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < nr_regions; i++) {
		const uint64_t *word = (const uint64_t *)regions[i].base;

		if (!regions[i].is_mms)
			continue;
		for (size_t left = regions[i].bytes / GRANULE; left > 0; left--)
			sum = (sum << 7 | sum >> 57) + *word++ * 0x9e3779b97f4a7c15ULL;
	}
	return sum;
}
