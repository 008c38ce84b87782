/*
 * The kernel command line. The options of this suite write down what they are given.
 */
#include <kernel/cmdline.h>
#include <kernel/errno.h>
#include <kernel/ktest.h>
#include <kernel/string.h>

#define NO_VALUE	"(none)"
#define WORD_LIMIT	511	/* characters, from cmdline.h */

static char seen_text[1024];
static struct seq_buffer seen;

static int note(const char *name, const char *value)
{
	seq_printf(&seen.seq, "%s:%s;", name, value != NULL ? value : NO_VALUE);
	return 0;
}

static int set_size(const char *value)
{
	return note("size", value);
}

static int set_test(const char *value)
{
	return note("test", value);
}

static int set_never(const char *value)
{
	(void)value;
	return -EINVAL;
}

static const struct cmdline_option options[] = {
	{ "size", "a size", set_size },
	{ "test", "nothing or a glob", set_test },
	{ "never", "something that cannot be given", set_never },
};

/* Parse @line with the log off. Return: the number of words ignored. */
static unsigned int parse(const char *line)
{
	unsigned int level = log_level(), ignored;

	seq_buffer_init(&seen, seen_text, sizeof(seen_text));
	log_set_level(0);
	ignored = cmdline_parse(line, options, ARRAY_SIZE(options));
	log_set_level(level);
	return ignored;
}

static void expect_line(struct ktest *t, const char *line, unsigned int want_ignored,
			const char *want_seen)
{
	unsigned int ignored = parse(line);

	if (ignored != want_ignored || strcmp(seen_text, want_seen) != 0)
		ktest_fail(t, __FILE__, __LINE__,
			   "\"%s\" gave \"%s\" and %u ignored, expected \"%s\" and %u", line,
			   seen_text, ignored, want_seen, want_ignored);
}

static void words(struct ktest *t)
{
	expect_line(t, "", 0, "");
	expect_line(t, " \t \n", 0, "");
	expect_line(t, "test\r\nsize=1\r\n", 0, "test:(none);size:1;");
	expect_line(t, "test", 0, "test:(none);");
	expect_line(t, "  test=buddy.*\tsize=4K  ", 0, "test:buddy.*;size:4K;");
	expect_line(t, "size= size=a=b", 0, "size:;size:a=b;");
	expect_line(t, "size=1 size=2", 0, "size:1;size:2;");
}

static void quotes(struct ktest *t)
{
	expect_line(t, "size=\"a b\" test", 0, "size:a b;test:(none);");
	expect_line(t, "\"size=a b\" test", 0, "size:a b;test:(none);");
	expect_line(t, "size=a\" \"b", 0, "size:a b;");
	expect_line(t, "size=\"\"", 0, "size:;");
	expect_line(t, "test size=\"a b", 1, "test:(none);");
}

static void unknown_and_bad_words_are_ignored(struct ktest *t)
{
	expect_line(t, "foo test sizes siz =1 SIZE=1", 5, "test:(none);");
	expect_line(t, "never never=1 size=2", 2, "size:2;");
	expect_line(t, "\"\" test", 1, "test:(none);");
}

static void long_words(struct ktest *t)
{
	static char line[WORD_LIMIT + 32];

	memset(line, 'x', sizeof(line));
	memcpy(line, "size=", 5);
	memcpy(line + WORD_LIMIT, " test", 6);
	KTEST_EXPECT_EQ(t, parse(line), 0);
	/* "size:...;" for "size=..." */
	KTEST_EXPECT_EQ(t, seen.len, WORD_LIMIT + 1 + strlen("test:(none);"));

	memset(line, 'x', sizeof(line));
	memcpy(line, "size=", 5);
	memcpy(line + WORD_LIMIT + 1, " test", 6);
	KTEST_EXPECT_EQ(t, parse(line), 1);
	KTEST_EXPECT_STREQ(t, seen_text, "test:(none);");
}

static const struct ktest_case cmdline_cases[] = {
	KTEST_CASE(words),
	KTEST_CASE(quotes),
	KTEST_CASE(unknown_and_bad_words_are_ignored),
	KTEST_CASE(long_words),
};
KTEST_SUITE(cmdline, cmdline_cases);
