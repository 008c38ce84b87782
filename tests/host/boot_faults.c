/*
 * mm_init() in a process of its own for each request that it makes, which is then refused. KTAP on
 * standard output.
 *
 * What may come of it: -ENOMEM, said in the log; a panic that names a cache with SLAB_PANIC, as the
 * flag promises; or a system that works, where there was another way. A crash, a hang, silence, or
 * a panic about anything else is a fault. Ends when mm_init() makes fewer requests.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hosted/quire.h>
#include <kernel/errno.h>
#include <mm/ledger.h>

#include "mm/fault.h"
#include "mm/internal.h"

#define MIB		(1ULL << 20)
#define NR_RESERVED	8	/* room for what early_alloc() takes */
#define MAX_POINTS	2000U
#define TIMEOUT		10U		/* seconds that one boot may take */

/* Exit statuses of the child. */
enum { UNTOUCHED = 10, ABSORBED, REFUSED, WRONG };

struct outcome {
	int status;		/* as waitpid() says */
	char log[8192];		/* bytes; the rest is dropped */
};

/*
 * A boot needs less than 1 MiB. The second piece lies apart and ends within a block of the largest
 * order, whose descriptors must be there all the same.
 */
static const struct memmap_entry ram[] = {
	{ 0, 32 * MIB, MEMMAP_USABLE },
	{ 64 * MIB, 5 * MIB, MEMMAP_USABLE },
};

static int boot_ram(void)
{
	static uint64_t storage[MEMMAP_BYTES(2, NR_RESERVED) / sizeof(uint64_t) + 1];
	static struct memmap map;

	memmap_init(&map, storage, ARRAY_SIZE(ram), NR_RESERVED, 128 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(ram); i++)
		(void)memmap_add(&map, ram[i].base, ram[i].length, ram[i].type);
	return quire_init_map(&map);
}

/* @stacks: the CPU uses its sheaves; else each object is a request. */
static int boot(unsigned int n, bool stacks)
{
	bool failed;
	int err;
	void *object;

	fault_set_stacks(stacks);
	fault_nth_begin(n);
	err = boot_ram();
	failed = fault_nth_end();
	if (err)
		return err == -ENOMEM && failed ? REFUSED : WRONG;
	object = kmalloc(1000, GFP_KERNEL);
	if (!object || mm_verify(&seq_console) != 0 || ledger_check(&kernel_mm, &seq_console) != 0)
		return WRONG;
	kfree(object);
	return failed ? ABSORBED : UNTOUCHED;
}

static void run_child(unsigned int n, bool stacks, int out)
{
	alarm(TIMEOUT);
	dup2(out, STDOUT_FILENO);
	_exit(boot(n, stacks));
}

/* Return: false: there are no more processes or pipes. */
static bool run(unsigned int n, bool stacks, struct outcome *outcome)
{
	size_t used = 0;
	ssize_t got;
	int ends[2];
	pid_t child;

	if (pipe(ends))
		return false;
	fflush(stdout);
	child = fork();
	if (child == 0)
		run_child(n, stacks, ends[1]);
	close(ends[1]);
	do {
		char piece[1024];

		got = read(ends[0], piece, sizeof(piece));
		for (ssize_t i = 0; i < got && used < sizeof(outcome->log) - 1; i++)
			outcome->log[used++] = piece[i];
	} while (got > 0);
	outcome->log[used] = '\0';
	close(ends[0]);
	return child > 0 && waitpid(child, &outcome->status, 0) == child;
}

/* Return: NULL, or what is wrong. */
static const char *judge(const struct outcome *outcome)
{
	if (WIFSIGNALED(outcome->status)) {
		if (WTERMSIG(outcome->status) != SIGABRT)
			return "it crashed or hung";
		if (!strstr(outcome->log, "panic on CPU") ||
		    !strstr(outcome->log, "with SLAB_PANIC cannot be created: error 12"))
			return "it ended, and not because of a cache with SLAB_PANIC";
		return NULL;
	}
	if (WEXITSTATUS(outcome->status) == REFUSED)
		return outcome->log[0] ? NULL : "it was refused, and nothing was said";
	if (WEXITSTATUS(outcome->status) != UNTOUCHED && WEXITSTATUS(outcome->status) != ABSORBED)
		return "a wrong result";
	return NULL;
}

static void note(unsigned int n, const char *why, char *log)
{
	printf("    # request %u: %s\n", n, why);
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		printf("    #   %s\n", line);
}

/* Return: was all as it should be? */
static bool fail_each(bool stacks)
{
	static struct outcome outcome;
	unsigned int refused = 0, panicked = 0, absorbed = 0, n = 0, faults = 0;
	bool ended = false;

	while (!ended && faults < 5 && n < MAX_POINTS) {
		const char *why = run(++n, stacks, &outcome) ? judge(&outcome) : "no process";
		int status = WIFEXITED(outcome.status) ? WEXITSTATUS(outcome.status) : 0;

		if (why) {
			note(n, why, outcome.log);
			faults++;
		}
		refused += status == REFUSED;
		absorbed += status == ABSORBED;
		panicked += WIFSIGNALED(outcome.status);
		ended = status == UNTOUCHED;
	}
	printf("    # %u requests failed in turn: %u times -ENOMEM, %u caches with SLAB_PANIC, "
	       "%u times another way\n", n - 1, refused, panicked, absorbed);
	/* Early memory is asked for once. Without sheaves no object has another way. */
	return ended && faults == 0 && refused == 1 && panicked > 0 && (stacks || absorbed == 0);
}

int main(void)
{
	static const char *const names[] = { "every_request", "what_the_sheaves_cannot_serve" };
	unsigned int failed = 0;

	printf("KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: boot_faults\n    1..2\n");
	for (unsigned int stacks = 0; stacks < 2; stacks++) {
		bool good = fail_each(stacks);

		printf("    %sok %u - %s\n", good ? "" : "not ", stacks + 1, names[stacks]);
		failed += !good;
	}
	printf("%sok 1 - boot_faults\n", failed ? "not " : "");
	printf("# Totals: pass:%u fail:%u skip:0 total:2\n", 2 - failed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
