/*
 * The port to the explored machine: two CPUs, one interrupt, calls between CPUs.
 *
 * Masking, unmasking and waiting are events for explore.c. A call is an interrupt that the caller
 * waits for: it is in the other CPU's inbox until that one takes it, and while the caller waits it
 * serves its own inbox, as boot/ipi.c does. A panic ends the schedule as failed, with its text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <kernel/errno.h>
#include <kernel/port.h>
#include <port/stack.h>

#include "interleave.h"
#include "port.h"

#define MAX_CALLS	4U	/* waiting at one CPU: the other one's program, and its handler */
#define SEED		0x1234567812345678ULL	/* each run of the program shall be the same */

struct call {
	void (*fn)(void *arg);
	void *arg;
	uint64_t history;		/* the caller's when it called, then the server's */
	bool is_done;
};

static struct percpu areas[NR_CPUS];
static struct call *inbox[NR_CPUS][MAX_CALLS];
static char said[8192];			/* bytes; what was printed last: a reason to fail */
static bool portable;

bool sequence_in_use(void)
{
	return !portable;
}

void port_use_portable_stacks(void)
{
	portable = true;
}

void *port_init_cpus(size_t *bytes)
{
	for (unsigned int i = 0; i < NR_CPUS; i++)
		percpu_init(&areas[i], i);
	*bytes = sizeof(areas);
	return areas;
}

struct percpu *port_percpu(void)
{
	return &areas[cpu_number()];
}

unsigned int port_cpu(void)
{
	return cpu_number();
}

unsigned int port_nr_cpus(void)
{
	return NR_CPUS;
}

/* ---- interrupts ---------------------------------------------------------- */

unsigned long port_irq_save(void)
{
	struct cpu *cpu = cpu_this();
	bool was = cpu->masked;

	if (cpus_running() && !was) {
		cpu->at = RET_IP;
		explore_event(POINT_IRQ);
		cpu_note(3);
	}
	cpu->masked = !machine_has(FAULT_NO_MASK) || cpu->in_interrupt;
	return was;
}

void port_irq_restore(unsigned long state)
{
	struct cpu *cpu = cpu_this();

	cpu->masked = state != 0;
	if (!cpus_running() || state != 0)
		return;
	cpu->at = RET_IP;
	cpu_note(4);
	if (cpu->nr_calls) {
		explore_event(POINT_IRQ);
		cpu_note(5);
	}
}

bool port_irqs_enabled(void)
{
	return !cpu_this()->masked;
}

bool port_in_interrupt(void)
{
	return cpu_this()->in_interrupt;
}

void port_relax(void)
{
	if (!cpus_running())
		fail("after the end: a lock is left taken");
	cpu_this()->at = RET_IP;
	explore_spin(true);
}

/* ---- calls --------------------------------------------------------------- */

static void serve(void *arg)
{
	struct call *call = arg;

	cpu_note(call->history);
	call->fn(call->arg);
	call->history = cpu_this()->history;
	call->is_done = true;
	cpu_other()->waiting = false;
}

void cpu_take_call(void)
{
	struct cpu *cpu = cpu_this();
	struct call **calls = inbox[cpu_number()];
	struct call *call = calls[0];

	cpu->nr_calls--;
	cpu->deferred = false;
	memmove(calls, calls + 1, cpu->nr_calls * sizeof(struct call *));
	cpu_interrupt(serve, call);
}

static void send(struct call *call)
{
	struct cpu *other = cpu_other();

	if (other->nr_calls == MAX_CALLS)
		fail("more than %u calls wait for one CPU", MAX_CALLS);
	inbox[1 - cpu_number()][other->nr_calls++] = call;
	cpu_note(6);
	call->history = cpu_this()->history;
	explore_event(POINT_ANY);
	cpu_note(7);
}

void port_call_cpus(void (*fn)(void *arg), void *arg)
{
	struct call call = { fn, arg, 0, false };
	unsigned long flags;

	if (!cpus_running() || machine_has(FAULT_SKIP_CPU))
		call.is_done = true;
	else
		send(&call);
	flags = port_irq_save();
	fn(arg);
	port_irq_restore(flags);
	while (!call.is_done) {
		if (cpu_this()->nr_calls)
			cpu_take_call();
		else
			explore_spin(false);
	}
	cpu_note(call.history);
}

/* ---- the end ------------------------------------------------------------- */

void port_write(const char *text, size_t len)
{
	size_t used = strlen(said);

	if (len > sizeof(said) - 1 - used)
		len = sizeof(said) - 1 - used;
	for (size_t i = 0; i < len; i++)
		said[used + i] = text[i] == '\n' ? ' ' : text[i];
	said[used + len] = '\0';
}

const char *port_said(void)
{
	return said;
}

void port_hush(void)
{
	said[0] = '\0';
}

void port_stop_cpus(void)
{
	port_hush();
}

void port_exit(enum port_status status)
{
	fail("CPU %u ends the machine with status %d: %s", cpu_number(), (int)status, said);
}

void port_reboot(void)
{
	fail("CPU %u starts the machine again", cpu_number());
}

/* ---- what nobody needs here ---------------------------------------------- */

int port_read(void)
{
	return -1;
}

void port_idle(void)
{
}

void port_start(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	(void)cpu;
	(void)fn;
	(void)arg;
	fail("port_start()");
}

void port_join(unsigned int cpu)
{
	(void)cpu;
}

uint64_t port_ticks(void)
{
	return 0;
}

uint64_t port_ticks_to_ns(uint64_t ticks)
{
	return ticks;
}

uint64_t port_seed(void)
{
	return SEED;
}

unsigned int port_backtrace(uintptr_t *addresses, unsigned int max)
{
	(void)addresses;
	(void)max;
	return 0;
}

int port_back_page_array(void *start, size_t bytes)
{
	return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : -ENOMEM;
}
