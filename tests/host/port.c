/*
 * The port to a Linux process: a console on standard input and output, threads as
 * CPUs, no interrupts.
 *
 * 1. CPUs.   A thread gets the lowest free number below PORT_NR_CPUS the first time it asks, keeps
 *            it while it lives, and gives it back when it ends. The number's struct percpu stays as
 *            it is for the next one. No thread can be interrupted; cpus.c makes some that look in.
 * 2. Ends.   PORT_OK and PORT_FAILED leave with status 0 and 1; a panic and a trap abort, so that a
 *            debugger or a core file shows where.
 * 3. Names.  symbols.c looks them up in the program's own ELF file.
 */
#include <execinfo.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <kernel/errno.h>
#include <kernel/percpu.h>
#include <kernel/port.h>
#include <port/layout.h>
#include <port/stack.h>

#include "cpus.h"

#define IDLE_MS		10	/* port_idle(): spares the host's CPU, is not felt at a prompt */
#define NS_PER_S	1000000000ULL
#define MAX_FRAMES	64	/* of a backtrace; more than panic() ever asks for */

static uint64_t cpus_in_use;	/* one bit per number */
static pthread_key_t cpu_key;
static pthread_once_t cpu_once = PTHREAD_ONCE_INIT;
static __thread unsigned int this_cpu;		/* number + 1; 0: none yet */
static __thread bool irqs_masked;
static struct percpu areas[PORT_NR_CPUS];

__thread struct percpu *hosted_percpu;

_Static_assert(PORT_NR_CPUS == 64, "one word of bits holds all CPUs");

void port_write(const char *text, size_t len)
{
	while (len != 0) {
		ssize_t done = write(STDOUT_FILENO, text, len);

		if (done <= 0)
			return;
		text += done;
		len -= (size_t)done;
	}
}

static bool input_within(int timeout_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, timeout_ms) == 1;
}

int port_read(void)
{
	unsigned char c;

	if (!input_within(0) || read(STDIN_FILENO, &c, 1) != 1)
		return -1;
	return c;
}

void port_idle(void)
{
	(void)input_within(IDLE_MS);
	cpus_serve_call();
}

static unsigned long turns[PORT_NR_CPUS];	/* of spin loops */

unsigned long cpus_turns(unsigned int cpu)
{
	return __atomic_load_n(&turns[cpu], __ATOMIC_RELAXED);
}

void port_relax(void)
{
	__atomic_fetch_add(&turns[port_cpu()], 1, __ATOMIC_RELAXED);
	sched_yield();
}

/* There is nothing to mask, but who asks gets the answer that a CPU would give. */
unsigned long port_irq_save(void)
{
	unsigned long state = irqs_masked;

	irqs_masked = true;
	return state;
}

void port_irq_restore(unsigned long state)
{
	irqs_masked = state;
	if (!state)
		cpus_serve_call();
}

bool port_irqs_enabled(void)
{
	return !irqs_masked;
}

void port_stop_cpus(void)
{
}

static void cpu_give_back(void *number)
{
	unsigned int cpu = (unsigned int)(uintptr_t)number - 1;

	__atomic_fetch_and(&cpus_in_use, ~(1ULL << cpu), __ATOMIC_RELEASE);
}

static void cpu_key_create(void)
{
	if (pthread_key_create(&cpu_key, cpu_give_back) != 0)
		abort();
}

static unsigned int cpu_draw(void)
{
	uint64_t used = __atomic_load_n(&cpus_in_use, __ATOMIC_ACQUIRE);
	unsigned int cpu;

	do {
		if (~used == 0) {
			static const char why[] = "quire: more than 64 threads at a time\n";

			port_write(why, sizeof(why) - 1);
			abort();
		}
		cpu = (unsigned int)__builtin_ctzll(~used);
	} while (!__atomic_compare_exchange_n(&cpus_in_use, &used, used | 1ULL << cpu, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return cpu;
}

unsigned int port_cpu(void)
{
	if (this_cpu == 0) {
		pthread_once(&cpu_once, cpu_key_create);
		this_cpu = cpu_draw() + 1;
		pthread_setspecific(cpu_key, (void *)(uintptr_t)this_cpu);
	}
	return this_cpu - 1;
}

struct percpu *hosted_percpu_find(void)
{
	unsigned int cpu = port_cpu();

	if (!percpu_area[cpu])
		percpu_init(&areas[cpu], cpu);
	hosted_percpu = &areas[cpu];
	return hosted_percpu;
}

uint64_t port_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t port_ticks_to_ns(uint64_t ticks)
{
	return ticks;
}

uint64_t port_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = port_ticks();
	return seed;
}

_Noreturn void port_exit(enum port_status status)
{
	if (status == PORT_OK)
		exit(EXIT_SUCCESS);
	if (status == PORT_FAILED)
		exit(EXIT_FAILURE);
	abort();
}

/* A process cannot start again by itself; whoever runs it can. */
_Noreturn void port_reboot(void)
{
	port_exit(PORT_OK);
}

unsigned int port_backtrace(uintptr_t *addresses, unsigned int max)
{
	void *frames[MAX_FRAMES];
	const int skip = 2;	/* this function and its caller */
	int nr = backtrace(frames, MAX_FRAMES);
	unsigned int used = 0;

	for (int i = skip; i < nr && used < max; i++)
		addresses[used++] = (uintptr_t)frames[i];
	return used;
}

/* The page array is address space that becomes memory here, and is backed by the first touch. */
int port_back_page_array(void *start, size_t bytes)
{
	return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : -ENOMEM;
}
