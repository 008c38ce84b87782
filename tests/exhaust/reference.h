/*
 * The naive reference of a zone: which units are handed out, and what follows from that.
 */
#pragma once

#include <kernel/compiler.h>

#define MAX_UNITS	64U		/* one word of bits has all of a zone */
#define MAX_LEVEL	6U		/* log2 of that */
#define MAX_LISTS	2U		/* CPUs with page lists */

/* A block is free, out, on a CPU's list, or else two halves. */
enum block_class { CLASS_FREE, CLASS_OUT, CLASS_LISTED, NR_CLASSES = CLASS_LISTED + MAX_LISTS };

/* One of the largest aligned blocks that the zone has whole. */
struct piece {
	uint8_t unit, level;
};

/*
 * struct reference - units are the smallest blocks that a search deals in.
 * @managed: the units that the zone has, one bit each
 * @top:     order of the largest block that there can be, in units
 * @mirror:  do states that differ in the order of like halves and pieces count as one?
 * @piece:   of @managed, large ones first
 * @nr:      by level: states of a whole block
 * @out:     order + 1 of the block handed out that begins here
 * @listed:  the same for each CPU's lists
 * @free:    what must be free: heads of the largest aligned blocks of units that are neither
 */
struct reference {
	uint64_t managed;
	unsigned int top;
	bool mirror;
	struct piece piece[MAX_UNITS];
	unsigned int nr_pieces;
	uint64_t nr[MAX_LEVEL + 1];

	uint8_t out[MAX_UNITS];
	uint64_t out_units;
	uint8_t listed[MAX_LISTS][MAX_UNITS];
	uint64_t listed_units[MAX_LISTS];
	uint64_t free[MAX_LEVEL + 1];
};

/** block_units() - the bits of the block of @order at @unit, which is aligned. */
static inline uint64_t block_units(unsigned int unit, unsigned int order)
{
	return (order == MAX_LEVEL ? ~0ULL : (1ULL << (1U << order)) - 1) << unit;
}

/** reference_init() - nothing is out of the units in @map, a string of '#' and other characters. */
void reference_init(struct reference *ref, const char *map, unsigned int top, bool mirror);

/**
 * reference_read() - work out @free.
 * Return: a number that no other state of the zone has, or only its mirror images; the order of
 *         lists is no part of it.
 */
uint64_t reference_read(struct reference *ref);

/** reference_has() - is there an aligned block of @order of units that are not in @busy? */
bool reference_has(const struct reference *ref, unsigned int order, uint64_t busy);
