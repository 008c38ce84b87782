/*
 * The end of the road, and the assertions that lead there.
 *
 * Four classes of error (docs/architecture.md): a shortage is a value that the caller gets, a
 * caller's bug is a report (mm/bug.h), bad boot input is a message, and only a broken invariant of
 * Quire's own comes here.
 */
#pragma once

#include <kernel/compiler.h>

/**
 * panic() - say why, print a backtrace and the state of the memory, and stop with PORT_PANIC.
 * Context: any. Takes no lock and says so; a panic inside a panic stops at once.
 */
__printf(1, 2) _Noreturn __cold void panic(const char *fmt, ...);

/** panic_set_dump() - what panic() calls to print the state; given by the side that has one. */
void panic_set_dump(void (*dump)(void));

/** panicking() - has panic() begun? A report then takes no lock. */
bool panicking(void);

/** show_backtrace() - the caller's callers, by name, one a line, through pr_emerg(). */
void show_backtrace(void);

/* MM_ASSERT() is on in every build: it guards states from which going on would corrupt memory. */
#define MM_ASSERT(cond)                                                                            \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			panic("assertion failed: %s, %s:%d", #cond, __FILE__, __LINE__);           \
	} while (0)
