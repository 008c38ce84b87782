/*
 * The line editor, against a model of the terminal's row: after every key the row must show the
 * prompt and the line.
 */
#include <kernel/edit.h>
#include <kernel/ktest.h>
#include <kernel/string.h>

#define PROMPT		"quire> "
#define PROMPT_LEN	7
#define ROW		80	/* columns of a VT100 */
#define LINE_LIMIT	255	/* characters: EDIT_LINE_MAX without the NUL */
#define RANDOM_KEYS	20000
#define RANDOM_SEED	0x9e3779b97f4a7c15ULL

#define UP	"\x1b[A"
#define DOWN	"\x1b[B"
#define RIGHT	"\x1b[C"
#define LEFT	"\x1b[D"
#define DELETE	"\x1b[3~"

/* The row that the cursor is in. @wrapped: something was printed behind its last column. */
struct terminal {
	struct seq seq;
	char row[ROW + 1];
	size_t column;
	unsigned int bells;
	unsigned int rows;
	bool wrapped;
	bool unknown; /* a sequence that a VT100 does not have, or that this model has not */
};

static void terminal_clear(struct terminal *term)
{
	memset(term->row, ' ', ROW);
	term->row[ROW] = '\0';
	term->column = 0;
}

/* ESC [ number letter. Return: how many characters it took. */
static size_t terminal_escape(struct terminal *term, const char *text, size_t len)
{
	size_t i = 2, number = 0;

	while (i < len && text[i] >= '0' && text[i] <= '9')
		number = number * 10 + (size_t)(text[i++] - '0');
	if (len < 3 || text[1] != '[' || i == len) {
		term->unknown = true;
		return len;
	}
	if (text[i] == 'K')
		memset(term->row + term->column, ' ', ROW - term->column);
	else if (text[i] == 'D')
		term->column -= number < term->column ? number : term->column;
	else if (text[i] == 'H')
		term->column = 0;
	else if (text[i] == 'J' && number == 2)
		memset(term->row, ' ', ROW);
	else
		term->unknown = true;
	return i + 1;
}

static void terminal_write(struct seq *seq, const char *text, size_t len)
{
	struct terminal *term = container_of(seq, struct terminal, seq);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\x1b') {
			i += terminal_escape(term, text + i, len - i) - 1;
		} else if (text[i] == '\r') {
			term->column = 0;
		} else if (text[i] == '\a') {
			term->bells++;
		} else if (text[i] == '\n') {
			terminal_clear(term);
			term->rows++;
		} else if (term->column < ROW) {
			term->row[term->column++] = text[i];
		}
		term->wrapped |= term->column == ROW;
	}
}

static const char *match(const char *prefix, size_t len, unsigned int n)
{
	static const char *const words[] = { "alloc", "buddyinfo", "kmalloc", "kmeminfo", "free" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strncmp(words[i], prefix, len) == 0 && n-- == 0)
			return words[i];
	}
	return NULL;
}

static struct line_editor editor;
static struct terminal terminal;

static void start(void)
{
	terminal = (struct terminal){ .seq = { .write = terminal_write } };
	terminal_clear(&terminal);
	edit_init(&editor, &terminal.seq, PROMPT, match);
	edit_begin(&editor);
}

/*
 * Does the row show the prompt, the part of the line from @view on, and nothing else, and is the
 * cursor in its place?
 */
static bool screen_is_right(void)
{
	size_t nr = editor.len - editor.view;
	size_t room = EDIT_COLUMNS - PROMPT_LEN;

	if (terminal.wrapped || terminal.unknown || memcmp(terminal.row, PROMPT, PROMPT_LEN) != 0)
		return false;
	if (nr > room)
		nr = room;
	if (memcmp(terminal.row + PROMPT_LEN, editor.line + editor.view, nr) != 0)
		return false;
	for (size_t i = PROMPT_LEN + nr; i < ROW; i++) {
		if (terminal.row[i] != ' ')
			return false;
	}
	return terminal.column == PROMPT_LEN + editor.cursor - editor.view;
}

