/*
 * A port for the compiler alone: the portable stacks.
 */
#pragma once

#include <kernel/percpu.h>

static inline struct percpu *port_percpu(void)
{
	return percpu_area[port_cpu()];
}

#include <kernel/stack_portable.h>
