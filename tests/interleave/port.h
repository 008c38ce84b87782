/*
 * What of port.c concerns the explorer alone.
 */
#pragma once

#include <kernel/compiler.h>

/** port_use_portable_stacks() - for the rest of the process. */
void port_use_portable_stacks(void);

/** port_init_cpus() - areas for all CPUs. Return: their memory, to be watched. */
void *port_init_cpus(size_t *bytes);

/** port_said() - what was printed since port_hush(). */
const char *port_said(void);
void port_hush(void);
