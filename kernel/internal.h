/*
 * What kernel/ shares with itself: the same work as behind the public headers, over given tables
 * instead of the link sets, so that a test brings its own. Nobody outside kernel/ and tests/
 * includes this file.
 */
#pragma once

#include <kernel/command.h>
#include <kernel/ktest.h>

/* ---- command.c ------------------------------------------------------------------------------- */

/* The tables [@begin, @end) of pointers, as a link set lays them out. */
struct command_set {
	const struct command_table *const *begin;
	const struct command_table *const *end;
};

/** command_run_in() - command_run() over the commands of @set. */
int command_run_in(const struct command_set *set, struct seq *out, char *line);

/**
 * command_match_in() - the name of the @n-th command of @set, from 0, that begins with the @len
 * characters at @prefix. Return: NULL when there are not as many.
 */
const char *command_match_in(const struct command_set *set, const char *prefix, size_t len,
			     unsigned int n);

/** command_match() - the same over all registered commands. */
const char *command_match(const char *prefix, size_t len, unsigned int n);

/* ---- ktest.c --------------------------------------------------------------------------------- */

/*
 * One run: which of the suites [@begin, @end), where to, and what is called around each case
 * (NULL: nothing).
 */
struct ktest_runner {
	struct seq *out;
	const char *glob;
	const struct ktest_suite *const *begin;
	const struct ktest_suite *const *end;
	void (*before)(void);
	bool (*after)(struct ktest *t);
};

struct ktest_result ktest_run_suites(const struct ktest_runner *runner);

/**
 * ktest_is_running() - is a ktest_run() under way? A panic then ends the KTAP output by its
 * "Bail out!" line.
 */
bool ktest_is_running(void);
