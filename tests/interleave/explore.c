/*
 * All interleavings of two CPUs and an interrupt, up to a bound.
 *
 * 1. Schedules.  A schedule is what is chosen at points: go on, let the other CPU go on (a
 *                preemption), take the interrupt, take or defer a call from the other CPU. A CPU
 *                that waits or has ended gives way without a choice. Everything else follows, so a
 *                schedule is told by its choices: the number of the event, a letter (ACTION_*).
 * 2. Search.     Depth first, each schedule from the beginning: the trace of the last one, its last
 *                choice with another option left changed, everything behind that by default, which
 *                is to go on. The bound counts preemptions (Musuvathi and Qadeer 2007), to which a
 *                deferred call belongs, interrupts, and both together.
 * 3. Joining.    A CPU's history is a hash of its events, each with the write that it saw or came
 *                after. Equal histories of both CPUs mean equal states, whatever the order of what
 *                does not touch; so where the state and what is left of the bound were there
 *                before, the schedule is left: all that can follow has been or will be explored
 *                from there.
 * 4. Points      are learned (memory.c): a search that found new ones is done again. So in the last
 *                one a choice was offered wherever the order could matter in any of its schedules.
 * 5. Not here.   Memory is sequentially consistent: that a CPU of x86-64 may load before its own
 *                earlier store is seen is not explored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interleave.h"

#define MAX_EVENTS	100000U		/* of a schedule: far more than any that ends */
#define MAX_OPTIONS	4U
#define MAX_TEXT	4096U		/* bytes of a schedule's text */

/* The letters of a schedule. ACTION_GO is never written down. */
#define ACTION_GO	'g'
#define ACTION_SWITCH	's'
#define ACTION_IRQ	'i'
#define ACTION_CALL	'c'
#define ACTION_DEFER	'd'

#define NO_CHOICE	"0g"		/* the schedule that goes on everywhere */

struct choice {
	unsigned int event;
	unsigned int nr, chosen;
	char option[MAX_OPTIONS];
};

static const struct scenario *scenario;
static struct bound bound, used;
static unsigned int event;		/* number of the current one */
static uint64_t spun[NR_CPUS];		/* state when each last began to wait */

static struct choice *trace;
static size_t depth, nr_trace, max_trace;

static char text[MAX_TEXT];
static size_t text_len;
static const char *script;		/* what is left to replay; NULL: exploring */

/* ---- states -------------------------------------------------------------- */

static uint64_t state_of(const struct cpu *cpu)
{
	return mix(cpu->history, (uint64_t)cpu->masked | (uint64_t)cpu->in_interrupt << 1 |
				 (uint64_t)cpu->done << 2 | (uint64_t)cpu->waiting << 3 |
				 (uint64_t)cpu->deferred << 4 |
				 (uint64_t)cpu->has_spun << 5 | (uint64_t)cpu->nr_calls << 8);
}

/* Of the CPUs in their order, whichever runs, and of what is left to choose. */
static uint64_t state(void)
{
	bool swapped = cpu_number() != 0;
	uint64_t first = state_of(swapped ? cpu_other() : cpu_this());
	uint64_t second = state_of(swapped ? cpu_this() : cpu_other());

	return mix(mix(first, second), (uint64_t)swapped | (uint64_t)used.preemptions << 8 |
				       (uint64_t)used.interrupts << 16) | 1;
}

/* ---- choices ------------------------------------------------------------- */

static bool has_preemption(void)
{
	return used.preemptions < bound.preemptions &&
	       used.preemptions + used.interrupts < bound.together;
}

static bool has_interrupt(void)
{
	return scenario->irq && used.interrupts < bound.interrupts &&
	       used.preemptions + used.interrupts < bound.together;
}

/* Nothing to do, unless there is an interrupt. */
static bool is_idle(const struct cpu *cpu)
{
	return cpu->done && !cpu->in_interrupt && !cpu->nr_calls;
}

static bool may_preempt(const struct cpu *other)
{
	if (!has_preemption() || other->waiting)
		return false;
	if (!is_idle(other))
		return true;
	/* To wake it up for the interrupt. */
	return has_interrupt() && used.preemptions + used.interrupts + 1 < bound.together;
}

