/*
 * A piece of a test in a process of its own, for what ends a process.
 */
#pragma once

#include <kernel/ktest.h>

enum child_end { CHILD_RETURNED, CHILD_ABORTED, CHILD_OTHER };	/* CHILD_OTHER: a crash, a hang */

/**
 * child_run() - @fn in a copy of this process, which ends after it. A panic ends in abort() there.
 *
 * Return: how it ended. child_said is what it wrote on standard output, cut at 64 KiB.
 */
enum child_end child_run(void (*fn)(void));

extern char child_said[];

/** child_said_in_order() - do the @nr @parts stand in what it said, one behind the other? */
bool child_said_in_order(const char *const *parts, size_t nr);

/** child_said_times() - how often it said @what. */
unsigned int child_said_times(const char *what);

/* @fn ends so, and the texts stand in what it said, in this order. */
#define EXPECT_CHILD(t, fn, end, ...)                                                              \
	do {                                                                                       \
		static const char *const parts_[] = { __VA_ARGS__ };                               \
		KTEST_EXPECT_EQ(t, child_run(fn), end);                                            \
		if (!child_said_in_order(parts_, ARRAY_SIZE(parts_)))                              \
			ktest_fail(t, __FILE__, __LINE__, #fn " said:\n%s", child_said);           \
	} while (0)
#define EXPECT_PANIC(t, fn, ...)	EXPECT_CHILD(t, fn, CHILD_ABORTED, __VA_ARGS__)
#define EXPECT_SAID(t, fn, ...)		EXPECT_CHILD(t, fn, CHILD_RETURNED, __VA_ARGS__)
