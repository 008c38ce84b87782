/*
 * Formatting.
 *
 * One formatter serves strings and sinks: characters gather in a window of memory; when it is full,
 * a string drops the rest and only counts it, a sink is handed the window and goes on. So a text of
 * any length reaches a sink whole, and one of at most SEQ_WINDOW characters reaches it in a single
 * write. Nothing is allocated and no lock is taken.
 */
#include <kernel/port.h>
#include <kernel/print.h>
#include <kernel/string.h>

#define SEQ_WINDOW	512 /* bytes of stack; longer than any line that is printed on purpose */
#define SYMBOL_MAX	128	/* bytes of "function+offset/size"; a longer name is cut */
#define DIGITS_MAX	22	/* 64 bits in octal */
#define POINTER_DIGITS	((int)(2 * sizeof(void *)))

/* @seq: where a full window goes; NULL: what does not fit is dropped. @total counts everything. */
struct window {
	char *text;
	size_t size;
	size_t used;
	size_t total;
	struct seq *seq;
};

/*
 * A va_list is an array on some machines and decays when passed on; inside a struct it can be
 * handed down by address.
 */
struct arguments {
	va_list list;
};

enum length {
	LENGTH_INT,
	LENGTH_CHAR,
	LENGTH_SHORT,
	LENGTH_LONG,
	LENGTH_LLONG,
	LENGTH_SIZE,
	LENGTH_MAX,
	LENGTH_PTRDIFF
};

/* One conversion. @width: never negative; @precision: -1 when none is given. */
struct spec {
	bool left, zero, plus, space, alternate;
	int width;
	int precision;
	enum length length;
};

static void window_flush(struct window *out)
{
	if (out->used != 0)
		out->seq->write(out->seq, out->text, out->used);
	out->used = 0;
}

/* Room for at most @wanted characters at the window's end; 0 when there is and will be none. */
static size_t window_room(struct window *out, size_t wanted)
{
	if (out->used == out->size && out->seq != NULL)
		window_flush(out);
	return min_u64(wanted, out->size - out->used);
}

static void put_text(struct window *out, const char *text, size_t len)
{
	size_t part;

	out->total += len;
	while (len != 0 && (part = window_room(out, len)) != 0) {
		memcpy(out->text + out->used, text, part);
		out->used += part;
		text += part;
		len -= part;
	}
}

static void put_repeated(struct window *out, char c, size_t count)
{
	size_t part;

	out->total += count;
	while (count != 0 && (part = window_room(out, count)) != 0) {
		memset(out->text + out->used, c, part);
		out->used += part;
		count -= part;
	}
}

static size_t padding(const struct spec *spec, size_t len)
{
	return (size_t)spec->width > len ? (size_t)spec->width - len : 0;
}