static bool state_is_sound(void)
{
	return editor.len <= LINE_LIMIT && editor.cursor <= editor.len &&
	       editor.view <= editor.cursor && strnlen(editor.line, EDIT_LINE_MAX) == editor.len;
}

/*
 * Type @keys. Return: how many lines they ended; each was followed by edit_begin(), the last one
 * only if keys follow.
 */
static unsigned int type(struct ktest *t, const char *keys)
{
	unsigned int lines = 0;

	for (; *keys != '\0'; keys++) {
		bool ended = edit_key(&editor, (unsigned char)*keys);

		lines += ended;
		if (ended && keys[1] != '\0')
			edit_begin(&editor);
		if (!state_is_sound() || (!ended && !screen_is_right()))
			ktest_fail(t, __FILE__, __LINE__, "screen \"%s\" for line \"%s\" at %zu",
				   terminal.row, editor.line, editor.cursor);
	}
	return lines;
}

static void expect_line(struct ktest *t, const char *keys, const char *line, size_t cursor)
{
	start();
	if (type(t, keys) != 0)
		ktest_fail(t, __FILE__, __LINE__, "the line ended");
	KTEST_EXPECT_STREQ(t, editor.line, line);
	KTEST_EXPECT_EQ(t, editor.cursor, cursor);
}

static void typing_and_moving(struct ktest *t)
{
	expect_line(t, "", "", 0);
	expect_line(t, "help me ~!", "help me ~!", 10);
	expect_line(t, "ac" LEFT "b", "abc", 2);
	expect_line(t, "ac\x1bODb\x1bOCd", "abcd", 4);
	expect_line(t, "bc\001a", "abc", 1);
	expect_line(t, "bc\x1b[Ha\x1b[Fd", "abcd", 4);
	expect_line(t, "bc\x1bOHa\x1bOFd", "abcd", 4);
	expect_line(t, "bc\x1b[1~a\x1b[4~d", "abcd", 4);
	expect_line(t, "bc\x1b[7~a\x1b[8~d\001\005e", "abcde", 5);
}

static void deleting(struct ktest *t)
{
	expect_line(t, "abc\b", "ab", 2);
	expect_line(t, "abc\x7f\x7f", "a", 1);
	expect_line(t, "abc" LEFT "\b", "ac", 1);
	expect_line(t, "abc" LEFT LEFT DELETE, "ac", 1);
	expect_line(t, "abc def" LEFT LEFT "\013", "abc d", 5);
	expect_line(t, "abc def" LEFT LEFT "\025", "ef", 0);
	expect_line(t, "one two  \027", "one ", 4);
	expect_line(t, "one two" LEFT "\027", "one o", 4);
}

static void bells(struct ktest *t)
{
	static const char *const keys[] = { "\b",   DELETE, LEFT,   RIGHT,  UP,	    DOWN,
					    "\027", "\025", "\013", "zz\t", "\x02", "\xc3" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		start();
		type(t, keys[i]);
		if (terminal.bells != 1)
			ktest_fail(t, __FILE__, __LINE__, "key %zu rang %u times", i,
				   terminal.bells);
	}
}

static void line_ends(struct ktest *t)
{
	start();
	KTEST_EXPECT_EQ(t, type(t, "a\r"), 1);
	KTEST_EXPECT_STREQ(t, editor.line, "a");
	edit_begin(&editor);
	KTEST_EXPECT_EQ(t, type(t, "\nb\n"), 1);		/* the LF of a CR LF ends nothing */
	KTEST_EXPECT_STREQ(t, editor.line, "b");
	edit_begin(&editor);
	KTEST_EXPECT_EQ(t, type(t, "\n\n\r\r\n"), 4);
	KTEST_EXPECT(t, !edit_key(&editor, -1));
	KTEST_EXPECT(t, !edit_key(&editor, 256 + '\r'));
}

/* The whole line counts, wherever the cursor is. */
static void ending_in_the_middle(struct ktest *t)
{
	start();
	KTEST_EXPECT_EQ(t, type(t, "abc" LEFT LEFT "\n"), 1);
	KTEST_EXPECT_STREQ(t, editor.line, "abc");
}

