/*
 * kernel/edit.c and command_match(): any bytes as the keys of a terminal.
 *
 * The editor's text goes to a model of a VT100 of 80 columns. After each key the row must show the
 * prompt and the part of the line from @view on, with the cursor where the editor has it; the
 * invariants of kernel/edit.h must hold; and what stands in the line must be printable.
 */
#include <kernel/edit.h>
#include <kernel/internal.h>
#include <string.h>

#include "fuzz.h"

#define PROMPT		"quire> "
#define COLUMNS		80U
#define MAX_PARAM	8U		/* digits of a number that a VT100 is sent here */

/* One row: what scrolled away does not matter. */
static struct {
	char row[COLUMNS];
	unsigned int column;
	char escape[MAX_PARAM + 3];	/* the sequence that is under way */
	unsigned int nr_escape;
	bool wrapped;			/* terminals differ in what the last column does */
} screen;

static struct line_editor editor;

static void blank(unsigned int from)
{
	memset(screen.row + from, ' ', COLUMNS - from);
}

/* ESC [ number letter, complete. */
static void act(void)
{
	char letter = screen.escape[screen.nr_escape - 1];
	unsigned int number = 0;

	for (unsigned int i = 2; i + 1 < screen.nr_escape; i++)
		number = number * 10 + (unsigned int)(screen.escape[i] - '0');
	if (letter == 'K') {
		blank(screen.column);
	} else if (letter == 'J' && number == 2) {
		blank(0);
	} else if (letter == 'H') {
		screen.column = 0;
	} else if (letter == 'D') {
		FUZZ_CHECK(number > 0 && number <= screen.column);
		screen.column -= number;
	} else {
		fuzz_fail(__FILE__, __LINE__, "the terminal gets ESC [ %u %c", number, letter);
	}
}

static void escape(char c)
{
	FUZZ_CHECK(screen.nr_escape < sizeof(screen.escape));
	screen.escape[screen.nr_escape++] = c;
	if (screen.nr_escape == 2)
		FUZZ_CHECK(c == '[');
	if (screen.nr_escape <= 2 || (c >= '0' && c <= '9'))
		return;
	act();
	screen.nr_escape = 0;
}

static void show(char c)
{
	if (screen.nr_escape != 0 || c == '\x1b') {
		escape(c);
	} else if (c == '\r') {
		screen.column = 0;
	} else if (c == '\n') {
		screen.column = 0;
		screen.wrapped = false;
		blank(0);
	} else if (c != '\a') {
		FUZZ_CHECK(c >= ' ' && c <= '~');
		if (screen.column < COLUMNS)
			screen.row[screen.column++] = c;
		screen.wrapped |= screen.column == COLUMNS;
	}
}

static void screen_write(struct seq *seq, const char *text, size_t len)
{
	(void)seq;
	for (size_t i = 0; i < len; i++)
		show(text[i]);
}

static struct seq screen_seq = { .write = screen_write };

static void check_line(void)
{
	size_t shown;

	FUZZ_CHECK(editor.len < EDIT_LINE_MAX);
	FUZZ_CHECK(editor.view <= editor.cursor && editor.cursor <= editor.len);
	FUZZ_EQ(strnlen(editor.line, EDIT_LINE_MAX), editor.len);
	fuzz_text(editor.line, editor.len);
	FUZZ_CHECK(!strchr(editor.line, '\n'));

	shown = editor.len - editor.view;
	if (shown > editor.columns)
		shown = editor.columns;
	FUZZ_EQ(screen.nr_escape, 0);
	FUZZ_CHECK(!screen.wrapped);
	FUZZ_CHECK(memcmp(screen.row, PROMPT, strlen(PROMPT)) == 0);
	FUZZ_CHECK(memcmp(screen.row + strlen(PROMPT), editor.line + editor.view, shown) == 0);
	for (size_t i = strlen(PROMPT) + shown; i < COLUMNS; i++)
		FUZZ_EQ((uint8_t)screen.row[i], ' ');
	FUZZ_EQ(screen.column, strlen(PROMPT) + editor.cursor - editor.view);
}

/* The line that a key ended stands in the history, unless it is empty or the same as before. */
static void check_history(void)
{
	uint64_t newest = editor.nr_lines - 1;

	if (editor.len == 0)
		return;
	FUZZ_CHECK(editor.nr_lines != 0);
	FUZZ_CHECK(strcmp(editor.history[newest % EDIT_HISTORY], editor.line) == 0);
}

static void run(const uint8_t *bytes, size_t size)
{
	memset(&screen, 0, sizeof(screen));
	blank(0);
	edit_init(&editor, &screen_seq, PROMPT, command_match);
	edit_begin(&editor);
	check_line();
	for (size_t i = 0; i < size; i++) {
		if (edit_key(&editor, bytes[i])) {
			check_history();
			edit_begin(&editor);
		}
		check_line();
	}
}

const struct fuzz_target fuzz_edit = { "edit", NULL, run };
