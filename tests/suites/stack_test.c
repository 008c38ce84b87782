/*
 * The stacks of a CPU: what they hold, and what happens when an interrupt that uses the same stack
 * comes at each instruction of an operation.
 */
#include <kernel/ktest.h>
#include <kernel/percpu.h>
#include <port/stack.h>

#define SIZE		6U
#define MAX_STEPS	200U	/* instructions; an operation with its calls takes about 40 */

static struct cpu_stack memory;
static int things[STACK_ENTRIES];

static void set_top(void **top)
{
	unsigned long flags = port_irq_save();

	port_percpu()->top[STACK_SPARE] = top;
	port_irq_restore(flags);
}

static void none_is_empty_and_full(struct ktest *t)
{
	set_top(stack_none);
	KTEST_EXPECT(t, stack_pop(STACK_SPARE) == NULL);
	KTEST_EXPECT(t, !stack_push(STACK_SPARE, &things[0]));
	KTEST_EXPECT_EQ(t, stack_nr(stack_none), 0);
	KTEST_EXPECT(t, port_percpu()->top[STACK_SPARE] == stack_none);
}

static void last_in_first_out(struct ktest *t)
{
	set_top(stack_empty_top(&memory, SIZE));
	for (unsigned int i = 0; i < SIZE; i++)
		KTEST_EXPECT(t, stack_push(STACK_SPARE, &things[i]));
	KTEST_EXPECT(t, !stack_push(STACK_SPARE, &things[SIZE]));
	KTEST_EXPECT(t, port_percpu()->top[STACK_SPARE] == stack_full_top(&memory));
	KTEST_EXPECT(t, stack_of_top(port_percpu()->top[STACK_SPARE]) == &memory);
	KTEST_EXPECT_EQ(t, stack_nr(port_percpu()->top[STACK_SPARE]), SIZE);
	for (unsigned int i = SIZE; i-- > 0;)
		KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[i]);
	KTEST_EXPECT(t, stack_pop(STACK_SPARE) == NULL);
	set_top(stack_none);
}

static void largest_stack(struct ktest *t)
{
	unsigned int nr = 0;

	set_top(stack_empty_top(&memory, STACK_MAX));
	while (stack_push(STACK_SPARE, &things[nr]))
		nr++;
	KTEST_EXPECT_EQ(t, nr, STACK_MAX);
	while (stack_pop(STACK_SPARE))
		nr--;
	KTEST_EXPECT_EQ(t, nr, 0);
	set_top(stack_none);
}

/* An empty stack without anything of earlier turns: what nobody put there shows. */
static void set_fresh_stack(void)
{
	for (unsigned int i = 0; i < STACK_ENTRIES; i++)
		memory.entry[i] = &things[STACK_ENTRIES - 1];
	set_top(stack_empty_top(&memory, SIZE));
}

/* What the handler saw. @refused: operations that it was not allowed, by the portable stacks. */
struct intruder {
	void *taken;
	bool busy;
	unsigned int refused;
};

/* The handler takes what lies on top, and puts two others there. */
static void handler(void *arg)
{
	struct intruder *in = arg;

	in->busy = port_percpu()->busy;
	in->taken = stack_pop(STACK_SPARE);
	in->refused = !in->taken;
	in->refused += !stack_push(STACK_SPARE, &things[10]);
	in->refused += !stack_push(STACK_SPARE, &things[11]);
}

/* How the interruptions of one operation went. */
struct tally {
	unsigned int before, after, refused;
};

/* Each instruction of the operation has been met, and only who is busy refuses. */
static void check_tally(struct ktest *t, const struct tally *tally)
{
	if (tally->refused)
		KTEST_EXPECT(t, tally->refused >= 4);	/* load, store, move the top, clear */
	else
		KTEST_EXPECT(t, tally->before >= 5);	/* the five instructions of the sequence */
	KTEST_EXPECT(t, tally->before >= 1);
	KTEST_EXPECT(t, tally->after >= 1);
}

