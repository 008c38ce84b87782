/*
 * Stacks of the hosted port: plain C. A thread's area is that of its number, found at its first
 * use.
 */
#pragma once

#include <kernel/percpu.h>

extern __thread struct percpu *hosted_percpu;

/** hosted_percpu_find() - let this thread have a number and the area of that number. */
struct percpu *hosted_percpu_find(void);

static inline struct percpu *port_percpu(void)
{
	return likely(hosted_percpu) ? hosted_percpu : hosted_percpu_find();
}

#include <kernel/stack_portable.h>
