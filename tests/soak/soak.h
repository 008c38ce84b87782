/*
 * The soak: see soak.c.
 */
#pragma once

#include <kernel/print.h>

/** soak_run() - for @seconds on all CPUs; KTAP on @out. Context: the prompt or the end of the boot.
 *  Return: did all of it pass? */
bool soak_run(struct seq *out, uint64_t seconds);
