/*
 * Reports of callers' bugs.
 *
 * Somebody broke the contract of a public function. The function refuses, calls mm_bug() with no
 * lock held, and goes on as if it had not been called. Reports are counted by kind, also while they
 * are not printed, so that a test can provoke one and expect exactly one more of its kind.
 */

#include <kernel/panic.h>
#include <kernel/print.h>
#include <mm/bug.h>

static unsigned int counts[MM_NR_BUG_KINDS];
static bool quiet;

static const char *const names[MM_NR_BUG_KINDS] = {
	[MM_BUG_BAD_REQUEST] = "bad request",
	[MM_BUG_DOUBLE_FREE] = "double free",
	[MM_BUG_BAD_POINTER] = "bad pointer",
	[MM_BUG_WRONG_CACHE] = "wrong cache",
	[MM_BUG_WRONG_ORDER] = "wrong order",
	[MM_BUG_RESERVED] = "free of reserved memory",
	[MM_BUG_LIVE_OBJECTS] = "live objects",
	[MM_BUG_CORRUPTED] = "corrupted free object",
};

const char *mm_bug_name(enum mm_bug_kind kind)
{
	return kind < MM_NR_BUG_KINDS ? names[kind] : "unknown";
}

void mm_bug(enum mm_bug_kind kind, const void *what, uintptr_t who, const char *fmt, ...)
{
	char text[160];
	va_list args;

	__atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED);
	if (quiet)
		return;

	va_start(args, fmt);
	kvsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pr_err("mm: BUG: %s: %px: %s\n", mm_bug_name(kind), what, text);
	pr_err("mm:   by %pS; refused\n", (void *)who);
	show_backtrace();
}

unsigned int mm_bug_count(enum mm_bug_kind kind)
{
	return __atomic_load_n(&counts[kind], __ATOMIC_RELAXED);
}

void mm_bug_quiet(bool on)
{
	quiet = on;
}
