/*
 * The boot as a list: kernel_main() calls one thing a line, with the reason why it
 * stands where it does.
 */
#include <kernel/command.h>
#include <kernel/ktest.h>
#include <kernel/panic.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <mm/ledger.h>
#include <mm/mm.h>
#include <mm/report.h>

#include "boot.h"
#include "cpu.h"
#include "input.h"
#include "interrupts.h"
#include "mm/fault.h"
#include "mm/internal.h"
#include "smp.h"
#include "tests/soak/soak.h"
#include "tests/suites/closed.h"

#define BANNER "\nQuire " QUIRE_VERSION ", a physical memory manager for x86-64, built with %s\n"
#define MAX_STEPS	16U
#define BRAND_BYTES	49U		/* three CPUID leaves of 16 characters, and a NUL */
#define PIECE_BYTES	128U		/* of the command line, printed at a time */

_Noreturn void kernel_main(uint64_t info_paddr);

static struct {
	const char *name;
	uint64_t ticks;
} steps[MAX_STEPS];
static unsigned int nr_steps;
static uint64_t step_start;

/* Everything between step_begin() and step_end() is the step's; printing stays outside. */
static void step_begin(void)
{
	step_start = port_ticks();
}

static void step_end(const char *name)
{
	uint64_t ticks = port_ticks() - step_start;

	if (nr_steps < MAX_STEPS) {
		steps[nr_steps].name = name;
		steps[nr_steps++].ticks = ticks;
	}
}

static void print_steps(void)
{
	pr_info("\nBoot steps:\n");
	for (unsigned int i = 0; i < nr_steps; i++) {
		uint64_t ns = port_ticks_to_ns(steps[i].ticks);

		pr_info("  %-28s %8llu.%03llu us  %12llu ticks\n", steps[i].name,
			(unsigned long long)(ns / 1000), (unsigned long long)(ns % 1000),
			(unsigned long long)steps[i].ticks);
	}
}

static const char *compiler(void)
{
#ifdef __clang__
	return __VERSION__;		/* names itself */
#else
	return "gcc " __VERSION__;
#endif
}

/* The CPU's own name for itself, without the blanks that some begin with. */
static const char *cpu_brand(char brand[BRAND_BYTES])
{
	const char *start = brand;

	memset(brand, 0, BRAND_BYTES);
	for (uint32_t i = 0; i < 3; i++) {
		struct cpuid r = cpuid_or_zero(0x80000002U + i);

		memcpy(brand + i * sizeof(r), &r, sizeof(r));
	}
	while (*start == ' ')
		start++;
	return *start ? start : "CPU without a name";
}

/* The command line is as long as it likes and may hold anything. */
static void print_cmdline(const char *text)
{
	char piece[PIECE_BYTES];
	size_t nr;

	pr_info("Command line: ");
	while ((nr = printable(piece, sizeof(piece), text, sizeof(piece))) != 0) {
		pr_info("%s", piece);
		text += nr;
	}
	pr_info("\n");
}

static void print_machine(uint64_t tsc_hz)
{
	char brand[BRAND_BYTES];

	pr_info("CPU: %s, %u physical address bits, TSC %llu.%03llu MHz (%s)\n", cpu_brand(brand),
		ilog2(cpu_reach()), (unsigned long long)(tsc_hz / 1000000),
		(unsigned long long)(tsc_hz / 1000 % 1000), time_source());
	pr_info("Boot loader: %s\n", boot_loader());
	print_cmdline(boot_cmdline());
}

static void print_map(const struct memmap *map)
{
	pr_info("\n");
	memmap_print(map, &seq_console);
	pr_info("Direct map: %llu pages of 1 GiB, %llu of 2 MiB, %llu of 4 KiB; %llu page tables\n",
		(unsigned long long)paging_stats.direct_pages[2],
		(unsigned long long)paging_stats.direct_pages[1],
		(unsigned long long)paging_stats.direct_pages[0],
		(unsigned long long)paging_stats.nr_tables);
}

static _Noreturn void unfit(const char *why)
{
	pr_err("boot: %s\n", why);
	port_exit(PORT_UNFIT);
}

