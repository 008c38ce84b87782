/*
 * The areas of the CPUs. See <kernel/percpu.h>; who is on which stack is mm/'s business.
 */
#include <kernel/percpu.h>

struct percpu *percpu_area[PORT_NR_CPUS];
unsigned int percpu_nr;

/* All words are NULL and nobody ever writes one: pop finds the bottom, push finds the end. */
struct cpu_stack percpu_no_stack;

void percpu_init(struct percpu *area, unsigned int cpu)
{
	unsigned int nr = __atomic_load_n(&percpu_nr, __ATOMIC_RELAXED);

	area->self = area;
	area->cpu = cpu;
	area->busy = 0;
	for (unsigned int i = 0; i < NR_CPU_STACKS; i++)
		area->top[i] = stack_none;
	percpu_area[cpu] = area;
	while (nr <= cpu && !__atomic_compare_exchange_n(&percpu_nr, &nr, cpu + 1, false,
							 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

unsigned int stack_nr(void **top)
{
	unsigned int nr = 0;

	while (top[-1 - (int)nr])
		nr++;
	return nr;
}
