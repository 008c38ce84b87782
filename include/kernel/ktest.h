/*
 * Tests that run wherever the code runs: in the booted kernel and, the same files, in a hosted
 * program. Results are KTAP version 1 on the given sink. A case that breaks an expectation goes on;
 * one that breaks an assertion returns.
 */
#pragma once

#include <kernel/linkset.h>
#include <kernel/print.h>

struct ktest {
	struct seq *out;
	unsigned int failures;		/* of this case */
	bool skipped;
	char skip_why[96];		/* what stands after # SKIP; cut when longer */
};

struct ktest_case {
	const char *name;
	void (*run)(struct ktest *t);
};

struct ktest_suite {
	const char *name;
	const struct ktest_case *cases;
	size_t nr_cases;
};

LINKSET_DECLARE(struct ktest_suite, ktest);

#define KTEST_CASE(fn)	{ #fn, fn }
#define KTEST_SUITE(suite, array)                                                                  \
	static const struct ktest_suite suite##_suite = { #suite, (array), ARRAY_SIZE(array) };   \
	LINKSET_ADD(ktest, suite##_suite)

struct ktest_result {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

/**
 * ktest_run() - run all cases whose "suite.case" or "suite" matches @glob, as KTAP on @out.
 * A glob that matches nothing is a failure: failed = 1, and said.
 */
struct ktest_result ktest_run(struct seq *out, const char *glob);

/**
 * ktest_set_check() - a function run after each case; when it returns false the case has failed.
 * For leak checks.
 */
void ktest_set_check(void (*before)(void), bool (*after)(struct ktest *t));

/*
 * What the macros below call: ktest_fail() counts a failure and says where; ktest_skip() says why
 * the case did not run.
 */
__printf(4, 5) void ktest_fail(struct ktest *t, const char *file, int line, const char *fmt, ...);
__printf(2, 3) void ktest_skip(struct ktest *t, const char *why, ...);
__printf(2, 3) void ktest_note(struct ktest *t, const char *fmt, ...);	/* a "# " line of KTAP */

#define KTEST_EXPECT(t, cond)                                                                      \
	do {                                                                                       \
		if (!(cond))                                                                       \
			ktest_fail((t), __FILE__, __LINE__, "expected %s", #cond);                 \
	} while (0)
#define KTEST_ASSERT(t, cond)                                                                      \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			ktest_fail((t), __FILE__, __LINE__, "expected %s", #cond);                 \
			return;                                                                    \
		}                                                                                  \
	} while (0)
#define KTEST_EXPECT_EQ(t, got, want)                                                              \
	do {                                                                                       \
		long long got_ = (long long)(got), want_ = (long long)(want);                      \
		if (got_ != want_)                                                                 \
			ktest_fail((t), __FILE__, __LINE__, "%s is %lld, expected %lld", #got,     \
				   got_, want_);                                                   \
	} while (0)
#define KTEST_EXPECT_STREQ(t, got, want)                                                           \
	ktest_expect_streq((t), __FILE__, __LINE__, #got, (got), (want))

/** ktest_expect_streq() - a failure names the first line that differs; NULL equals only NULL. */
void ktest_expect_streq(struct ktest *t, const char *file, int line, const char *what,
			const char *got, const char *want);
