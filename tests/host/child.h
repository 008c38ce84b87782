/*
 * A piece of a test in a process of its own, for what ends a process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum child_end { CHILD_RETURNED, CHILD_ABORTED, CHILD_OTHER };	/* CHILD_OTHER: a crash, a hang */

/**
 * child_run() - @fn in a copy of this process, which ends after it.
 * @said: what it wrote on standard output, cut at @size bytes with the NUL
 *
 * A panic ends in abort() there. Return: how it ended.
 */
enum child_end child_run(void (*fn)(void), char *said, size_t size);