/* What this CPU can do; what it does by default comes first. */
static void find_options(struct choice *choice, unsigned int point)
{
	const struct cpu *cpu = cpu_this();

	choice->nr = 0;
	if (!cpu->masked && cpu->nr_calls && !cpu->deferred) {
		choice->option[choice->nr++] = ACTION_CALL;
		if (has_preemption())
			choice->option[choice->nr++] = ACTION_DEFER;
		return;
	}
	choice->option[choice->nr++] = ACTION_GO;
	if ((point & POINT_SWITCH) && may_preempt(cpu_other()))
		choice->option[choice->nr++] = ACTION_SWITCH;
	if (!cpu->masked && cpu->nr_calls)
		choice->option[choice->nr++] = ACTION_CALL;
	else if (!cpu->masked && has_interrupt())
		choice->option[choice->nr++] = ACTION_IRQ;
}

static char choose(const struct choice *choice)
{
	if (depth < nr_trace) {
		const struct choice *past = &trace[depth++];

		if (past->event != event)
			fail("event %u: not the schedule that it was before", event);
		return past->option[past->chosen];
	}
	if (nr_trace == max_trace) {
		max_trace = max_trace ? 2 * max_trace : 1024;
		trace = realloc(trace, max_trace * sizeof(*trace));
		if (!trace)
			abort();
	}
	trace[nr_trace] = *choice;
	trace[nr_trace].event = event;
	trace[nr_trace].chosen = 0;
	depth = ++nr_trace;
	return choice->option[0];
}

static void write_down(char action)
{
	int len = snprintf(text + text_len, sizeof(text) - text_len, "%s%u%c",
			   text_len ? "." : "", event, action);

	if (len > 0 && text_len + (size_t)len < sizeof(text))
		text_len += (size_t)len;
}

static void irq(void *arg)
{
	(void)arg;
	scenario->irq();
}

static void take_interrupt(void)
{
	used.interrupts++;
	cpu_interrupt(irq, NULL);
}

static void act(char action)
{
	struct cpu *other = cpu_other();

	write_down(action);
	switch (action) {
	case ACTION_SWITCH:
		used.preemptions++;
		other->summoned = is_idle(other);
		cpu_switch();
		break;
	case ACTION_IRQ:
		take_interrupt();
		break;
	case ACTION_CALL:
		cpu_take_call();
		break;
	default:
		used.preemptions++;
		cpu_this()->deferred = true;
	}
}

/* ---- replay -------------------------------------------------------------- */

static void tell(char action)
{
	static const char *const names[] = {
		[ACTION_SWITCH - 'a'] = "stops, the other CPU goes on",
		[ACTION_IRQ - 'a'] = "is interrupted",
		[ACTION_CALL - 'a'] = "takes a call",
		[ACTION_DEFER - 'a'] = "does not take a call yet",
	};
	struct port_symbol sym = { "the beginning", 0, 0 };

	(void)port_symbol(cpu_this()->at - 1, &sym);
	printf("# event %u: CPU %u %s; %s+%#zx\n", event, cpu_number(), names[action - 'a'],
	       cpu_this()->done ? "idle" : sym.name, sym.offset + 1);
	fflush(stdout);
}

/* Return: what the script has for this event; ACTION_GO: nothing, or nothing more. */
static char next_of_script(void)
{
	unsigned int when;
	int len = 0;
	char action;

	if (sscanf(script, "%u%c%n", &when, &action, &len) != 2 || when != event)
		return ACTION_GO;
	if (!memchr("sicd", action, 4))
		fail("no action is called %c", action);
	if (action == ACTION_CALL && !cpu_this()->nr_calls)
		fail("event %u: there is no call to take", event);
	if (action == ACTION_IRQ && (cpu_this()->masked || !scenario->irq))
		fail("event %u: no interrupt can come here", event);
	script += len;
	script += *script == '.';
	return action;
}

/* ---- events -------------------------------------------------------------- */

unsigned int explore_first(void)
{
	struct choice choice = { .nr = 2, .option = { ACTION_GO, ACTION_SWITCH } };
	char action;

	event++;
	action = script ? next_of_script() : choose(&choice);
	if (action == ACTION_GO)
		return 0;
	write_down(action);
	return 1;
}

/* Return: false: go on. */
static bool one_action(unsigned int point)
{
	struct choice choice;
	char action;

	if (script) {
		action = next_of_script();
		if (action != ACTION_GO)
			tell(action);
	} else {
		/* Each event changes the history, so within one schedule a state is new. */
		if (depth == nr_trace && !states_add(state()))
			end_run(JOINED);
		find_options(&choice, point);
		action = choice.nr == 1 ? choice.option[0] : choose(&choice);
	}
	if (action == ACTION_GO)
		return false;
	act(action);
	return true;
}

