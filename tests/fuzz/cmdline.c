/*
 * kernel/cmdline.c, kernel/parse.c and boot/options.c: any text as the kernel's command line.
 *
 * The words mem= and memmap= are worked out a second time, with the C library's strtoull() for
 * numbers, and must come to the same limit and the same ranges, in the line and in the map. All
 * else must leave a printable log, terminated texts and nothing written out of bounds.
 *
 * options.c is part of this file so that its state can be set back between two inputs.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/options.c"
#include "fuzz.h"

#define LINE_LIMIT	16384U		/* bytes: boot_info.c keeps no longer line */
#define WORD_LIMIT	511U		/* characters: cmdline.h */
#define NR_RAW		(OPTIONS_MAX_RANGES + 1)
#define NR_TAKEN	NR_RESERVATIONS

static struct {
	uint64_t mem;
	bool exactmap;
	struct range range[OPTIONS_MAX_RANGES];
	unsigned int nr_ranges;
} want;

/* ---- a second opinion ---------------------------------------------------- */

/* A number with a suffix. Return: the place after it; @text itself when there is none. */
static const char *want_size(const char *text, uint64_t *size)
{
	static const char suffixes[] = "kmgtpe";
	const char *suffix;
	char *end;

	if (!isdigit((unsigned char)*text))
		return text;
	errno = 0;
	*size = strtoull(text, &end, 0);
	suffix = *end ? strchr(suffixes, tolower((unsigned char)*end)) : NULL;
	for (long i = suffix ? suffix - suffixes + 1 : 0; i > 0; i--) {
		if (*size > UINT64_MAX >> 10)
			errno = ERANGE;
		*size <<= 10;
	}
	if (errno == ERANGE)
		*size = UINT64_MAX;
	return end + (suffix != NULL);
}

static void want_limit(uint64_t bytes)
{
	if (want.mem == 0 || bytes < want.mem)
		want.mem = bytes;
}

/* Return: the place after a sound part of a memmap= word; NULL: it is not sound, nor the word. */
static const char *want_part(const char *at)
{
	uint64_t size, start;
	const char *next;
	char kind;

	if (strncmp(at, "exactmap", 8) == 0) {
		want.exactmap = true;
		return at[8] == '\0' || at[8] == ',' ? at + 8 : NULL;
	}
	next = want_size(at, &size);
	if (next == at)
		return NULL;
	kind = *next;
	if (kind == '\0' || kind == ',') {
		if (size == 0)
			return NULL;
		want_limit(size);
		return next;
	}
	if (kind != '@' && kind != '#' && kind != '$' && kind != '!')
		return NULL;
	at = next + 1;
	next = want_size(at, &start);
	if (next == at || (*next != '\0' && *next != ',') || want.nr_ranges == OPTIONS_MAX_RANGES)
		return NULL;
	want.range[want.nr_ranges++] = (struct range){ start, size, kind };
	return next;
}

static void want_word(char *word, bool open)
{
	const char *at = word;
	uint64_t bytes;

	if (strlen(word) > WORD_LIMIT || open)
		return;
	if (strncmp(word, "mem=", 4) == 0) {
		at = want_size(word + 4, &bytes);
		if (at != word + 4 && *at == '\0' && bytes != 0)
			want_limit(bytes);
	} else if (strncmp(word, "memmap=", 7) == 0) {
		static typeof(want) before;

		before = want;
		at = want_part(word + 7);
		while (at && *at == ',')
			at = want_part(at + 1);
		if (!at)
			want = before;
	}
}

/* Return: how many words there are. */
static unsigned int want_line(const char *line)
{
	char *word = malloc(strlen(line) + 1);
	unsigned int nr = 0;

	FUZZ_CHECK(word != NULL);
	memset(&want, 0, sizeof(want));
	while (*(line += strspn(line, " \t\r\n"))) {
		bool quoted = false;
		size_t len = 0;

		for (; *line && (quoted || !strchr(" \t\r\n", *line)); line++) {
			if (*line == '"')
				quoted = !quoted;
			else
				word[len++] = *line;
		}
		word[len] = '\0';
		want_word(word, quoted);
		nr++;
	}
	free(word);
	return nr;
}

/* ---- the comparison ------------------------------------------------------ */

static void check_map(void)
{
	static uint64_t storage[MEMMAP_BYTES(NR_RAW, NR_TAKEN) / sizeof(uint64_t) + 1];
	struct memmap map;
	uint32_t nr = 0;

	memmap_init(&map, storage, NR_RAW, NR_TAKEN, 1ULL << 46);
	options_add(&map);
	for (unsigned int i = 0; i < want.nr_ranges; i++) {
		const struct range *range = &want.range[i];
		uint32_t type = range->kind == '@' ? MEMMAP_USABLE :
				range->kind == '#' ? MEMMAP_ACPI : MEMMAP_RESERVED;

		if (range->kind == '$')
			continue;
		FUZZ_CHECK(nr < map.nr_raw);
		FUZZ_EQ(map.raw[nr].base, range->start);
		FUZZ_EQ(map.raw[nr].length, range->size);
		FUZZ_EQ(map.raw[nr++].type, type);
	}
	FUZZ_EQ(map.nr_raw, nr);
	FUZZ_EQ(map.limit, want.mem ? min_u64(align_down(want.mem, PAGE_SIZE), map.reach) :
				      map.reach);
	(void)!memmap_seal(&map);
}

static void check_options(void)
{
	FUZZ_EQ(options.mem, want.mem);
	FUZZ_EQ(options.exactmap, want.exactmap);
	FUZZ_EQ(options_nr_entries(), want.nr_ranges);
	for (unsigned int i = 0; i < want.nr_ranges; i++) {
		FUZZ_EQ(ranges[i].start, want.range[i].start);
		FUZZ_EQ(ranges[i].size, want.range[i].size);
		FUZZ_EQ(ranges[i].kind, want.range[i].kind);
	}
	if (options.test)
		FUZZ_CHECK(strlen(options.test) > 0 && strlen(options.test) < 128);
	if (options.bench)
		FUZZ_CHECK(strlen(options.bench) < 128 &&
			   strncmp(options.bench, "bench ", 6) == 0);
	FUZZ_CHECK(log_level() <= LOGLEVEL_MAX);
}

static void run(const uint8_t *bytes, size_t size)
{
	size_t len = size < LINE_LIMIT ? size : LINE_LIMIT - 1;
	char *line = malloc(len + 1);
	unsigned int words;

	FUZZ_CHECK(line != NULL);
	memcpy(line, bytes, len);
	line[len] = '\0';
	options = (struct options){ .test = NULL };
	nr_ranges = 0;
	log_set_level(LOGLEVEL_MAX);
	words = want_line(line);
	options_parse(line);
	check_options();
	check_map();
	FUZZ_CHECK(cmdline_parse(line, known, 0) == words);
	free(line);
}

const struct fuzz_target fuzz_cmdline = { "cmdline", NULL, run };
