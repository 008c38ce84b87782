/*
 * The kernel command line: words separated by blanks, each `name` or `name=value`; double quotes
 * keep blanks in a value.
 */
#pragma once

#include <kernel/compiler.h>

/**
 * struct cmdline_option - one word that is understood.
 * @set: gets the text after "=", or NULL when there was none. Return: 0, or a negative errno: the
 *       word is then named with @expects and ignored.
 */
struct cmdline_option {
	const char *name;
	const char *expects;
	int (*set)(const char *value);
};

/**
 * cmdline_parse() - hand each word of @line to its option; name and ignore what is
 * unknown or refused.
 * @line is not changed; a word longer than 511 characters is named by its beginning and ignored.
 * Return: how many words were ignored.
 */
unsigned int cmdline_parse(const char *line, const struct cmdline_option *options, size_t nr);
