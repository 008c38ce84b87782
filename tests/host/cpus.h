/*
 * What port.c asks of the threads that are CPUs: cpus.c has the theory.
 */
#pragma once

/** cpus_serve_call() - a safe point: run the call that waits for this CPU, if one does. */
void cpus_serve_call(void);

/** cpus_turns() - how often @cpu has called port_relax(): when that grows, it waits. */
unsigned long cpus_turns(unsigned int cpu);
