/*
 * From one CPU to the others: functions to run, work to do, and the order to stop.
 *
 * 1. Calls.    port_call_cpus() keeps the function in the caller's struct cpu, sets a bit for it in
 *              the inbox of each other CPU, sends VECTOR_CALL, and waits until each has taken its
 *              bit and counted itself off. Bits come before the interrupt and are taken by an
 *              exchange, so none is lost when two interrupts become one. Nothing is locked or
 *              allocated, and a receiver never waits.
 * 2. Levels.   A handler that interrupts a waiting caller may call as well. So a CPU has two calls:
 *              one with interrupts enabled, and one with them masked, which nothing but an NMI can
 *              interrupt. A called function calls nobody.
 * 3. Why it ends. Say A waits for B. B takes the interrupt at once unless it has interrupts masked.
 *              It has them masked (a) in a critical section or a handler, which end; spinning there
 *              for a lock that C holds, B waits for C to end its section, and C waits for no call,
 *              since callers hold no lock; or (b) waiting for a call of its own with interrupts
 *              masked: then it serves its inbox in that very loop, as A does. So in each circle of
 *              waiters everybody serves, and the circle opens.
 * 4. Why spin_lock() does not serve. A function called from there would run in the middle of the
 *              critical section around it, and want the very locks that its CPU holds. It need not:
 *              see (a).
 * 5. Work.     A started CPU idles in smp_work_loop(). port_start() leaves it one function, which
 *              runs there with interrupts enabled, on the CPU's own stack.
 * 6. Stop.     By NMI, which masked interrupts do not keep off. Of several CPUs that want all
 *              others to stop, one wins; so one story is told of a panic.
 */
#include <kernel/panic.h>

#include "apic.h"
#include "cpu.h"
#include "interrupts.h"
#include "smp.h"

#define STOP_NS	100000000ULL	/* 0.1 s for the others to stop; one that does not is left alone */

_Static_assert(PORT_NR_CPUS * CALL_LEVELS % 64 == 0, "whole words of inbox");

static unsigned int nr_cpus = 1;
static uint32_t stopper;		/* CPU number + 1 of who stops the others; 0: nobody */
static uint32_t nr_stopped;

void smp_set_nr(unsigned int nr)
{
	__atomic_store_n(&nr_cpus, nr, __ATOMIC_RELEASE);
}

unsigned int port_nr_cpus(void)
{
	return __atomic_load_n(&nr_cpus, __ATOMIC_ACQUIRE);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void serve(unsigned int index)
{
	struct call *call = &cpu_of(index / CALL_LEVELS)->calls[index % CALL_LEVELS];

	call->fn(call->arg);
	/* The last access: the caller may go on and use it again. */
	__atomic_fetch_sub(&call->left, 1, __ATOMIC_RELEASE);
}

void smp_serve_calls(void)
{
	struct cpu *cpu = this_cpu();

	for (unsigned int word = 0; word < CALL_WORDS; word++) {
		uint64_t bits;

		if (!__atomic_load_n(&cpu->inbox[word], __ATOMIC_RELAXED))
			continue;
		bits = __atomic_exchange_n(&cpu->inbox[word], 0, __ATOMIC_ACQUIRE);
		for (; bits; bits &= bits - 1)
			serve(word * 64 + (unsigned int)__builtin_ctzll(bits));
	}
}

void port_call_cpus(void (*fn)(void *arg), void *arg)
{
	struct cpu *self = this_cpu();
	unsigned int level = port_irqs_enabled() ? 0 : 1, nr = port_nr_cpus();
	unsigned int index = self->percpu.cpu * CALL_LEVELS + level;
	struct call *call = &self->calls[level];
	unsigned long flags;

	MM_ASSERT(__atomic_load_n(&call->left, __ATOMIC_RELAXED) == 0);
	call->fn = fn;
	call->arg = arg;
	__atomic_store_n(&call->left, nr - 1, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < nr; i++) {
		if (cpu_of(i) == self)
			continue;
		__atomic_fetch_or(&cpu_of(i)->inbox[index / 64], 1ULL << index % 64,
				  __ATOMIC_RELEASE);
		apic_send(cpu_of(i)->apic_id, VECTOR_CALL);
	}
	flags = port_irq_save();
	fn(arg);
	port_irq_restore(flags);
	while (__atomic_load_n(&call->left, __ATOMIC_ACQUIRE)) {
		flags = port_irq_save();
		smp_serve_calls();
		port_irq_restore(flags);
		port_relax();
	}
}

/* ---- work ------------------------------------------------------------------------------------ */

void smp_work_loop(void)
{
	struct cpu *cpu = this_cpu();

	port_irq_restore(RFLAGS_IF);
	for (;;) {
		void (*work)(void *arg);

		/* No interrupt between look and halt: the one with work would be slept over. */
		(void)port_irq_save();
		work = __atomic_load_n(&cpu->work, __ATOMIC_ACQUIRE);
		if (!work) {
			__asm__ volatile("sti; hlt" : : : "memory");
			continue;
		}
		port_irq_restore(RFLAGS_IF);
		work(cpu->work_arg);
		__atomic_store_n(&cpu->work, NULL, __ATOMIC_RELEASE);
	}
}

void port_start(unsigned int number, void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = cpu_of(number);

	MM_ASSERT(number > 0 && number < port_nr_cpus());
	port_join(number);
	cpu->work_arg = arg;
	__atomic_store_n(&cpu->work, fn, __ATOMIC_RELEASE);
	apic_send(cpu->apic_id, VECTOR_WAKE);
}

void port_join(unsigned int number)
{
	while (__atomic_load_n(&cpu_of(number)->work, __ATOMIC_ACQUIRE))
		port_relax();
}

/* ---- stop ------------------------------------------------------------------------------------ */

void port_stop_cpus(void)
{
	uint32_t self = port_cpu() + 1, nobody = 0;
	unsigned int nr = port_nr_cpus();
	uint64_t start = port_ticks();

	(void)port_irq_save();
	if (!__atomic_compare_exchange_n(&stopper, &nobody, self, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		if (nobody == self)
			return;
		cpu_halt();
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (i + 1 != self)
			apic_send(cpu_of(i)->apic_id, APIC_SEND_NMI);
	}
	while (__atomic_load_n(&nr_stopped, __ATOMIC_ACQUIRE) < nr - 1 &&
	       port_ticks_to_ns(port_ticks() - start) < STOP_NS)
		cpu_pause();
}

void smp_stop_if_told(void)
{
	uint32_t who = __atomic_load_n(&stopper, __ATOMIC_ACQUIRE);

	if (who == 0 || who == port_cpu() + 1)
		return;
	__atomic_fetch_add(&nr_stopped, 1, __ATOMIC_RELEASE);
	cpu_halt();
}

bool smp_is_stopping(void)
{
	return __atomic_load_n(&stopper, __ATOMIC_RELAXED) != 0;
}
