/*
 * The CPUs: calls, work, ticks, and locks between them. On one CPU the same cases run with one.
 */
#include <kernel/ktest.h>
#include <kernel/percpu.h>
#include <kernel/spinlock.h>
#include <kernel/work.h>
#include <port/stack.h>

#define ROUNDS		100U
#define LOCKED_ROUNDS	8000U	/* of all CPUs: emulated ones wait for their host */
#define TICK_WAIT_NS	2000000000ULL	/* 2 s: 200 ticks, on a host that has other things to do */

static uint32_t seen[PORT_NR_CPUS];
static struct spinlock lock = SPINLOCK_INIT;
static uint64_t counter;

static void note_cpu(void *arg)
{
	uint32_t *unmasked = arg;

	__atomic_fetch_add(&seen[port_cpu()], 1, __ATOMIC_RELAXED);
	if (port_irqs_enabled())
		__atomic_fetch_add(unmasked, 1, __ATOMIC_RELAXED);
}

static void forget(void)
{
	for (unsigned int i = 0; i < PORT_NR_CPUS; i++)
		seen[i] = 0;
}

static void expect_each_saw(struct ktest *t, uint32_t want)
{
	for (unsigned int i = 0; i < port_nr_cpus(); i++)
		KTEST_EXPECT_EQ(t, seen[i], want);
	for (unsigned int i = port_nr_cpus(); i < PORT_NR_CPUS; i++)
		KTEST_EXPECT_EQ(t, seen[i], 0);
}

static void areas(struct ktest *t)
{
	KTEST_EXPECT(t, port_percpu() == percpu_area[port_cpu()]);
	for (unsigned int i = 0; i < port_nr_cpus(); i++) {
		KTEST_ASSERT(t, percpu_area[i] != NULL);
		KTEST_EXPECT(t, percpu_area[i]->self == percpu_area[i]);
		KTEST_EXPECT_EQ(t, percpu_area[i]->cpu, i);
	}
}

static void call_reaches_each_cpu_once(struct ktest *t)
{
	uint32_t unmasked = 0;

	forget();
	for (unsigned int i = 0; i < ROUNDS; i++)
		port_call_cpus(note_cpu, &unmasked);
	expect_each_saw(t, ROUNDS);
	KTEST_EXPECT_EQ(t, unmasked, 0);
}

static void call_with_interrupts_masked(struct ktest *t)
{
	unsigned long flags = port_irq_save();
	uint32_t unmasked = 0;

	forget();
	port_call_cpus(note_cpu, &unmasked);
	KTEST_EXPECT(t, !port_irqs_enabled());
	port_irq_restore(flags);
	expect_each_saw(t, 1);
}

static void call_often(unsigned int cpu, void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned long flags = i % 2 ? port_irq_save() : 0;

		port_call_cpus(note_cpu, arg);
		if (i % 2)
			port_irq_restore(flags);
	}
	(void)cpu;
}

/* All wait for all at the same time, every second time with interrupts masked. */
static void calls_cross(struct ktest *t)
{
	uint32_t unmasked = 0;

	forget();
	work_run(port_nr_cpus(), call_often, &unmasked);
	expect_each_saw(t, ROUNDS * port_nr_cpus());
	KTEST_EXPECT_EQ(t, unmasked, 0);
}

static void note_work(unsigned int cpu, void *arg)
{
	uint32_t *masked = arg;

	if (cpu != port_cpu() || !port_irqs_enabled())
		__atomic_fetch_add(masked, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&seen[cpu], 1, __ATOMIC_RELAXED);
}

static void work_runs_where_it_was_sent(struct ktest *t)
{
	uint32_t masked = 0;

	forget();
	for (unsigned int i = 0; i < ROUNDS; i++)
		work_run(port_nr_cpus(), note_work, &masked);
	expect_each_saw(t, ROUNDS);
	KTEST_EXPECT_EQ(t, masked, 0);
}

/* Not atomic: only the lock keeps it right. */
static void count(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	for (unsigned int i = 0; i < LOCKED_ROUNDS / port_nr_cpus(); i++) {
		unsigned long flags = spin_lock_irqsave(&lock);

		WRITE_ONCE(counter, READ_ONCE(counter) + 1);
		spin_unlock_irqrestore(&lock, flags);
	}
}

static void lock_excludes(struct ktest *t)
{
	counter = 0;
	work_run(port_nr_cpus(), count, NULL);
	KTEST_EXPECT_EQ(t, counter, (uint64_t)(LOCKED_ROUNDS / port_nr_cpus()) * port_nr_cpus());
	KTEST_EXPECT_EQ(t, lock.owner, 0);
	KTEST_EXPECT_EQ(t, lock.next, lock.serving);
}

static uint32_t bad_ticks;

static void note_tick(void)
{
	if (!port_in_interrupt() || port_irqs_enabled())
		__atomic_fetch_add(&bad_ticks, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&seen[port_cpu()], 1, __ATOMIC_RELAXED);
}

static bool all_ticked(uint32_t times)
{
	for (unsigned int i = 0; i < port_nr_cpus(); i++) {
		if (__atomic_load_n(&seen[i], __ATOMIC_RELAXED) < times)
			return false;
	}
	return true;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void each_cpu_ticks(struct ktest *t)
{
	uint64_t start = port_ticks();

	forget();
	bad_ticks = 0;
	if (!port_on_tick(note_tick)) {
		(void)port_on_tick(NULL);
		ktest_skip(t, "there are no ticks");
		return;
	}
	while (!all_ticked(3) && port_ticks_to_ns(port_ticks() - start) < TICK_WAIT_NS)
		port_relax();
	(void)port_on_tick(NULL);
	port_call_cpus(nothing, NULL);
	KTEST_EXPECT(t, all_ticked(3));
	KTEST_EXPECT_EQ(t, bad_ticks, 0);
	KTEST_EXPECT(t, !port_in_interrupt());
}

static const struct ktest_case smp_cases[] = {
	KTEST_CASE(areas),
	KTEST_CASE(call_reaches_each_cpu_once),
	KTEST_CASE(call_with_interrupts_masked),
	KTEST_CASE(calls_cross),
	KTEST_CASE(work_runs_where_it_was_sent),
	KTEST_CASE(lock_excludes),
	KTEST_CASE(each_cpu_ticks),
};
KTEST_SUITE(smp, smp_cases);
