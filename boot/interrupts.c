/*
 * The table of vectors, and what happens at each.
 *
 * 1. Exceptions end the kernel (traps.c), but for the NMI that stops a CPU and the debug exception
 *    of port_interrupt_after(). Vectors from 32 on are interrupts: they come from this CPU's local
 *    APIC, run on the stack that they find, with interrupts masked, and return.
 * 2. Restartable sequences. <port/stack.h> has sequences that are right only if no handler used the
 *    same stack between their first and their last instruction. An interrupt that arrives at rip in
 *    (first, last] returns to first instead. Nothing is lost: up to last, whose effect is the only
 *    one that anybody can see, a sequence has changed registers that it sets again, words above
 *    the top of its own stack, and for many entries the array of its caller, which it fills again.
 *    At first nothing has been loaded, behind last all is done: both stay. Interrupts always
 *    rewind, whether or not the handler used a stack: it is never wrong, and costs some
 *    instructions in the rare case. A sequence makes progress as long as interrupts are farther
 *    apart than it is long: some twenty instructions, and one turn for each of at most 30 entries.
 * 3. Handlers do not nest, since they run masked. What can still come in between: an NMI and
 *    exceptions, none of which returns (it stops the CPU, or is reported) but the debug exception.
 *    So no other has anything to rewind.
 * 4. The debug exception comes after every instruction while the trap
 *    flag is set: if it always rewound, a sequence would never end. It rewinds when its function
 *    ran, for that may have used a stack, and only then.
 * 5. The search is over the whole table, which has as many entries as the image has sequences,
 *    and only for addresses between the lowest and the highest of them.
 */
#include <kernel/print.h>

#include "apic.h"
#include "boot.h"
#include "cpu.h"
#include "interrupts.h"
#include "smp.h"

#define NR_VECTORS	256U
#define GATE_INTERRUPT	0x8e00ULL	/* bits 32..47: present, ring 0, masks interrupts */

/* 8259A: Intel's data sheet. The second one hangs on input 2 of the first. */
#define PIC1		0x20
#define PIC2		0xa0
#define PIC_INIT	0x11		/* four words follow: vector, wiring, mode, mask */
#define PIC_8086	0x01

#define RFLAGS_TF	(1UL << 8)

struct gate {
	uint64_t low, high;
};

struct restart {
	uint64_t first, last;
};

extern const uintptr_t vector_stubs[NR_VECTORS];
extern const struct restart __start_restart_table[], __stop_restart_table[];

void interrupt_dispatch(struct trap_frame *frame);

static struct gate idt[NR_VECTORS];
static uint64_t restart_low, restart_high;	/* no sequence lies outside of them */
static void (*tick)(void);

/* ---- vectors --------------------------------------------------------------------------------- */

static uint64_t ist_of(unsigned int vector)
{
	switch (vector) {
	case TRAP_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT;
	case TRAP_NMI:
		return IST_NMI;
	case TRAP_MACHINE_CHECK:
		return IST_MACHINE_CHECK;
	default:
		return IST_NONE;
	}
}

