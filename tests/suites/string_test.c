/*
 * The ISO C string functions: Quire's own in the kernel, the C library's on a host. Areas have
 * guards around them, and every size from 0 to 64 is tried at every alignment from 0 to 16, so that
 * each path through the word loops is taken.
 */
#include <kernel/ktest.h>
#include <kernel/string.h>

#define MAX_SIZE	64
#define MAX_ALIGN	16
#define GUARD		16
#define AREA		(GUARD + MAX_ALIGN + MAX_SIZE + GUARD)
#define LARGE		4099	/* more than a page, and no multiple of any loop's step */

/* A byte that differs from its neighbours for as far as any of these functions looks. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + 1);
}

static void fill(unsigned char *area, size_t n)
{
	for (size_t i = 0; i < n; i++)
		area[i] = pattern(i);
}

/* Has @area the pattern, but for [@at, @at + @n), which is compared with @want? */
static bool area_is(const unsigned char *area, size_t len, size_t at, const unsigned char *want,
		    size_t n)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char expected = i >= at && i < at + n ? want[i - at] : pattern(i);

		if (area[i] != expected)
			return false;
	}
	return true;
}

static bool memcpy_is_right(size_t to, size_t from, size_t n)
{
	unsigned char dst[AREA], src[AREA];

	fill(dst, AREA);
	for (size_t i = 0; i < AREA; i++)
		src[i] = (unsigned char)~pattern(i);
	return memcpy(dst + to, src + from, n) == dst + to && area_is(dst, AREA, to, src + from, n);
}

static void memcpy_sizes_and_alignments(struct ktest *t)
{
	for (size_t n = 0; n <= MAX_SIZE; n++) {
		for (size_t i = 0; i <= MAX_ALIGN; i++) {
			KTEST_ASSERT(t, memcpy_is_right(GUARD + i, GUARD, n));
			KTEST_ASSERT(t, memcpy_is_right(GUARD, GUARD + i, n));
			KTEST_ASSERT(t, memcpy_is_right(GUARD + i, GUARD + MAX_ALIGN - i, n));
		}
	}
}

static bool memmove_is_right(size_t to, size_t from, size_t n)
{
	unsigned char area[2 * AREA], want[MAX_SIZE];

	fill(area, sizeof(area));
	for (size_t i = 0; i < n; i++)
		want[i] = area[from + i];
	return memmove(area + to, area + from, n) == area + to &&
	       area_is(area, sizeof(area), to, want, n);
}

/* Every distance at which the areas overlap, in both directions, and some at which they do not. */
static void memmove_overlaps(struct ktest *t)
{
	for (size_t n = 0; n <= MAX_SIZE; n++) {
		for (size_t distance = 0; distance <= n + 1; distance++) {
			KTEST_ASSERT(t, memmove_is_right(GUARD, GUARD + distance, n));
			KTEST_ASSERT(t, memmove_is_right(GUARD + distance, GUARD, n));
			KTEST_ASSERT(t, memmove_is_right(GUARD + 3, GUARD + 3 + distance, n));
		}
	}
}

static bool memset_is_right(size_t at, int c, size_t n)
{
	unsigned char area[AREA], want[MAX_SIZE];

	fill(area, AREA);
	for (size_t i = 0; i < n; i++)
		want[i] = (unsigned char)c;
	return memset(area + at, c, n) == area + at && area_is(area, AREA, at, want, n);
}

static void memset_sizes_and_alignments(struct ktest *t)
{
	for (size_t n = 0; n <= MAX_SIZE; n++) {
		for (size_t i = 0; i <= MAX_ALIGN; i++) {
			KTEST_ASSERT(t, memset_is_right(GUARD + i, 0, n));
			/* only the low byte counts */
			KTEST_ASSERT(t, memset_is_right(GUARD + i, 0x1a5, n));
		}
	}
}

