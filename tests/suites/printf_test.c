/*
 * Formatting against ISO C 7.21.6.1 and the extensions that print.h states; sinks and the log
 * level.
 */
#include <kernel/ktest.h>
#include <kernel/port.h>
#include <kernel/print.h>
#include <kernel/string.h>

#define TEXT_MAX	128

/* Not declared as a printf: some of the formats are wrong on purpose. */
static void expect(struct ktest *t, int line, const char *want, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;
	int len;

	va_start(args, fmt);
	len = kvsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ktest_expect_streq(t, __FILE__, line, fmt, text, want);
	if (len != (int)strlen(want))
		ktest_fail(t, __FILE__, line, "\"%s\" returned %d", fmt, len);
}

#define EXPECT(...)	expect(t, __LINE__, __VA_ARGS__)

static void integers(struct ktest *t)
{
	EXPECT("0 -1 2147483647 -2147483648", "%d %i %d %d", 0, -1, INT32_MAX, INT32_MIN);
	EXPECT("4294967295 ffffffff FFFFFFFF 37777777777", "%u %x %X %o", -1, -1, -1, -1);
	EXPECT("-9223372036854775808 18446744073709551615", "%lld %llu", INT64_MIN, UINT64_MAX);
	EXPECT("1777777777777777777777", "%llo", UINT64_MAX);
}

static void lengths(struct ktest *t)
{
	EXPECT("-1 255 -1 65535", "%hhd %hhu %hd %hu", 0x1ff, 0x1ff, 0x1ffff, 0x1ffff);
	EXPECT("-5 5000000000 -6 7", "%ld %lu %jd %ju", -5L, 5000000000UL, (intmax_t)-6,
	       (uintmax_t)7);
	EXPECT("18446744073709551615 -8 123456789abcdef0", "%zu %td %zx", SIZE_MAX, (ptrdiff_t)-8,
	       (size_t)0x123456789abcdef0);
}

static void flags(struct ktest *t)
{
	EXPECT("[+5] [-5] [ 5] [-5] [+5]", "[%+d] [%+d] [% d] [% d] [%+ d]", 5, -5, 5, -5, 5);
	EXPECT("[0x1f] [0X1F] [037] [0] [0]", "[%#x] [%#X] [%#o] [%#x] [%#o]", 31, 31, 31, 0, 0);
	EXPECT("[0]", "[%#X]", 0);
	EXPECT("[    5] [5    ] [00005] [5    ]", "[%5d] [%-5d] [%05d] [%-05d]", 5, 5, 5, 5);
	EXPECT("[-0005] [+0005] [0x00ff] [   -5]", "[%05d] [%+05d] [%#06x] [%5d]", -5, 5, 255, -5);
	EXPECT("[5] [ff]", "[%+u] [% x]", 5, 255);
}

static void precisions(struct ktest *t)
{
	EXPECT("[005] [-005] [  005] [005  ]", "[%.3d] [%.3d] [%5.3d] [%-5.3d]", 5, -5, 5, 5);
	EXPECT("[] [] [0] [   ]", "[%.0d] [%.0x] [%#.0o] [%3.0d]", 0, 0, 0, 0);
	EXPECT("[  005] [0x00ff] [0037]", "[%05.3d] [%#.4x] [%#.4o]", 5, 255, 31);
	EXPECT("[  ab] [abc] []", "[%4.2s] [%.9s] [%.0s]", "abc", "abc", "abc");
}

static void asterisks(struct ktest *t)
{
	EXPECT("[    5] [5    ] [005]", "[%*d] [%*d] [%.*d]", 5, 5, -5, 5, 3, 5);
	EXPECT("[5] [abc]", "[%.*d] [%.*s]", -1, 5, -1, "abc");
}

static void text(struct ktest *t)
{
	EXPECT("abc x 100%", "%s %c %d%%", "abc", 'x', 100);
	EXPECT("[  x] [x  ] [abc ] [ abc]", "[%3c] [%-3c] [%-4s] [%4s]", 'x', 'x', "abc", "abc");
	EXPECT("(null)", "%s", NULL);
	EXPECT("", "");
}

/* A precision bounds what is read: the array has no NUL. */
static void unterminated_text(struct ktest *t)
{
	static const char letters[3] = { 'a', 'b', 'c' };

	EXPECT("abc", "%.3s", letters);
	EXPECT("ab", "%.*s", 2, letters);
}

static void unknown_conversions_show(struct ktest *t)
{
	EXPECT("%q %f %n", "%q %f %n");
	EXPECT("a %5.2f", "a %5.2f");
	EXPECT("100%", "100%");
	EXPECT("%-08", "%-08");
	EXPECT("%ll", "%ll");
	EXPECT("%ls", "%ls");
}

static void cut_text(struct ktest *t)
{
	char text4[] = "####";

	KTEST_EXPECT_EQ(t, ksnprintf(text4, 4, "%s", "abcdef"), 6);
	KTEST_EXPECT_STREQ(t, text4, "abc");
	KTEST_EXPECT_EQ(t, ksnprintf(text4, 1, "%d", 12345), 5);
	KTEST_EXPECT_STREQ(t, text4, "");
	KTEST_EXPECT_EQ(t, ksnprintf(NULL, 0, "%08x", 1), 8);
	KTEST_EXPECT_EQ(t, ksnprintf(text4, sizeof(text4), "%1000000d", 1), 1000000);
	KTEST_EXPECT_STREQ(t, text4, "    ");
}

