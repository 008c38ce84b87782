/*
 * A port whose CPUs are chosen by the test: one thread is each of them in turn.
 *
 * Nothing interrupts and nothing runs at the same time; a call to all CPUs runs on one after the
 * other. What must not happen (a panic, a fault, an operation that does not end) is an end of the
 * whole program, after the way there was printed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <kernel/panic.h>
#include <kernel/percpu.h>
#include <kernel/port.h>
#include <port/layout.h>
#include <port/stack.h>

#include "port.h"
#include "search.h"

#define SEED	0x5157495245ULL		/* of the caches' secrets: any number, always the same */

uintptr_t hosted_direct_map;
uintptr_t hosted_page_array;
__thread struct percpu *hosted_percpu;

static struct percpu areas[NR_TEST_CPUS];
static bool irqs_masked;

void port_choose_cpu(unsigned int cpu)
{
	hosted_percpu = &areas[cpu];
}

void port_reset_cpus(void)
{
	for (unsigned int i = 0; i < NR_TEST_CPUS; i++)
		percpu_init(&areas[i], i);
	port_choose_cpu(0);
}

struct percpu *hosted_percpu_find(void)
{
	port_choose_cpu(0);
	return hosted_percpu;
}

unsigned int port_cpu(void)
{
	return hosted_percpu ? hosted_percpu->cpu : 0;
}

unsigned int port_nr_cpus(void)
{
	return NR_TEST_CPUS;
}

void port_call_cpus(void (*fn)(void *arg), void *arg)
{
	unsigned int self = port_cpu();
	unsigned long state = port_irq_save();

	for (unsigned int i = 0; i < NR_TEST_CPUS; i++) {
		port_choose_cpu(i);
		fn(arg);
	}
	port_choose_cpu(self);
	port_irq_restore(state);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static _Noreturn void bail_out(const char *why)
{
	printf("Bail out! %s\n", why);
	search_say_path();
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

static void on_signal(int number)
{
	bail_out(number == SIGALRM ? "an operation does not end" : "a fault");
}

void port_catch_faults(void)
{
	signal(SIGSEGV, on_signal);
	signal(SIGBUS, on_signal);
	signal(SIGFPE, on_signal);
	signal(SIGILL, on_signal);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
}

_Noreturn void port_exit(enum port_status status)
{
	if (status == PORT_PANIC || status == PORT_TRAP)
		bail_out("a panic");
	exit(status == PORT_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}

_Noreturn void port_reboot(void)
{
	port_exit(PORT_FAILED);
}

/* ---- what has no part in it ------------------------------------------------------------------ */

void port_write(const char *text, size_t len)
{
	fwrite(text, 1, len, stdout);
}

int port_read(void)
{
	return -1;
}

void port_idle(void)
{
}

/* One thread that waits for a lock waits for ever. */
void port_relax(void)
{
	panic("CPU %u waits for another one, which does not run", port_cpu());
}

unsigned long port_irq_save(void)
{
	unsigned long state = irqs_masked;

	irqs_masked = true;
	return state;
}

void port_irq_restore(unsigned long state)
{
	irqs_masked = state;
}

bool port_irqs_enabled(void)
{
	return !irqs_masked;
}

bool port_in_interrupt(void)
{
	return false;
}

void port_start(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	unsigned int self = port_cpu();

	port_choose_cpu(cpu);
	fn(arg);
	port_choose_cpu(self);
}

void port_join(unsigned int cpu)
{
	(void)cpu;
}

void port_stop_cpus(void)
{
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
	(void)start;
	(void)bytes;
	return 0;
}
