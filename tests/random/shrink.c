/*
 * Lists in processes of their own, and making one that fails shorter.
 *
 * 1. Process.  A list runs in a fork of this one, so that it may end in an abort, and each run
 *              starts from the same state. What went wrong comes back through shared memory.
 * 2. Shorter.  What follows the failure is cut off; then pieces are left out, halves first, single
 *              operations last, and kept out if the rest fails for the same reason, until nothing
 *              more can go. At last sizes are halved and flags dropped while it fails.
 * 3. CPUs.     A list of several CPUs need not fail each time: a shorter one has TRIES attempts.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "random.h"

#define HANG_SECONDS	900U		/* the longest list takes a tenth of it */
#define TRIES		4U

struct shrinker_state {
	struct list *list;
	struct outcome *outcome;
	enum why why;
	uint32_t died;
	time_t deadline;
	unsigned int runs;
};

struct outcome *outcome_new(size_t nr)
{
	struct outcome *outcome = mmap(NULL, sizeof(*outcome) + nr * sizeof(outcome->result[0]),
				       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (outcome == MAP_FAILED)
		abort();
	return outcome;
}

enum why run_list(const struct list *list, struct outcome *outcome, bool loud)
{
	int status = 0, null;
	pid_t child;

	memset(outcome, 0, sizeof(*outcome) + list->nr * sizeof(outcome->result[0]));
	fflush(NULL);
	child = fork();
	if (child < 0)
		abort();
	if (child == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(loud ? STDERR_FILENO : null, STDOUT_FILENO);
		if (!loud)
			dup2(null, STDERR_FILENO);
		alarm(HANG_SECONDS);
		execute(list, outcome);
	}
	waitpid(child, &status, 0);
	if (status != 0 && outcome->why == WHY_NONE) {
		bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;

		outcome->why = hung ? WHY_HUNG : WHY_DIED;
		outcome->died = (uint32_t)status;
	}
	return outcome->why;
}

/* Does the list still fail for the same reason? */
static bool still_fails(struct shrinker_state *s, const struct list *list)
{
	unsigned int tries = list->nr_cpus > 1 ? TRIES : 1;

	while (tries-- > 0 && time(NULL) < s->deadline) {
		s->runs++;
		if (run_list(list, s->outcome, false) == s->why && s->outcome->died == s->died)
			return true;
	}
	return false;
}

/* Leave out @nr operations from @at on, if that can be. */
static bool leave_out(struct shrinker_state *s, size_t at, size_t nr)
{
	struct list shorter = *s->list;

	if (at + nr > shorter.nr)
		nr = shorter.nr - at;
	shorter.nr -= nr;
	shorter.ops = malloc((shorter.nr + 1) * sizeof(*shorter.ops));
	if (!shorter.ops)
		return false;
	memcpy(shorter.ops, s->list->ops, at * sizeof(*shorter.ops));
	memcpy(shorter.ops + at, s->list->ops + at + nr, (shorter.nr - at) * sizeof(*shorter.ops));
	if (!still_fails(s, &shorter)) {
		free(shorter.ops);
		return false;
	}
	free(s->list->ops);
	*s->list = shorter;
	return true;
}

static bool leave_out_pieces(struct shrinker_state *s, size_t size)
{
	bool any = false;

	for (size_t at = 0; at < s->list->nr && time(NULL) < s->deadline;) {
		if (leave_out(s, at, size))
			any = true;
		else
			at += size;
	}
	return any;
}

/* Another value for a member of operation @i, if the list then fails. */
static bool try_op(struct shrinker_state *s, size_t i, struct op op)
{
	struct op was = s->list->ops[i];

	if (memcmp(&was, &op, sizeof(op)) == 0)
		return false;
	s->list->ops[i] = op;
	if (still_fails(s, s->list))
		return true;
	s->list->ops[i] = was;
	return false;
}

static void simplify(struct shrinker_state *s)
{
	for (size_t i = 0; i < s->list->nr && time(NULL) < s->deadline; i++) {
		struct op op = s->list->ops[i];

		op.gfp = GFP_KERNEL | __GFP_NOWARN;
		(void)try_op(s, i, op);
		do {
			op = s->list->ops[i];
			op.size /= 2;
		} while (op.size > 0 && try_op(s, i, op));
	}
}

/* Behind the failure nothing matters. */
static void cut_off(struct shrinker_state *s)
{
	size_t last = 0;

	for (unsigned int cpu = 0; cpu < s->list->nr_cpus; cpu++)
		last = max_u64(last, s->outcome->at[cpu]);
	if (last + 1 < s->list->nr)
		(void)leave_out(s, last + 1, s->list->nr);
}

unsigned int shrink(struct list *list, struct outcome *outcome, unsigned int seconds)
{
	struct shrinker_state s = {
		.list = list, .outcome = outcome, .why = outcome->why, .died = outcome->died,
		.deadline = time(NULL) + seconds,
	};
	bool any = true;

	cut_off(&s);
	for (size_t size = list->nr / 2; size > 1; size /= 2)
		(void)leave_out_pieces(&s, size);
	while (any && time(NULL) < s.deadline)
		any = leave_out_pieces(&s, 1);
	simplify(&s);
	return s.runs;
}
