/*
 * Two CPUs in one thread: coroutines with stacks of their own, so that one stops and the other goes
 * on exactly where explore.c says, and a handler runs on the stack of the CPU that it interrupts,
 * as on a machine.
 *
 * A coroutine is made once. Where its root is, is kept, and each schedule begins there: what the
 * last one left on the stack, finished or not, is forgotten. Its jumps need no system call.
 *
 * port.h's machine is here too: masks, calls from CPU to CPU, what a panic leads to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "interleave.h"

#define STACK_SIZE	(256UL << 10)	/* bytes: mm/ takes a few KiB, a report a few more */

static struct cpu cpus[NR_CPUS];
static jmp_buf place[NR_CPUS];		/* where each stopped */
static jmp_buf root[NR_CPUS];
static jmp_buf caller;			/* of the schedule */
static ucontext_t first_time, maker;
static unsigned int current;
static bool running;
static const struct scenario *volatile scenario_now;
static bool faults[NR_FAULTS];
static char why[512];			/* bytes; a longer reason is cut */

struct cpu *cpu_this(void)
{
	return &cpus[current];
}

struct cpu *cpu_other(void)
{
	return &cpus[1 - current];
}

unsigned int cpu_number(void)
{
	return current;
}

bool cpus_running(void)
{
	return running;
}

void cpu_become(unsigned int number)
{
	current = number;
}

void cpu_note(uint64_t event)
{
	struct cpu *cpu = &cpus[current];

	cpu->has_spun = false;
	cpu->history_before = cpu->history;
	cpu->history = mix(cpu->history, event);
}

bool machine_has(enum fault fault)
{
	return faults[fault];
}

void machine_set_fault(enum fault fault)
{
	faults[fault] = true;
}

/* ---- coroutines ---------------------------------------------------------- */

static _Noreturn void body(void)
{
	if (_setjmp(root[current]) == 0)
		swapcontext(&first_time, &maker);
	scenario_now->cpu[current]();
	explore_idle();
}

void cpus_init(void)
{
	for (current = 0; current < NR_CPUS; current++) {
		char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (stack == MAP_FAILED || getcontext(&first_time) != 0)
			abort();
		first_time.uc_stack.ss_sp = stack;
		first_time.uc_stack.ss_size = STACK_SIZE;
		makecontext(&first_time, body, 0);
		swapcontext(&maker, &first_time);
	}
	current = 0;
}

void cpu_switch(void)
{
	if (_setjmp(place[current]) != 0)
		return;
	current = 1 - current;
	cpus[current].waiting = false;
	_longjmp(place[current], 1);
}

enum ending cpus_run(const struct scenario *scenario, void (*check)(void))
{
	volatile int how;

	memset(cpus, 0, sizeof(cpus));
	memcpy(place, root, sizeof(place));
	current = 0;
	scenario_now = scenario;
	how = _setjmp(caller);
	if (how == RUNNING) {
		running = true;
		current = explore_first();
		_longjmp(place[current], 1);
	}
	running = false;
	current = 0;
	if (how == ENDED)
		check();
	return (enum ending)how;
}

void end_run(enum ending how)
{
	_longjmp(caller, how);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	end_run(FAILED);
}

const char *failure(void)
{
	return why;
}

/* ---- interrupts ---------------------------------------------------------- */

void cpu_interrupt(void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = &cpus[current];
	bool masked = cpu->masked, nested = cpu->in_interrupt;

	cpu->masked = true;
	cpu->in_interrupt = true;
	cpu->nr_interrupts++;
	cpu_note(1);
	fn(arg);
	cpu_note(2);
	if (!cpu->masked && !machine_has(FAULT_NO_MASK))
		fail("a handler on CPU %u ends with interrupts enabled", current);
	cpu->masked = masked;
	cpu->in_interrupt = nested;
}
