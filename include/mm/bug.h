/*
 * Callers' bugs: reported with what, where and who, refused, and the system goes on. Tests
 * expect them by kind.
 */
#pragma once

#include <kernel/compiler.h>

enum mm_bug_kind {
	MM_BUG_BAD_REQUEST,	/* order, size, flags or name outside what the interface allows */
	MM_BUG_DOUBLE_FREE,	/* the page or object is free already */
	MM_BUG_BAD_POINTER,	/* an address never given, or one inside an object or block */
	MM_BUG_WRONG_CACHE,	/* an object of another cache */
	MM_BUG_WRONG_ORDER,	/* pages freed with another order than they were taken with */
	MM_BUG_RESERVED,	/* a free of reserved memory */
	MM_BUG_LIVE_OBJECTS,	/* a cache destroyed with objects out; counted once an object */
	MM_BUG_CORRUPTED,	/* a free object or list link was overwritten after its free */
	MM_NR_BUG_KINDS,
};

/**
 * mm_bug() - one report: kind, text, caller by name, backtrace.
 * @who: RET_IP of the public function.
 */
__printf(4, 5) __cold void mm_bug(enum mm_bug_kind kind, const void *what, uintptr_t who,
				  const char *fmt, ...);

/** mm_bug_count() - reports of @kind since boot. */
unsigned int mm_bug_count(enum mm_bug_kind kind);

/** mm_bug_quiet() - while on, reports are counted but not printed: for tests that provoke them. */
void mm_bug_quiet(bool on);

/** mm_bug_name() - for people: "double free". */
const char *mm_bug_name(enum mm_bug_kind kind);
