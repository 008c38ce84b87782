/*
 * Console commands: a line becomes words, the first one finds its command in the link set. And
 * `help`.
 */
#include <kernel/errno.h>
#include <kernel/internal.h>
#include <kernel/string.h>

/* characters before the explanations; the longest name with arguments fits */
#define HELP_COLUMN	30

static const struct command_set *registered(void)
{
	static const struct command_set set = { __start_linkset_command, __stop_linkset_command };

	return &set;
}

/* A walk over all commands of a set, table by table. */
struct command_walk {
	const struct command_set *set;
	const struct command_table *const *table;
	size_t index;
};

static const struct command *walk_next(struct command_walk *walk)
{
	for (; walk->table < walk->set->end; walk->table++, walk->index = 0) {
		if (walk->index < (*walk->table)->nr)
			return &(*walk->table)->commands[walk->index++];
	}
	return NULL;
}

static struct command_walk walk_begin(const struct command_set *set)
{
	return (struct command_walk){ .set = set, .table = set->begin };
}

static const struct command *find_command(const struct command_set *set, const char *name)
{
	struct command_walk walk = walk_begin(set);
	const struct command *command;

	while ((command = walk_next(&walk)) != NULL) {
		if (strcmp(command->name, name) == 0)
			break;
	}
	return command;
}

const char *command_match_in(const struct command_set *set, const char *prefix, size_t len,
			     unsigned int n)
{
	struct command_walk walk = walk_begin(set);
	const struct command *command;

	while ((command = walk_next(&walk)) != NULL) {
		if (strncmp(command->name, prefix, len) == 0 && n-- == 0)
			return command->name;
	}
	return NULL;
}

const char *command_match(const char *prefix, size_t len, unsigned int n)
{
	return command_match_in(registered(), prefix, len, n);
}

static void not_understood(struct seq *out, const char *name)
{
	seq_printf(out, "did not understand \"%s\"; \"help\" lists the commands\n", name);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Cut @line into words in place. Return: how many; COMMAND_MAX_ARGS + 1 when there are more,
 * *@extra being the first.
 */
static int split_words(char *line, char **argv, char **extra)
{
	int argc = 0;

	for (;;) {
		while (is_blank(*line))
			line++;
		if (*line == '\0')
			return argc;
		if (argc == COMMAND_MAX_ARGS)
			*extra = line;
		else
			argv[argc] = line;
		argc++;
		while (*line != '\0' && !is_blank(*line))
			line++;
		if (*line != '\0')
			*line++ = '\0';
		if (argc > COMMAND_MAX_ARGS)
			return argc;
	}
}

int command_run_in(const struct command_set *set, struct seq *out, char *line)
{
	char *argv[COMMAND_MAX_ARGS + 1], *extra = NULL;
	const struct command *command;
	int argc = split_words(line, argv, &extra);
	int err;

	if (argc == 0)
		return 0;
	command = find_command(set, argv[0]);
	if (command == NULL) {
		not_understood(out, argv[0]);
		return -ENOENT;
	}
	if (argc > COMMAND_MAX_ARGS) {
		seq_printf(out, "%s: \"%s\" is one word too many; a line has at most %d\n", argv[0],
			   extra, COMMAND_MAX_ARGS);
		return -EINVAL;
	}
	argv[argc] = NULL;
	err = command->run(out, argc, argv);
	if (err == -EINVAL)
		seq_printf(out, "%s: expected %s\n", command->name,
			   command->args[0] != '\0' ? command->args : "nothing after it");
	return err;
}

int command_run(struct seq *out, char *line)
{
	return command_run_in(registered(), out, line);
}

static void print_help(struct seq *out, const struct command *command)
{
	char usage[80];

	ksnprintf(usage, sizeof(usage), "%s %s", command->name, command->args);
	seq_printf(out, "%-*s %s\n", HELP_COLUMN, usage, command->help);
}

static int cmd_help(struct seq *out, int argc, char **argv)
{
	struct command_walk walk = walk_begin(registered());
	const struct command *command;

	if (argc > 2)
		return -EINVAL;
	if (argc == 2) {
		command = find_command(registered(), argv[1]);
		if (command == NULL) {
			not_understood(out, argv[1]);
			return -ENOENT;
		}
		print_help(out, command);
		return 0;
	}
	while ((command = walk_next(&walk)) != NULL)
		print_help(out, command);
	return 0;
}

static const struct command help_commands[] = {
	{ "help", "[COMMAND]", "what the commands do, or one of them", cmd_help },
};
COMMAND_TABLE(help, help_commands);
