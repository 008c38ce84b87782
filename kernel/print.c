/*
 * The log, and the two sinks that everybody uses.
 *
 * A piece of text is formatted in full before the port sees any of it, and goes out with interrupts
 * masked: a handler that logs puts its lines before or after, never into the middle. Between CPUs
 * the port keeps pieces apart.
 */
#include <kernel/port.h>
#include <kernel/print.h>
#include <kernel/string.h>

static unsigned int console_level = LOGLEVEL_DEFAULT;

static void console_write(struct seq *seq, const char *text, size_t len)
{
	unsigned long state = port_irq_save();

	(void)seq;
	port_write(text, len);
	port_irq_restore(state);
}

struct seq seq_console = { .write = console_write };

static void buffer_write(struct seq *seq, const char *text, size_t len)
{
	struct seq_buffer *buf = container_of(seq, struct seq_buffer, seq);
	size_t room = buf->size != 0 ? buf->size - 1 - buf->len : 0;
	size_t part = len < room ? len : room;

	if (part != 0) {
		memcpy(buf->text + buf->len, text, part);
		buf->len += part;
		buf->text[buf->len] = '\0';
	}
	buf->lost += len - part;
}

void seq_buffer_init(struct seq_buffer *buf, char *text, size_t size)
{
	*buf = (struct seq_buffer){ .seq = { .write = buffer_write }, .text = text, .size = size };
	if (size != 0)
		text[0] = '\0';
}

void log_set_level(unsigned int level)
{
	WRITE_ONCE(console_level, level);
}

unsigned int log_level(void)
{
	return READ_ONCE(console_level);
}

void printk(enum loglevel level, const char *fmt, ...)
{
	va_list args;

	if ((unsigned int)level >= log_level())
		return;
	va_start(args, fmt);
	seq_vprintf(&seq_console, fmt, args);
	va_end(args);
}
