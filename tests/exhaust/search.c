/*
 * Breadth-first search over the states of real code.
 *
 * 1. Idea.       From the first state every operation that is possible is tried, from each new
 *                state again, until no new one appears. Nothing is drawn at random, and no length
 *                of sequences is assumed: what was not reached cannot be reached by these
 *                operations.
 * 2. States.     The code under test has its state in memory. The regions name that memory; they
 *                are saved and put back around each operation. Only one copy is kept: a state in
 *                the queue is its parent and the operation that led to it, and is made again by
 *                replaying these from the first state. So each state is one that the code itself
 *                has reached, and each is reached twice.
 * 3. Keys.       States with the same key count as one, the first to be found stands for all.
 *                Worlds say which differences a key leaves out.
 * 4. Failures.   The search is breadth-first, so the operations that lead to a failure are a
 *                shortest sequence. They are replayed and printed. The same is done in a panic, at
 *                a fault and when an operation does not end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search.h"

#define NOT_FOUND	UINT32_MAX
#define FIRST_ROOM	1024U		/* states; doubled as needed */
#define MAX_DEPTH	4096U		/* operations from the first state to any other */
#define TEXT		128U		/* bytes of a described operation */
#define PATIENCE	60U		/* seconds for so many states; they take a hundredth */
#define PATIENCE_STATES	1024U

static struct {
	struct search_world *world;
	size_t bytes;			/* of all regions */
	unsigned char *first, *here;	/* the first state; the one whose operations are tried */
	struct search_key *key;
	uint32_t *parent;
	uint16_t *op;
	uint32_t nr, room;
	uint32_t *table;		/* by hash of the key: number + 1; 2 * room of them */
	uint32_t at;			/* number of the state that is looked at */
	bool in_op;			/* inside or just after the operation below */
	uint16_t this_op;
	bool said;
	struct search_result result;
	jmp_buf leave;
} search;

/* ---- memory ---------------------------------------------------------------------------------- */

void search_add_region(struct search_world *world, void *start, size_t bytes)
{
	if (world->nr_regions == SEARCH_MAX_REGIONS)
		abort();
	world->regions[world->nr_regions++] = (struct search_region){ start, bytes };
}

static void *checked(void *memory)
{
	if (!memory) {
		fputs("exhaust: no memory\n", stderr);
		exit(2);
	}
	return memory;
}

static void save(unsigned char *to)
{
	for (unsigned int i = 0; i < search.world->nr_regions; i++) {
		const struct search_region *region = &search.world->regions[i];

		memcpy(to, region->start, region->bytes);
		to += region->bytes;
	}
}

static void restore(const unsigned char *from)
{
	for (unsigned int i = 0; i < search.world->nr_regions; i++) {
		const struct search_region *region = &search.world->regions[i];

		memcpy(region->start, from, region->bytes);
		from += region->bytes;
	}
}

static bool is_same(const unsigned char *as)
{
	for (unsigned int i = 0; i < search.world->nr_regions; i++) {
		const struct search_region *region = &search.world->regions[i];

		if (memcmp(region->start, as, region->bytes) != 0)
			return false;
		as += region->bytes;
	}
	return true;
}

/* ---- states that are known ------------------------------------------------------------------- */

