/*
 * The single steps themselves, on instructions whose numbers are known: all of them stand in the
 * assembly text, so that the compiler puts none of its own between. Only in the booted kernel.
 */
#include <kernel/ktest.h>

#include "boot/boot.h"
#include "tests/bench/step.h"

#define TRAP_DEBUG	1U

static struct step_counts empty_steps(void)
{
	(void)step_take();
	step_begin();
	step_end();
	return step_take();
}

static void counts_locked_and_irq_instructions(struct ktest *t)
{
	struct step_counts empty, counts;
	static volatile uint32_t word;

	word = 0;
	step_install();
	empty = empty_steps();
	step_begin();
	__asm__ volatile("lock addl $1, %0\n\t"
			 "lock incq (%%rsp)\n\t"
			 "lock decq (%%rsp)\n\t"
			 "movl $5, %%ecx\n\t"
			 "xchgl %%ecx, %0\n\t"		/* with memory: locks by itself */
			 "xchgl %%ecx, %%edx\n\t"	/* between registers: does not */
			 "pushfq\n\t"
			 "cli\n\t"
			 "popfq\n\t"
			 "movl $0xfafbf09c, %%ecx"	/* opcodes as data are no opcodes */
			 : "+m"(word) : : "ecx", "edx", "memory", "cc");
	step_end();
	counts = step_take();
	step_remove();
	KTEST_EXPECT_EQ(t, counts.instructions - empty.instructions, 10);
	KTEST_EXPECT_EQ(t, counts.locked - empty.locked, 4);
	KTEST_EXPECT_EQ(t, counts.irq - empty.irq, 3);
	KTEST_EXPECT_EQ(t, word, 5);
}

static void counts_each_turn_of_a_loop(struct ktest *t)
{
	struct step_counts empty, counts;

	step_install();
	empty = empty_steps();
	step_begin();
	__asm__ volatile("movl $10, %%ecx; 1: decl %%ecx; jnz 1b" : : : "ecx", "cc");
	step_end();
	counts = step_take();
	step_remove();
	KTEST_EXPECT_EQ(t, counts.instructions - empty.instructions, 1 + 2 * 10);
	KTEST_EXPECT_EQ(t, counts.locked, 0);
	KTEST_EXPECT_EQ(t, counts.irq, empty.irq);
}

static void puts_the_entry_back(struct ktest *t)
{
	uintptr_t before = traps_set_entry(TRAP_DEBUG, 0x123456789abcdef0);
	uintptr_t set = traps_set_entry(TRAP_DEBUG, before);

	KTEST_EXPECT_EQ(t, set, 0x123456789abcdef0);
	step_install();
	step_remove();
	KTEST_EXPECT_EQ(t, traps_set_entry(TRAP_DEBUG, before), before);
}

static const struct ktest_case step_cases[] = {
	KTEST_CASE(counts_locked_and_irq_instructions),
	KTEST_CASE(counts_each_turn_of_a_loop),
	KTEST_CASE(puts_the_entry_back),
};
KTEST_SUITE(step, step_cases);
