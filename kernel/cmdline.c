/*
 * The kernel command line.
 *
 * Each word is copied into a buffer of this file's stack, without its quotes, and cut at its first
 * "=". What cannot be used is said, by as much of the word as fits on a line, and skipped: a bad
 * word never keeps the system from booting.
 */
#include <kernel/cmdline.h>
#include <kernel/print.h>
#include <kernel/string.h>

#define WORD_MAX	512	/* bytes, with the NUL: the limit that cmdline.h states */
#define WORD_SHOWN	64	/* characters of a word in a message */

struct word {
	char text[WORD_MAX];
	size_t len;		/* of the whole word; >= WORD_MAX: the text is only its beginning */
	bool open;		/* the line ended before the closing quote */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The word at @line, which does not begin with a blank. Return: the place after it. */
static const char *take_word(const char *line, struct word *word)
{
	bool quoted = false;

	word->len = 0;
	for (; *line != '\0' && (quoted || !is_blank(*line)); line++) {
		if (*line == '"') {
			quoted = !quoted;
			continue;
		}
		if (word->len < WORD_MAX - 1)
			word->text[word->len] = *line;
		word->len++;
	}
	word->text[word->len < WORD_MAX ? word->len : WORD_MAX - 1] = '\0';
	word->open = quoted;
	return line;
}

/* The word as a message shows it: control characters would act on the terminal. */
static void word_ignored(const struct word *word, const char *why, const char *expects)
{
	char shown[WORD_SHOWN + 1];
	size_t nr = printable(shown, sizeof(shown), word->text, WORD_SHOWN);

	pr_warn("command line: ignored \"%s%s\": %s%s\n", shown, word->len > nr ? "..." : "", why,
		expects);
}

static const struct cmdline_option *find_option(const char *name, size_t len,
						const struct cmdline_option *options, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return &options[i];
	}
	return NULL;
}

/* Return: was the word of use? */
static bool apply_word(const struct word *word, const struct cmdline_option *options, size_t nr)
{
	const struct cmdline_option *option;
	const char *equals;

	if (word->len >= WORD_MAX) {
		word_ignored(word, "longer than 511 characters", "");
		return false;
	}
	if (word->open) {
		word_ignored(word, "the closing quote is missing", "");
		return false;
	}
	equals = strchr(word->text, '=');
	option = find_option(word->text, equals != NULL ? (size_t)(equals - word->text) : word->len,
			     options, nr);
	if (option == NULL) {
		word_ignored(word, "unknown", "");
		return false;
	}
	if (option->set(equals != NULL ? equals + 1 : NULL) != 0) {
		word_ignored(word, "expected ", option->expects);
		return false;
	}
	return true;
}

unsigned int cmdline_parse(const char *line, const struct cmdline_option *options, size_t nr)
{
	unsigned int ignored = 0;
	struct word word;

	for (;;) {
		while (is_blank(*line))
			line++;
		if (*line == '\0')
			return ignored;
		line = take_word(line, &word);
		if (!apply_word(&word, options, nr))
			ignored++;
	}
}
