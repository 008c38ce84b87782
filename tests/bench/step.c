/*
 * Single steps. See step.h.
 *
 * The handler is an interrupt gate: the CPU clears the trap flag on the way in, so that nothing of
 * the handler is counted, nor of an interrupt that comes between two steps. It does not go through
 * the kernel's own entry code, which costs much more and may change where the CPU goes on.
 */
#include "boot/boot.h"
#include "boot/cpu.h"
#include "tests/bench/step.h"

#define TRAP_DEBUG	1U

#define OP_LOCK		0xf0
#define OP_XCHG8	0x86
#define OP_XCHG		0x87
#define OP_PUSHF	0x9c
#define OP_POPF		0x9d
#define OP_CLI		0xfa
#define OP_STI		0xfb

/* For what an interrupt function calls: it changes no register. */
#define SAVES_ALL	__attribute__((no_caller_saved_registers))

/* What the CPU pushes. */
struct interrupt_frame {
	uint64_t rip, cs, rflags, rsp, ss;
};

struct step_counts step_counts;

static uintptr_t former;

/* Intel SDM volume 2, section 2.1.1 and 2.2.1: legacy prefixes, and REX. */
static SAVES_ALL bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:	/* segments */
	case 0x66: case 0x67:		/* operand and address size */
	case 0xf2: case 0xf3:		/* repeat */
	case OP_LOCK:
		return true;
	default:
		return byte >> 4 == 4;	/* REX */
	}
}

static SAVES_ALL void count(const uint8_t *code)
{
	bool locked = false;

	step_counts.instructions++;
	for (; is_prefix(*code); code++)
		locked |= *code == OP_LOCK;
	/* The top bits of ModRM, both set, mean a register. */
	if ((*code == OP_XCHG8 || *code == OP_XCHG) && code[1] >> 6 != 3)
		locked = true;
	step_counts.locked += locked;
	step_counts.irq += *code == OP_PUSHF || *code == OP_POPF || *code == OP_CLI ||
			   *code == OP_STI;
}

static __attribute__((interrupt)) void step_trap(struct interrupt_frame *frame)
{
	count((const uint8_t *)frame->rip);
}

void step_install(void)
{
	former = traps_set_entry(TRAP_DEBUG, (uintptr_t)step_trap);
}

void step_remove(void)
{
	(void)traps_set_entry(TRAP_DEBUG, former);
}

struct step_counts step_take(void)
{
	struct step_counts counts = step_counts;

	step_counts = (struct step_counts){ 0 };
	return counts;
}

bool step_interrupts_on(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}
