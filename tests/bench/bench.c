/*
 * The benchmark runner: the console command `bench`.
 *
 * One line for each figure, which tests/bench/figures.py reads:
 *
 *   bench: NAME nr=OPERATIONS mean=TICKS p50=... p99=... max=... steps=... locked=... irq=...
 *   bench: NAME nr=OPERATIONS mean=TICKS    timed as a whole: no more is known
 *   bench: NAME none WHY            there is no such operation here
 *   bench: NAME failed WHY
 *   bench: end FIGURES FAILURES     the run is whole
 *
 * Each operation is timed alone, so that its distribution is known. What two calls of port_ticks()
 * with nothing between them take is measured first and taken off, and so are the steps of
 * step_begin() and step_end().
 */
#include "tests/bench/bench.h"

#include <kernel/command.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <mm/page_alloc.h>

#define STEP_N		128U	/* operations in single steps: an exception for each instruction */
#define CALIBRATE_N	64U
#define SEED		0x5155495245ULL	/* "QUIRE"; any number but 0 */

/* Histogram: a bucket for each number of ticks below EXACT, then 64 for each doubling. */
#define EXACT_BITS	12U
#define EXACT		(1U << EXACT_BITS)
#define FINE_BITS	6U
#define NR_BUCKETS	(EXACT + ((64U - EXACT_BITS) << FINE_BITS))

#define HISTOGRAM_BYTES	(NR_BUCKETS * sizeof(uint32_t))
#define OBJECTS_BYTES	(BENCH_BATCH * sizeof(void *))
#define ORDER_BYTES	(BENCH_BATCH * sizeof(uint32_t))

static struct bench_part overhead;	/* of BENCH_OP() with nothing in it */

static unsigned int bucket_of(uint64_t ticks)
{
	unsigned int log;

	if (ticks < EXACT)
		return (unsigned int)ticks;
	log = ilog2(ticks);
	return EXACT + ((log - EXACT_BITS) << FINE_BITS) +
	       (unsigned int)(ticks >> (log - FINE_BITS) & ((1U << FINE_BITS) - 1));
}

/* The fewest ticks that fall into it. */
static uint64_t bucket_start(unsigned int bucket)
{
	unsigned int fine = bucket - EXACT;
	unsigned int log = EXACT_BITS + (fine >> FINE_BITS);

	if (bucket < EXACT)
		return bucket;
	return (1ULL << log) + ((uint64_t)(fine & ((1U << FINE_BITS) - 1)) << (log - FINE_BITS));
}

void bench_note(struct bench *b, unsigned int index, uint64_t ticks)
{
	struct bench_part *part = &b->part[index];

	part->nr++;
	part->ticks += ticks;
	part->last = ticks;
	part->max_before = part->max;
	part->max = max_u64(part->max, ticks);
	part->histogram[bucket_of(ticks)]++;
}

void bench_note_steps(struct bench *b, unsigned int index)
{
	struct bench_part *part = &b->part[index];
	struct step_counts counts = step_take();

	part->nr_stepped++;
	part->steps.instructions += counts.instructions;
	part->steps.locked += counts.locked;
	part->steps.irq += counts.irq;
}

void bench_note_whole(struct bench *b, unsigned int index, uint64_t nr, uint64_t ticks)
{
	struct bench_part *part = &b->part[index];

	part->nr = nr;
	part->ticks = ticks;
	part->whole = true;
}

void bench_drop(struct bench *b, unsigned int index)
{
	struct bench_part *part = &b->part[index];

	if (b->stepping) {
		b->error = "an operation failed in single steps";
		return;
	}
	part->nr--;
	part->ticks -= part->last;
	part->max = part->max_before;
	part->histogram[bucket_of(part->last)]--;
}

/* xorshift64 (Marsaglia 2003). */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void bench_shuffle(uint32_t *numbers, size_t nr)
{
	uint64_t state = SEED;

	for (size_t i = nr; i > 1; i--) {
		size_t j = next_random(&state) % i;
		uint32_t number = numbers[i - 1];

		numbers[i - 1] = numbers[j];
		numbers[j] = number;
	}
}