/* What the command line asked for; returns when a prompt is wanted. */
static void run_options(void)
{
	if (options.dump)
		report_dump(&seq_console);
	if (options.soak && !soak_run(&seq_console, options.soak))
		port_exit(PORT_FAILED);
	if (options.test) {
		struct ktest_result result = ktest_run(&seq_console, options.test);

		port_exit(result.failed ? PORT_FAILED : PORT_OK);
	}
	if (options.bench)
		port_exit(command_run(&seq_console, options.bench) ? PORT_FAILED : PORT_OK);
	if (options.poweroff)
		port_exit(PORT_OK);
}

static void print_state(uint64_t released)
{
	pr_info("\nZones:\n");
	report_zones(&seq_console);
	pr_info("\nBuddy lists:\n");
	report_buddyinfo(&seq_console);
	pr_info("\nCaches:\n");
	report_slabinfo_in_use(&seq_console);
	pr_info("\nGiven back after boot: %llu KiB\n", (unsigned long long)(released >> 10));
}

/* Clock, boot information and command line. Return: the firmware's map, not sealed. */
static struct memmap *read_surroundings(uint64_t info_paddr)
{
	struct memmap *map;
	uint64_t tsc_hz;

	step_begin();
	tsc_hz = time_init();			/* all other steps are measured with it */
	step_end("clock");

	step_begin();
	boot_info_read(info_paddr);		/* needs entry.asm's map of the first 4 GiB */
	step_end("boot information");
	options_parse(boot_cmdline());		/* before the map: mem= and memmap= change it */
	print_machine(tsc_hz);

	step_begin();
	map = boot_info_new_map();
	if (boot_info_add(map))			/* what the firmware says, and what is taken */
		unfit("the kernel's own memory cannot be reserved");
	options_add(map);
	step_end("memory map: collect");
	pr_info("\nFirmware's memory map:\n");
	memmap_print_raw(map, &seq_console);
	return map;
}

/* A boot that came through without what it did not get must have broken and lost nothing. */
static void end_fail_nth(void)
{
	if (!options.fail_nth)
		return;
	pr_notice("fail-nth: %s\n", fault_nth_end() ? "the request was refused" :
						       "the boot makes fewer requests");
	if (mm_verify(&seq_console) || ledger_check(&kernel_mm, &seq_console))
		port_exit(PORT_FAILED);
	pr_notice("fail-nth: every invariant holds\n");
	report_ledger(&seq_console);
}

void kernel_main(uint64_t info_paddr)
{
	struct memmap *map;
	uint64_t released;

	smp_boot_cpu();				/* first: all the rest may ask for its CPU */
	(void)serial_init();			/* all the rest may have something to say */
	pr_info(BANNER, compiler());
	interrupts_init();			/* from here on a fault is a report, not a reset */
	panic_set_dump(report_panic);
	window_attach((uint64_t *)(PORT_DIRECT_MAP + (read_cr3() & CR3_ADDRESS))); /* for ACPI */

	map = read_surroundings(info_paddr);

	step_begin();
	acpi_init(map);				/* before the seal: tables may lie in usable RAM */
	step_end("ACPI");

	step_begin();
	if (memmap_seal(map))			/* sorts, clips, rounds; now early_alloc() works */
		unfit("no usable memory");
	step_end("memory map: seal");

	step_begin();
	if (paging_init(map))			/* the allocator writes through the direct map */
		unfit("too little memory for page tables");
	step_end("page tables");
	print_map(map);

	step_begin();
	smp_prepare(map);			/* takes the last of the early memory */
	step_end("APIC, memory for CPUs");

	step_begin();
	if (mm_init(map))			/* from here on alloc_pages() and kmalloc() work */
		unfit("too little memory for the allocator");
	step_end("mm_init");

	step_begin();
	smp_start(map);				/* before its trampoline is given back */
	step_end("start CPUs");

	step_begin();
	released = mm_release_boot();		/* nothing points into the boot information now */
	step_end("release boot memory");

	closed_after_each_case();		/* of the suites, wherever they are started */
	print_state(released);
	print_steps();
	end_fail_nth();
	fault_start();				/* what the boot itself takes may not fail */
	run_options();
	console_loop();
}
