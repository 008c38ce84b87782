/*
 * The test runner, by private runs over suites of its own into a buffer.
 */
#include <kernel/internal.h>
#include <kernel/panic.h>
#include <kernel/string.h>

static void passes(struct ktest *t)
{
	KTEST_EXPECT_EQ(t, 1 + 1, 2);
}

static void notes(struct ktest *t)
{
	ktest_note(t, "seed %d\nand more\n", 7);
}

static void fails(struct ktest *t)
{
	ktest_fail(t, "some/file.c", 12, "first");
	ktest_fail(t, "some/file.c", 13, "second");
}

static void skips(struct ktest *t)
{
	ktest_skip(t, "no %s here", "TPM");
}

static void fails_and_skips(struct ktest *t)
{
	ktest_fail(t, "f.c", 1, "broken");
	ktest_skip(t, "never mind");
}

static void texts_differ(struct ktest *t)
{
	ktest_expect_streq(t, "f.c", 2, "report", "same\ngot\nend\n", "same\ngout\nend\n");
}

static const struct ktest_case good_cases[] = { KTEST_CASE(passes), KTEST_CASE(notes),
						KTEST_CASE(skips) };
static const struct ktest_case bad_cases[] = { KTEST_CASE(fails), KTEST_CASE(passes),
					       KTEST_CASE(fails_and_skips) };
static const struct ktest_case text_cases[] = { KTEST_CASE(texts_differ) };
static const struct ktest_suite good = { "good", good_cases, ARRAY_SIZE(good_cases) };
static const struct ktest_suite bad = { "bad", bad_cases, ARRAY_SIZE(bad_cases) };
static const struct ktest_suite texts = { "texts", text_cases, ARRAY_SIZE(text_cases) };
static const struct ktest_suite *const suites[] = { &good, &bad, &texts };

static unsigned int nr_before, nr_after;

static void count_before(void)
{
	nr_before++;
}

static bool refuse_second(struct ktest *t)
{
	if (++nr_after == 2)
		ktest_note(t, "something leaked");
	return nr_after != 2;
}

static struct ktest_result run(struct seq_buffer *out, const char *glob, bool hooks)
{
	struct ktest_runner runner = {
		.out = &out->seq,
		.glob = glob,
		.begin = suites,
		.end = suites + ARRAY_SIZE(suites),
		.before = hooks ? count_before : NULL,
		.after = hooks ? refuse_second : NULL,
	};

	nr_before = nr_after = 0;
	return ktest_run_suites(&runner);
}

static void expect_run(struct ktest *t, const char *glob, struct ktest_result want,
		       const char *want_text)
{
	static char text[2048];
	struct seq_buffer out;
	struct ktest_result got;

	seq_buffer_init(&out, text, sizeof(text));
	got = run(&out, glob, false);
	ktest_expect_streq(t, __FILE__, __LINE__, glob, text, want_text);
	KTEST_EXPECT_EQ(t, got.passed, want.passed);
	KTEST_EXPECT_EQ(t, got.failed, want.failed);
	KTEST_EXPECT_EQ(t, got.skipped, want.skipped);
}

static void a_suite(struct ktest *t)
{
	expect_run(t, "good", (struct ktest_result){ .passed = 2, .skipped = 1 },
		   "KTAP version 1\n"
		   "1..1\n"
		   "    KTAP version 1\n"
		   "    # Subtest: good\n"
		   "    1..3\n"
		   "    ok 1 - passes\n"
		   "    # seed 7\n"
		   "    # and more\n"
		   "    ok 2 - notes\n"
		   "    ok 3 - skips # SKIP no TPM here\n"
		   "ok 1 - good\n"
		   "# Totals: pass:2 fail:0 skip:1 total:3\n");
}

/* A runner that cannot fail would call this case passed as well: hence the assertion. */
static void failing_cases(struct ktest *t)
{
	char text[512];
	struct seq_buffer out;

	seq_buffer_init(&out, text, sizeof(text));
	MM_ASSERT(run(&out, "bad", false).failed == 2);
	expect_run(t, "bad", (struct ktest_result){ .passed = 1, .failed = 2 },
		   "KTAP version 1\n"
		   "1..1\n"
		   "    KTAP version 1\n"
		   "    # Subtest: bad\n"
		   "    1..3\n"
		   "    # some/file.c:12: first\n"
		   "    # some/file.c:13: second\n"
		   "    not ok 1 - fails\n"
		   "    ok 2 - passes\n"
		   "    # f.c:1: broken\n"
		   "    not ok 3 - fails_and_skips\n"
		   "not ok 1 - bad\n"
		   "# Totals: pass:1 fail:2 skip:0 total:3\n");
}