/* Was the handler kept off? Then from all it wanted, and while this CPU was busy. */
static bool was_refused(struct ktest *t, const struct intruder *in, struct tally *tally)
{
	KTEST_EXPECT_EQ(t, in->refused, in->busy ? 3 : 0);
	tally->refused += in->busy;
	return in->busy;
}

static bool can_interrupt(struct ktest *t)
{
	struct intruder nobody;
	bool can = port_interrupt_after(MAX_STEPS, handler, &nobody);

	(void)port_interrupt_cancel();
	if (!can)
		ktest_skip(t, "this port cannot interrupt at an instruction");
	return can;
}

/* Each of the things is in one place: popped by one of the two, or on the stack. */
static void interrupted_pop(struct ktest *t)
{
	struct tally tally = { 0 };

	if (!can_interrupt(t))
		return;
	for (unsigned int nr = 1; nr < MAX_STEPS; nr++) {
		struct intruder in = { .taken = NULL };
		void *popped;

		set_fresh_stack();
		(void)stack_push(STACK_SPARE, &things[0]);
		(void)stack_push(STACK_SPARE, &things[1]);
		(void)port_interrupt_after(nr, handler, &in);
		popped = stack_pop(STACK_SPARE);
		if (!port_interrupt_cancel())
			break;
		if (was_refused(t, &in, &tally)) {
			KTEST_EXPECT(t, popped == &things[1]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[0]);
		} else if (popped == &things[11]) {	/* the handler came first */
			tally.before++;
			KTEST_EXPECT(t, in.taken == &things[1]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[10]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[0]);
		} else {
			tally.after++;
			KTEST_EXPECT(t, popped == &things[1] && in.taken == &things[0]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[11]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[10]);
		}
		KTEST_EXPECT(t, stack_pop(STACK_SPARE) == NULL);
	}
	set_top(stack_none);
	check_tally(t, &tally);
}

static void interrupted_push(struct ktest *t)
{
	struct tally tally = { 0 };

	if (!can_interrupt(t))
		return;
	for (unsigned int nr = 1; nr < MAX_STEPS; nr++) {
		struct intruder in = { .taken = NULL };
		bool pushed;

		set_fresh_stack();
		(void)stack_push(STACK_SPARE, &things[0]);
		(void)port_interrupt_after(nr, handler, &in);
		pushed = stack_push(STACK_SPARE, &things[1]);
		if (!port_interrupt_cancel())
			break;
		KTEST_EXPECT(t, pushed);
		if (was_refused(t, &in, &tally)) {
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[1]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[0]);
		} else if (in.taken == &things[0]) {	/* the handler came first */
			tally.before++;
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[1]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[11]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[10]);
		} else {
			tally.after++;
			KTEST_EXPECT(t, in.taken == &things[1]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[11]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[10]);
			KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[0]);
		}
		KTEST_EXPECT(t, stack_pop(STACK_SPARE) == NULL);
	}
	set_top(stack_none);
	check_tally(t, &tally);
}

/* ---- many at once -------------------------------------------------------- */