/* Into four bytes; like expect(), no printf to the compiler. */
static int length_of(char *text4, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = kvsnprintf(text4, 4, fmt, args);
	va_end(args);
	return len;
}

/*
 * A length above INT_MAX cannot be returned: it is held there, and no time is spent on the
 * blanks.
 */
static void enormous_width(struct ktest *t)
{
	char text4[4];

	KTEST_EXPECT_EQ(t, length_of(text4, "%2147483647d%2147483647d", 1, 2), INT32_MAX);
	KTEST_EXPECT_STREQ(t, text4, "   ");
	KTEST_EXPECT_EQ(t, length_of(text4, "%99999999999d", 1), INT32_MAX);
	KTEST_EXPECT_EQ(t, length_of(text4, "%*d", INT32_MIN, 1), INT32_MAX);
	KTEST_EXPECT_STREQ(t, text4, "1  ");
}

static void pointers(struct ktest *t)
{
	EXPECT("0000000000001234", "%px", (void *)0x1234);
	EXPECT("ffff888000000000 rest", "%px rest", (void *)0xffff888000000000);
	EXPECT("0000000000000000|", "%p|", NULL);
}

static void symbols(struct ktest *t)
{
	struct port_symbol sym;
	char want[TEXT_MAX], got[TEXT_MAX];

	EXPECT("0x8", "%pS", (void *)8);
	EXPECT("0x8", "%ps", (void *)8);
	if (!port_symbol((uintptr_t)symbols + 1, &sym)) {
		ktest_skip(t, "this port has no symbols");
		return;
	}
	ksnprintf(want, sizeof(want), "%s+0x1/0x%lx|%s", "symbols", (unsigned long)sym.size,
		  "symbols");
	ksnprintf(got, sizeof(got), "%pS|%ps", (char *)(uintptr_t)symbols + 1,
		  (char *)(uintptr_t)symbols + 1);
	KTEST_EXPECT_STREQ(t, got, want);
}

/* A sink that counts what it is called with. */
struct counter {
	struct seq seq;
	unsigned int writes;
	size_t len;
	char last;
};

static void counter_write(struct seq *seq, const char *piece, size_t len)
{
	struct counter *counter = container_of(seq, struct counter, seq);

	counter->writes++;
	counter->len += len;
	counter->last = piece[len - 1];
}

static void one_write_a_piece(struct ktest *t)
{
	struct counter counter = { .seq = { .write = counter_write } };

	seq_printf(&counter.seq, "%s and %d and %200s\n", "text", 5, "far right");
	KTEST_EXPECT_EQ(t, counter.writes, 1);
	KTEST_EXPECT_EQ(t, counter.last, '\n');
	seq_printf(&counter.seq, "%s", "");
	seq_puts(&counter.seq, "");
	KTEST_EXPECT_EQ(t, counter.writes, 1);
}

static void long_text_reaches_a_sink_whole(struct ktest *t)
{
	struct counter counter = { .seq = { .write = counter_write } };

	seq_printf(&counter.seq, "%10000s|%-20000s.", "a", "b");
	KTEST_EXPECT_EQ(t, counter.len, 10000 + 1 + 20000 + 1);
	KTEST_EXPECT_EQ(t, counter.last, '.');
}

static void buffers(struct ktest *t)
{
	char room[8] = "#######";
	struct seq_buffer buf;

	seq_buffer_init(&buf, room, sizeof(room));
	KTEST_EXPECT_STREQ(t, room, "");
	seq_printf(&buf.seq, "%s", "abcd");
	seq_puts(&buf.seq, "efghij");
	KTEST_EXPECT_STREQ(t, room, "abcdefg");
	KTEST_EXPECT_EQ(t, buf.len, 7);
	KTEST_EXPECT_EQ(t, buf.lost, 3);
	seq_buffer_init(&buf, NULL, 0);
	seq_puts(&buf.seq, "abc");
	KTEST_EXPECT_EQ(t, buf.lost, 3);
}

static void log_levels(struct ktest *t)
{
	unsigned int before = log_level();
	unsigned int set;

	log_set_level(LOGLEVEL_ERR);
	set = log_level();
	pr_info("a line that the log level hides was shown\n");
	log_set_level(before);
	KTEST_EXPECT_EQ(t, set, LOGLEVEL_ERR);
	KTEST_EXPECT_EQ(t, log_level(), before);
}

static const struct ktest_case printf_cases[] = {
	KTEST_CASE(integers),
	KTEST_CASE(lengths),
	KTEST_CASE(flags),
	KTEST_CASE(precisions),
	KTEST_CASE(asterisks),
	KTEST_CASE(text),
	KTEST_CASE(unterminated_text),
	KTEST_CASE(unknown_conversions_show),
	KTEST_CASE(cut_text),
	KTEST_CASE(enormous_width),
	KTEST_CASE(pointers),
	KTEST_CASE(symbols),
	KTEST_CASE(one_write_a_piece),
	KTEST_CASE(long_text_reaches_a_sink_whole),
	KTEST_CASE(buffers),
	KTEST_CASE(log_levels),
};
KTEST_SUITE(printf, printf_cases);
