/*
 * Children: see child.h.
 *
 * What abort() would lose of gcc's counters is written by the child's own handler.
 */
#include "child.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFETIME	60U	/* seconds; a child takes some ms, 100 with sanitizers */

char child_said[64 * 1024];	/* bytes; a panic with its state has some 3000 */

void __gcov_dump(void) __attribute__((weak));	/* libgcov's, in instrumented programs */

static void dump_and_abort(int signal_number)
{
	if (__gcov_dump)
		__gcov_dump();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static _Noreturn void be_child(void (*fn)(void), int out)
{
	static const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	dup2(out, STDOUT_FILENO);
	close(out);
	signal(SIGABRT, dump_and_abort);
	alarm(LIFETIME);
	fn();
	if (__gcov_dump)
		__gcov_dump();
	_exit(EXIT_SUCCESS);
}

static void read_all(int from)
{
	size_t size = sizeof(child_said);
	char rest[256];		/* bytes at a time of what there is no room for */
	size_t used = 0;
	ssize_t nr;

	do {
		bool fits = used + 1 < size;

		nr = read(from, fits ? child_said + used : rest,
			  fits ? size - used - 1 : sizeof(rest));
		if (nr > 0 && fits)
			used += (size_t)nr;
	} while (nr > 0);
	child_said[used] = '\0';
}

enum child_end child_run(void (*fn)(void))
{
	int ends[2], status;
	pid_t child;

	if (pipe(ends) != 0)
		return CHILD_OTHER;
	child = fork();
	if (child < 0)
		return CHILD_OTHER;
	if (child == 0) {
		close(ends[0]);
		be_child(fn, ends[1]);
	}
	close(ends[1]);
	read_all(ends[0]);
	close(ends[0]);
	if (waitpid(child, &status, 0) != child)
		return CHILD_OTHER;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return CHILD_RETURNED;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? CHILD_ABORTED : CHILD_OTHER;
}

bool child_said_in_order(const char *const *parts, size_t nr)
{
	const char *at = child_said;

	for (size_t i = 0; at && i < nr; i++) {
		at = strstr(at, parts[i]);
		if (at)
			at += strlen(parts[i]);
	}
	return at;
}

unsigned int child_said_times(const char *what)
{
	unsigned int times = 0;

	for (const char *at = strstr(child_said, what); at; at = strstr(at + 1, what))
		times++;
	return times;
}
