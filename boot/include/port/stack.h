/*
 * stack_pop(), stack_push() and the two for many entries as restartable sequences.
 *
 * Each is loads, and stores to memory that nobody reads yet, and then ONE instruction that makes it
 * true: it moves the top. (What stack_pop_many() stores goes to the caller's array, which holds
 * leavings behind the entries that it returns.) If an interrupt comes before that instruction, its
 * handler may use the same stack, and what has been loaded is stale; so the interrupt entry
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
		     : [top] "=&r"(top), [entry] "=&a"(entry)	/* it is what most return */
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

static inline unsigned int stack_pop_many(unsigned int stack, unsigned int size, void **entries,
					  unsigned int nr)
{
	void **top, **from;
	uint64_t n, left;

	/* n = min(nr, size - entries of room); an empty stack, and stack_none, has NULL below. */
	__asm__ volatile("1:\n\t"
		     "movq %%gs:16(,%q[stack],8), %[top]\n\t"
		     "xorl %k[n], %k[n]\n\t"
		     "cmpq $0, -8(%[top])\n\t"
		     "je 2f\n\t"
		     "movl %k[top], %k[left]\n\t"
		     "negl %k[left]\n\t"
		     "movzbl %b[left], %k[left]\n\t"
		     "shrl $3, %k[left]\n\t"
		     "movl %[size], %k[n]\n\t"
		     "subl %k[left], %k[n]\n\t"
		     "cmpl %[nr], %k[n]\n\t"
		     "cmoval %[nr], %k[n]\n\t"
		     "movl %k[n], %k[left]\n\t"
		     "shll $3, %k[left]\n\t"
		     "subq %[left], %[top]\n\t"
		     "movq %[top], %[from]\n\t"
		     "movl %k[n], %k[left]\n\t"
		     "movq %[entries], %%rdi\n\t"
		     "rep movsq\n"
		     "2:\n\t"
		     "movq %[top], %%gs:16(,%q[stack],8)\n\t"
		     RESTART("1b", "2b")
		     : [top] "=&r"(top), [from] "=&S"(from), [n] "=&r"(n), [left] "=&c"(left)
		     : [stack] "r"((uint64_t)stack), [size] "r"(size), [entries] "r"(entries),
		       [nr] "r"(nr)
		     : "rdi", "memory", "cc");
	return (unsigned int)n;
}

static inline unsigned int stack_push_many(unsigned int stack, void *const *entries,
					   unsigned int nr)
{
	void **top, *const *from;
	uint64_t n, left;

	/* n = min(nr, room): a full stack's top ends in a zero byte. */
	__asm__ volatile("1:\n\t"
		     "movq %%gs:16(,%q[stack],8), %%rdi\n\t"
		     "movl %%edi, %k[n]\n\t"
		     "negl %k[n]\n\t"
		     "movzbl %b[n], %k[n]\n\t"
		     "shrl $3, %k[n]\n\t"
		     "cmpl %[nr], %k[n]\n\t"
		     "cmoval %[nr], %k[n]\n\t"
		     "movl %k[n], %k[left]\n\t"
		     "movq %[entries], %[from]\n\t"
		     "rep movsq\n"
		     "2:\n\t"
		     "movq %[top], %%gs:16(,%q[stack],8)\n\t"
		     RESTART("1b", "2b")
		     : [top] "=&D"(top), [from] "=&S"(from), [n] "=&q"(n), [left] "=&c"(left)
		     : [stack] "r"((uint64_t)stack), [entries] "r"(entries), [nr] "r"(nr)
		     : "memory", "cc");
	return (unsigned int)n;
}
