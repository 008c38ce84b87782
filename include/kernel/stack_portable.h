/*
 * stack_pop(), stack_push() and the two for many entries in plain C, for ports without restartable
 * sequences.
 *
 * An interrupt handler may use the same stack. A flag says that an operation is under way: one that
 * comes in between finds it set, touches nothing, and reports "empty" or "full"; its caller then
 * takes the locked way, which sees by the same flag that this CPU's stacks are not to be touched.
 * The flag is the CPU's own, so plain loads and stores do; barriers are for the compiler alone.
 * Only the top is looked at by other CPUs: percpu.h.
 *
 * A <port/stack.h> defines port_percpu(), this CPU's area, and then includes this file.
 */
#pragma once

#include <kernel/percpu.h>

#define stack_barrier()	__atomic_signal_fence(__ATOMIC_SEQ_CST)

static inline void *stack_pop(unsigned int stack)
{
	struct percpu *cpu = port_percpu();
	void *entry;

	if (unlikely(cpu->busy))
		return NULL;
	cpu->busy = 1;
	stack_barrier();
	entry = cpu->top[stack][-1];
	if (likely(entry))
		WRITE_ONCE(cpu->top[stack], cpu->top[stack] - 1);
	stack_barrier();
	cpu->busy = 0;
	return entry;
}

static inline bool stack_push(unsigned int stack, void *entry)
{
	struct percpu *cpu = port_percpu();
	bool room;

	if (unlikely(cpu->busy))
		return false;
	cpu->busy = 1;
	stack_barrier();
	room = (uintptr_t)cpu->top[stack] % STACK_BYTES != 0;
	if (likely(room)) {
		*cpu->top[stack] = entry;
		WRITE_ONCE(cpu->top[stack], cpu->top[stack] + 1);
	}
	stack_barrier();
	cpu->busy = 0;
	return room;
}

static inline unsigned int stack_pop_many(unsigned int stack, unsigned int size, void **entries,
					  unsigned int nr)
{
	unsigned int i = 0;

	(void)size;		/* the bottom is seen when it is reached */
	while (i < nr && (entries[i] = stack_pop(stack)) != NULL)
		i++;
	return i;
}

static inline unsigned int stack_push_many(unsigned int stack, void *const *entries,
					   unsigned int nr)
{
	unsigned int i = 0;

	while (i < nr && stack_push(stack, entries[i]))
		i++;
	return i;
}
