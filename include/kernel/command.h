/*
 * Console commands. A file that has some puts them in one table and registers it; help lists
 * them in link order.
 */
#pragma once

#include <kernel/linkset.h>
#include <kernel/print.h>

/* Words of a line, the command's name included; more are refused by name. */
#define COMMAND_MAX_ARGS	8

/**
 * struct command - one word that the prompt knows.
 * @args: what may follow, for help and for the message after a wrong use: "ORDER [FLAGS]"
 * @run:  @argc >= 1, argv[0] is the name. Return: 0; -EINVAL: the console then prints what
 *        was expected from @args; another negative errno when the command failed and has
 *        said why on @out.
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(struct seq *out, int argc, char **argv);
};

struct command_table {
	const struct command *commands;
	size_t nr;
};

LINKSET_DECLARE(struct command_table, command);

#define COMMAND_TABLE(name, array)                                                                 \
	static const struct command_table name##_table = { (array), ARRAY_SIZE(array) };          \
	LINKSET_ADD(command, name##_table)

/**
 * command_run() - split @line into words and run the command. @line is overwritten. Empty
 * lines do nothing.
 * Return: the command's; -ENOENT for an unknown name (said on @out).
 */
int command_run(struct seq *out, char *line);

/** console_loop() - prompt, read a line with editing and history, run it; for ever. */
_Noreturn void console_loop(void);
