/*
 * The restartable sequences, instruction by instruction.
 *
 * The same loads, tests and stores in the same order as in boot/include/port/stack.h, and before
 * each of them a point where an interrupt may come. One that comes behind the first leads back to
 * the first, as the interrupt entry in boot/interrupts.c has it; that another CPU ran does not. The
 * last instruction reads, changes and writes the top at once, as far as its own CPU can tell.
 */
#include <port/stack.h>

#include "interleave.h"

/* Has an interrupt come since there had been @before, and does the entry rewind? */
static bool is_rewound(unsigned int before)
{
	return cpu_this()->nr_interrupts != before && !machine_has(FAULT_NO_REWIND);
}

/* A test of a register, and the jump on its outcome. */
static void test_step(void)
{
	if (!cpus_running())
		return;
	explore_event(POINT_IRQ);
	cpu_note(0);
}

void *sequence_pop(void ***top)
{
	for (;;) {
		unsigned int before;
		void **at, *entry;

		cpu_this()->at = RET_IP;
		memory_access(top, sizeof(*top), false);
		before = cpu_this()->nr_interrupts;
		at = *top;
		memory_access(at - 1, sizeof(*at), false);
		if (is_rewound(before))
			continue;
		entry = at[-1];
		test_step();
		if (is_rewound(before))
			continue;
		if (!entry)
			return NULL;
		memory_access(top, sizeof(*top), true);
		if (is_rewound(before))
			continue;
		(*top)--;
		return entry;
	}
}

bool sequence_push(void ***top, void *entry)
{
	for (;;) {
		unsigned int before;
		void **at;

		cpu_this()->at = RET_IP;
		memory_access(top, sizeof(*top), false);
		before = cpu_this()->nr_interrupts;
		at = *top;
		test_step();
		if (is_rewound(before))
			continue;
		if ((uintptr_t)at % STACK_BYTES == 0)
			return false;
		memory_access(at, sizeof(*at), true);
		if (is_rewound(before))
			continue;
		*at = entry;
		memory_access(top, sizeof(*top), true);
		if (is_rewound(before))
			continue;
		(*top)++;
		return true;
	}
}

/* An interrupt may come between any two. Return: false: one that rewinds has come. */
static bool copy_steps(void **to, void *const *from, unsigned int nr, unsigned int before)
{
	for (unsigned int i = 0; i < nr; i++) {
		memory_access(from + i, sizeof(*from), false);
		memory_access(to + i, sizeof(*to), true);
		if (is_rewound(before))
			return false;
		to[i] = from[i];
	}
	return true;
}

/* Entries for which there is room above @top. */
static unsigned int room_above(void **top)
{
	return (unsigned int)(-(uintptr_t)top % STACK_BYTES / sizeof(*top));
}

unsigned int sequence_pop_many(void ***top, unsigned int size, void **entries, unsigned int nr)
{
	for (;;) {
		unsigned int before, n = 0;
		void **at;

		cpu_this()->at = RET_IP;
		memory_access(top, sizeof(*top), false);
		before = cpu_this()->nr_interrupts;
		at = *top;
		memory_access(at - 1, sizeof(*at), false);
		if (is_rewound(before))
			continue;
		if (at[-1])
			n = size - room_above(at) < nr ? size - room_above(at) : nr;
		at -= n;
		if (!copy_steps(entries, at, n, before))
			continue;
		memory_access(top, sizeof(*top), true);
		if (is_rewound(before))
			continue;
		*top = at;
		return n;
	}
}

unsigned int sequence_push_many(void ***top, void *const *entries, unsigned int nr)
{
	for (;;) {
		unsigned int before, n;
		void **at;

		cpu_this()->at = RET_IP;
		memory_access(top, sizeof(*top), false);
		before = cpu_this()->nr_interrupts;
		at = *top;
		n = room_above(at) < nr ? room_above(at) : nr;
		if (!copy_steps(at, entries, n, before))
			continue;
		memory_access(top, sizeof(*top), true);
		if (is_rewound(before))
			continue;
		*top = at + n;
		return n;
	}
}
