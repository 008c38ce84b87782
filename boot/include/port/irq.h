/*
 * What kernel/port.h declares and stands in each critical section.
 */
#pragma once

static inline unsigned long port_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void port_irq_restore(unsigned long state)
{
	if (state & 1UL << 9)		/* RFLAGS.IF */
		__asm__ volatile("sti" : : : "memory");
}

static inline unsigned int port_cpu(void)
{
	unsigned int cpu;

	__asm__("movl %%gs:8, %0" : "=r"(cpu));		/* struct percpu's */
	return cpu;
}
