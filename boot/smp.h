/*
 * The CPUs: what each has for itself beyond struct percpu, starting them, and calling from one to
 * another.
 */
#pragma once

#include <kernel/percpu.h>

#include "boot.h"

struct tss {
	uint32_t reserved0;
	uint32_t rsp[3][2];		/* low half, high half: the fields are not 8-byte aligned */
	uint32_t reserved1[2];
	uint32_t ist[7][2];
	uint32_t reserved2[2];
	uint16_t reserved3;
	uint16_t io_bitmap;		/* offset; the structure's size: none */
};

_Static_assert(sizeof(struct tss) == 104, "the size of a 64-bit TSS");

/* port_interrupt_after(): fn(arg) after @left more instructions; @fn NULL: none asked for. */
struct step {
	void (*fn)(void *arg);
	void *arg;
	unsigned int left;
};

/* A call to other CPUs that is under way: @left of them have not finished. */
struct call {
	void (*fn)(void *arg);
	void *arg;
	unsigned int left;
};

/* A CPU can be waiting for one call of its own, and for one of a handler on top of that. */
#define CALL_LEVELS	2U
#define CALL_WORDS	(PORT_NR_CPUS * CALL_LEVELS / 64)

/*
 * struct cpu - one for each CPU, at its GS base.
 * @percpu:  first, so that this is also where <port/stack.h> looks
 * @calls:   of this CPU to others, by level
 * @inbox:   one bit for each call of each CPU that waits for this one
 * @work:    what port_start() wants run; NULL: the CPU is idle
 */
struct cpu {
	struct percpu percpu;
	uint32_t apic_id;
	bool in_interrupt;
	uint64_t ticks;
	struct step step;
	struct call calls[CALL_LEVELS];
	uint64_t inbox[CALL_WORDS];
	void (*work)(void *arg);
	void *work_arg;
	struct stack stacks[NR_STACKS];
	struct tss tss;
	uint64_t gdt[SEL_TSS / 8 + 2];	/* a TSS descriptor takes two slots */
};

_Static_assert(offsetof(struct cpu, percpu) == 0, "GS finds both");

/** this_cpu() - meaningful while the caller cannot move: nobody does. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/** cpu_of() - by number, below port_nr_cpus(). */
static inline struct cpu *cpu_of(unsigned int number)
{
	return (struct cpu *)percpu_area[number];
}

/** smp_boot_cpu() - make the running CPU number 0, with its GS base. First of all in kernel_main():
 *  no lock can be taken before. */
void smp_boot_cpu(void);

/** smp_prepare() - between paging_init() and mm_init(): APIC, and memory for the MADT's CPUs. */
void smp_prepare(struct memmap *map);

/** smp_start() - between mm_init() and mm_release_boot(): start CPUs, and enable interrupts. */
void smp_start(struct memmap *map);

/** smp_main() - where trampoline.asm leads a CPU that has been started. */
_Noreturn void smp_main(struct cpu *cpu);

/** smp_set_nr() - the CPUs 0 .. @nr - 1 run. */
void smp_set_nr(unsigned int nr);

/** smp_work_loop() - what a CPU does that has been started: idle, and what port_start() brings. */
_Noreturn void smp_work_loop(void);

/** smp_serve_calls() - run what other CPUs wait for. Interrupts are masked. */
void smp_serve_calls(void);

/** smp_stop_if_told() - on an NMI: stop for good if port_stop_cpus() sent it; else return. */
void smp_stop_if_told(void);

/** smp_is_stopping() - has port_stop_cpus() been called? Who is still running is then alone. */
bool smp_is_stopping(void);

/* trampoline.asm's variables, behind its code. */
struct trampoline_data {
	uint32_t jump_offset;		/* of its 64-bit part in the page; plus the page */
	uint16_t jump_selector;
	uint16_t gdt_base;		/* where in the page the GDT's address stands */
	uint32_t boot_cr3;
	uint32_t wanted;		/* APIC id + 1 of the CPU that may come; 0: none */
	uint64_t kernel_cr3;
	struct cpu *cpu;
	void *stack_top;
};

_Static_assert(offsetof(struct trampoline_data, boot_cr3) == 8 &&
	       offsetof(struct trampoline_data, wanted) == 12 &&
	       offsetof(struct trampoline_data, kernel_cr3) == 16 &&
	       offsetof(struct trampoline_data, cpu) == 24 &&
	       offsetof(struct trampoline_data, stack_top) == 32 &&
	       sizeof(struct trampoline_data) == 40, "trampoline.asm has the same");

#define TRAMPOLINE_CLAIMED	0xffffffffU	/* wanted: it has come */
#define TRAMPOLINE_READY	0xfffffffeU	/* and runs as a CPU of the kernel */

extern const char trampoline_start[], trampoline_end[], trampoline_data[];
