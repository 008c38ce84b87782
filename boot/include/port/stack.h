/*
 * stack_pop() and stack_push() as restartable sequences.
 *
 * Each is a few loads and at most one store to memory that nobody reads yet, and then ONE
 * instruction that makes it true: it moves the top. If an interrupt comes before that instruction,
 * its handler may use the same stack, and what has been loaded is stale; so the interrupt entry
 * looks the interrupted address up in the table that RESTART() fills, and if it lies behind a
 * sequence's first instruction, up to and including the last, goes back to the first
 * (boot/interrupts.c). No lock, no masked interrupts. The inputs are left as they are, so that it
 * can start again.
 */
#pragma once

#include <kernel/percpu.h>

/* One entry of the table: go back to the first address from any in (first, last]. */
#define RESTART(first, last)                                                                       \
	".pushsection restart_table, \"a\"\n\t"                                                    \
	".quad " first ", " last "\n\t"                                                            \
	".popsection\n\t"

static inline struct percpu *port_percpu(void)
{
	struct percpu *self;

	__asm__("movq %%gs:0, %0" : "=r"(self));
	return self;
}

static inline void *stack_pop(unsigned int stack)
{
	void **top, *entry;

	__asm__ volatile goto("1:\n\t"
		     "movq %%gs:16(,%q[stack],8), %[top]\n\t"
		     "movq -8(%[top]), %[entry]\n\t"
		     "testq %[entry], %[entry]\n\t"
		     "jz %l[empty]\n"
		     "2:\n\t"
		     "subq $8, %%gs:16(,%q[stack],8)\n\t"
		     RESTART("1b", "2b")
		     : [top] "=&r"(top), [entry] "=&r"(entry)
		     : [stack] "r"((uint64_t)stack)
		     : "memory", "cc"
		     : empty);
	if (!entry)
		__builtin_unreachable();	/* so that callers need not test it once more */
	return entry;
empty:
	return NULL;
}

static inline bool stack_push(unsigned int stack, void *entry)
{
	void **top;

	__asm__ volatile goto("1:\n\t"
		     "movq %%gs:16(,%q[stack],8), %[top]\n\t"
		     "testb %b[top], %b[top]\n\t"
		     "jz %l[full]\n\t"
		     "movq %[entry], (%[top])\n"
		     "2:\n\t"
		     "addq $8, %%gs:16(,%q[stack],8)\n\t"
		     RESTART("1b", "2b")
		     : [top] "=&r"(top)
		     : [stack] "r"((uint64_t)stack), [entry] "r"(entry)
		     : "memory", "cc"
		     : full);
	return true;
full:
	return false;
}
