/*
 * kernel/command.c, mm/commands.c and mm/commands_alloc.c: any lines as commands.
 *
 * Each line of the input is run. A word "$N" in it becomes the address of the N-th thing that is
 * held, "$N+D" the same and D bytes more, "@N" the N-th page of the arena; so a free can hit, and
 * miss narrowly. What a command says it took is noted, and what it says it freed must be something
 * that was held: nothing else may be freed, and in the end, when all is given back, as many pages
 * are free as before, every invariant holds, and no text was anything but printable.
 *
 * Left out are commands that end the machine, and frees of the descriptors that caches consist of:
 * whoever frees what others own is out of the allocator's sight.
 */
#include <kernel/command.h>
#include <kernel/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mm/internal.h"

#define MAX_LINES	64U
#define LINE_BYTES	256U		/* as the line editor's */
#define ANSWER_BYTES	65536U		/* the longest report has about 20 KiB here */

struct held {
	uint64_t address;
	bool pages;			/* from "alloc" */
};

static struct held held[MAX_LINES];
static unsigned int nr_held;
static uint64_t pages_at_rest;
static char text[ANSWER_BYTES];

static void init(void)
{
	fuzz_boot();
	pages_at_rest = fuzz_pages_free();
}

static unsigned int find_held(uint64_t address)
{
	for (unsigned int i = 0; i < nr_held; i++) {
		if (held[i].address == address)
			return i;
	}
	return MAX_LINES;
}

/* ---- a line of the input becomes one for the prompt ---------------------- */

static uint64_t arena_page(unsigned long number)
{
	return PORT_DIRECT_MAP + PFN_PHYS(number % kernel_mm.max_pfn);
}

/* A word that begins with $ or @. Return: how many characters of @from it took. */
static size_t put_address(const char *from, char *to, size_t room)
{
	char *end;
	unsigned long number = strtoul(from + 1, &end, 10);
	uint64_t address = from[0] == '@' ? arena_page(number) :
			   nr_held ? held[number % nr_held].address : 0;

	if (*end == '+')
		address += strtoul(end + 1, &end, 10);
	snprintf(to, room, "0x%llx", (unsigned long long)address);
	return (size_t)(end - from);
}

static void make_line(char line[LINE_BYTES], const char *from)
{
	size_t len = 0;

	while (*from && len < LINE_BYTES - 1) {
		if ((*from == '$' || *from == '@') && (len == 0 || line[len - 1] == ' ')) {
			from += put_address(from, line + len, LINE_BYTES - len);
			len += strlen(line + len);
		} else {
			/* The line editor lets nothing else through. */
			line[len++] = *from >= ' ' && *from <= '~' ? *from : ' ';
			from++;
		}
	}
	line[len] = '\0';
}

static const char *word(const char *line, unsigned int nr)
{
	line += strspn(line, " \t");
	while (nr-- > 0) {
		line += strcspn(line, " \t");
		line += strspn(line, " \t");
	}
	return line;
}

static bool is_word(const char *at, const char *what)
{
	return strncmp(at, what, strlen(what)) == 0 && strchr(" \t", at[strlen(what)]);
}

/* Would it free what the caches themselves consist of? */
static bool hits_descriptor(const char *at)
{
	uint64_t value, pfn;
	char digits[32];
	size_t len = strcspn(at, " \t");
	const struct kmem_cache *cache;

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, at, len);
	digits[len] = '\0';
	if (kstrtou64(digits, &value) != 0 || value < PORT_DIRECT_MAP)
		return false;
	pfn = (value - PORT_DIRECT_MAP) >> PAGE_SHIFT;
	if (!mm_page_valid(&kernel_mm, pfn) || pfn_to_page(pfn)->state != PAGE_SLAB)
		return false;
	cache = cache_by_id(pfn_to_page(pfn)->zone_or_cache);
	return (strcmp(cache->name, "kmem_cache") == 0 || strcmp(cache->name, "sheaf") == 0) &&
	       find_held(value) == MAX_LINES;
}

static bool is_left_out(const char *line)
{
	const char *first = word(line, 0);

	return is_word(first, "reboot") || is_word(first, "poweroff") ||
	       strstr(line, "__GFP_NOFAIL") || hits_descriptor(word(line, 1)) ||
	       hits_descriptor(word(line, 3));
}

/* ---- what it came to ----------------------------------------------------- */

static void note_taken(bool pages)
{
	char *end;
	uint64_t address = strtoull(text, &end, 16);

	FUZZ_CHECK(end != text);
	if (address == (uint64_t)(uintptr_t)ZERO_SIZE_PTR)
		return;
	FUZZ_CHECK(find_held(address) == MAX_LINES && nr_held < MAX_LINES);
	FUZZ_CHECK(address >= PORT_DIRECT_MAP + PAGE_SIZE);
	/* Nobody else may be using it: a pattern would show it at the latest in verify. */
	memset((void *)(uintptr_t)address, 0x5a, pages ? PAGE_SIZE : ksize((void *)address));
	held[nr_held++] = (struct held){ address, pages };
}

static void note_freed(bool pages)
{
	uint64_t address = strtoull(text + strlen("freed "), NULL, 16);
	unsigned int at = find_held(address);

	FUZZ_CHECK(at != MAX_LINES);
	FUZZ_EQ(held[at].pages, pages);
	held[at] = held[--nr_held];
}

static void run_line(const char *from)
{
	char line[LINE_BYTES], copy[LINE_BYTES];	/* the command cuts its line up */
	struct seq_buffer answer;
	unsigned int bugs = fuzz_bugs();
	const char *first;
	int err;

	make_line(line, from);
	if (is_left_out(line))
		return;
	memcpy(copy, line, sizeof(copy));
	first = word(copy, 0);
	seq_buffer_init(&answer, text, sizeof(text));
	err = command_run(&answer.seq, line);
	FUZZ_EQ(answer.lost, 0);
	fuzz_text(text, answer.len);
	FUZZ_CHECK(err <= 0 && (err == 0 || answer.len > 0));
	FUZZ_CHECK(answer.len == 0 || text[answer.len - 1] == '\n');
	if (err != 0)
		return;
	FUZZ_EQ(fuzz_bugs(), bugs);
	if (is_word(first, "alloc"))
		note_taken(true);
	else if (is_word(first, "kmalloc") ||
		 (is_word(first, "cache") && is_word(word(copy, 1), "alloc")))
		note_taken(false);
	else if (strncmp(text, "freed ", 6) == 0)
		note_freed(is_word(first, "free"));
}

static void give_all_back(void)
{
	while (nr_held > 0) {
		uint64_t address = held[--nr_held].address;

		if (held[nr_held].pages)
			free_pages(address, virt_to_page((void *)address)->order);
		else
			kfree((void *)address);
	}
}

static void run(const uint8_t *bytes, size_t size)
{
	char *lines = malloc(size + 1), *at = lines;
	unsigned int bugs;

	FUZZ_CHECK(lines != NULL);
	memcpy(lines, bytes, size);
	lines[size] = '\0';
	for (unsigned int i = 0; i < MAX_LINES && *at; i++) {
		char *end = at + strcspn(at, "\n");
		bool last = *end == '\0';

		*end = '\0';
		run_line(at);
		at = last ? end : end + 1;
	}
	free(lines);
	bugs = fuzz_bugs();
	give_all_back();
	FUZZ_EQ(fuzz_bugs(), bugs);
	FUZZ_EQ(fuzz_pages_free(), pages_at_rest);
	fuzz_verify();
}

const struct fuzz_target fuzz_commands = { "commands", init, run };
