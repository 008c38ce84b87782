/*
 * The harness: "bench time" and "bench count" run every workload; "bench resident" tells how much
 * memory stands behind what was asked for. Lines of "ROW FIGURE OPERATIONS" on standard output,
 * which run.py reads.
 *
 * time:     the median of SAMPLES runs, in ticks of the time stamp counter per operation, loop and
 *           calls included; and the row "clock": ticks for each of many additions that wait for one
 *           another.
 * count:    two runs of each workload, for callgrind; the second is the one that counts.
 * resident: growth of the process's resident pages over the bytes asked for, every byte written.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include "tests/bench/host/allocator.h"
#include "tests/bench/host/bench.h"

#define SAMPLES		61U
#define WARM_UPS	5U
#define SEED		0x9e3779b97f4a7c15ULL	/* any number but 0 */
#define ARENA		(2UL << 30)	/* bytes, reserved and not touched */
#define ASKED		(64UL << 20)	/* bytes of the resident row */
#define NR_ASKED	(1UL << 18)	/* objects that may take: 655 bytes is their mean */
#define MAX_WORKLOADS	2U		/* of a group */
#define NR_ADDS		1000000U	/* of the clock's row */

static uint64_t state = SEED;

#ifndef BENCH_QUIRE
const struct group page_groups[1];
const unsigned int nr_page_groups;
#endif

uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Nine doublings from 8 to 4096: one of them, and a place in it by the fixed-point power of two. */
uint32_t log_uniform(uint64_t random)
{
	/* 2^(k/8) in units of 2^-16; between two of them the line is within 0.1 % of the curve. */
	static const uint32_t power[9] = {
		65536, 71468, 77936, 84990, 92682, 101070, 110218, 120194, 131072,
	};
	uint32_t doubling = (uint32_t)(random % 9), eighth = (uint32_t)(random >> 16 & 7);
	uint32_t rest = (uint32_t)(random >> 24 & 0xffff);
	uint64_t gap = power[eighth + 1] - power[eighth];
	uint64_t factor = power[eighth] + (gap * rest >> 16);

	return (uint32_t)((8ULL << doubling) * factor >> 16);
}

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		_exit(1);
	}
	return memory;
}

static void draw_tables(struct tables *t)
{
	for (uint32_t i = 0; i < NR_BATCH; i++)
		t->order[i] = i;
	for (uint32_t i = NR_BATCH - 1; i > 0; i--) {
		uint32_t other = (uint32_t)(next_random() % (i + 1)), number = t->order[i];

		t->order[i] = t->order[other];
		t->order[other] = number;
	}
	for (uint32_t i = 0; i < NR_STEPS; i++) {
		t->slot[i] = (uint32_t)(next_random() % NR_SLOTS);
		t->size[i] = log_uniform(next_random());
		t->page_order[i] = (uint8_t)__builtin_ctzll(next_random() | 1ULL << 9);
	}
}

static uint64_t median(uint64_t *samples, unsigned int nr)
{
	for (unsigned int i = 1; i < nr; i++) {
		uint64_t sample = samples[i];
		unsigned int place = i;

		for (; place > 0 && samples[place - 1] > sample; place--)
			samples[place] = samples[place - 1];
		samples[place] = sample;
	}
	return samples[nr / 2];
}

static void run_group(const struct group *group, struct tables *t, bool count)
{
	static uint64_t samples[MAX_WORKLOADS][SAMPLES];
	unsigned int warm_ups = count ? 1 : WARM_UPS, nr = count ? 1 : SAMPLES;

	for (unsigned int i = 0; i < group->nr; i++)
		if (group->workloads[i].prepare)
			group->workloads[i].prepare(t);
	for (unsigned int run = 0; run < warm_ups + nr; run++) {
		for (unsigned int i = 0; i < group->nr; i++) {
			uint64_t start = __rdtsc(), ticks;

			group->workloads[i].timed(t);
			ticks = __rdtsc() - start;
			if (run >= warm_ups)
				samples[i][run - warm_ups] = ticks;
		}
	}
	if (group->finish)
		group->finish(t);
	for (unsigned int i = 0; i < group->nr; i++) {
		const struct workload *w = &group->workloads[i];

		printf("%s %.3f %u\n", w->row, (double)median(samples[i], nr) / w->nr, w->nr);
	}
}

/* The time stamp counter has a rate of its own: how many of its ticks one cycle of this CPU is. */
static void clock_row(void)
{
	static uint64_t samples[SAMPLES];
	uint64_t sum = 1;

	for (unsigned int run = 0; run < SAMPLES; run++) {
		uint64_t start = __rdtsc();

		for (unsigned int i = 0; i < NR_ADDS / 10; i++)
			__asm__ volatile(".rept 10\n add %0, %0\n .endr" : "+r"(sum));
		samples[run] = __rdtsc() - start;
	}
	printf("clock %.3f %u\n", (double)median(samples, SAMPLES) / NR_ADDS, NR_ADDS);
}

static size_t resident_pages(void)
{
	size_t total, resident;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%zu %zu", &total, &resident) != 2) {
		perror("/proc/self/statm");
		_exit(1);
	}
	fclose(statm);
	return resident;
}

static void resident_row(void)
{
	void **objects = map(NR_ASKED * sizeof(*objects));
	size_t before, after, asked = 0, nr = 0;

	(void)resident_pages();		/* what reading a file takes is taken from here on */
	before = resident_pages();
	while (asked < ASKED && nr < NR_ASKED) {
		size_t size = log_uniform(next_random());

		objects[nr] = take(size);
		if (!objects[nr]) {
			fputs("no memory\n", stderr);
			_exit(1);
		}
		memset(objects[nr++], 0x5a, size);
		asked += size;
	}
	after = resident_pages();
	after = (after - before) * (size_t)sysconf(_SC_PAGESIZE);
	printf("resident %.4f %zu\n", (double)after / (double)asked, nr);
}

int main(int argc, char **argv)
{
	struct tables *t = map(sizeof(*t));
	bool count = argc == 2 && !strcmp(argv[1], "count");

	if (argc != 2 || (!count && strcmp(argv[1], "time") && strcmp(argv[1], "resident"))) {
		fputs("usage: bench time|count|resident\n", stderr);
		return 2;
	}
#ifdef BENCH_QUIRE
	log_set_level(LOGLEVEL_WARNING);
	if (quire_init(ARENA) != 0) {
		fputs("no arena\n", stderr);
		return 1;
	}
#endif
	if (!strcmp(argv[1], "resident")) {
		resident_row();
		return 0;
	}
	draw_tables(t);
	if (!count)
		clock_row();
	for (unsigned int i = 0; i < nr_object_groups; i++)
		run_group(&object_groups[i], t, count);
	for (unsigned int i = 0; i < nr_page_groups; i++)
		run_group(&page_groups[i], t, count);
	return 0;
}
