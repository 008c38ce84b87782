/*
 * boot/multiboot2.c: any bytes as the loader's information block.
 *
 * The block ends where the bytes end, so a sanitizer sees a read beyond it. What the handler hears
 * is compared, call by call, with a second walk written from the specification (Multiboot2 2.0,
 * section 3.6) and the contract in boot/multiboot2.h, which collects what must be said first and
 * stops at the first fault.
 */
#include "boot/multiboot2.h"

#include <kernel/errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_CALLS	4096U		/* of an input that is looked at */
#define WHY_BYTES	160U

enum call_kind { MEMORY, MODULE, CMDLINE, LOADER, RSDP };

struct call {
	enum call_kind kind;
	uint64_t a, b, c;		/* numbers; a text's are its offset and length */
};

struct calls {
	const uint8_t *block;
	size_t size;
	unsigned int nr;
	struct call call[MAX_CALLS];
};

static struct calls wanted, heard;

static void note(struct calls *calls, enum call_kind kind, uint64_t a, uint64_t b, uint64_t c)
{
	if (calls->nr < MAX_CALLS)
		calls->call[calls->nr] = (struct call){ kind, a, b, c };
	calls->nr++;
}

/* ---- what the parser says ------------------------------------------------ */

static uint64_t offset_of(const struct calls *calls, const void *at, size_t len)
{
	const uint8_t *first = at;

	FUZZ_CHECK(first >= calls->block && first + len <= calls->block + calls->size);
	return (uint64_t)(first - calls->block);
}

static void check_text(const struct calls *calls, const char *text, size_t len)
{
	(void)offset_of(calls, text, len + 1);
	FUZZ_EQ(strlen(text), len);
}

static void hear_memory(void *ctx, uint64_t base, uint64_t length, uint32_t type)
{
	note(ctx, MEMORY, base, length, type);
}

static void hear_module(void *ctx, uint64_t start, uint64_t end, const char *text, size_t len)
{
	check_text(ctx, text, len);
	FUZZ_CHECK(start <= end);
	note(ctx, MODULE, start, end, offset_of(ctx, text, len + 1) << 32 | len);
}

static void hear_cmdline(void *ctx, const char *text, size_t len)
{
	check_text(ctx, text, len);
	note(ctx, CMDLINE, offset_of(ctx, text, len + 1), len, 0);
}

static void hear_loader(void *ctx, const char *text, size_t len)
{
	check_text(ctx, text, len);
	note(ctx, LOADER, offset_of(ctx, text, len + 1), len, 0);
}

static void hear_rsdp(void *ctx, const void *rsdp, size_t len)
{
	note(ctx, RSDP, offset_of(ctx, rsdp, len), len, 0);
}

static const struct multiboot2_handler listener = { hear_memory, hear_module, hear_cmdline,
						    hear_loader, hear_rsdp };

/* ---- what it must say ---------------------------------------------------- */

static uint64_t number(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static bool want_text(struct calls *calls, size_t tag, size_t size, unsigned int skip,
		      uint32_t type)
{
	const uint8_t *text = calls->block + tag + skip;
	size_t len = 0;

	while (skip + len < size && text[len])
		len++;
	if (skip + len >= size)
		return false;
	if (type == 3) {
		uint64_t start = number(calls->block + tag + 8, 4);
		uint64_t end = number(calls->block + tag + 12, 4);

		if (start > end)
			return false;
		note(calls, MODULE, start, end, (uint64_t)(tag + skip) << 32 | len);
	} else {
		note(calls, type == 1 ? CMDLINE : LOADER, tag + skip, len, 0);
	}
	return true;
}

static bool want_memory(struct calls *calls, size_t tag, size_t size)
{
	uint64_t entry_size;

	if (size < 16)
		return false;
	entry_size = number(calls->block + tag + 8, 4);
	if (entry_size < 24 || entry_size % 8)
		return false;
	for (uint64_t at = 16; at + entry_size <= size; at += entry_size) {
		const uint8_t *entry = calls->block + tag + at;

		note(calls, MEMORY, number(entry, 8), number(entry + 8, 8), number(entry + 16, 4));
	}
	return (size - 16) % entry_size == 0;
}

/* Return: is the tag sound? */
static bool want_tag(struct calls *calls, size_t tag, uint32_t type, size_t size)
{
	size_t least = type == 14 ? 28 : 44;

	switch (type) {
	case 1:
	case 2:
		return want_text(calls, tag, size, 8, type);
	case 3:
		return want_text(calls, tag, size, 16, type);
	case 6:
		return want_memory(calls, tag, size);
	case 14:
	case 15:
		if (size < least)
			return false;
		note(calls, RSDP, tag + 8, size - 8, 0);
		return true;
	default:
		return true;
	}
}

/* Return: is the whole block sound? */
static bool want_block(struct calls *calls)
{
	uint64_t total = calls->size < 8 ? 0 : number(calls->block, 4);
	uint64_t end = total < calls->size ? total : calls->size;
	bool seen[16] = { false };

	if (total < 8)
		return false;
	for (uint64_t tag = 8; tag + 8 <= end;) {
		uint32_t type = (uint32_t)number(calls->block + tag, 4);
		uint64_t size = number(calls->block + tag + 4, 4);

		if (size < 8 || tag + size > end)
			return false;
		if (type == 0)
			return size == 8 && total <= calls->size;
		if (type < 16 && seen[type])
			return false;
		if (type == 1 || type == 2 || type == 6 || type == 14 || type == 15)
			seen[type] = true;
		if (!want_tag(calls, tag, type, size))
			return false;
		tag += (size + 7) / 8 * 8;
	}
	return false;
}

/* ---- the comparison ------------------------------------------------------ */

static void run_block(const uint8_t *block, size_t size)
{
	static const struct multiboot2_handler deaf;
	char why[WHY_BYTES], *no_text = NULL;
	bool sound;
	int err;

	wanted.block = heard.block = block;
	wanted.size = heard.size = size;
	wanted.nr = heard.nr = 0;
	sound = want_block(&wanted);
	err = multiboot2_parse(block, size, &listener, &heard, why, sizeof(why));
	FUZZ_EQ(err, sound ? 0 : -EINVAL);
	FUZZ_EQ(why[0] == '\0', sound);
	FUZZ_CHECK(strlen(why) < sizeof(why) - 1);
	fuzz_text(why, strlen(why));
	FUZZ_EQ(heard.nr, wanted.nr);
	for (unsigned int i = 0; i < heard.nr && i < MAX_CALLS; i++) {
		FUZZ_EQ(heard.call[i].kind, wanted.call[i].kind);
		FUZZ_EQ(heard.call[i].a, wanted.call[i].a);
		FUZZ_EQ(heard.call[i].b, wanted.call[i].b);
		FUZZ_EQ(heard.call[i].c, wanted.call[i].c);
	}
	FUZZ_EQ(multiboot2_parse(block, size, &deaf, NULL, no_text, 0), err);
}

/* The bytes as they are; and cut at a place that they name, in a block of their own. */
static void run(const uint8_t *bytes, size_t size)
{
	size_t part = size < 12 ? 0 : number(bytes + 4, 4) % size;
	uint8_t *copy;

	run_block(bytes, size);
	if (part == 0)
		return;
	copy = malloc(part);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, bytes, part);
	run_block(copy, part);
	free(copy);
}

const struct fuzz_target fuzz_multiboot2 = { "multiboot2", NULL, run };
