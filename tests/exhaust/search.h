/*
 * Breadth-first search over the states of real code: search.c has the theory.
 */
#pragma once

#include <kernel/compiler.h>

/* What a state is called: equal for states that the search takes for one. */
struct search_key {
	uint64_t word[2];
};

/* Memory that belongs to the state: it is saved, restored and compared. */
struct search_region {
	void *start;
	size_t bytes;
};

#define SEARCH_MAX_REGIONS	64U
#define SEARCH_MAX_OPS		256U	/* in one state */

/*
 * struct search_world - what is searched. All but @name are called with the code in some state.
 * @ops:      what can be done now. Return: how many, at most SEARCH_MAX_OPS
 * @run:      do it, and see that the reference agrees; @replay: it has been seen already
 * @settle:   wipe what is no part of the state, such as tickets of locks
 * @key:      check all that must hold after each operation, and name the state
 * @look:     check what takes longer, once in each state; must leave the state as it is
 * @describe: into @text, what was done, and with @outcome what came of it
 */
struct search_world {
	const char *name;
	struct search_region regions[SEARCH_MAX_REGIONS];
	unsigned int nr_regions;
	unsigned int (*ops)(uint16_t *ops);
	void (*run)(uint16_t op, bool replay);
	void (*settle)(void);
	struct search_key (*key)(void);
	void (*look)(void);
	void (*describe)(uint16_t op, bool outcome, char *text, size_t size);
};

struct search_result {
	uint64_t states;
	uint64_t operations;		/* tried, over all states */
	unsigned int depth;		/* operations to the last state that was found */
	bool failed;
};

/** search_add_region() - @start .. @start + @bytes belongs to the state. */
void search_add_region(struct search_world *world, void *start, size_t bytes);

/**
 * search_run() - all states that can be reached from the present one.
 * Return: at the first failure it is printed, and the search ends.
 */
struct search_result search_run(struct search_world *world);

/** search_fail() - from a callback: say what is wrong and by which operations one gets there. */
__printf(1, 2) _Noreturn void search_fail(const char *fmt, ...);

/** search_say_path() - the operations that lead to where the search is now. Does nothing when
 *  called a second time. */
void search_say_path(void);

/* The condition must hold; else the search ends with its text. */
#define SEARCH_EXPECT(cond, ...)                                                                   \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			search_fail(__VA_ARGS__);                                                  \
	} while (0)
