/*
 * The line editor.
 *
 * 1. Screen.  One row. A line longer than the row scrolls sideways under the prompt: @view follows
 *             the cursor. A key at the line's end is echoed; every other change redraws the row
 *             from its first column.
 * 2. Keys.    What a VT100 and its heirs send: controls, ESC [ and ESC O sequences. A sequence that
 *             is not known is swallowed whole; a control character inside of one drops it and acts
 *             by itself.
 * 3. Bell.    Rings when a key can do nothing: a full line, nothing to delete, no line above, no
 *             completion.
 */
#include <kernel/edit.h>
#include <kernel/string.h>

#define CTRL(letter)	((letter) & 0x1f)
#define KEY_ESC		0x1b
#define KEY_DEL		0x7f
/* above every key's number; keeps a long row of digits from overflowing */
#define PARAM_MAX	1000

static void ring(struct line_editor *editor)
{
	seq_puts(editor->out, "\a");
}

static size_t shown(const struct line_editor *editor)
{
	return min_u64(editor->len - editor->view, editor->columns);
}

static void redraw(struct line_editor *editor)
{
	size_t nr;

	/* Half a row to the left, so that one sees what stands before the cursor. */
	if (editor->cursor <= editor->view)
		editor->view = editor->cursor - min_u64(editor->cursor, editor->columns / 2);
	if (editor->cursor > editor->view + editor->columns)
		editor->view = editor->cursor - editor->columns;
	nr = shown(editor);
	seq_printf(editor->out, "\r%s%.*s\x1b[K", editor->prompt, (int)nr,
		   editor->line + editor->view);
	nr -= editor->cursor - editor->view;
	if (nr != 0)
		seq_printf(editor->out, "\x1b[%zuD", nr);
}

static void clear_line(struct line_editor *editor)
{
	editor->line[0] = '\0';
	editor->len = editor->cursor = editor->view = 0;
	editor->back = 0;
}

static void set_line(struct line_editor *editor, const char *text)
{
	editor->len = strlen(text);
	memcpy(editor->line, text, editor->len + 1);
	editor->cursor = editor->len;
	editor->view = 0;
	redraw(editor);
}

static void move_to(struct line_editor *editor, size_t cursor)
{
	editor->cursor = cursor;
	redraw(editor);
}

static void insert(struct line_editor *editor, const char *text, size_t nr)
{
	char *at = editor->line + editor->cursor;

	if (nr > EDIT_LINE_MAX - 1 - editor->len) {
		ring(editor);
		return;
	}
	memmove(at + nr, at, editor->len - editor->cursor + 1);
	memcpy(at, text, nr);
	editor->len += nr;
	editor->cursor += nr;
	if (editor->cursor == editor->len && editor->len - editor->view <= editor->columns)
		seq_printf(editor->out, "%.*s", (int)nr, text);
	else
		redraw(editor);
}

/* Delete [from, to) and leave the cursor at @from. */
static void erase(struct line_editor *editor, size_t from, size_t to)
{
	if (from == to) {
		ring(editor);
		return;
	}
	memmove(editor->line + from, editor->line + to, editor->len - to + 1);
	editor->len -= to - from;
	editor->cursor = from;
	redraw(editor);
}

static size_t word_before(const struct line_editor *editor)
{
	size_t at = editor->cursor;

	while (at > 0 && editor->line[at - 1] == ' ')
		at--;
	while (at > 0 && editor->line[at - 1] != ' ')
		at--;
	return at;
}

/* ---- history --------------------------------------------------------------------------------- */

static char *history_line(struct line_editor *editor, unsigned int back)
{
	return editor->history[(editor->nr_lines - back) % EDIT_HISTORY];
}

static void remember(struct line_editor *editor)
{
	if (editor->len == 0)
		return;
	if (editor->nr_lines != 0 && strcmp(history_line(editor, 1), editor->line) == 0)
		return;
	memcpy(editor->history[editor->nr_lines % EDIT_HISTORY], editor->line, editor->len + 1);
	editor->nr_lines++;
}

static void go_up(struct line_editor *editor)
{
	if (editor->back == min_u64(editor->nr_lines, EDIT_HISTORY)) {
		ring(editor);
		return;
	}
	if (editor->back == 0)
		memcpy(editor->draft, editor->line, editor->len + 1);
	editor->back++;
	set_line(editor, history_line(editor, editor->back));
}

static void go_down(struct line_editor *editor)
{
	if (editor->back == 0) {
		ring(editor);
		return;
	}
	editor->back--;
	set_line(editor, editor->back != 0 ? history_line(editor, editor->back) : editor->draft);
}

/* ---- completion ------------------------------------------------------------------------------ */

/* How many characters of @first all the words have in common that begin with @prefix. */
static size_t common_length(struct line_editor *editor, const char *prefix, size_t len,
			    const char *first)
{
	size_t common = strlen(first);
	const char *other;

	for (unsigned int n = 1; (other = editor->complete(prefix, len, n)) != NULL; n++) {
		size_t same = 0;

		while (same < common && other[same] == first[same])
			same++;
		common = same;
	}
	return common;
}

static void list_matches(struct line_editor *editor, const char *prefix, size_t len)
{
	const char *word;

	for (unsigned int n = 0; (word = editor->complete(prefix, len, n)) != NULL; n++)
		seq_printf(editor->out, "%s%s", n == 0 ? "\n" : "  ", word);
	seq_puts(editor->out, "\n");
	redraw(editor);
}

