/*
 * The explorer's program.
 *
 *   interleave [OPTION]... [SCENARIO]...        explore, all scenarios with both kinds of stacks
 *   interleave [OPTION]... --replay SCHEDULE    one schedule, as a failure printed it
 *
 *   --long              up to the far bounds
 *   --preemptions N     and --interrupts N: other bounds
 *   --fault NAME        on a machine with this fault: no-rewind, no-mask, skip-cpu
 *   --list              the scenarios
 *
 * Each scenario is explored in a process of its own, so that each begins with a new memory manager
 * and a crash ends that scenario alone. Output is KTAP.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hosted/quire.h>
#include <port/layout.h>

#include "interleave.h"
#include "mm/internal.h"
#include "port.h"

#define RAM_START	(16UL << 20)	/* bytes: one zone, without a DMA zone */
#define RAM_BYTES	(20UL << 20)	/* page lists are for zones of 16 MiB and more */
#define NR_KINDS	2U
#define NR_RAW		1U		/* entries of the memory map, and reservations */
#define NR_TAKEN	16U

struct options {
	bool is_long;
	int preemptions, interrupts;	/* negative: as the scenario says */
};

static const char *const kinds[NR_KINDS] = { "restartable", "portable" };
static const char *const faults[NR_FAULTS] = {
	[FAULT_NO_REWIND] = "no-rewind",
	[FAULT_NO_MASK] = "no-mask",
	[FAULT_SKIP_CPU] = "skip-cpu",
};

extern char __data_start[], _end[];

static struct options options = { false, -1, -1 };
static const struct scenario *which;
static unsigned int kind;

/* ---- a machine ----------------------------------------------------------- */

/* The caches that nobody uses here, kmalloc's too, would only make each schedule longer. */
static void destroy_other_caches(void)
{
	struct kmem_cache *cache = cache_list, *next;

	for (; cache; cache = next) {
		next = cache->next;
		if (strcmp(cache->name, "kmem_cache") == 0 || strcmp(cache->name, "sheaf") == 0)
			continue;
		cache->permanent = false;
		if (kmem_cache_destroy(cache) != 0)
			panic("cache %s stays", cache->name);
	}
}

static void start_machine(void)
{
	static struct memmap map;
	static char storage[8192];	/* memmap_bytes(NR_RAW, NR_TAKEN) is less */
	size_t bytes;
	void *areas;

	if (kind == 1)
		port_use_portable_stacks();
	areas = port_init_cpus(&bytes);
	if (memmap_bytes(NR_RAW, NR_TAKEN) > sizeof(storage))
		abort();
	memmap_init(&map, storage, NR_RAW, NR_TAKEN, RAM_START + RAM_BYTES);
	if (memmap_add(&map, RAM_START, RAM_BYTES, MEMMAP_USABLE) || quire_init_map(&map))
		abort();
	memory_watch((void *)(hosted_direct_map + RAM_START), RAM_BYTES, true);
	memory_watch((struct page *)hosted_page_array + PFN_DOWN(RAM_START),
		     PFN_DOWN(RAM_BYTES) * sizeof(struct page), true);
	memory_watch(areas, bytes, true);
	memory_watch(__data_start, (size_t)(_end - __data_start), false);
	cpus_init();
	destroy_other_caches();
	which->set_up();
	cpu_become(0);
	check_keep();
	memory_keep();
	port_hush();
}

/* ---- one scenario, in a process of its own ------------------------------- */

static void report_failure(void)
{
	printf("# FAILED: %s\n", failure());
	printf("# replay: %s/%s:%s\n", which->name, kinds[kind], schedule_text());
	fflush(stdout);
}

static void on_crash(int signal)
{
	printf("# FAILED: %s\n", signal == SIGABRT ? "aborted" : "a bad access to memory");
	printf("# replay: %s/%s:%s\n", which->name, kinds[kind], schedule_text());
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

static void catch_crashes(void)
{
	static char stack[64 << 10];	/* bytes: printf() needs a few KiB */
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };

	(void)sigaltstack(&alternate, NULL);
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGBUS, &action, NULL);
	(void)sigaction(SIGABRT, &action, NULL);
}