/* splitmix64's mixing step (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static bool is_key(const struct search_key *a, const struct search_key *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

static uint32_t *slot_of(const struct search_key *key)
{
	uint32_t mask = 2 * search.room - 1;
	uint32_t slot = (uint32_t)mix(key->word[0] + mix(key->word[1])) & mask;

	while (search.table[slot] != 0 && !is_key(&search.key[search.table[slot] - 1], key))
		slot = (slot + 1) & mask;
	return &search.table[slot];
}

static void make_room(uint32_t room)
{
	search.room = room;
	search.key = checked(realloc(search.key, room * sizeof(*search.key)));
	search.parent = checked(realloc(search.parent, room * sizeof(*search.parent)));
	search.op = checked(realloc(search.op, room * sizeof(*search.op)));
	free(search.table);
	search.table = checked(calloc(2 * (size_t)room, sizeof(*search.table)));
	for (uint32_t i = 0; i < search.nr; i++)
		*slot_of(&search.key[i]) = i + 1;
}

static void note_state(const struct search_key *key, uint32_t parent, uint16_t op)
{
	uint32_t *slot = slot_of(key);

	if (*slot != 0)
		return;
	if (search.nr == search.room) {
		make_room(2 * search.room);
		slot = slot_of(key);
	}
	search.key[search.nr] = *key;
	search.parent[search.nr] = parent;
	search.op[search.nr] = op;
	*slot = ++search.nr;
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* The operations that lead from the first state to @state, last one first. Return: how many. */
static unsigned int path_to(uint32_t state, uint16_t *ops)
{
	unsigned int nr = 0;

	if (state >= search.nr)		/* not even the first one has a name yet */
		return 0;
	for (; search.parent[state] != NOT_FOUND && nr < MAX_DEPTH; state = search.parent[state])
		ops[nr++] = search.op[state];
	return nr;
}

static unsigned int replay(uint32_t state)
{
	uint16_t ops[MAX_DEPTH];
	unsigned int nr = path_to(state, ops);

	restore(search.first);
	for (unsigned int i = nr; i-- > 0;)
		search.world->run(ops[i], true);
	search.world->settle();
	return nr;
}

void search_say_path(void)
{
	uint16_t ops[MAX_DEPTH];
	char text[TEXT];
	unsigned int nr, step = 1;

	if (!search.world || search.said)
		return;
	search.said = true;
	printf("# %s: the shortest way there:\n", search.world->name);
	nr = path_to(search.at, ops);
	restore(search.first);
	for (unsigned int i = nr; i-- > 0;) {
		search.world->run(ops[i], true);
		search.world->describe(ops[i], true, text, sizeof(text));
		printf("#   %2u  %s\n", step++, text);
	}
	if (search.in_op) {
		search.world->describe(search.this_op, false, text, sizeof(text));
		printf("#   %2u  %s    <- here\n", step, text);
	}
	fflush(stdout);
}

void search_fail(const char *fmt, ...)
{
	va_list args;

	printf("# %s: FAILED: ", search.world->name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	search_say_path();
	longjmp(search.leave, 1);
}

/* ---- the search ------------------------------------------------------------------------------ */

static void expand(uint32_t state)
{
	uint16_t ops[SEARCH_MAX_OPS];
	struct search_key key;
	unsigned int nr;

	if (state % PATIENCE_STATES == 0)
		alarm(PATIENCE);
	search.at = state;
	search.in_op = false;
	search.result.depth = replay(state);
	key = search.world->key();
	SEARCH_EXPECT(is_key(&key, &search.key[state]),
		      "the same operations led to another state than the first time");
	save(search.here);
	search.world->look();
	search.world->settle();
	SEARCH_EXPECT(is_same(search.here), "something that must be refused changed the state");
	nr = search.world->ops(ops);
	for (unsigned int i = 0; i < nr; i++) {
		if (i > 0)
			restore(search.here);
		search.this_op = ops[i];
		search.in_op = true;
		search.world->run(ops[i], false);
		search.world->settle();
		key = search.world->key();
		note_state(&key, state, ops[i]);
	}
	search.result.operations += nr;
}

struct search_result search_run(struct search_world *world)
{
	memset(&search, 0, sizeof(search));
	search.world = world;
	for (unsigned int i = 0; i < world->nr_regions; i++)
		search.bytes += world->regions[i].bytes;
	search.first = checked(malloc(search.bytes));
	search.here = checked(malloc(search.bytes));
	make_room(FIRST_ROOM);
	world->settle();
	save(search.first);
	if (setjmp(search.leave) == 0) {
		struct search_key key = world->key();

		note_state(&key, NOT_FOUND, 0);
		for (uint32_t i = 0; i < search.nr; i++)
			expand(i);
	} else {
		search.result.failed = true;
	}
	alarm(0);
	search.result.states = search.nr;
	restore(search.first);
	free(search.first);
	free(search.here);
	free(search.key);
	free(search.parent);
	free(search.op);
	free(search.table);
	search.world = NULL;
	return search.result;
}
