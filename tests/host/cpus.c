/*
 * Threads that are CPUs of the hosted port, on request.
 *
 * 1. Idea.       A process has no interrupts, so nobody can make a thread run something at once. A
 *                thread that is a CPU asks instead, at safe points: where it lets interrupts in
 *                again, while it idles, and while it waits for another CPU. None of these lies
 *                inside stack_pop() or stack_push(), nor under a lock, so percpu->busy is clear:
 *                to the code of mm/ it looks as if an interrupt came just there.
 * 2. Calls.      One at a time. Its maker sets a flag for each other CPU and waits until all have
 *                run it; while it waits for its turn it runs the calls of others.
 * 3. Jobs.       Each CPU but 0 is a thread that sleeps until it has a job or a call.
 * 4. Before.     Until quire_start_cpus() there is one CPU: a call runs on the caller's alone, as
 *                a library cannot ask its user's threads to look in from time to time.
 * 5. TSan.       A call orders all CPUs before and after it, as an IPI does. Nothing else here is
 *                seen by two CPUs that do not call or start each other.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <hosted/quire.h>
#include <kernel/errno.h>
#include <kernel/port.h>
#include <port/layout.h>
#include <port/stack.h>

#include "cpus.h"

#define NAP_NS		50000L	/* of a CPU that waits for a job to end: a call may come */

struct host_cpu {
	pthread_t thread;
	pthread_mutex_t lock;		/* guards the next three */
	pthread_cond_t wake;
	void (*fn)(void *arg);		/* the job; NULL: none */
	void *arg;
	uint32_t working;		/* from port_start() until the job has ended */
	uint32_t called;		/* has to run the call */
	uint32_t up;
};

static struct host_cpu cpus[PORT_NR_CPUS];
static uint32_t nr_cpus = 1;

static struct {
	uint32_t taken;			/* somebody's call is under way */
	uint32_t left;			/* CPUs that have not run it yet */
	void (*fn)(void *arg);
	void *arg;
} call;

/* Is this thread one of the CPUs that are called? Others have numbers above theirs. */
static __thread bool is_cpu;
static __thread bool in_call;

unsigned int port_nr_cpus(void)
{
	return __atomic_load_n(&nr_cpus, __ATOMIC_RELAXED);
}

bool port_in_interrupt(void)
{
	return in_call;
}

void cpus_serve_call(void)
{
	struct host_cpu *self;
	unsigned long state;

	if (likely(!is_cpu))
		return;
	self = &cpus[port_cpu()];
	if (likely(!__atomic_load_n(&self->called, __ATOMIC_ACQUIRE)))
		return;
	__atomic_store_n(&self->called, 0, __ATOMIC_RELAXED);
	state = port_irq_save();
	in_call = true;
	call.fn(call.arg);
	in_call = false;
	__atomic_fetch_sub(&call.left, 1, __ATOMIC_RELEASE);
	port_irq_restore(state);
}

static void wake(struct host_cpu *cpu)
{
	pthread_mutex_lock(&cpu->lock);
	pthread_cond_signal(&cpu->wake);
	pthread_mutex_unlock(&cpu->lock);
}

void port_call_cpus(void (*fn)(void *arg), void *arg)
{
	unsigned int self = port_cpu(), nr = is_cpu ? port_nr_cpus() : 1;
	unsigned long state = port_irq_save();

	if (nr > 1) {
		while (__atomic_exchange_n(&call.taken, 1, __ATOMIC_ACQUIRE)) {
			cpus_serve_call();
			port_relax();
		}
		call.fn = fn;
		call.arg = arg;
		__atomic_store_n(&call.left, nr - 1, __ATOMIC_RELAXED);
	}
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		if (cpu == self)
			continue;
		__atomic_store_n(&cpus[cpu].called, 1, __ATOMIC_RELEASE);
		wake(&cpus[cpu]);
	}
	fn(arg);
	if (nr > 1) {
		while (__atomic_load_n(&call.left, __ATOMIC_ACQUIRE))
			port_relax();
		__atomic_store_n(&call.taken, 0, __ATOMIC_RELEASE);
	}
	port_irq_restore(state);
}

/* Sleep until there is a job or a call. Return: the job. */
static void (*next_job(struct host_cpu *self, void **arg))(void *arg)
{
	void (*fn)(void *arg);

	pthread_mutex_lock(&self->lock);
	while (!self->fn && !__atomic_load_n(&self->called, __ATOMIC_RELAXED))
		pthread_cond_wait(&self->wake, &self->lock);
	fn = self->fn;
	*arg = self->arg;
	self->fn = NULL;
	pthread_mutex_unlock(&self->lock);
	return fn;
}

static void *run_cpu(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	struct host_cpu *self = &cpus[cpu];

	if (port_cpu() != cpu)
		abort();
	(void)hosted_percpu_find();
	is_cpu = true;
	__atomic_store_n(&self->up, 1, __ATOMIC_RELEASE);
	for (;;) {
		void (*fn)(void *arg) = next_job(self, &arg);

		cpus_serve_call();
		if (!fn)
			continue;
		fn(arg);
		__atomic_store_n(&self->working, 0, __ATOMIC_RELEASE);
	}
}

static void nap(void)
{
	const struct timespec time = { 0, NAP_NS };

	nanosleep(&time, NULL);
}

void port_start(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	struct host_cpu *to = &cpus[cpu];

	if (cpu == 0 || cpu >= port_nr_cpus())
		abort();
	port_join(cpu);
	__atomic_store_n(&to->working, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&to->lock);
	to->fn = fn;
	to->arg = arg;
	pthread_cond_signal(&to->wake);
	pthread_mutex_unlock(&to->lock);
}

void port_join(unsigned int cpu)
{
	while (__atomic_load_n(&cpus[cpu].working, __ATOMIC_ACQUIRE)) {
		cpus_serve_call();
		nap();
	}
}

int quire_start_cpus(unsigned int nr)
{
	if (nr == 0 || nr > PORT_NR_CPUS || port_nr_cpus() != 1 || port_cpu() != 0)
		return -EINVAL;
	(void)hosted_percpu_find();
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		pthread_mutex_init(&cpus[cpu].lock, NULL);
		pthread_cond_init(&cpus[cpu].wake, NULL);
	}
	for (uintptr_t cpu = 1; cpu < nr; cpu++) {
		if (pthread_create(&cpus[cpu].thread, NULL, run_cpu, (void *)cpu) != 0)
			return -ENOMEM;
		pthread_detach(cpus[cpu].thread);
		while (!__atomic_load_n(&cpus[cpu].up, __ATOMIC_ACQUIRE))
			nap();
	}
	is_cpu = nr > 1;
	__atomic_store_n(&nr_cpus, nr, __ATOMIC_RELEASE);
	return 0;
}