/* @len characters in a field of the spec's width. */
static void put_field(struct window *out, const struct spec *spec, const char *text, size_t len)
{
	size_t pad = padding(spec, len);

	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_text(out, text, len);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

static void put_string(struct window *out, const struct spec *spec, const char *text)
{
	if (text == NULL)
		text = "(null)";
	put_field(out, spec, text,
		  spec->precision >= 0 ? strnlen(text, (size_t)spec->precision) : strlen(text));
}

/*
 * A whole number: blanks, @prefix (a sign or 0x), zeros, digits, blanks. @letters: the 16 digits
 * to use.
 */
static void put_number(struct window *out, const struct spec *spec, const char *prefix,
		       uint64_t value, unsigned int base, const char *letters)
{
	char digits[DIGITS_MAX];
	size_t first = DIGITS_MAX;
	size_t nr, zeros, pad, prefix_len = strlen(prefix);

	/* A zero with the precision 0 has no digits at all, says ISO C. */
	for (uint64_t rest = value; rest != 0 || (first == DIGITS_MAX && spec->precision != 0);
	     rest /= base)
		digits[--first] = letters[rest % base];
	nr = DIGITS_MAX - first;
	zeros = spec->precision > (int)nr ? (size_t)spec->precision - nr : 0;
	if (spec->alternate && base == 8 && zeros == 0 && (nr == 0 || digits[first] != '0'))
		zeros = 1;
	pad = padding(spec, prefix_len + zeros + nr);
	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_text(out, prefix, prefix_len);
	put_repeated(out, '0', zeros);
	put_text(out, digits + first, nr);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

static int64_t next_signed(struct arguments *args, enum length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(args->list, int);
	case LENGTH_SHORT:
		return (short)va_arg(args->list, int);
	case LENGTH_LONG:
		return va_arg(args->list, long);
	case LENGTH_LLONG:
		return va_arg(args->list, long long);
	case LENGTH_MAX:
		return va_arg(args->list, intmax_t);
	case LENGTH_SIZE:
	case LENGTH_PTRDIFF:
		return va_arg(args->list, ptrdiff_t);
	case LENGTH_INT:
	default:
		return va_arg(args->list, int);
	}
}

static uint64_t next_unsigned(struct arguments *args, enum length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(args->list, unsigned int);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(args->list, unsigned int);
	case LENGTH_LONG:
		return va_arg(args->list, unsigned long);
	case LENGTH_LLONG:
		return va_arg(args->list, unsigned long long);
	case LENGTH_MAX:
		return va_arg(args->list, uintmax_t);
	case LENGTH_SIZE:
	case LENGTH_PTRDIFF:
		return va_arg(args->list, size_t);
	case LENGTH_INT:
	default:
		return va_arg(args->list, unsigned int);
	}
}

static void put_signed(struct window *out, const struct spec *spec, int64_t value)
{
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(out, spec, sign, value < 0 ? -(uint64_t)value : (uint64_t)value, 10,
		   "0123456789");
}

/* An address by the name of its function, or in hex when no function holds it. */
static void put_symbol(struct window *out, const struct spec *spec, uintptr_t address,
		       bool name_alone)
{
	struct port_symbol sym;
	char text[SYMBOL_MAX];

	if (!port_symbol(address, &sym))
		ksnprintf(text, sizeof(text), "0x%lx", (unsigned long)address);
	else if (name_alone)
		ksnprintf(text, sizeof(text), "%s", sym.name);
	else if (sym.size == 0)
		ksnprintf(text, sizeof(text), "%s+0x%zx", sym.name, sym.offset);
	else
		ksnprintf(text, sizeof(text), "%s+0x%zx/0x%zx", sym.name, sym.offset, sym.size);
	put_string(out, spec, text);
}

/* @after: the character behind the p. Return: does it belong to the conversion? */
static bool put_pointer(struct window *out, struct spec *spec, uintptr_t address, char after)
{
	if (after == 'S' || after == 's') {
		put_symbol(out, spec, address, after == 's');
		return true;
	}
	if (spec->precision < 0)
		spec->precision = POINTER_DIGITS;
	put_number(out, spec, spec->alternate ? "0x" : "", address, 16, "0123456789abcdef");
	return after == 'x';
}

static bool take_flag(struct spec *spec, char c)
{
	switch (c) {
	case '-':
		return spec->left = true;
	case '0':
		return spec->zero = true;
	case '+':
		return spec->plus = true;
	case ' ':
		return spec->space = true;
	case '#':
		return spec->alternate = true;
	default:
		return false;
	}
}

/* Decimal digits or an asterisk; held at INT32_MAX, an int being 32 bits wide here. */
static int take_number(const char **format, struct arguments *args)
{
	int64_t number = 0;

	if (**format == '*') {
		(*format)++;
		return va_arg(args->list, int);
	}
	for (; **format >= '0' && **format <= '9'; (*format)++) {
		number = number * 10 + (**format - '0');
		if (number > INT32_MAX)
			number = INT32_MAX;
	}
	return (int)number;
}

static enum length take_length(const char **format)
{
	const char *f = *format;

