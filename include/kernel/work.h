/*
 * The same function on many CPUs at once.
 */
#pragma once

#include <kernel/compiler.h>

/**
 * work_run() - run @fn(cpu, @arg) on CPUs 0 .. @nr-1 at the same time, the caller's part included;
 * returns when all have returned.
 * @nr: 1 .. port_nr_cpus()
 * @fn: runs with interrupts enabled
 *
 * Context: CPU 0, interrupts enabled, no lock held; not from inside @fn.
 */
void work_run(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg);
