/*
 * The test runner: KTAP version 1 on a sink.
 *
 * Suites are the outer tests, cases the inner ones, indented by four. Only what the glob selects is
 * in the plans. All state of a run is on its stack, so that a case may itself run suites of its
 * own; only the count of runs under way, for panic(), and the hooks that ktest_run() uses stand
 * outside.
 */
#include <kernel/internal.h>
#include <kernel/string.h>

#define NAME_MAX	128	/* bytes of "suite.case"; more is cut, and then matches less */
#define NOTE_MAX	256	/* bytes of one diagnostic; more is cut */
#define LINE_SHOWN	160	/* characters of each line that a text comparison shows */

static unsigned int runs_under_way;
static void (*check_before)(void);
static bool (*check_after)(struct ktest *t);

bool ktest_is_running(void)
{
	return READ_ONCE(runs_under_way) != 0;
}

void ktest_set_check(void (*before)(void), bool (*after)(struct ktest *t))
{
	check_before = before;
	check_after = after;
}

/* ---- what a case says ------------------------------------------------------------------------ */

/* Each line of @text as a diagnostic. */
static void put_note(struct ktest *t, const char *text)
{
	for (;;) {
		const char *end = strchr(text, '\n');

		seq_printf(t->out, "    # %.*s\n", end != NULL ? (int)(end - text) : NOTE_MAX,
			   text);
		if (end == NULL || end[1] == '\0')
			return;
		text = end + 1;
	}
}

void ktest_note(struct ktest *t, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list args;

	va_start(args, fmt);
	kvsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_note(t, text);
}

void ktest_fail(struct ktest *t, const char *file, int line, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list args;
	int place = ksnprintf(text, sizeof(text), "%s:%d: ", file, line);

	t->failures++;
	if (place >= (int)sizeof(text))
		place = 0;
	va_start(args, fmt);
	kvsnprintf(text + place, sizeof(text) - (size_t)place, fmt, args);
	va_end(args);
	put_note(t, text);
}

void ktest_skip(struct ktest *t, const char *why, ...)
{
	va_list args;

	t->skipped = true;
	va_start(args, why);
	kvsnprintf(t->skip_why, sizeof(t->skip_why), why, args);
	va_end(args);
}

/* The line of @text that holds its character @at. */
static void note_line(struct ktest *t, const char *label, const char *text, size_t at)
{
	size_t start = at;
	const char *end;
	int len;

	while (start > 0 && text[start - 1] != '\n')
		start--;
	end = strchr(text + start, '\n');
	len = (int)min_u64(end != NULL ? (size_t)(end - text) - start : strlen(text + start),
			   LINE_SHOWN);
	ktest_note(t, "%s \"%.*s%s\"", label, len, text + start, end != NULL ? "\\n" : "");
}

void ktest_expect_streq(struct ktest *t, const char *file, int line, const char *what,
			const char *got, const char *want)
{
	size_t at = 0;
	unsigned int row = 1;

	if (got == NULL || want == NULL) {
		if (got != want)
			ktest_fail(t, file, line, "%s is \"%.64s\", expected \"%.64s\"", what, got,
				   want);
		return;
	}
	for (; got[at] == want[at]; at++) {
		if (got[at] == '\0')
			return;
		row += got[at] == '\n';
	}
	ktest_fail(t, file, line, "%s differs from what is expected at byte %zu, in line %u:", what,
		   at, row);
	note_line(t, "     got", got, at);
	note_line(t, "expected", want, at);
}

/* ---- the runner ------------------------------------------------------------------------------ */

static bool case_is_chosen(const char *glob, const struct ktest_suite *suite,
			   const struct ktest_case *test)
{
	char name[NAME_MAX];

	if (glob_match(glob, suite->name))
		return true;
	ksnprintf(name, sizeof(name), "%s.%s", suite->name, test->name);
	return glob_match(glob, name);
}

static unsigned int nr_chosen(const char *glob, const struct ktest_suite *suite)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < suite->nr_cases; i++)
		nr += case_is_chosen(glob, suite, &suite->cases[i]);
	return nr;
}

static void run_case(const struct ktest_runner *runner, const struct ktest_case *test,
		     unsigned int number, struct ktest_result *result)
{
	struct ktest t = { .out = runner->out };

	if (runner->before != NULL)
		runner->before();
	test->run(&t);
	if (runner->after != NULL && !runner->after(&t))
		ktest_fail(&t, __FILE__, __LINE__, "the check after the case failed");
	if (t.failures != 0) {
		result->failed++;
		seq_printf(t.out, "    not ok %u - %s\n", number, test->name);
	} else if (t.skipped) {
		result->skipped++;
		seq_printf(t.out, "    ok %u - %s # SKIP %s\n", number, test->name, t.skip_why);
	} else {
		result->passed++;
		seq_printf(t.out, "    ok %u - %s\n", number, test->name);
	}
}

static void run_suite(const struct ktest_runner *runner, const struct ktest_suite *suite,
		      unsigned int number, struct ktest_result *result)
{
	unsigned int failed_before = result->failed, nr = 0;

	seq_printf(runner->out, "    KTAP version 1\n    # Subtest: %s\n    1..%u\n", suite->name,
		   nr_chosen(runner->glob, suite));
	for (size_t i = 0; i < suite->nr_cases; i++) {
		if (case_is_chosen(runner->glob, suite, &suite->cases[i]))
			run_case(runner, &suite->cases[i], ++nr, result);
	}
	seq_printf(runner->out, "%sok %u - %s\n", result->failed != failed_before ? "not " : "",
		   number, suite->name);
}

struct ktest_result ktest_run_suites(const struct ktest_runner *runner)
{
	const struct ktest_suite *const *suite;
	struct ktest_result result = { 0, 0, 0 };
	unsigned int nr_suites = 0, nr = 0;

	for (suite = runner->begin; suite < runner->end; suite++)
		nr_suites += nr_chosen(runner->glob, *suite) != 0;
	seq_printf(runner->out, "KTAP version 1\n1..%u\n", nr_suites != 0 ? nr_suites : 1);
	if (nr_suites == 0) {
		/*
		 * A test with the glob's name that fails: who only reads the result lines must not
		 * take it for success.
		 */
		result.failed = 1;
		seq_printf(runner->out, "# no test matches \"%s\"\nnot ok 1 - %s\n", runner->glob,
			   runner->glob);
	}
	for (suite = runner->begin; suite < runner->end; suite++) {
		if (nr_chosen(runner->glob, *suite) != 0)
			run_suite(runner, *suite, ++nr, &result);
	}
	seq_printf(runner->out, "# Totals: pass:%u fail:%u skip:%u total:%u\n", result.passed,
		   result.failed, result.skipped, result.passed + result.failed + result.skipped);
	return result;
}

struct ktest_result ktest_run(struct seq *out, const char *glob)
{
	const struct ktest_runner runner = {
		.out = out,
		.glob = glob,
		.begin = __start_linkset_ktest,
		.end = __stop_linkset_ktest,
		.before = check_before,
		.after = check_after,
	};
	struct ktest_result result;

	WRITE_ONCE(runs_under_way, runs_under_way + 1);
	result = ktest_run_suites(&runner);
	WRITE_ONCE(runs_under_way, runs_under_way - 1);
	return result;
}