void bench_set_order(struct bench *b, enum bench_order order, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		b->order[i] = order == BENCH_LIFO ? nr - 1 - i : i;
	if (order == BENCH_RANDOM)
		bench_shuffle(b->order, nr);
}

/* Does one of the globs in @list, between commas, match @name? */
static bool matches_one(const char *list, const char *name)
{
	char glob[64];

	for (;;) {
		const char *comma = strchr(list, ',');
		size_t len = comma ? (size_t)(comma - list) : strlen(list);

		if (len < sizeof(glob)) {
			memcpy(glob, list, len);
			glob[len] = '\0';
			if (glob_match(glob, name))
				return true;
		}
		if (!comma)
			return false;
		list = comma + 1;
	}
}

static void reset(struct bench *b)
{
	for (unsigned int i = 0; i < BENCH_PARTS; i++) {
		uint32_t *histogram = b->part[i].histogram;

		memset(histogram, 0, HISTOGRAM_BYTES);
		b->part[i] = (struct bench_part){ .histogram = histogram };
	}
	(void)step_take();
}

/* The smallest is the price: anything above it is an interrupt's. */
static void calibrate(struct bench *b)
{
	unsigned int least = 0;

	reset(b);
	for (b->stepping = false; b->part[0].nr < CALIBRATE_N;)
		BENCH_OP(b, 0, __asm__ volatile("" : : : "memory"));
	for (b->stepping = true; b->part[0].nr_stepped < CALIBRATE_N;)
		BENCH_OP(b, 0, __asm__ volatile("" : : : "memory"));
	overhead = b->part[0];
	while (overhead.histogram[least] == 0)
		least++;
	overhead.ticks = bucket_start(least);
}

/* The smallest number of ticks that at least @percent of the operations do not exceed. */
static uint64_t percentile(const struct bench_part *part, unsigned int percent)
{
	uint64_t below = 0, wanted = (part->nr * percent + 99) / 100;

	for (unsigned int i = 0; i < NR_BUCKETS; i++) {
		below += part->histogram[i];
		if (below >= wanted)
			return bucket_start(i);
	}
	return part->max;
}

/* @sum over @nr operations without @off for each, in hundredths, rounded. */
static uint64_t hundredths(uint64_t sum, uint64_t off, uint64_t nr, unsigned int per)
{
	uint64_t divisor = nr * per;

	return divisor && sum > off ? ((sum - off) * 100 + divisor / 2) / divisor : 0;
}

static void print_figure(struct seq *out, const char *name, uint64_t value)
{
	seq_printf(out, " %s=%llu.%02llu", name, (unsigned long long)(value / 100),
		   (unsigned long long)(value % 100));
}

static uint64_t stepped(const struct bench_part *part, uint64_t sum, uint64_t empty,
			unsigned int per)
{
	uint64_t off = empty / overhead.nr_stepped * part->nr_stepped;

	return hundredths(sum, off, part->nr_stepped, per);
}

static void print_part(struct seq *out, const struct bench_part *part, const struct bench_case *c,
		       unsigned int index)
{
	const struct step_counts *empty = &overhead.steps;
	uint64_t off = overhead.ticks;
	unsigned int per = c->per;

	seq_printf(out, "bench: %s%s nr=%llu", c->name, c->part[index],
		   (unsigned long long)part->nr);
	if (part->whole) {
		print_figure(out, "mean", hundredths(part->ticks, 0, part->nr, per));
		seq_puts(out, "\n");
		return;
	}
	print_figure(out, "mean", hundredths(part->ticks, off * part->nr, part->nr, per));
	print_figure(out, "p50", hundredths(percentile(part, 50), off, 1, per));
	print_figure(out, "p99", hundredths(percentile(part, 99), off, 1, per));
	print_figure(out, "max", hundredths(part->max, off, 1, per));
	print_figure(out, "steps",
		     stepped(part, part->steps.instructions, empty->instructions, per));
	print_figure(out, "locked", stepped(part, part->steps.locked, empty->locked, per));
	print_figure(out, "irq", stepped(part, part->steps.irq, empty->irq, per));
	seq_puts(out, "\n");
}

