/*
 * Leaves.
 */
#pragma once

/** leaf_grow() - one more. */
int leaf_grow(int nr);
int leaf_shrink(int nr);

int leaf_count(void);	/* those that hang */

int leaf_colour(void);

/** leaf_fall() - none is left; nobody wrote it. */
__attribute__((format(printf, 1, 2)))
void leaf_fall(const char *fmt,
	       ...);

struct leaf {
	int (*grow)(int nr);
};

static inline int leaf_twice(int nr)
{
	return leaf_grow(leaf_grow(nr));
}
