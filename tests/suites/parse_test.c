/*
 * Numbers, sizes, globs, and text for a terminal.
 */
#include <kernel/errno.h>
#include <kernel/ktest.h>
#include <kernel/string.h>

#define UNTOUCHED	0x1234567890abcdefULL

static void expect_number(struct ktest *t, const char *text, int want_err, uint64_t want)
{
	uint64_t value = UNTOUCHED;
	int err = kstrtou64(text, &value);

	if (err != want_err || value != (want_err == 0 ? want : UNTOUCHED))
		ktest_fail(t, __FILE__, __LINE__, "\"%s\" gave %d and 0x%llx", text, err,
			   (unsigned long long)value);
}

static void numbers(struct ktest *t)
{
	expect_number(t, "0", 0, 0);
	expect_number(t, "42", 0, 42);
	expect_number(t, "0x2aBc", 0, 0x2abc);
	expect_number(t, "0XFF", 0, 255);
	expect_number(t, "0755", 0, 493);
	expect_number(t, "00", 0, 0);
	expect_number(t, "18446744073709551615", 0, UINT64_MAX);
	expect_number(t, "0xffffffffffffffff", 0, UINT64_MAX);
	expect_number(t, "01777777777777777777777", 0, UINT64_MAX);
	expect_number(t, "0x00000000000000000001", 0, 1);
}

static void numbers_out_of_range(struct ktest *t)
{
	expect_number(t, "18446744073709551616", -ERANGE, 0);
	expect_number(t, "0x10000000000000000", -ERANGE, 0);
	expect_number(t, "02000000000000000000000", -ERANGE, 0);
	expect_number(t, "99999999999999999999999999", -ERANGE, 0);
}

static void texts_that_are_no_number(struct ktest *t)
{
	static const char *const bad[] = { "",	  " ",	 "x",  "0x", "0xg", "08", "12a",
					   "12 ", " 12", "-1", "+1", "1.5", "4K" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_number(t, bad[i], -EINVAL, 0);
}

static void expect_size(struct ktest *t, const char *text, uint64_t want, size_t used)
{
	const char *end = NULL;
	uint64_t value = memparse(text, &end);

	if (value != want || end != text + used)
		ktest_fail(t, __FILE__, __LINE__,
			   "\"%s\" gave 0x%llx and used %td characters, expected 0x%llx and %zu",
			   text, (unsigned long long)value, end - text, (unsigned long long)want,
			   used);
}

static void sizes(struct ktest *t)
{
	expect_size(t, "4096", 4096, 4);
	expect_size(t, "64K", 64ULL << 10, 3);
	expect_size(t, "64k", 64ULL << 10, 3);
	expect_size(t, "16M", 16ULL << 20, 3);
	expect_size(t, "3g", 3ULL << 30, 2);
	expect_size(t, "1T", 1ULL << 40, 2);
	expect_size(t, "2P", 2ULL << 50, 2);
	expect_size(t, "15E", 15ULL << 60, 3);
	expect_size(t, "0x10M", 16ULL << 20, 5);
	expect_size(t, "010K", 8ULL << 10, 4);
	expect_size(t, "0x1E", 0x1e, 4);		/* a digit there, no suffix */
}

static void sizes_inside_of_a_text(struct ktest *t)
{
	expect_size(t, "64M$0x18690000", 64ULL << 20, 3);
	expect_size(t, "1MB", 1ULL << 20, 2);
	expect_size(t, "5 K", 5, 1);
	expect_size(t, "0x", 0, 1);
	expect_size(t, "0b1", 0, 1);
	expect_size(t, "", 0, 0);
	expect_size(t, "K", 0, 0);
	expect_size(t, "-1", 0, 0);
}

static void sizes_saturate(struct ktest *t)
{
	expect_size(t, "16E", UINT64_MAX, 3);
	expect_size(t, "18446744073709551615", UINT64_MAX, 20);
	expect_size(t, "18446744073709551616", UINT64_MAX, 20);
	expect_size(t, "0xfffffffffffffffffK,", UINT64_MAX, 20);
	expect_size(t, "18014398509481984K", UINT64_MAX, 18);		/* 2^54 KiB = 2^64 bytes */
	expect_size(t, "18014398509481983K", UINT64_MAX - 1023, 18);
}

static void globs_that_match(struct ktest *t)
{
	static const char *const pairs[][2] = {
		{ "", "" },	   { "*", "" },
		{ "*", "abc" },	   { "**", "abc" },
		{ "abc", "abc" },  { "a?c", "abc" },
		{ "a*", "a" },	   { "*c", "abcc" },
		{ "a*c", "abbc" }, { "a*b*c", "axbyc" },
		{ "*ab", "aab" },  { "a*ab", "aaab" },
		{ "?*", "x" },	   { "buddy.*", "buddy.merge" },
		{ "*.*", "a.b" },  { "*a*b?", "ababc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (!glob_match(pairs[i][0], pairs[i][1]))
			ktest_fail(t, __FILE__, __LINE__, "\"%s\" does not match \"%s\"",
				   pairs[i][0], pairs[i][1]);
	}
}

static void globs_that_do_not_match(struct ktest *t)
{
	static const char *const pairs[][2] = {
		{ "", "a" },
		{ "?", "" },
		{ "a", "" },
		{ "abc", "ab" },
		{ "ab", "abc" },
		{ "a?c", "ac" },
		{ "*c", "abcd" },
		{ "a*c", "abcd" },
		{ "?*", "" },
		{ "A", "a" },
		{ "buddy.*", "buddy" },
		{ "a*b*c", "acb" },
		{ "[a]", "a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (glob_match(pairs[i][0], pairs[i][1]))
			ktest_fail(t, __FILE__, __LINE__, "\"%s\" matches \"%s\"", pairs[i][0],
				   pairs[i][1]);
	}
}

static void text_for_a_terminal(struct ktest *t)
{
	static const char text[] = "a\tb\x1b[2J\r\n\x7f\x80\xff~ ";
	char shown[32], four[5];

	KTEST_EXPECT_EQ(t, printable(shown, sizeof(shown), text, sizeof(text)), 14);
	KTEST_EXPECT_STREQ(t, shown, "a?b?[2J?????~ ");
	/* Not all of it: an ACPI signature has no NUL, and a buffer may be short. */
	KTEST_EXPECT_EQ(t, printable(four, sizeof(four), "APIC\x01", 4), 4);
	KTEST_EXPECT_STREQ(t, four, "APIC");
	KTEST_EXPECT_EQ(t, printable(four, sizeof(four), "\x10SDTxxxx", 8), 4);
	KTEST_EXPECT_STREQ(t, four, "?SDT");
	KTEST_EXPECT_EQ(t, printable(four, 1, "x", 1), 0);
	KTEST_EXPECT_STREQ(t, four, "");
	/* In place. */
	memcpy(shown, "x\ry", 4);
	KTEST_EXPECT_EQ(t, printable(shown, sizeof(shown), shown, sizeof(shown)), 3);
	KTEST_EXPECT_STREQ(t, shown, "x?y");
}

static const struct ktest_case parse_cases[] = {
	KTEST_CASE(numbers),
	KTEST_CASE(numbers_out_of_range),
	KTEST_CASE(texts_that_are_no_number),
	KTEST_CASE(sizes),
	KTEST_CASE(sizes_inside_of_a_text),
	KTEST_CASE(sizes_saturate),
	KTEST_CASE(globs_that_match),
	KTEST_CASE(globs_that_do_not_match),
	KTEST_CASE(text_for_a_terminal),
};
KTEST_SUITE(parse, parse_cases);