/* Return: figures printed. */
static unsigned int print_case(struct seq *out, const struct bench *b,
			       const struct bench_case *c)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < BENCH_PARTS; i++) {
		if (!c->part[i])
			continue;
		nr++;
		if (b->error)
			seq_printf(out, "bench: %s%s failed %s\n", c->name, c->part[i], b->error);
		else if (b->none)
			seq_printf(out, "bench: %s%s none %s\n", c->name, c->part[i], b->none);
		else
			print_part(out, &b->part[i], c, i);
	}
	return nr;
}

static void run_case(struct bench *b, const struct bench_case *c)
{
	b->arg = c->arg;
	b->error = b->none = NULL;
	b->stepping = false;
	b->n = c->n;
	if (!c->cold)
		c->run(b);
	reset(b);
	if (!b->error && !b->none)
		c->run(b);
	b->stepping = true;
	b->n = (unsigned int)min_u64(c->n, STEP_N);
	if (!b->error && !b->none)
		c->run(b);
	b->stepping = false;
}

static int run_all(struct seq *out, struct bench *b, const char *globs)
{
	const struct bench_table *const *table;
	unsigned int figures = 0, failures = 0;

	LINKSET_FOREACH(table, bench) {
		for (size_t i = 0; i < (*table)->nr; i++) {
			const struct bench_case *c = &(*table)->cases[i];

			if (!matches_one(globs, c->name))
				continue;
			run_case(b, c);
			figures += print_case(out, b, c);
			failures += b->error != NULL;
		}
		if ((*table)->done)
			(*table)->done();
	}
	seq_printf(out, "bench: end %u %u\n", figures, failures);
	if (figures == 0)
		seq_printf(out, "bench: no case matches \"%s\"\n", globs);
	return figures == 0 || failures ? -ENOENT : 0;
}

static void *take(size_t bytes)
{
	return alloc_pages_exact(bytes, GFP_KERNEL);
}

static void give_all(struct bench *b, uint32_t *empty)
{
	free_pages_exact(b->objects, OBJECTS_BYTES);
	free_pages_exact(b->order, ORDER_BYTES);
	free_pages_exact(empty, HISTOGRAM_BYTES);
	for (unsigned int i = 0; i < BENCH_PARTS; i++)
		free_pages_exact(b->part[i].histogram, HISTOGRAM_BYTES);
}

static int run(struct seq *out, const char *globs)
{
	struct bench b = { .objects = take(OBJECTS_BYTES), .order = take(ORDER_BYTES) };
	uint32_t *empty = take(HISTOGRAM_BYTES);
	bool complete = b.objects && b.order && empty;
	int err = -ENOMEM;

	for (unsigned int i = 0; i < BENCH_PARTS; i++) {
		b.part[i].histogram = take(HISTOGRAM_BYTES);
		complete &= b.part[i].histogram != NULL;
	}
	if (complete) {
		step_install();
		calibrate(&b);
		seq_printf(out, "bench: interrupts %s\n", step_interrupts_on() ? "on" : "off");
		seq_printf(out, "bench: descriptor %zu\n", sizeof(struct page));
		err = run_all(out, &b, globs);
		step_remove();
	} else {
		seq_puts(out, "bench: no memory for its own tables\n");
	}
	give_all(&b, empty);
	return err;
}

static int cmd_bench(struct seq *out, int argc, char **argv)
{
	if (argc > 2)
		return -EINVAL;
	return run(out, argc == 2 ? argv[1] : "*");
}

static const struct command bench_commands[] = {
	{ "bench", "[GLOB[,GLOB...]]", "what operations cost, in ticks", cmd_bench },
};
COMMAND_TABLE(bench, bench_commands);
