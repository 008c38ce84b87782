/*
 * Stacks of the explored machine, both kinds in one program: the portable ones, which the compiler
 * instruments like the rest of mm/, and the restartable ones of boot/include/port/stack.h, whose
 * instructions sequence.c takes one by one.
 */
#pragma once

#include <kernel/percpu.h>

#define stack_pop	portable_pop
#define stack_push	portable_push

struct percpu *port_percpu(void);

#include <kernel/stack_portable.h>

#undef stack_pop
#undef stack_push

/** sequence_in_use() - are the stacks restartable sequences in this exploration? */
bool sequence_in_use(void);

/** sequence_pop(), sequence_push() - on the stack whose top is *@top, one instruction a step. */
void *sequence_pop(void ***top);
bool sequence_push(void ***top, void *entry);

static inline void *stack_pop(unsigned int stack)
{
	if (sequence_in_use())
		return sequence_pop(&port_percpu()->top[stack]);
	return portable_pop(stack);
}

static inline bool stack_push(unsigned int stack, void *entry)
{
	if (sequence_in_use())
		return sequence_push(&port_percpu()->top[stack], entry);
	return portable_push(stack, entry);
}