static void interrupted_lines(struct ktest *t)
{
	expect_line(t, "abc\003", "", 0);
	KTEST_EXPECT_EQ(t, terminal.rows, 1);
	expect_line(t, "abc" LEFT "\014", "abc", 2);
}

static void unknown_sequences_leave_no_trace(struct ktest *t)
{
	expect_line(t, "a\x1b[5~b", "ab", 2);
	expect_line(t, "a\x1b[99999999999999~b", "ab", 2);
	expect_line(t, "a\x1b[?25hb", "ab", 2);
	expect_line(t, "a\x1bxb", "ab", 2);
	expect_line(t, "a\x1bOPb", "ab", 2);
	expect_line(t, "ab\x1b[1;5DX", "aXb", 2);		/* left, with Ctrl held */
	expect_line(t, "ab\x1b\x1b[DX", "aXb", 2);
	expect_line(t, "ab\x1b[\bX", "aX", 2); /* a control character drops the sequence */
}

static void history(struct ktest *t)
{
	start();
	KTEST_EXPECT_EQ(t, type(t, "one\ntwo\n\ntwo\ndraft"), 4);
	type(t, UP);
	KTEST_EXPECT_STREQ(t, editor.line, "two");
	type(t, UP);
	KTEST_EXPECT_STREQ(t, editor.line, "one"); /* neither the empty line nor the second "two" */
	KTEST_EXPECT_EQ(t, terminal.bells, 0);
	type(t, UP);
	KTEST_EXPECT_STREQ(t, editor.line, "one");
	KTEST_EXPECT_EQ(t, terminal.bells, 1);
	type(t, "\x1bOB");
	KTEST_EXPECT_STREQ(t, editor.line, "two");
	type(t, DOWN);
	KTEST_EXPECT_STREQ(t, editor.line, "draft");
	type(t, DOWN);
	KTEST_EXPECT_EQ(t, terminal.bells, 2);
	type(t, UP "!");
	KTEST_EXPECT_EQ(t, type(t, "\n"), 1);
	KTEST_EXPECT_STREQ(t, editor.line, "two!");
	edit_begin(&editor);
	type(t, UP UP);
	/* a change to a line from above is not kept there */
	KTEST_EXPECT_STREQ(t, editor.line, "two");
}

static void history_keeps_sixteen(struct ktest *t)
{
	char line[16];

	start();
	for (int i = 1; i <= 20; i++) {
		ksnprintf(line, sizeof(line), "line %d\n", i);
		type(t, line);
		edit_begin(&editor);
	}
	for (int i = 0; i < 16; i++)
		type(t, UP);
	KTEST_EXPECT_EQ(t, terminal.bells, 0);
	KTEST_EXPECT_STREQ(t, editor.line, "line 5");
	type(t, UP);
	KTEST_EXPECT_EQ(t, terminal.bells, 1);
	KTEST_EXPECT_STREQ(t, editor.line, "line 5");
}

static void completion(struct ktest *t)
{
	expect_line(t, "b\t", "buddyinfo ", 10);
	expect_line(t, "  f\t3", "  free 3", 8);
	expect_line(t, "k\t", "km", 2);
	expect_line(t, "kma\t", "kmalloc ", 8);
	expect_line(t, "al 3" LEFT LEFT "\t", "alloc  3", 6);
	KTEST_EXPECT_EQ(t, terminal.rows, 0);
	expect_line(t, "km\t", "km", 2); /* nothing to add: both are listed */
	KTEST_EXPECT_EQ(t, terminal.rows, 2);
	KTEST_EXPECT_EQ(t, terminal.bells, 0);
	expect_line(t, "free x\t", "free x", 6);		/* only the first word */
	KTEST_EXPECT_EQ(t, terminal.bells, 1);
}

