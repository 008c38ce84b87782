/*
 * Commands: splitting, look-up, messages. The tables are this suite's own, but for `help`, which
 * lists the real ones.
 */
#include <kernel/errno.h>
#include <kernel/internal.h>
#include <kernel/string.h>

static int run_echo(struct seq *out, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		seq_printf(out, "[%s]", argv[i]);
	seq_printf(out, "%s\n", argv[argc] == NULL ? "" : " and no end");
	return 0;
}

static int run_refuse(struct seq *out, int argc, char **argv)
{
	(void)out;
	(void)argv;
	return argc > 1 ? -EINVAL : -ENOMEM;
}

static const struct command first_commands[] = {
	{ "echo", "[WORD]...", "show the words", run_echo },
	{ "alloc", "ORDER [FLAGS]", "always refuses", run_refuse },
};
static const struct command second_commands[] = {
	{ "alone", "", "refuses as well", run_refuse },
};
static const struct command_table first_table = { first_commands, ARRAY_SIZE(first_commands) };
static const struct command_table empty_table = { NULL, 0 };
static const struct command_table second_table = { second_commands, ARRAY_SIZE(second_commands) };
static const struct command_table *const tables[] = { &first_table, &empty_table, &second_table };
static const struct command_set set = { tables, tables + ARRAY_SIZE(tables) };

static void expect_run(struct ktest *t, const char *typed, int want, const char *want_text)
{
	char line[128], text[256];
	struct seq_buffer out;
	int err;

	ksnprintf(line, sizeof(line), "%s", typed);
	seq_buffer_init(&out, text, sizeof(text));
	err = command_run_in(&set, &out.seq, line);
	if (err != want)
		ktest_fail(t, __FILE__, __LINE__, "\"%s\" returned %d, expected %d", typed, err,
			   want);
	ktest_expect_streq(t, __FILE__, __LINE__, typed, text, want_text);
}

static void splitting(struct ktest *t)
{
	expect_run(t, "echo", 0, "[echo]\n");
	expect_run(t, "  echo  a\tb ", 0, "[echo][a][b]\n");
	expect_run(t, "echo 1 2 3 4 5 6 7", 0, "[echo][1][2][3][4][5][6][7]\n");
}

static void empty_lines(struct ktest *t)
{
	expect_run(t, "", 0, "");
	expect_run(t, " \t ", 0, "");
}

static void too_many_words(struct ktest *t)
{
	expect_run(t, "echo 1 2 3 4 5 6 7 eight nine", -EINVAL,
		   "echo: \"eight\" is one word too many; a line has at most 8\n");
}

static void unknown_names(struct ktest *t)
{
	expect_run(t, "frobnicate 1", -ENOENT,
		   "did not understand \"frobnicate\"; \"help\" lists the commands\n");
	expect_run(t, "ech", -ENOENT, "did not understand \"ech\"; \"help\" lists the commands\n");
	expect_run(t, "Echo", -ENOENT,
		   "did not understand \"Echo\"; \"help\" lists the commands\n");
}

static void wrong_arguments(struct ktest *t)
{
	expect_run(t, "alloc x", -EINVAL, "alloc: expected ORDER [FLAGS]\n");
	expect_run(t, "alone x", -EINVAL, "alone: expected nothing after it\n");
}

/* Whoever fails for another reason has said so itself. */
static void failures_pass_through(struct ktest *t)
{
	expect_run(t, "alloc", -ENOMEM, "");
}

static void matching(struct ktest *t)
{
	KTEST_EXPECT_STREQ(t, command_match_in(&set, "al", 2, 0), "alloc");
	KTEST_EXPECT_STREQ(t, command_match_in(&set, "al", 2, 1), "alone");
	KTEST_EXPECT(t, command_match_in(&set, "al", 2, 2) == NULL);
	KTEST_EXPECT_STREQ(t, command_match_in(&set, "alx", 2, 1), "alone");
	KTEST_EXPECT_STREQ(t, command_match_in(&set, "", 0, 0), "echo");
	KTEST_EXPECT_STREQ(t, command_match_in(&set, "", 0, 2), "alone");
	KTEST_EXPECT(t, command_match_in(&set, "", 0, 3) == NULL);
	KTEST_EXPECT(t, command_match_in(&set, "alloca", 6, 0) == NULL);
}

static bool help_says(const char *name, const char *line)
{
	char typed[64], text[512];
	struct seq_buffer out;

	ksnprintf(typed, sizeof(typed), "help %s", name);
	seq_buffer_init(&out, text, sizeof(text));
	return command_run(&out.seq, typed) == 0 && strncmp(text, line, strlen(line)) == 0;
}

static void help_of_one(struct ktest *t)
{
	char bad[] = "help nothing", many[] = "help a b", text[128];
	struct seq_buffer out;

	KTEST_EXPECT(t, help_says("help", "help [COMMAND] "));
	KTEST_EXPECT(t, help_says("test", "test [SUITE[.CASE]] "));
	KTEST_EXPECT(t, help_says("poweroff", "poweroff "));
	seq_buffer_init(&out, text, sizeof(text));
	KTEST_EXPECT_EQ(t, command_run(&out.seq, bad), -ENOENT);
	KTEST_EXPECT_STREQ(t, text,
			   "did not understand \"nothing\"; \"help\" lists the commands\n");
	seq_buffer_init(&out, text, sizeof(text));
	KTEST_EXPECT_EQ(t, command_run(&out.seq, many), -EINVAL);
	KTEST_EXPECT_STREQ(t, text, "help: expected [COMMAND]\n");
}

/* One line for each command, in the order of the link set. */
static void help_of_all(struct ktest *t)
{
	static char text[8192];
	char line[] = "help";
	struct seq_buffer out;
	const char *at = text, *name;

	seq_buffer_init(&out, text, sizeof(text));
	KTEST_EXPECT_EQ(t, command_run(&out.seq, line), 0);
	for (unsigned int n = 0; (name = command_match("", 0, n)) != NULL; n++) {
		KTEST_ASSERT(t, strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ' ');
		at = strchr(at, '\n');
		KTEST_ASSERT(t, at != NULL);
		at++;
	}
	KTEST_EXPECT_STREQ(t, at, "");
}

static const struct ktest_case command_cases[] = {
	KTEST_CASE(splitting),
	KTEST_CASE(empty_lines),
	KTEST_CASE(too_many_words),
	KTEST_CASE(unknown_names),
	KTEST_CASE(wrong_arguments),
	KTEST_CASE(failures_pass_through),
	KTEST_CASE(matching),
	KTEST_CASE(help_of_one),
	KTEST_CASE(help_of_all),
};
KTEST_SUITE(command, command_cases);