void interrupts_load(void)
{
	struct descriptor_pointer pointer = { sizeof(idt) - 1, (uintptr_t)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

static void set_gate(struct gate *gate, uint64_t entry, uint64_t ist)
{
	gate->low = (entry & 0xffffU) | SEL_CODE << 16 | ist << 32 | GATE_INTERRUPT << 32 |
		    (entry >> 16 & 0xffffU) << 48;
	gate->high = entry >> 32;
}

uintptr_t traps_set_entry(unsigned int vector, uintptr_t entry)
{
	struct gate *gate = &idt[vector];
	uintptr_t former = (gate->low & 0xffffU) | (gate->low >> 48) << 16 | gate->high << 32;

	set_gate(gate, entry, gate->low >> 32 & 7);
	return former;
}

void interrupts_init(void)
{
	for (unsigned int i = 0; i < NR_VECTORS; i++)
		set_gate(&idt[i], vector_stubs[i], ist_of(i));
	restart_low = UINT64_MAX;
	for (const struct restart *r = __start_restart_table; r < __stop_restart_table; r++) {
		restart_low = min_u64(restart_low, r->first);
		restart_high = max_u64(restart_high, r->last);
	}
	interrupts_load();
}

void pic_mask(void)
{
	static const uint8_t wiring[2] = { 1 << 2, 2 };

	for (unsigned int i = 0; i < 2; i++) {
		uint16_t pic = i == 0 ? PIC1 : PIC2;

		outb(pic, PIC_INIT);
		outb((uint16_t)(pic + 1), (uint8_t)(VECTOR_PIC + 8 * i));
		outb((uint16_t)(pic + 1), wiring[i]);
		outb((uint16_t)(pic + 1), PIC_8086);
		outb((uint16_t)(pic + 1), 0xff);
	}
}

/* ---- restartable sequences ------------------------------------------------------------------- */

static void rewind_sequence(struct trap_frame *frame)
{
	if (frame->rip <= restart_low || frame->rip > restart_high)
		return;
	for (const struct restart *r = __start_restart_table; r < __stop_restart_table; r++) {
		if (frame->rip > r->first && frame->rip <= r->last) {
			frame->rip = r->first;
			return;
		}
	}
}

/* ---- the trap flag --------------------------------------------------------------------------- */

bool port_interrupt_after(unsigned int nr, void (*fn)(void *arg), void *arg)
{
	struct step *step = &this_cpu()->step;

	step->arg = arg;
	step->left = nr;
	step->fn = fn;
	__asm__ volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(RFLAGS_TF) : "memory", "cc");
	return true;
}

bool port_interrupt_cancel(void)
{
	struct step *step = &this_cpu()->step;
	bool came;

	__asm__ volatile("pushfq; andq %0, (%%rsp); popfq" : : "i"(~RFLAGS_TF) : "memory", "cc");
	came = !step->fn;
	step->fn = NULL;
	return came;
}

/* Return: false when nobody asked for this exception. */
static bool single_step(struct trap_frame *frame)
{
	struct step *step = &this_cpu()->step;
	void (*fn)(void *arg) = step->fn;

	if (!fn)
		return false;
	if (step->left > 1) {
		step->left--;
		return true;
	}
	if (!(frame->rflags & RFLAGS_IF))	/* no interrupt could come here: later */
		return true;
	frame->rflags &= ~RFLAGS_TF;
	step->fn = NULL;
	fn(step->arg);
	rewind_sequence(frame);
	return true;
}

/* ---- dispatch -------------------------------------------------------------------------------- */

bool port_on_tick(void (*fn)(void))
{
	__atomic_store_n(&tick, fn, __ATOMIC_RELEASE);
	return apic_ticks();
}

static void handle_timer(void)
{
	void (*fn)(void) = __atomic_load_n(&tick, __ATOMIC_ACQUIRE);

	this_cpu()->ticks++;
	if (fn)
		fn();
}

static void handle_interrupt(uint64_t vector)
{
	this_cpu()->in_interrupt = true;
	switch (vector) {
	case VECTOR_TIMER:
		apic_eoi();
		handle_timer();
		break;
	case VECTOR_CALL:
		apic_eoi();
		smp_serve_calls();
		break;
	case VECTOR_WAKE:
		apic_eoi();
		break;
	case VECTOR_SPURIOUS:
	case VECTOR_PIC + 7:
	case VECTOR_PIC + 15:
		break;
	default:
		apic_eoi();
		pr_warn("CPU %u: unexpected interrupt, vector %llu\n", port_cpu(),
			(unsigned long long)vector);
	}
	this_cpu()->in_interrupt = false;
}

void interrupt_dispatch(struct trap_frame *frame)
{
	if (frame->vector >= NR_TRAPS) {
		handle_interrupt(frame->vector);
		rewind_sequence(frame);
		return;
	}
	if (frame->vector == TRAP_NMI)
		smp_stop_if_told();
	if (frame->vector == TRAP_DEBUG && single_step(frame))
		return;
	trap_report(frame);
}

bool port_in_interrupt(void)
{
	return this_cpu()->in_interrupt;
}
