/*
 * A line editor for a terminal, as a state machine: one key goes in, text for the terminal comes
 * out. It reads from nowhere and waits for nothing, so it runs on a host, in a test and under a
 * fuzzer as it does at the prompt. Nobody outside kernel/ and tests/ includes this file.
 */
#pragma once

#include <kernel/print.h>

#define EDIT_LINE_MAX	256	/* bytes of a line, with the NUL */
#define EDIT_HISTORY	16	/* lines that the up key reaches */
/* of an 80-column terminal: in the last column terminals differ in when they wrap */
#define EDIT_COLUMNS	79

enum edit_state {
	EDIT_PLAIN,
	EDIT_ESCAPE,		/* after ESC */
	EDIT_CSI,		/* after ESC [ */
	EDIT_SS3,		/* after ESC O */
};

/*
 * struct line_editor - one line in the making, and those before it.
 *
 * Invariants: len < EDIT_LINE_MAX; view <= cursor <= len; line[len] is the only NUL; the terminal's
 *             row shows the prompt and the characters from @view on, as many as fit, with its
 *             cursor at @cursor.
 */
struct line_editor {
	struct seq *out;
	const char *prompt;
	const char *(*complete)(const char *prefix, size_t len, unsigned int n);
	size_t columns;		/* for the line's text, right of the prompt */

	char line[EDIT_LINE_MAX];
	size_t len;
	size_t cursor;
	size_t view;		/* first character shown */

	enum edit_state state;
	unsigned int param;	/* first number of a CSI sequence */
	bool more_params;	/* a ; was seen: later numbers are not looked at */
	bool after_cr;		/* a LF that follows belongs to the CR */

	char history[EDIT_HISTORY][EDIT_LINE_MAX];
	/* ever put into @history; the newest stands at (nr_lines - 1) % EDIT_HISTORY */
	uint64_t nr_lines;
	unsigned int back;	/* how far up the history; 0: the line being written */
	char draft[EDIT_LINE_MAX];	/* that line, while another one is shown */
};

/**
 * edit_init() - an empty history.
 * @prompt:   shorter than half of EDIT_COLUMNS
 * @complete: the @n-th word, from 0, that begins with the @len characters at @prefix, NULL after
 *            the last; or NULL
 */
void edit_init(struct line_editor *editor, struct seq *out, const char *prompt,
	       const char *(*complete)(const char *prefix, size_t len, unsigned int n));

/** edit_begin() - show the prompt and start an empty line. */
void edit_begin(struct line_editor *editor);

/**
 * edit_key() - take one character from the terminal; what is not 0..255 is ignored.
 * Return: true when it ended the line, which then stands in @editor->line, to be used or
 *         overwritten until edit_begin().
 */
bool edit_key(struct line_editor *editor, int ch);