/* Plans and numbers count what the glob selects, in both suites that have such a case. */
static void globs_select_cases(struct ktest *t)
{
	expect_run(t, "*.pass*", (struct ktest_result){ .passed = 2 },
		   "KTAP version 1\n"
		   "1..2\n"
		   "    KTAP version 1\n"
		   "    # Subtest: good\n"
		   "    1..1\n"
		   "    ok 1 - passes\n"
		   "ok 1 - good\n"
		   "    KTAP version 1\n"
		   "    # Subtest: bad\n"
		   "    1..1\n"
		   "    ok 1 - passes\n"
		   "ok 2 - bad\n"
		   "# Totals: pass:2 fail:0 skip:0 total:2\n");
}

static void differing_texts_show_the_line(struct ktest *t)
{
	expect_run(t, "texts", (struct ktest_result){ .failed = 1 },
		   "KTAP version 1\n"
		   "1..1\n"
		   "    KTAP version 1\n"
		   "    # Subtest: texts\n"
		   "    1..1\n"
		   "    # f.c:2: report differs from what is expected at byte 7, in line 2:\n"
		   "    #      got \"got\\n\"\n"
		   "    # expected \"gout\\n\"\n"
		   "    not ok 1 - texts_differ\n"
		   "not ok 1 - texts\n"
		   "# Totals: pass:0 fail:1 skip:0 total:1\n");
}

static void a_glob_that_matches_nothing_fails(struct ktest *t)
{
	static const char want[] = "KTAP version 1\n"
				   "1..1\n"
				   "# no test matches \"ktest.nothing\"\n"
				   "not ok 1 - ktest.nothing\n"
				   "# Totals: pass:0 fail:1 skip:0 total:1\n";
	char text[256];
	struct seq_buffer out;
	struct ktest_result got;

	expect_run(t, "ktest.nothing", (struct ktest_result){ .failed = 1 }, want);
	seq_buffer_init(&out, text, sizeof(text));
	got = ktest_run(&out.seq, "ktest.nothing");		/* over the real suites */
	KTEST_EXPECT_STREQ(t, text, want);
	KTEST_EXPECT_EQ(t, got.failed, 1);
	KTEST_EXPECT_EQ(t, got.passed, 0);
	seq_buffer_init(&out, text, sizeof(text));
	KTEST_EXPECT_EQ(t, ktest_run(&out.seq, "").failed, 1);
}

static void check_hooks(struct ktest *t)
{
	char text[1024];
	struct seq_buffer out;
	struct ktest_result got;

	seq_buffer_init(&out, text, sizeof(text));
	got = run(&out, "good", true);
	KTEST_EXPECT_EQ(t, nr_before, 3);
	KTEST_EXPECT_EQ(t, nr_after, 3);
	KTEST_EXPECT_EQ(t, got.passed, 1);
	KTEST_EXPECT_EQ(t, got.failed, 1);
	KTEST_EXPECT_EQ(t, got.skipped, 1);
}

static void expectations_count(struct ktest *t)
{
	char text[512];
	struct seq_buffer out;
	struct ktest inner = { .out = &out.seq };

	seq_buffer_init(&out, text, sizeof(text));
	KTEST_EXPECT(&inner, text[0] == '\0');
	KTEST_EXPECT_EQ(&inner, -1, -1);
	KTEST_EXPECT_STREQ(&inner, "a", "a");
	KTEST_EXPECT_EQ(t, inner.failures, 0);
	KTEST_EXPECT(&inner, text[0] != '\0');
	KTEST_EXPECT_EQ(&inner, -1, 1);
	KTEST_EXPECT_STREQ(&inner, "a", "ab");
	KTEST_EXPECT_STREQ(&inner, "a", NULL);
	KTEST_EXPECT_EQ(t, inner.failures, 4);
	KTEST_EXPECT_STREQ(&inner, NULL, "a");
	KTEST_EXPECT_EQ(t, inner.failures, 5);
	KTEST_EXPECT_STREQ(&inner, NULL, NULL);
	KTEST_EXPECT_EQ(t, inner.failures, 5);
}

/* A place that leaves no room for the reason is left out. */
static void a_long_place_does_not_hide_the_reason(struct ktest *t)
{
	char file[300], text[1024];
	struct seq_buffer out;
	struct ktest inner = { .out = &out.seq };

	memset(file, 'f', sizeof(file) - 1);
	file[sizeof(file) - 1] = '\0';
	seq_buffer_init(&out, text, sizeof(text));
	ktest_fail(&inner, file, 1, "the reason");
	KTEST_EXPECT_STREQ(t, text, "    # the reason\n");
}

static void running_is_known(struct ktest *t)
{
	KTEST_EXPECT(t, ktest_is_running());
}

static const struct ktest_case ktest_cases[] = {
	KTEST_CASE(a_suite),
	KTEST_CASE(failing_cases),
	KTEST_CASE(globs_select_cases),
	KTEST_CASE(differing_texts_show_the_line),
	KTEST_CASE(a_glob_that_matches_nothing_fails),
	KTEST_CASE(check_hooks),
	KTEST_CASE(expectations_count),
	KTEST_CASE(a_long_place_does_not_hide_the_reason),
	KTEST_CASE(running_is_known),
};
KTEST_SUITE(ktest, ktest_cases);
