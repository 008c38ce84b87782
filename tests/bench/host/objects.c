/* Workloads of objects; what take() and give() are is allocator.h's matter. */
#include "tests/bench/host/bench.h"

#include "tests/bench/host/allocator.h"

#define NR(array)	(sizeof(array) / sizeof((array)[0]))
#define WORKLOAD	__attribute__((noinline)) void

#define PAIR(size)                                                                                 \
	WORKLOAD timed_pair_##size(struct tables *t);                                              \
	WORKLOAD timed_pair_##size(struct tables *t)                                               \
	{                                                                                          \
		(void)t;                                                                           \
		for (unsigned int i = 0; i < NR_PAIRS; i++) {                                      \
			void *object = take(size);                                                 \
                                                                                                   \
			__asm__ volatile("" : "+r"(object) : : "memory");                          \
			give(object);                                                              \
		}                                                                                  \
	}

PAIR(64)
PAIR(4096)

WORKLOAD timed_batch_64_alloc(struct tables *t);
WORKLOAD timed_batch_64_free(struct tables *t);
WORKLOAD timed_mixed(struct tables *t);

WORKLOAD timed_batch_64_alloc(struct tables *t)
{
	for (unsigned int i = 0; i < NR_BATCH; i++)
		t->objects[i] = take(64);
}

WORKLOAD timed_batch_64_free(struct tables *t)
{
	for (unsigned int i = 0; i < NR_BATCH; i++)
		give(t->objects[t->order[i]]);
}

static void fill_slots(struct tables *t)
{
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		t->objects[i] = take(t->size[i]);
}

static void empty_slots(struct tables *t)
{
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		give(t->objects[i]);
}

/* The word written is what a caller does first with what it got. */
WORKLOAD timed_mixed(struct tables *t)
{
	for (unsigned int i = 0; i < NR_STEPS; i++) {
		uint64_t *object;

		give(t->objects[t->slot[i]]);
		object = take(t->size[i]);
		*(volatile uint64_t *)object = i;
		t->objects[t->slot[i]] = object;
	}
}

static const struct workload pair_64[] = { { "pair_64", NULL, timed_pair_64, NR_PAIRS } };
static const struct workload pair_4096[] = { { "pair_4096", NULL, timed_pair_4096, NR_PAIRS } };
static const struct workload batch_64[] = {
	{ "batch_64_alloc", NULL, timed_batch_64_alloc, NR_BATCH },
	{ "batch_64_free", NULL, timed_batch_64_free, NR_BATCH },
};
static const struct workload mixed[] = { { "mixed", fill_slots, timed_mixed, NR_STEPS } };

const struct group object_groups[] = {
	{ pair_64, NR(pair_64), NULL },
	{ pair_4096, NR(pair_4096), NULL },
	{ batch_64, NR(batch_64), NULL },
	{ mixed, NR(mixed), empty_slots },
};
const unsigned int nr_object_groups = NR(object_groups);
