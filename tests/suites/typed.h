/*
 * What a person types at the prompt, for the suites that read the answer.
 */
#pragma once

#include <kernel/command.h>
#include <kernel/print.h>

/** type_line() - run a copy of @line, which is shorter than 128 bytes. The answer replaces what is
 *  in @answer, and is cut where @size bytes are full. Return: as command_run(). */
static inline int type_line(const char *line, char *answer, size_t size)
{
	struct seq_buffer buffer;
	char copy[128];		/* bytes; a command changes its line */

	seq_buffer_init(&buffer, answer, size);
	ksnprintf(copy, sizeof(copy), "%s", line);
	return command_run(&buffer.seq, copy);
}
