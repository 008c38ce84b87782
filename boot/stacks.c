/*
 * The boot CPU's stacks by name, and walking the frames on them.
 *
 * A frame is two words: the caller's rbp and the return address. The kernel is built with
 * frame pointers, so the words at rbp lead outwards to entry.asm, which starts with rbp 0.
 * Only words inside a known stack are read, and only upwards, so that a damaged chain ends the
 * walk and not the kernel.
 */
#include "smp.h"

#define GUARD_BYTES	4096U		/* one page: PAGE_SIZE of layout.inc */

extern char boot_stack_guard[], boot_stack[], boot_stack_top[];
extern char double_fault_stack_guard[], double_fault_stack[], double_fault_stack_top[];
extern char nmi_stack_guard[], nmi_stack[], nmi_stack_top[];
extern char machine_check_stack_guard[], machine_check_stack[], machine_check_stack_top[];

const struct stack boot_stacks[NR_STACKS] = {
	[STACK_BOOT] = { "boot", boot_stack_guard, boot_stack, boot_stack_top },
	[STACK_DOUBLE_FAULT] = { "double fault", double_fault_stack_guard, double_fault_stack,
				 double_fault_stack_top },
	[STACK_NMI] = { "NMI", nmi_stack_guard, nmi_stack, nmi_stack_top },
	[STACK_MACHINE_CHECK] = { "machine check", machine_check_stack_guard, machine_check_stack,
				  machine_check_stack_top },
};

const struct stack *stack_guarded_by(uintptr_t address)
{
	const struct stack *stacks = this_cpu()->stacks;

	for (unsigned int i = 0; i < NR_STACKS; i++) {
		if (address - (uintptr_t)stacks[i].guard < GUARD_BYTES)
			return &stacks[i];
	}
	return NULL;
}

bool stack_holds(uintptr_t address, size_t bytes)
{
	const struct stack *stacks = this_cpu()->stacks;

	if (address % sizeof(uintptr_t) != 0)
		return false;
	for (unsigned int i = 0; i < NR_STACKS; i++) {
		if (address >= (uintptr_t)stacks[i].bottom &&
		    address <= (uintptr_t)stacks[i].top - bytes)
			return true;
	}
	return false;
}

unsigned int unwind(uintptr_t rbp, uintptr_t *addresses, unsigned int max)
{
	unsigned int nr = 0;

	while (nr < max && stack_holds(rbp, 2 * sizeof(uintptr_t))) {
		const uintptr_t *frame = (const uintptr_t *)rbp;

		addresses[nr++] = frame[1];
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
	return nr;
}
