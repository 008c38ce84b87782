/*
 * What port.c offers to the searches beside <kernel/port.h>.
 */
#pragma once

#define NR_TEST_CPUS	2U

/** port_choose_cpu() - from now on the caller is CPU @cpu. */
void port_choose_cpu(unsigned int cpu);

/** port_reset_cpus() - all CPUs' stacks are as at boot; the caller is CPU 0. */
void port_reset_cpus(void);

/** port_catch_faults() - from now on a fault prints the way to it. */
void port_catch_faults(void);