static void large_areas(struct ktest *t)
{
	static unsigned char from[LARGE], to[LARGE + 1];

	fill(from, LARGE);
	to[LARGE] = 0xee;
	memcpy(to, from, LARGE);
	KTEST_EXPECT(t, area_is(to, LARGE, 0, NULL, 0));
	memmove(to, to + 1, LARGE - 1);
	for (size_t i = 0; i < LARGE - 1; i++)
		KTEST_ASSERT(t, to[i] == pattern(i + 1));
	memmove(to + 1, to, LARGE - 1);
	for (size_t i = 1; i < LARGE; i++)
		KTEST_ASSERT(t, to[i] == pattern(i));
	memset(to, 0, LARGE);
	for (size_t i = 0; i < LARGE; i++)
		KTEST_ASSERT(t, to[i] == 0);
	KTEST_EXPECT_EQ(t, to[LARGE], 0xee);
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void memcmp_finds_the_first_difference(struct ktest *t)
{
	unsigned char a[AREA], b[AREA];

	for (size_t n = 1; n <= MAX_SIZE; n++) {
		for (size_t at = 0; at < n; at++) {
			fill(a, AREA);
			memcpy(b + 3, a, n);
			KTEST_ASSERT(t, memcmp(a, b + 3, n) == 0);
			a[at] = 0x7f;
			b[3 + at] = 0x80;		/* larger, as bytes are unsigned */
			a[n - 1] = at == n - 1 ? a[n - 1] : 0xff;
			KTEST_ASSERT(t, sign(memcmp(a, b + 3, n)) == -1);
			KTEST_ASSERT(t, sign(memcmp(b + 3, a, n)) == 1);
			KTEST_ASSERT(t, memcmp(a, b + 3, at) == 0);
		}
	}
}

static void lengths_of_strings(struct ktest *t)
{
	static const char word[16] = "quire";

	KTEST_EXPECT_EQ(t, strlen(""), 0);
	KTEST_EXPECT_EQ(t, strlen("quire"), 5);
	KTEST_EXPECT_EQ(t, strnlen(word, 9), 5);
	KTEST_EXPECT_EQ(t, strnlen(word, 5), 5);
	KTEST_EXPECT_EQ(t, strnlen(word, 3), 3);
	KTEST_EXPECT_EQ(t, strnlen(word, 0), 0);
}

static void comparing_strings(struct ktest *t)
{
	static const char high[] = { (char)0x80, '\0' };

	KTEST_EXPECT_EQ(t, strcmp("", ""), 0);
	KTEST_EXPECT_EQ(t, strcmp("abc", "abc"), 0);
	KTEST_EXPECT_EQ(t, sign(strcmp("abc", "abd")), -1);
	KTEST_EXPECT_EQ(t, sign(strcmp("abc", "ab")), 1);
	KTEST_EXPECT_EQ(t, sign(strcmp("", "a")), -1);
	KTEST_EXPECT_EQ(t, sign(strcmp(high, "a")), 1);
	KTEST_EXPECT_EQ(t, strncmp("abcX", "abcY", 3), 0);
	KTEST_EXPECT_EQ(t, sign(strncmp("abcX", "abcY", 4)), -1);
	KTEST_EXPECT_EQ(t, strncmp("abc", "abc", 99), 0);
	KTEST_EXPECT_EQ(t, strncmp("a", "b", 0), 0);
}

static void finding_a_character(struct ktest *t)
{
	const char *text = "a=b=c";

	KTEST_EXPECT(t, strchr(text, '=') == text + 1);
	KTEST_EXPECT(t, strchr(text, 'x') == NULL);
	KTEST_EXPECT(t, strchr(text, '\0') == text + 5);
	KTEST_EXPECT(t, strchr(text, 0x100 + 'c') == text + 4);	/* converted to char, says ISO C */
}

static const struct ktest_case string_cases[] = {
	KTEST_CASE(memcpy_sizes_and_alignments),
	KTEST_CASE(memmove_overlaps),
	KTEST_CASE(memset_sizes_and_alignments),
	KTEST_CASE(large_areas),
	KTEST_CASE(memcmp_finds_the_first_difference),
	KTEST_CASE(lengths_of_strings),
	KTEST_CASE(comparing_strings),
	KTEST_CASE(finding_a_character),
};
KTEST_SUITE(string, string_cases);
