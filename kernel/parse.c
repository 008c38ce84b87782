/*
 * Numbers, sizes and globs out of text that a person, a boot loader or a firmware wrote, and what
 * of such text can be shown.
 */
#include <kernel/errno.h>
#include <kernel/string.h>

#define NO_DIGIT	16U	/* no base here has this digit */

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return NO_DIGIT;
}

/*
 * The base that @text begins to be written in; *@text is left at its first digit. "0x" without
 * one is an octal 0.
 */
static unsigned int take_base(const char **text)
{
	const char *t = *text;

	if (t[0] != '0')
		return 10;
	if ((t[1] != 'x' && t[1] != 'X') || digit_value(t[2]) == NO_DIGIT)
		return 8;
	*text = t + 2;
	return 16;
}

/*
 * All digits at @text. Return: the place after them; *@overflow says that the number is larger
 * than *@value can be.
 */
static const char *take_digits(const char *text, unsigned int base, uint64_t *value, bool *overflow)
{
	unsigned int digit;

	*value = 0;
	*overflow = false;
	for (; (digit = digit_value(*text)) < base; text++) {
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit, value))
			*overflow = true;
	}
	return text;
}

int kstrtou64(const char *text, uint64_t *value)
{
	unsigned int base = take_base(&text);
	uint64_t number;
	bool overflow;
	const char *end = take_digits(text, base, &number, &overflow);

	if (end == text || *end != '\0')
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	*value = number;
	return 0;
}

/* log2 of what a size's suffix multiplies by; 0 for any other character. */
static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	case 'T':
	case 't':
		return 40;
	case 'P':
	case 'p':
		return 50;
	case 'E':
	case 'e':
		return 60;
	default:
		return 0;
	}
}

uint64_t memparse(const char *text, const char **end)
{
	const char *digits = text;
	unsigned int base = take_base(&digits);
	unsigned int shift;
	uint64_t number;
	bool overflow;
	const char *rest = take_digits(digits, base, &number, &overflow);

	*end = text;
	if (rest == digits)
		return 0;
	shift = suffix_shift(*rest);
	*end = rest + (shift != 0);
	if (overflow || number > UINT64_MAX >> shift)
		return UINT64_MAX;
	return number << shift;
}

bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL;	/* what follows the last * seen */
	const char *resume = NULL;	/* where in @text that * ends for now */

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

size_t printable(char *to, size_t size, const char *text, size_t len)
{
	size_t nr = 0;

	for (; nr < len && nr < size - 1 && text[nr] != '\0'; nr++)
		to[nr] = text[nr] >= ' ' && text[nr] <= '~' ? text[nr] : '?';
	to[nr] = '\0';
	return nr;
}