/* Of this process's own time. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct bound bound_of(const struct scenario *scenario)
{
	struct bound bound = options.is_long ? scenario->far : scenario->bound;

	if (options.preemptions >= 0)
		bound.preemptions = (unsigned int)options.preemptions;
	if (options.interrupts >= 0)
		bound.interrupts = (unsigned int)options.interrupts;
	if (options.preemptions >= 0 || options.interrupts >= 0)
		bound.together = bound.preemptions + bound.interrupts;
	return bound;
}

static int child(const char *schedule)
{
	struct bound bound = bound_of(which);
	struct statistics stats;
	double begun = seconds();
	bool good;

	catch_crashes();
	start_machine();
	if (schedule) {
		good = replay(which, schedule);
		if (!good)
			report_failure();
		return good ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	good = explore(which, bound, &stats);
	if (!good)
		report_failure();
	printf("# %s/%s: %llu schedules, %llu joined another; up to %u preemptions, "
	       "%u interrupts, %u together; %u events; %.1f s\n", which->name, kinds[kind],
	       (unsigned long long)stats.schedules, (unsigned long long)stats.joined,
	       bound.preemptions, bound.interrupts, bound.together, stats.events,
	       seconds() - begun);
	fflush(stdout);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool in_a_process(const char *schedule)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(child(schedule));
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- the program --------------------------------------------------------- */

static bool is_wanted(const struct scenario *scenario, char *const *names)
{
	bool wanted = !*names;

	for (; *names; names++)
		wanted |= strcmp(*names, scenario->name) == 0;
	return wanted;
}

static int explore_all(char *const *names)
{
	unsigned int nr = 0, failed = 0, wanted = 0;

	for (unsigned int i = 0; i < nr_scenarios; i++)
		wanted += is_wanted(&scenarios[i], names);
	printf("KTAP version 1\n1..%u\n", wanted * NR_KINDS);
	for (unsigned int i = 0; i < nr_scenarios * NR_KINDS; i++) {
		bool good;

		which = &scenarios[i / NR_KINDS];
		kind = i % NR_KINDS;
		if (!is_wanted(which, names))
			continue;
		good = in_a_process(NULL);
		failed += !good;
		printf("%sok %u - %s/%s\n", good ? "" : "not ", ++nr, which->name, kinds[kind]);
	}
	return failed || !nr ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int replay_one(const char *text)
{
	size_t len = strcspn(text, "/");

	for (unsigned int i = 0; i < nr_scenarios * NR_KINDS; i++) {
		const char *name = scenarios[i / NR_KINDS].name;
		size_t kind_len = strlen(kinds[i % NR_KINDS]);

		if (strlen(name) != len || strncmp(text, name, len) != 0 || text[len] != '/' ||
		    strncmp(text + len + 1, kinds[i % NR_KINDS], kind_len) != 0 ||
		    text[len + 1 + kind_len] != ':')
			continue;
		which = &scenarios[i / NR_KINDS];
		kind = i % NR_KINDS;
		return in_a_process(text + len + kind_len + 2) ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	fprintf(stderr, "no scenario and kind of stacks as in %s\n", text);
	return EXIT_FAILURE;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: interleave [--long] [--preemptions N] [--interrupts N] "
			"[--fault NAME] [--list | --replay SCHEDULE | SCENARIO...]\n");
	exit(EXIT_FAILURE);
}

static void set_fault(const char *name)
{
	unsigned int fault = 1;

	while (fault < NR_FAULTS && strcmp(faults[fault], name) != 0)
		fault++;
	if (fault == NR_FAULTS)
		usage();
	machine_set_fault((enum fault)fault);
}

static int list(void)
{
	for (unsigned int i = 0; i < nr_scenarios; i++)
		printf("%-20s %s\n", scenarios[i].name, scenarios[i].about);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		const char *name = argv[i];

		if (strcmp(name, "--list") == 0)
			return list();
		if (strcmp(name, "--long") == 0) {
			options.is_long = true;
			continue;
		}
		if (++i == argc)
			usage();
		if (strcmp(name, "--replay") == 0)
			return replay_one(argv[i]);
		if (strcmp(name, "--fault") == 0)
			set_fault(argv[i]);
		else if (strcmp(name, "--preemptions") == 0)
			options.preemptions = atoi(argv[i]);
		else if (strcmp(name, "--interrupts") == 0)
			options.interrupts = atoi(argv[i]);
		else
			usage();
	}
	for (int k = i; k < argc; k++) {
		unsigned int n = 0;

		while (n < nr_scenarios && strcmp(scenarios[n].name, argv[k]) != 0)
			n++;
		if (n == nr_scenarios)
			usage();
	}
	return explore_all(argv + i);
}
