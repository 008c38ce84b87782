/*
 * Random operations on pages and objects, against a naive model, in a Linux process:
 *
 *     random [--cpus N] [--ops N] [--runs N] [--seed S] [--shrink SECONDS]
 *            [--plant KIND]
 *
 * 1. Runs.     Each is a list of operations made from a seed (generate.c), run in a process of its
 *              own (execute.c). The seed is printed; --seed runs that list again.
 * 2. Model.    Who holds which pages and which bytes (holding.c), what each free and each misuse
 *              must come to (misuse.c), and what all counters and dumps must say (check.c).
 * 3. CPUs.     With --cpus a list is run by as many threads at once. They share no lock but
 *              Quire's own, and the model orders nothing, so that under TSan each access that only
 *              the allocator orders is held against it.
 * 4. Failures. A list that fails is made as short as it can be (shrink.c) and printed as a test
 *              (emit.c). --plant makes one: operations of enum op_kind's KIND do damage.
 *
 * KTAP on standard output; status 0 when no list failed.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hosted/quire.h>

#include "model.h"

#define MIB		(1ULL << 20)
#define NR_RESERVED	64U		/* room for what early_alloc() takes */
#define RUNS		4U
#define OPS		200000U		/* of each CPU in a run */
#define SHRINK_SECONDS	120U

/* What tests/host/main.c has: so a printed test finds there what it needs. */
static const struct memmap_entry ram[] = {
	{ 0x0, 0x9fc00, MEMMAP_USABLE },
	{ 0x9fc00, 0x60400, MEMMAP_RESERVED },
	{ 1 * MIB, 63 * MIB, MEMMAP_USABLE },
	{ 3072 * MIB, 64 * MIB, MEMMAP_USABLE },
	{ 4096 * MIB, 128 * MIB, MEMMAP_USABLE },
};

struct options {
	unsigned int cpus, runs, shrink;
	size_t ops;
	uint64_t seed;
};

/* The sanitizers' own options: end at the first finding, and nothing of leaks, which are Quire's
 * own to count. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=1:second_deadlock_stack=1:history_size=4";
}

static int boot(void)
{
	static struct memmap map;
	void *storage = malloc(memmap_bytes(ARRAY_SIZE(ram), NR_RESERVED));
	int err = 0;

	if (!storage || !holding_init())
		return -1;
	memmap_init(&map, storage, ARRAY_SIZE(ram), NR_RESERVED, 8192 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(ram) && err == 0; i++)
		err = memmap_add(&map, ram[i].base, ram[i].length, ram[i].type);
	return err ? err : quire_init_map(&map);
}

static bool run(const struct options *options, unsigned int number, uint64_t seed)
{
	struct list list = generate(seed, options->cpus, options->ops);
	struct outcome *outcome = outcome_new(list.nr);
	enum why why = run_list(&list, outcome, options->cpus > 1);
	size_t nr = list.nr;
	bool good = why == WHY_NONE;

	printf("    # seed %#" PRIx64 ": %" PRIu64 " operations, %" PRIu64 " requests refused, %"
	       PRIu64 " misuses reported\n", seed, outcome->executed, outcome->refused,
	       outcome->misused);
	if (!good) {
		printf("    # %s (%u, status %#x)\n", outcome->text, why, outcome->died);
		printf("    # %zu operations were shrunk to", nr);
		fflush(stdout);
		nr = shrink(&list, outcome, options->shrink);
		printf(" %zu in %zu runs\n", list.nr, nr);
		(void)run_list(&list, outcome, true);
		emit(&list, outcome);
	}
	printf("%sok %u - random.seed_%" PRIx64 "_cpus_%u\n", good ? "" : "not ", number, seed,
	       options->cpus);
	free(list.ops);
	return good;
}

static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "cpus", required_argument, NULL, 'c' }, { "ops", required_argument, NULL, 'o' },
		{ "runs", required_argument, NULL, 'r' }, { "seed", required_argument, NULL, 's' },
		{ "shrink", required_argument, NULL, 'k' },
		{ "plant", required_argument, NULL, 'p' }, { NULL, 0, NULL, 0 },
	};
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (name == 'c')
			options->cpus = (unsigned int)strtoul(optarg, NULL, 0);
		else if (name == 'o')
			options->ops = strtoull(optarg, NULL, 0);
		else if (name == 'r')
			options->runs = (unsigned int)strtoul(optarg, NULL, 0);
		else if (name == 's')
			options->seed = strtoull(optarg, NULL, 0);
		else if (name == 'k')
			options->shrink = (unsigned int)strtoul(optarg, NULL, 0);
		else if (name == 'p')
			planted = (unsigned int)strtoul(optarg, NULL, 0);
		else
			return false;
	}
	return optind == argc && options->cpus > 0 && options->cpus <= MAX_CPUS &&
	       options->runs > 0 && options->ops > 0;
}

int main(int argc, char **argv)
{
	struct options options = { 1, RUNS, SHRINK_SECONDS, OPS, 0 };
	unsigned int failed = 0;

	options.seed = port_seed();
	if (!parse(&options, argc, argv)) {
		fprintf(stderr, "usage: %s [--cpus 1..%u] [--ops N] [--runs N] [--seed S] "
			"[--shrink SECONDS] [--plant KIND]\n", argv[0], MAX_CPUS);
		return 2;
	}
	if (boot() != 0) {
		fprintf(stderr, "%s: no arena\n", argv[0]);
		return 2;
	}
	printf("KTAP version 1\n1..%u\n", options.runs);
	for (unsigned int i = 0; i < options.runs; i++)
		failed += !run(&options, i + 1, options.seed + i);
	return failed != 0;
}