static void overlong_lines_ring(struct ktest *t)
{
	start();
	for (int i = 0; i < LINE_LIMIT; i++)
		type(t, "x");
	KTEST_EXPECT_EQ(t, editor.len, LINE_LIMIT);
	KTEST_EXPECT_EQ(t, terminal.bells, 0);
	type(t, "y" LEFT "y");
	KTEST_EXPECT_EQ(t, editor.len, LINE_LIMIT);
	KTEST_EXPECT_EQ(t, terminal.bells, 2);
	KTEST_EXPECT(t, strchr(editor.line, 'y') == NULL);
	type(t, "\001" DELETE "y");
	KTEST_EXPECT_EQ(t, editor.line[0], 'y');
	KTEST_EXPECT_EQ(t, type(t, "\n"), 1);
	edit_begin(&editor);
	type(t, UP);
	KTEST_EXPECT_EQ(t, editor.len, LINE_LIMIT);
}

/*
 * A line wider than the row: what stands before the cursor stays in sight while one deletes from
 * the end.
 */
static void scrolling(struct ktest *t)
{
	start();
	for (int i = 0; i < 100; i++)
		type(t, "x");
	for (int i = 0; i < 90; i++) {
		type(t, "\b");
		KTEST_ASSERT(t, editor.cursor == 0 || editor.view < editor.cursor);
	}
	KTEST_EXPECT_EQ(t, editor.len, 10);
	type(t, "\001");
	KTEST_EXPECT_EQ(t, editor.view, 0);
}

static int random_key(uint64_t *random)
{
	static const char keys[] =
		"ab km\t\b\x7f\001\003\005\013\014\025\027\r\n\x1b\x1b\x1b[[[[OABCDFH~13;";
	uint64_t x = *random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*random = x;
	if (x >> 60 == 0)
		return (int)(x >> 32 & 0xff);
	if (x >> 60 < 6)
		return 'a' + (int)(x >> 32 & 0xf);
	return (unsigned char)keys[(x >> 32) % (sizeof(keys) - 1)];
}

static void random_keys(struct ktest *t)
{
	uint64_t random = RANDOM_SEED;

	ktest_note(t, "seed 0x%llx", (unsigned long long)random);
	start();
	for (int i = 0; i < RANDOM_KEYS; i++) {
		int key = random_key(&random);

		if (edit_key(&editor, key))
			edit_begin(&editor);
		if (!state_is_sound() || !screen_is_right()) {
			ktest_fail(t, __FILE__, __LINE__,
				   "key %d, 0x%x: screen \"%s\", line \"%s\" at %zu", i, key,
				   terminal.row, editor.line, editor.cursor);
			return;
		}
	}
}

/* Tab without anybody who knows words; a sequence that Ctrl-A breaks off, and still goes home. */
static void keys_without_their_sense(struct ktest *t)
{
	static const char broken[] = "a\x1b[1\x01" "b";

	start();
	editor.complete = NULL;
	(void)edit_key(&editor, 'a');
	(void)edit_key(&editor, '\t');
	KTEST_EXPECT_STREQ(t, editor.line, "a");
	KTEST_EXPECT(t, screen_is_right());
	start();
	for (size_t i = 0; i < sizeof(broken) - 1; i++)
		(void)edit_key(&editor, broken[i]);
	KTEST_EXPECT_STREQ(t, editor.line, "ba");
	KTEST_EXPECT(t, screen_is_right());
}

static const struct ktest_case edit_cases[] = {
	KTEST_CASE(keys_without_their_sense),
	KTEST_CASE(typing_and_moving),
	KTEST_CASE(deleting),
	KTEST_CASE(bells),
	KTEST_CASE(line_ends),
	KTEST_CASE(ending_in_the_middle),
	KTEST_CASE(interrupted_lines),
	KTEST_CASE(unknown_sequences_leave_no_trace),
	KTEST_CASE(history),
	KTEST_CASE(history_keeps_sixteen),
	KTEST_CASE(completion),
	KTEST_CASE(overlong_lines_ring),
	KTEST_CASE(scrolling),
	KTEST_CASE(random_keys),
};
KTEST_SUITE(edit, edit_cases);
