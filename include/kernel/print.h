/*
 * Text: formatting, the log, and sinks that a report is written to.
 */
#pragma once

#include <stdarg.h>

#include <kernel/compiler.h>

/*
 * The conversions of vsnprintf() here: %d %i %u %x %X %o %c %s %p %% with the flags - 0 +
 * space #, width and precision (also *), and the lengths hh h l ll z j t. Three extensions
 * after %p, as in Linux:
 *   %pS  an address as function+offset/size
 *   %ps  the function's name alone
 *   %px  the address in full, in hex
 * No floating point. Anything else is printed as it stands, so that a wrong format shows.
 */

/**
 * vsnprintf() - format into @buf, at most @size bytes with the closing NUL.
 * Return: the length that the whole text has, without the NUL; >= @size means that it was cut.
 *
 * On the host these two are the C library's, and %pS is spelled by print_symbol().
 */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args);
__printf(3, 4) int ksnprintf(char *buf, size_t size, const char *fmt, ...);

/** struct seq - where text goes: a console, a buffer, a counter. Named after Linux's seq_file. */
struct seq {
	void (*write)(struct seq *seq, const char *text, size_t len);
};

/* Text into a sink, in the order of the calls; a sink that is full drops it. */
__printf(2, 3) void seq_printf(struct seq *seq, const char *fmt, ...);
void seq_vprintf(struct seq *seq, const char *fmt, va_list args);
void seq_puts(struct seq *seq, const char *text);

/**
 * struct seq_buffer - a sink that fills memory; always NUL-terminated; @lost counts
 * what did not fit.
 */
struct seq_buffer {
	struct seq seq;
	char *text;
	size_t size;		/* of @text, bytes */
	size_t len;		/* used, without the NUL */
	size_t lost;
};

/** seq_buffer_init() - an empty sink over @text, which has room for @size bytes, at least 1. */
void seq_buffer_init(struct seq_buffer *buf, char *text, size_t size);

/** seq_console - the sink that goes to port_write(), whatever the log level. */
extern struct seq seq_console;

/*
 * The log. A line is shown when its level is below the console's (default LOGLEVEL_DEFAULT);
 * Linux's numbers.
 */
enum loglevel {
	LOGLEVEL_EMERG = 0,
	LOGLEVEL_ERR = 3,
	LOGLEVEL_WARNING = 4,
	LOGLEVEL_NOTICE = 5,
	LOGLEVEL_INFO = 6,
	LOGLEVEL_DEBUG = 7,
};
#define LOGLEVEL_DEFAULT	7	/* all but debug */

/** log_set_level() - show lines of levels below @level; log_level() - which is that now. */
void log_set_level(unsigned int level);
unsigned int log_level(void);

/** printk() - one piece of text to the console, if @level is shown. The caller writes the "\n". */
__printf(2, 3) void printk(enum loglevel level, const char *fmt, ...);

#define pr_emerg(...)	printk(LOGLEVEL_EMERG, __VA_ARGS__)
#define pr_err(...)	printk(LOGLEVEL_ERR, __VA_ARGS__)
#define pr_warn(...)	printk(LOGLEVEL_WARNING, __VA_ARGS__)
#define pr_notice(...)	printk(LOGLEVEL_NOTICE, __VA_ARGS__)
#define pr_info(...)	printk(LOGLEVEL_INFO, __VA_ARGS__)
#define pr_debug(...)	printk(LOGLEVEL_DEBUG, __VA_ARGS__)
