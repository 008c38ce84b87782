/*
 * The naive reference of a zone.
 *
 * 1. What is free. It knows which blocks are handed out or lie on a CPU's list, as sets of units,
 *                and nothing of lists, descriptors or merging. What is free follows by definition:
 *                the largest aligned blocks that no busy unit lies in. They are read off the tree
 *                of aligned blocks, from each whole piece of the zone down.
 * 2. Numbers.    A state's number is built the same way. A block has NR_CLASSES numbers for itself
 *                and then one for each pair of its halves'. Where mirror images count as one, pairs
 *                have no order: with a >= b, number a (a + 1) / 2 + b. The numbers of all pieces
 *                are the digits of the zone's; mirrored, those of pieces of one size are sorted
 *                first.
 * 3. Mirrors.    Like halves may change places because the rules of buddies do not know left from
 *                right: if a state can be reached, so can its image, by the same operations on the
 *                images of the blocks. Pieces of one size may, because no two of them ever merge.
 */
#include <string.h>

#include "reference.h"
#include "search.h"

static void add_pieces(struct reference *ref, unsigned int level)
{
	for (unsigned int unit = 0; unit < MAX_UNITS; unit += 1U << level) {
		uint64_t units = block_units(unit, level);
		uint64_t larger = 0;

		for (unsigned int i = 0; i < ref->nr_pieces; i++)
			larger |= block_units(ref->piece[i].unit, ref->piece[i].level);
		if (!(larger & units) && (ref->managed & units) == units)
			ref->piece[ref->nr_pieces++] =
				(struct piece){ (uint8_t)unit, (uint8_t)level };
	}
}

void reference_init(struct reference *ref, const char *map, unsigned int top, bool mirror)
{
	memset(ref, 0, sizeof(*ref));
	ref->top = top;
	ref->mirror = mirror;
	for (unsigned int i = 0; map[i]; i++)
		ref->managed |= (uint64_t)(map[i] == '#') << i;
	for (unsigned int level = top + 1; level-- > 0;)
		add_pieces(ref, level);
	ref->nr[0] = NR_CLASSES;
	for (unsigned int level = 1; level <= top; level++) {
		uint64_t half = ref->nr[level - 1];

		ref->nr[level] = NR_CLASSES + (mirror ? half * (half + 1) / 2 : half * half);
	}
}

/* A block's own class. Return: NR_CLASSES: it is a pair. */
static unsigned int class_of(struct reference *ref, unsigned int level, unsigned int unit)
{
	uint64_t busy = ref->out_units | ref->listed_units[0] | ref->listed_units[1];

	if (!(busy & block_units(unit, level))) {
		ref->free[level] |= 1ULL << unit;
		return CLASS_FREE;
	}
	if (ref->out[unit] == level + 1)
		return CLASS_OUT;
	for (unsigned int cpu = 0; cpu < MAX_LISTS; cpu++) {
		if (ref->listed[cpu][unit] == level + 1)
			return CLASS_LISTED + cpu;
	}
	return NR_CLASSES;
}

static uint64_t number_of(struct reference *ref, unsigned int level, unsigned int unit)
{
	unsigned int class = class_of(ref, level, unit);
	uint64_t a, b;

	if (class != NR_CLASSES)
		return class;
	SEARCH_EXPECT(level > 0, "unit %u is busy, but in no block", unit);
	a = number_of(ref, level - 1, unit);
	b = number_of(ref, level - 1, unit + (1U << (level - 1)));
	if (!ref->mirror)
		return NR_CLASSES + a * ref->nr[level - 1] + b;
	return NR_CLASSES + (a >= b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a);
}

/* Insertion sort, within pieces of one size. */
static void sort_in(uint64_t *number, const struct piece *piece, unsigned int i)
{
	for (; i > 0 && piece[i].level == piece[i - 1].level && number[i] < number[i - 1]; i--) {
		uint64_t swapped = number[i];

		number[i] = number[i - 1];
		number[i - 1] = swapped;
	}
}

uint64_t reference_read(struct reference *ref)
{
	uint64_t number[MAX_UNITS], all = 0;

	memset(ref->free, 0, sizeof(ref->free));
	for (unsigned int i = 0; i < ref->nr_pieces; i++) {
		number[i] = number_of(ref, ref->piece[i].level, ref->piece[i].unit);
		if (ref->mirror)
			sort_in(number, ref->piece, i);
	}
	for (unsigned int i = 0; i < ref->nr_pieces; i++)
		all = all * ref->nr[ref->piece[i].level] + number[i];
	return all;
}

bool reference_has(const struct reference *ref, unsigned int order, uint64_t busy)
{
	if (order > ref->top)
		return false;
	for (unsigned int unit = 0; unit < MAX_UNITS; unit += 1U << order) {
		uint64_t units = block_units(unit, order);

		if ((ref->managed & units) == units && !(busy & units))
			return true;
	}
	return false;
}
