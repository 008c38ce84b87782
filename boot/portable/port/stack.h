/*
 * The portable stacks on this port, found before boot/include in a build with STACKS=portable:
 * where a rewound sequence is in doubt, and for the suites, which must pass on both.
 */
#pragma once

#include <kernel/percpu.h>

static inline struct percpu *port_percpu(void)
{
	struct percpu *self;

	__asm__("movq %%gs:0, %0" : "=r"(self));
	return self;
}

#include <kernel/stack_portable.h>
