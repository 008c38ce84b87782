/*
 * The set of states that schedules have come through: a hash table with open addressing of keys
 * that are hashes themselves. Two states with one key of 63 bits would hide each other: among ten
 * million states with a chance of 10^14 / 2^64, about one in 200000.
 */
#include <stdlib.h>

#include "interleave.h"

#define FIRST_SLOTS	(1UL << 16)	/* keys; doubled when half full */

static uint64_t *seen;			/* 0: a free slot */
static size_t nr_seen, nr_slots;

static uint64_t *slot_of(uint64_t *slots, size_t nr, uint64_t key)
{
	size_t i = key >> 1 & (nr - 1);

	while (slots[i] && slots[i] != key)
		i = (i + 1) & (nr - 1);
	return &slots[i];
}

static void more_slots(void)
{
	size_t nr = nr_slots ? 2 * nr_slots : FIRST_SLOTS;
	uint64_t *slots = calloc(nr, sizeof(*slots));

	if (!slots)
		abort();
	for (size_t i = 0; i < nr_slots; i++) {
		if (seen[i])
			*slot_of(slots, nr, seen[i]) = seen[i];
	}
	free(seen);
	seen = slots;
	nr_slots = nr;
}

bool states_add(uint64_t key)
{
	uint64_t *slot;

	if (2 * nr_seen >= nr_slots)
		more_slots();
	slot = slot_of(seen, nr_slots, key);
	if (*slot)
		return false;
	*slot = key;
	nr_seen++;
	return true;
}

void states_forget(void)
{
	free(seen);
	seen = NULL;
	nr_seen = 0;
	nr_slots = 0;
}
