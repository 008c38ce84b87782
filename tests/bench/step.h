/*
 * Counting instructions by the CPU's trap flag: after each one the CPU raises a debug exception,
 * whose handler looks at the instruction that comes next.
 */
#pragma once

#include <kernel/compiler.h>

struct step_counts {
	uint64_t instructions;
	uint64_t locked;	/* with a lock prefix, or xchg with memory, which locks by itself */
	uint64_t irq;		/* cli, sti, pushf, popf */
};

/* Of all steps since step_take(). step_begin() and step_end() have some, always the same ones. */
extern struct step_counts step_counts;

/** step_install() - let debug exceptions count; step_remove() - let them be reported again. */
void step_install(void);
void step_remove(void);

/** step_take() - the counts so far, which start again at 0. */
struct step_counts step_take(void);

/** step_interrupts_on() - does this CPU take interrupts? */
bool step_interrupts_on(void);

/* The nop goes uncounted: the first exception comes behind the instruction after popfq. */
static __always_inline void step_begin(void)
{
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "memory", "cc");
}

static __always_inline void step_end(void)
{
	__asm__ volatile("pushfq; andq $-0x101, (%%rsp); popfq" : : : "memory", "cc");
}
