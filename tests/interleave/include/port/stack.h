/*
 * Stacks of the explored machine, both kinds in one program: the portable ones, which the compiler
 * instruments like the rest of mm/, and the restartable ones of boot/include/port/stack.h, whose
 * instructions sequence.c takes one by one.
 */
#pragma once

#include <kernel/percpu.h>

#define stack_pop	portable_pop
#define stack_push	portable_push
#define stack_pop_many	portable_pop_many
#define stack_push_many	portable_push_many

struct percpu *port_percpu(void);

#include <kernel/stack_portable.h>

#undef stack_pop
#undef stack_push
#undef stack_pop_many
#undef stack_push_many

/** sequence_in_use() - are the stacks restartable sequences in this exploration? */
bool sequence_in_use(void);

/** sequence_pop(), sequence_push() - on the stack whose top is *@top, one instruction a step. */
void *sequence_pop(void ***top);
bool sequence_push(void ***top, void *entry);
unsigned int sequence_pop_many(void ***top, unsigned int size, void **entries, unsigned int nr);
unsigned int sequence_push_many(void ***top, void *const *entries, unsigned int nr);

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

static inline unsigned int stack_pop_many(unsigned int stack, unsigned int size, void **entries,
					  unsigned int nr)
{
	if (sequence_in_use())
		return sequence_pop_many(&port_percpu()->top[stack], size, entries, nr);
	return portable_pop_many(stack, size, entries, nr);
}

static inline unsigned int stack_push_many(unsigned int stack, void *const *entries,
					   unsigned int nr)
{
	if (sequence_in_use())
		return sequence_push_many(&port_percpu()->top[stack], entries, nr);
	return portable_push_many(stack, entries, nr);
}
