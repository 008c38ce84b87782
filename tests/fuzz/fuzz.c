/*
 * What the fuzz targets share: the table of them, the end of a process that found something, a
 * console that is looked at, and the arena.
 *
 * The port is the hosted one (tests/host/port.c), but for three functions that the linker's --wrap
 * sends here: port_write() keeps the last output for fuzz_fail() and prints nothing unless the
 * system panics, port_stop_cpus() is the panic's first step, and port_seed() is a constant, so that
 * the same input does the same in the next process.
 */
#include "fuzz.h"

#include <hosted/quire.h>
#include <kernel/panic.h>
#include <kernel/port.h>
#include <mm/ledger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/internal.h"

#define LOG_BYTES	4096U		/* of the console's output that a failure shows */
#define MIB		(1ULL << 20)
#define NR_RESERVED	64U
#define SEED		0x5175697265ULL	/* any will do */

static const struct fuzz_target *const targets[] = {
	&fuzz_multiboot2, &fuzz_memmap,	  &fuzz_acpi,  &fuzz_cmdline,
	&fuzz_edit,	  &fuzz_commands, &fuzz_pages, &fuzz_objects,
};

static char last_output[LOG_BYTES];
static size_t nr_output;		/* bytes ever written; modulo LOG_BYTES the ring's end */
static bool loud;

void __wrap_port_write(const char *text, size_t len);
void __wrap_port_stop_cpus(void);
uint64_t __wrap_port_seed(void);

const struct fuzz_target *fuzz_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(targets); i++) {
		if (strcmp(targets[i]->name, name) == 0)
			return targets[i];
	}
	fprintf(stderr, "fuzz: no target \"%s\"; there are", name ? name : "");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		fprintf(stderr, " %s", targets[i]->name);
	fprintf(stderr, "\n");
	return NULL;
}

static void show_output(void)
{
	size_t nr = nr_output < LOG_BYTES ? nr_output : LOG_BYTES;

	if (nr == 0)
		return;
	fprintf(stderr, "fuzz: the console's last output:\n");
	for (size_t i = nr_output - nr; i < nr_output; i++)
		fputc(last_output[i % LOG_BYTES], stderr);
}

void fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	if (!loud)
		show_output();
	fprintf(stderr, "\nfuzz: %s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

/* ---- the console --------------------------------------------------------- */

void fuzz_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n')
			fuzz_fail(__FILE__, __LINE__, "the console gets a character 0x%02x",
				  (unsigned int)(unsigned char)text[i]);
	}
}

static void sink_write(struct seq *seq, const char *text, size_t len)
{
	(void)seq;
	__wrap_port_write(text, len);
}

struct seq fuzz_sink = { .write = sink_write };

void __wrap_port_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		last_output[nr_output++ % LOG_BYTES] = text[i];
	if (loud)
		fwrite(text, 1, len, stderr);
	else
		fuzz_text(text, len);
}

void __wrap_port_stop_cpus(void)
{
	show_output();
	loud = true;
}

uint64_t __wrap_port_seed(void)
{
	return SEED;
}

/* ---- the arena ----------------------------------------------------------- */

void fuzz_boot(void)
{
	static const struct memmap_entry ram[] = {
		{ 0x0, 0x9fc00, MEMMAP_USABLE },
		{ 12 * MIB, 28 * MIB, MEMMAP_USABLE },		/* DMA, and DMA32 with page lists */
		{ 4096 * MIB - 4 * MIB, 12 * MIB, MEMMAP_USABLE },	/* DMA32 and Normal */
	};
	static struct memmap map;
	void *storage = malloc(memmap_bytes(ARRAY_SIZE(ram), NR_RESERVED));
	int err = storage ? 0 : -1;

	if (!err)
		memmap_init(&map, storage, ARRAY_SIZE(ram), NR_RESERVED, 8192 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(ram) && !err; i++)
		err = memmap_add(&map, ram[i].base, ram[i].length, ram[i].type);
	if (err || quire_init_map(&map) != 0)
		fuzz_fail(__FILE__, __LINE__, "no arena");
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &kernel_mm.zone[i];

		memset(zone->watermark, 0, sizeof(zone->watermark));
		memset(zone->lowmem_reserve, 0, sizeof(zone->lowmem_reserve));
	}
	mm_bug_quiet(true);
}

uint64_t fuzz_pages_free(void)
{
	uint64_t free = 0;

	caches_drain();
	drain_all_pages();
	caches_drain();
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		free += kernel_mm.zone[i].nr_free;
	return free;
}

unsigned int fuzz_bugs(void)
{
	unsigned int nr = 0;

	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		nr += mm_bug_count((enum mm_bug_kind)kind);
	return nr;
}

void fuzz_verify(void)
{
	if (mm_verify(&fuzz_sink) != 0)
		fuzz_fail(__FILE__, __LINE__, "an invariant is broken");
	if (ledger_check(&kernel_mm, &fuzz_sink) != 0)
		fuzz_fail(__FILE__, __LINE__, "the ledger is not closed");
}