	if (*f == '\0')
		return LENGTH_INT;
	*format = f + 1;
	switch (*f) {
	case 'h':
		if (f[1] != 'h')
			return LENGTH_SHORT;
		*format = f + 2;
		return LENGTH_CHAR;
	case 'l':
		if (f[1] != 'l')
			return LENGTH_LONG;
		*format = f + 2;
		return LENGTH_LLONG;
	case 'z':
		return LENGTH_SIZE;
	case 'j':
		return LENGTH_MAX;
	case 't':
		return LENGTH_PTRDIFF;
	default:
		*format = f;
		return LENGTH_INT;
	}
}

/* What stands between the % and the conversion's letter. Return: that letter's place. */
static const char *take_spec(const char *format, struct spec *spec, struct arguments *args)
{
	*spec = (struct spec){ .precision = -1 };
	while (take_flag(spec, *format))
		format++;
	spec->width = take_number(&format, args);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = spec->width == INT32_MIN ? INT32_MAX : -spec->width;
	}
	if (*format == '.') {
		format++;
		spec->precision = take_number(&format, args);
		if (spec->precision < 0)
			spec->precision = -1;
	}
	spec->length = take_length(&format);
	return format;
}

/*
 * One conversion whose letter stands at @at. Return: the place after it, or NULL when there is
 * no such conversion.
 */
static const char *convert(struct window *out, struct spec *spec, const char *at,
			   struct arguments *args)
{
	const char *small = "0123456789abcdef";
	uintptr_t address;
	uint64_t value;
	char c;

	switch (*at) {
	case 'd':
	case 'i':
		put_signed(out, spec, next_signed(args, spec->length));
		return at + 1;
	case 'u':
		put_number(out, spec, "", next_unsigned(args, spec->length), 10, small);
		return at + 1;
	case 'o':
		put_number(out, spec, "", next_unsigned(args, spec->length), 8, small);
		return at + 1;
	case 'x':
		value = next_unsigned(args, spec->length);
		put_number(out, spec, spec->alternate && value != 0 ? "0x" : "", value, 16, small);
		return at + 1;
	case 'X':
		value = next_unsigned(args, spec->length);
		put_number(out, spec, spec->alternate && value != 0 ? "0X" : "", value, 16,
			   "0123456789ABCDEF");
		return at + 1;
	default:
		break;
	}
	if (spec->length != LENGTH_INT)
		return NULL;
	switch (*at) {
	case 'c':
		c = (char)va_arg(args->list, int);
		put_field(out, spec, &c, 1);
		return at + 1;
	case 's':
		put_string(out, spec, va_arg(args->list, const char *));
		return at + 1;
	case 'p':
		address = (uintptr_t)va_arg(args->list, void *);
		return at + (put_pointer(out, spec, address, at[1]) ? 2 : 1);
	case '%':
		put_text(out, "%", 1);
		return at + 1;
	default:
		return NULL;
	}
}

static void format_into(struct window *out, const char *format, va_list list)
{
	struct arguments args;

	va_copy(args.list, list);
	while (*format != '\0') {
		const char *next, *plain = format;
		struct spec spec;

		while (*format != '\0' && *format != '%')
			format++;
		put_text(out, plain, (size_t)(format - plain));
		if (*format == '\0')
			break;
		plain = format;
		format = take_spec(format + 1, &spec, &args);
		next = convert(out, &spec, format, &args);
		if (next == NULL) {
			next = format + (*format != '\0');
			put_text(out, plain, (size_t)(next - plain));
		}
		format = next;
	}
	va_end(args.list);
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct window out = { .text = buf, .size = size != 0 ? size - 1 : 0 };

	format_into(&out, fmt, args);
	if (size != 0)
		buf[out.used] = '\0';
	return out.total > INT32_MAX ? INT32_MAX : (int)out.total;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = kvsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

void seq_vprintf(struct seq *seq, const char *fmt, va_list args)
{
	char text[SEQ_WINDOW];
	struct window out = { .text = text, .size = sizeof(text), .seq = seq };

	format_into(&out, fmt, args);
	window_flush(&out);
}

void seq_printf(struct seq *seq, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	seq_vprintf(seq, fmt, args);
	va_end(args);
}

void seq_puts(struct seq *seq, const char *text)
{
	if (*text != '\0')
		seq->write(seq, text, strlen(text));
}