void explore_event(unsigned int point)
{
	if (++event > MAX_EVENTS)
		fail("no end after %u events", event);
	if (point == POINT_NONE && !script)
		return;
	while (one_action(point))
		;
}

static const char *whereabouts(const struct cpu *cpu)
{
	struct port_symbol sym;

	if (cpu->done)
		return "idle";
	return port_symbol(cpu->at - 1, &sym) ? sym.name : "an unknown place";
}

void explore_spin(bool again)
{
	struct cpu *cpu = cpu_this(), *other = cpu_other();
	uint64_t now;

	if (again)
		cpu->history = cpu->history_before;
	now = mix(cpu->history, other->history);
	if (now == spun[cpu_number()])
		fail("a deadlock: CPU %u waits in %s, CPU %u is in %s", cpu_number(),
		     whereabouts(cpu), 1 - cpu_number(), whereabouts(other));
	spun[cpu_number()] = now;
	cpu->waiting = true;
	cpu->has_spun = true;
	explore_event(POINT_IRQ);
	if (!cpu->masked && cpu->nr_calls)
		cpu_take_call();
	if (!is_idle(other))
		cpu_switch();
}

void explore_idle(void)
{
	struct cpu *cpu = cpu_this(), *other = cpu_other();

	if (cpu->masked)
		fail("CPU %u ends with interrupts masked", cpu_number());
	cpu->done = true;
	cpu_note(8);
	for (;;) {
		explore_event(POINT_IRQ);
		while (cpu->nr_calls)
			cpu_take_call();
		if (is_idle(other))
			end_run(ENDED);
		cpu_switch();
		if (cpu->summoned) {
			cpu->summoned = false;
			take_interrupt();
		}
	}
}

/* ---- searches ------------------------------------------------------------ */

static void check(void)
{
	check_all();
	if (scenario->check)
		scenario->check();
}

static enum ending run_one(void)
{
	enum ending how;

	event = 0;
	depth = 0;
	text_len = 0;
	text[0] = '\0';
	used = (struct bound){ 0, 0, 0 };
	memset(spun, 0, sizeof(spun));
	how = cpus_run(scenario, check);
	if (how != FAILED) {
		memory_restore();
		check_restore();
	}
	return how;
}

/* The last choice that has another option left takes it. Return: false: there is none. */
static bool next_schedule(void)
{
	while (nr_trace && trace[nr_trace - 1].chosen + 1 == trace[nr_trace - 1].nr)
		nr_trace--;
	if (!nr_trace)
		return false;
	trace[nr_trace - 1].chosen++;
	return true;
}

static bool search(struct bound limit, struct statistics *stats)
{
	*stats = (struct statistics){ 0, 0, 0 };
	bound = limit;
	nr_trace = 0;
	states_forget();
	do {
		switch (run_one()) {
		case ENDED:
			stats->schedules++;
			break;
		case JOINED:
			stats->joined++;
			break;
		default:
			return false;
		}
		if (event > stats->events)
			stats->events = event;
	} while (next_schedule());
	return true;
}

bool explore(const struct scenario *which, struct bound limit, struct statistics *stats)
{
	const struct bound little = { limit.preemptions > 0, limit.interrupts > 0, 1 };
	uint64_t sum = memory_sum();

	scenario = which;
	script = NULL;
	do {
		if (!search(little, stats))
			return false;
	} while (memory_learn());
	do {
		if (!search(limit, stats))
			return false;
	} while (memory_learn());
	if (memory_sum() != sum) {
		fprintf(stderr, "the schedules of %s did not begin alike\n", which->name);
		exit(EXIT_FAILURE);
	}
	return true;
}

bool replay(const struct scenario *which, const char *chosen)
{
	enum ending how;

	scenario = which;
	script = strcmp(chosen, NO_CHOICE) == 0 ? "" : chosen;
	how = run_one();
	if (how == ENDED && *script) {
		fprintf(stderr, "not a schedule of this program: %s is left\n", script);
		exit(EXIT_FAILURE);
	}
	return how == ENDED;
}

const char *schedule_text(void)
{
	return text_len ? text : NO_CHOICE;
}
