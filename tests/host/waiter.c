/*
 * Who waits turns in a loop, which the port counts. A thread notes its count when it is about to
 * wait; when the count has grown, it does. So a case needs no pause that a busy host makes too
 * short.
 */
#include "waiter.h"

#include <sched.h>

#include <kernel/port.h>
#include <kernel/string.h>
#include <port/layout.h>

#include "cpus.h"

static bool passed;
static unsigned long first_turn[PORT_NR_CPUS];	/* of a CPU that is about to wait; 0: it is not */

pthread_t waiter_start_one_more(struct ktest *t, void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, arg) != 0)
		ktest_fail(t, __FILE__, __LINE__, "no thread");
	return thread;
}

pthread_t waiter_start(struct ktest *t, void *(*fn)(void *), void *arg)
{
	passed = false;
	memset(first_turn, 0, sizeof(first_turn));
	return waiter_start_one_more(t, fn, arg);
}

void waiter_arrives(void)
{
	unsigned int cpu = port_cpu();

	__atomic_store_n(&first_turn[cpu], cpus_turns(cpu) + 1, __ATOMIC_RELEASE);
}

void waiter_passes(void)
{
	__atomic_store_n(&passed, true, __ATOMIC_RELEASE);
}

bool waiter_has_passed(void)
{
	return __atomic_load_n(&passed, __ATOMIC_ACQUIRE);
}

static unsigned int nr_waiting(void)
{
	unsigned int nr = 0;

	for (unsigned int cpu = 0; cpu < PORT_NR_CPUS; cpu++) {
		unsigned long turn = __atomic_load_n(&first_turn[cpu], __ATOMIC_ACQUIRE);

		nr += turn && cpus_turns(cpu) >= turn;
	}
	return nr;
}

void await_waiters(unsigned int nr)
{
	while (nr_waiting() < nr && !waiter_has_passed())
		sched_yield();
}
