/*
 * What each CPU has for itself: above all its stacks of free things.
 *
 * A stack is an array of pointers that one CPU takes from and puts to without a lock, without a
 * locked instruction and without masking interrupts. Everything fast in mm/ is one of four
 * operations, which come from <port/stack.h>:
 *
 *   stack_pop(stack)                            the last entry; NULL: empty
 *   stack_push(stack, entry)                    false: full
 *   stack_pop_many(stack, size, entries, nr)    up to @nr entries; @size: of the full stack
 *   stack_push_many(stack, entries, nr)         the first of @nr, for which there is room
 *
 * The last two return how many they moved; entries[] behind what stack_pop_many() returned may have
 * been written to and mean nothing. Everything else about stacks (filling, emptying, exchanging) is
 * done by their owners with interrupts masked.
 *
 *   entry[0]      the owner's, see mm/sheaf.c
 *   entry[floor]  NULL: the bottom, floor >= 1; what pop finds there means "empty"
 *   entry[..]     what lies on the stack
 *   entry[32]     the end, on a multiple of STACK_BYTES: "full" is a test of the top's low byte
 *
 * So neither a bound nor a count has to be loaded: the top alone tells.
 */
#pragma once

#include <kernel/compiler.h>
#include <kernel/port.h>
#include <port/layout.h>

#define STACK_ENTRIES	32U
#define STACK_BYTES	(STACK_ENTRIES * sizeof(void *))	/* 256: one byte of address */
#define STACK_MAX	(STACK_ENTRIES - 2)	/* less the owner's word and the bottom */

struct cpu_stack {
	void *entry[STACK_ENTRIES];
} __attribute__((aligned(256)));

_Static_assert(STACK_BYTES == 256, "stack_push() tests one byte of the top");

#define NR_PAGE_STACKS	17U		/* three zones by five orders, and these two: */
#define STACK_NEVER	15U		/* stays stack_none */
#define STACK_SPARE	16U		/* nobody's but the suites' */
#define NR_CACHE_STACKS	1024U		/* one for each cache that there can be */
#define NR_CPU_STACKS	(NR_PAGE_STACKS + NR_CACHE_STACKS)

/*
 * struct percpu - one for each CPU, at the base that the port keeps (GS on x86-64).
 * @busy: the portable stack_pop() and stack_push() are inside; see stack_portable.h
 * @top:  of each stack: where the next pointer goes
 */
struct percpu {
	struct percpu *self;
	uint32_t cpu;
	uint32_t busy;
	void **top[NR_CPU_STACKS];
	struct cpu_stack page_stack[NR_PAGE_STACKS];	/* memory of the first ones: page_cpu.c */
};

_Static_assert(offsetof(struct percpu, self) == 0, "boot/include/port/stack.h knows it");
_Static_assert(offsetof(struct percpu, cpu) == 8, "boot/include/port/irq.h knows it");
_Static_assert(offsetof(struct percpu, top) == 16, "boot/include/port/stack.h knows it");

/**
 * percpu_init() - an area for CPU number @cpu: all its stacks are stack_none, so that the first use
 * of each goes to its owner. Called by the port before the CPU runs anything of mm/; it is then
 * found by percpu_area[@cpu].
 */
void percpu_init(struct percpu *area, unsigned int cpu);

/** percpu_area - by CPU number; NULL for one that has not started. */
extern struct percpu *percpu_area[PORT_NR_CPUS];

/** percpu_nr - no CPU from this number on has had an area: walks over all end there. */
extern unsigned int percpu_nr;

/** stack_none - the top of a stack that is empty and full at once: of those that nobody owns. */
extern struct cpu_stack percpu_no_stack;
#define stack_none	(&percpu_no_stack.entry[STACK_ENTRIES])

/** stack_empty_top() - the top of an empty stack of @size entries, 1 .. STACK_MAX. Writes its
 *  bottom. */
static inline void **stack_empty_top(struct cpu_stack *stack, unsigned int size)
{
	unsigned int floor = STACK_ENTRIES - 1 - size;

	stack->entry[floor] = NULL;
	return &stack->entry[floor + 1];
}

/** stack_full_top() - the top of a full stack. */
static inline void **stack_full_top(struct cpu_stack *stack)
{
	return &stack->entry[STACK_ENTRIES];
}

/** stack_of_top() - the stack that a top lies in; a full one's top is its end. */
static inline struct cpu_stack *stack_of_top(void **top)
{
	return (struct cpu_stack *)(((uintptr_t)top - 1) & ~(uintptr_t)(STACK_BYTES - 1));
}

/** stack_nr() - how many pointers lie on a stack. Return: 0 for stack_none. */
unsigned int stack_nr(void **top);

/**
 * stack_nr_elsewhere() - the same for a stack of @size entries of any CPU's, from its top alone:
 * that CPU may be using the stack, or may have given its memory back.
 */
static inline unsigned int stack_nr_elsewhere(const struct percpu *cpu, unsigned int stack,
					      unsigned int size)
{
	void **top = READ_ONCE(cpu->top[stack]);

	if (top == stack_none)
		return 0;
	return size - (unsigned int)(stack_full_top(stack_of_top(top)) - top);
}

/** stack_set_top() - of this CPU's stack; others may read it: stack_nr_elsewhere(). */
static inline void stack_set_top(struct percpu *cpu, unsigned int stack, void **top)
{
	WRITE_ONCE(cpu->top[stack], top);
}
