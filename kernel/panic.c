/*
 * The end of the road.
 *
 * The first CPU to arrive stops the others, the ones in a panic of their own included, and tells
 * the story; arriving again, inside its own report, it says one line and stops. No lock is taken
 * here: the one that is needed may be what broke.
 */
#include <kernel/internal.h>
#include <kernel/panic.h>
#include <kernel/port.h>
#include <kernel/print.h>

#define BACKTRACE_MAX	24 /* frames; deeper than any path from a command to a free list */
#define REASON_MAX	256	/* bytes, with the NUL; a longer reason is cut */

static unsigned int panics;
static void (*dump_state)(void);

void panic_set_dump(void (*dump)(void))
{
	dump_state = dump;
}

bool panicking(void)
{
	return __atomic_load_n(&panics, __ATOMIC_RELAXED) != 0;
}

void show_backtrace(void)
{
	uintptr_t addresses[BACKTRACE_MAX];
	unsigned int nr = port_backtrace(addresses, BACKTRACE_MAX);

	if (nr == 0)
		return;
	pr_emerg("Call trace:\n");
	for (unsigned int i = 0; i < nr; i++) {
		struct port_symbol sym;

		/* The call, not what is behind it: that may be the next function. */
		if (port_symbol(addresses[i] - 1, &sym))
			pr_emerg("  [<%px>] %s+0x%zx/0x%zx\n", (void *)addresses[i], sym.name,
				 sym.offset + 1, sym.size);
		else
			pr_emerg("  [<%px>] not in this image\n", (void *)addresses[i]);
	}
}

void panic(const char *fmt, ...)
{
	char reason[REASON_MAX];
	va_list args;

	port_stop_cpus();
	va_start(args, fmt);
	kvsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (__atomic_fetch_add(&panics, 1, __ATOMIC_RELAXED) != 0) {
		pr_emerg("\npanic inside a panic: %s\n", reason);
		port_exit(PORT_PANIC);
	}
	if (log_level() < LOGLEVEL_DEFAULT)
		log_set_level(LOGLEVEL_DEFAULT);
	pr_emerg("\n%spanic on CPU %u: %s\n", ktest_is_running() ? "Bail out! " : "", port_cpu(),
		 reason);
	show_backtrace();
	if (dump_state != NULL) {
		pr_emerg("State, read without locks:\n");
		dump_state();
	}
	port_exit(PORT_PANIC);
}