/*
 * Complete the first word up to the cursor as far as it is clear; list what it may become when
 * it is not.
 */
static void complete(struct line_editor *editor)
{
	size_t start = 0, len, common;
	const char *prefix, *first;

	while (start < editor->cursor && editor->line[start] == ' ')
		start++;
	prefix = editor->line + start;
	len = editor->cursor - start;
	first = editor->complete != NULL ? editor->complete(prefix, len, 0) : NULL;
	if (first == NULL) {
		ring(editor);
		return;
	}
	common = common_length(editor, prefix, len, first);
	if (editor->complete(prefix, len, 1) != NULL && common == len) {
		list_matches(editor, prefix, len);
		return;
	}
	if (editor->complete(prefix, len, 1) == NULL) {
		insert(editor, first + len, common - len);
		insert(editor, " ", 1);
		return;
	}
	insert(editor, first + len, common - len);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void go_left(struct line_editor *editor)
{
	if (editor->cursor == 0)
		ring(editor);
	else
		move_to(editor, editor->cursor - 1);
}

static void go_right(struct line_editor *editor)
{
	if (editor->cursor == editor->len)
		ring(editor);
	else
		move_to(editor, editor->cursor + 1);
}

static void control_key(struct line_editor *editor, int ch)
{
	switch (ch) {
	case CTRL('A'):
		move_to(editor, 0);
		break;
	case CTRL('C'):
		seq_puts(editor->out, "^C\n");
		edit_begin(editor);
		break;
	case CTRL('E'):
		move_to(editor, editor->len);
		break;
	case CTRL('H'):
	case KEY_DEL:
		erase(editor, editor->cursor - (editor->cursor != 0), editor->cursor);
		break;
	case CTRL('I'):
		complete(editor);
		break;
	case CTRL('K'):
		erase(editor, editor->cursor, editor->len);
		break;
	case CTRL('L'):
		seq_puts(editor->out, "\x1b[H\x1b[2J");
		redraw(editor);
		break;
	case CTRL('U'):
		erase(editor, 0, editor->cursor);
		break;
	case CTRL('W'):
		erase(editor, word_before(editor), editor->cursor);
		break;
	case KEY_ESC:
		editor->state = EDIT_ESCAPE;
		break;
	default:
		ring(editor);
		break;
	}
}

/* ESC [ number ~, the keys of the block above the arrows. */
static void numbered_key(struct line_editor *editor)
{
	switch (editor->param) {
	case 1:
	case 7:
		move_to(editor, 0);
		break;
	case 3:
		erase(editor, editor->cursor, editor->cursor + (editor->cursor != editor->len));
		break;
	case 4:
	case 8:
		move_to(editor, editor->len);
		break;
	default:
		break;
	}
}

static void final_key(struct line_editor *editor, int ch)
{
	switch (ch) {
	case 'A':
		go_up(editor);
		break;
	case 'B':
		go_down(editor);
		break;
	case 'C':
		go_right(editor);
		break;
	case 'D':
		go_left(editor);
		break;
	case 'F':
		move_to(editor, editor->len);
		break;
	case 'H':
		move_to(editor, 0);
		break;
	case '~':
		numbered_key(editor);
		break;
	default:
		break;
	}
}

/*
 * A character inside an escape sequence: a number, something else that is not the end (ECMA-48
 * 5.4), or the end.
 */
static void sequence_key(struct line_editor *editor, int ch)
{
	if (editor->state == EDIT_ESCAPE) {
		editor->state = ch == '[' ? EDIT_CSI : ch == 'O' ? EDIT_SS3 : EDIT_PLAIN;
		editor->param = 0;
		editor->more_params = false;
		return;
	}
	if (editor->state == EDIT_CSI && ch >= 0x20 && ch <= 0x3f) {
		if (ch == ';')
			editor->more_params = true;
		if (ch >= '0' && ch <= '9' && !editor->more_params && editor->param < PARAM_MAX)
			editor->param = editor->param * 10 + (unsigned int)(ch - '0');
		return;
	}
	editor->state = EDIT_PLAIN;
	final_key(editor, ch);
}

void edit_init(struct line_editor *editor, struct seq *out, const char *prompt,
	       const char *(*match)(const char *prefix, size_t len, unsigned int n))
{
	*editor = (struct line_editor){
		.out = out,
		.prompt = prompt,
		.complete = match,
		.columns = EDIT_COLUMNS - strlen(prompt),
	};
}

void edit_begin(struct line_editor *editor)
{
	clear_line(editor);
	redraw(editor);
}

bool edit_key(struct line_editor *editor, int ch)
{
	bool after_cr = editor->after_cr;
	char c = (char)ch;

	if (ch < 0 || ch > 0xff)
		return false;
	editor->after_cr = ch == '\r';
	if (ch == '\n' && after_cr)
		return false;
	if (ch == '\r' || ch == '\n') {
		editor->state = EDIT_PLAIN;
		seq_puts(editor->out, "\n");
		remember(editor);
		return true;
	}
	if (editor->state != EDIT_PLAIN && ch >= ' ') {
		sequence_key(editor, ch);
		return false;
	}
	editor->state = EDIT_PLAIN;
	if (ch >= ' ' && ch <= '~')
		insert(editor, &c, 1);
	else
		control_key(editor, ch);
	return false;
}