static void many_at_once(struct ktest *t)
{
	void *entries[SIZE + 2], *popped[SIZE + 2] = { NULL };

	for (unsigned int i = 0; i < ARRAY_SIZE(entries); i++)
		entries[i] = &things[i];
	set_top(stack_none);
	KTEST_EXPECT_EQ(t, stack_push_many(STACK_SPARE, entries, 1), 0);
	KTEST_EXPECT_EQ(t, stack_pop_many(STACK_SPARE, SIZE, popped, 1), 0);
	set_top(stack_empty_top(&memory, SIZE));
	KTEST_EXPECT_EQ(t, stack_pop_many(STACK_SPARE, SIZE, popped, 1), 0);
	KTEST_EXPECT_EQ(t, stack_push_many(STACK_SPARE, entries, 0), 0);
	KTEST_EXPECT_EQ(t, stack_push_many(STACK_SPARE, entries, 2), 2);
	KTEST_EXPECT_EQ(t, stack_push_many(STACK_SPARE, entries + 2, SIZE), SIZE - 2);
	KTEST_EXPECT_EQ(t, stack_push_many(STACK_SPARE, entries, 1), 0);
	KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[SIZE - 1]);
	KTEST_EXPECT_EQ(t, stack_pop_many(STACK_SPARE, SIZE, popped, 0), 0);
	KTEST_EXPECT_EQ(t, stack_pop_many(STACK_SPARE, SIZE, popped, 2), 2);
	KTEST_EXPECT(t, (popped[0] == &things[SIZE - 2]) != (popped[1] == &things[SIZE - 2]));
	KTEST_EXPECT(t, (popped[0] == &things[SIZE - 3]) != (popped[1] == &things[SIZE - 3]));
	KTEST_EXPECT(t, popped[2] == NULL);
	KTEST_EXPECT_EQ(t, stack_pop_many(STACK_SPARE, SIZE, popped, SIZE), SIZE - 3);
	KTEST_EXPECT(t, stack_pop(STACK_SPARE) == NULL);
	set_top(stack_none);
}

/* Are the things of @want, a bit for each, exactly once each among @entries and on the stack? */
static bool all_there(void **entries, unsigned int nr, uint32_t want)
{
	uint32_t seen = 0;
	void *entry;

	while (nr < STACK_ENTRIES && (entry = stack_pop(STACK_SPARE)) != NULL)
		entries[nr++] = entry;
	for (unsigned int i = 0; i < nr; i++) {
		uint32_t bit = 1U << ((int *)entries[i] - things);

		if (seen & bit)
			return false;
		seen |= bit;
	}
	return seen == want;
}

/* @push: two things are pushed by the interrupted operation, or popped. */
static void interrupt_many(struct ktest *t, bool push)
{
	unsigned int came = 0;

	if (!can_interrupt(t))
		return;
	for (unsigned int nr = 1; nr < MAX_STEPS; nr++) {
		void *mine[] = { &things[0], &things[1], &things[2], &things[3] };
		struct intruder in = { .taken = NULL };
		void *entries[STACK_ENTRIES];
		unsigned int n = 0;

		set_top(stack_empty_top(&memory, SIZE + 2));
		(void)stack_push_many(STACK_SPARE, mine, push ? 2 : 4);
		(void)port_interrupt_after(nr, handler, &in);
		if (push)
			KTEST_EXPECT_EQ(t, stack_push_many(STACK_SPARE, mine + 2, 2), 2);
		else
			n = stack_pop_many(STACK_SPARE, SIZE + 2, entries, 3);
		if (!port_interrupt_cancel())
			break;
		came++;
		KTEST_EXPECT_EQ(t, n, push ? 0 : 3);
		KTEST_EXPECT(t, in.refused == 0 || (in.busy && in.refused == 3));
		if (in.taken)
			entries[n++] = in.taken;
		KTEST_EXPECT(t, all_there(entries, n, in.refused ? 0xf : 0xc0f));
	}
	set_top(stack_none);
	KTEST_EXPECT(t, came >= 12);		/* instructions of the shorter sequence */
}

static void interrupted_pop_many(struct ktest *t)
{
	interrupt_many(t, false);
}

static void interrupted_push_many(struct ktest *t)
{
	interrupt_many(t, true);
}

static const struct ktest_case stack_cases[] = {
	KTEST_CASE(none_is_empty_and_full),
	KTEST_CASE(last_in_first_out),
	KTEST_CASE(largest_stack),
	KTEST_CASE(interrupted_pop),
	KTEST_CASE(interrupted_push),
	KTEST_CASE(many_at_once),
	KTEST_CASE(interrupted_pop_many),
	KTEST_CASE(interrupted_push_many),
};
KTEST_SUITE(stack, stack_cases);
