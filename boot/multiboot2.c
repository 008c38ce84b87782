/*
 * A bounded walk over the multiboot2 information block.
 *
 * 1. Format.     A header of total_size and a reserved word, then tags: type, size (with this
 *                header, without padding), payload; each tag starts at a multiple of 8 from the
 *                block's start; type 0 of size 8 ends them.
 * 2. Bounds.     `end` is the lesser of total_size and what the caller lets us read. No tag is
 *                looked at before its 8 bytes of header lie below end, no payload before the tag's
 *                size does. Each step is at least 8 bytes, so the walk ends. Offsets are size_t and
 *                sizes 32 bits wide: sums cannot wrap on a 64-bit machine.
 * 3. Reading.    Field by field through memcpy, since the block is input of any alignment. Every PC
 *                is little-endian.
 * 4. Not here.   What the facts mean: memory entries are mm/memmap.c's, the RSDP's checksum
 *                boot/'s.
 */
#include <kernel/string.h>

#include "multiboot2.h"
#include "reason.h"

enum tag_type {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 6,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
};

#define HEADER_SIZE		8U	/* of the block and of each tag, bytes */
#define MODULE_TEXT		16U	/* offset of a module's command line in its tag */
#define MEMORY_ENTRIES		16U	/* offset of the first entry in a memory map tag */
#define MEMORY_ENTRY_SIZE	24U	/* base, length, type, reserved; later versions append */
#define RSDP_OLD_SIZE		20U	/* ACPI 1.0 */
#define RSDP_NEW_SIZE		36U	/* ACPI 2.0 and later */

struct walk {
	const unsigned char *info;
	const struct multiboot2_handler *handler;
	void *ctx;
	char *why;
	size_t why_size;
	uint32_t seen;			/* bit per type that may be there once */
};

/* A tag whose @size bytes at @offset of the block are known to be readable. */
struct tag {
	size_t offset;
	uint32_t type;
	uint32_t size;
};

static uint32_t load32(const struct walk *walk, size_t offset)
{
	uint32_t value;

	memcpy(&value, walk->info + offset, sizeof(value));
	return value;
}

static uint64_t load64(const struct walk *walk, size_t offset)
{
	uint64_t value;

	memcpy(&value, walk->info + offset, sizeof(value));
	return value;
}

static int too_small(const struct walk *walk, const struct tag *tag, uint32_t least)
{
	return fault(walk, "tag of type %u at byte %zu has %u bytes, needs %u", tag->type,
		     tag->offset, tag->size, least);
}

/* The text from @skip bytes into the tag to its NUL, or NULL when the tag ends before it (said). */
static const char *find_text(const struct walk *walk, const struct tag *tag, uint32_t skip,
			     size_t *len)
{
	const char *text = (const char *)walk->info + tag->offset + skip;

	*len = 0;
	if (tag->size <= skip) {
		too_small(walk, tag, skip + 1);
		return NULL;
	}
	*len = strnlen(text, tag->size - skip);
	if (*len < tag->size - skip)
		return text;
	(void)fault(walk, "text at byte %zu, of the tag of type %u, is not terminated",
		    tag->offset + skip, tag->type);
	return NULL;
}

static int walk_text(const struct walk *walk, const struct tag *tag,
		     void (*hand_over)(void *ctx, const char *text, size_t len))
{
	size_t len;
	const char *text = find_text(walk, tag, HEADER_SIZE, &len);

	if (!text)
		return -EINVAL;
	if (hand_over)
		hand_over(walk->ctx, text, len);
	return 0;
}

static int walk_module(const struct walk *walk, const struct tag *tag)
{
	size_t len;
	uint32_t start, end;
	const char *text = find_text(walk, tag, MODULE_TEXT, &len);

	if (!text)
		return -EINVAL;
	start = load32(walk, tag->offset + 8);
	end = load32(walk, tag->offset + 12);
	if (end < start)
		return fault(walk, "module at byte %zu ends at 0x%x, before its start 0x%x",
			     tag->offset, end, start);
	if (walk->handler->module)
		walk->handler->module(walk->ctx, start, end, text, len);
	return 0;
}

static int walk_memory(const struct walk *walk, const struct tag *tag)
{
	uint32_t stride, left;
	size_t entry = tag->offset + MEMORY_ENTRIES;

	if (tag->size < MEMORY_ENTRIES)
		return too_small(walk, tag, MEMORY_ENTRIES);
	stride = load32(walk, tag->offset + 8);
	if (stride < MEMORY_ENTRY_SIZE || stride % 8 != 0)
		return fault(walk, "memory map at byte %zu has entries of %u bytes, not 24, 32 ..",
			     tag->offset, stride);
	for (left = tag->size - MEMORY_ENTRIES; left >= stride; left -= stride) {
		if (walk->handler->memory)
			walk->handler->memory(walk->ctx, load64(walk, entry),
					      load64(walk, entry + 8), load32(walk, entry + 16));
		entry += stride;
	}
	if (left != 0)
		return fault(walk, "memory map at byte %zu ends in %u bytes of an entry of %u",
			     tag->offset, left, stride);
	return 0;
}

static int walk_rsdp(const struct walk *walk, const struct tag *tag, uint32_t least)
{
	if (tag->size < HEADER_SIZE + least)
		return too_small(walk, tag, HEADER_SIZE + least);
	if (walk->handler->rsdp)
		walk->handler->rsdp(walk->ctx, walk->info + tag->offset + HEADER_SIZE,
				    tag->size - HEADER_SIZE);
	return 0;
}

static bool may_repeat(uint32_t type)
{
	return type != TAG_CMDLINE && type != TAG_LOADER && type != TAG_MEMORY &&
	       type != TAG_RSDP_OLD && type != TAG_RSDP_NEW;
}

static int walk_tag(struct walk *walk, const struct tag *tag)
{
	if (!may_repeat(tag->type)) {
		if (walk->seen & 1U << tag->type)
			return fault(walk, "a second tag of type %u at byte %zu", tag->type,
				     tag->offset);
		walk->seen |= 1U << tag->type;
	}
	switch (tag->type) {
	case TAG_CMDLINE:
		return walk_text(walk, tag, walk->handler->cmdline);
	case TAG_LOADER:
		return walk_text(walk, tag, walk->handler->loader);
	case TAG_MODULE:
		return walk_module(walk, tag);
	case TAG_MEMORY:
		return walk_memory(walk, tag);
	case TAG_RSDP_OLD:
		return walk_rsdp(walk, tag, RSDP_OLD_SIZE);
	case TAG_RSDP_NEW:
		return walk_rsdp(walk, tag, RSDP_NEW_SIZE);
	default:
		return 0;
	}
}

/* Walk the tags in [HEADER_SIZE, @end). Return: 0 at the end tag. */
static int walk_tags(struct walk *walk, size_t end)
{
	struct tag tag = { .offset = HEADER_SIZE };
	int error;

	while (tag.offset < end && end - tag.offset >= HEADER_SIZE) {
		tag.type = load32(walk, tag.offset);
		tag.size = load32(walk, tag.offset + 4);
		if (tag.size < HEADER_SIZE)
			return too_small(walk, &tag, HEADER_SIZE);
		if (tag.size > end - tag.offset)
			return fault(walk, "tag of type %u at byte %zu has %u bytes, %zu are left",
				     tag.type, tag.offset, tag.size, end - tag.offset);
		if (tag.type == TAG_END)
			break;
		error = walk_tag(walk, &tag);
		if (error)
			return error;
		tag.offset += align_up(tag.size, HEADER_SIZE);
	}
	if (tag.offset >= end || end - tag.offset < HEADER_SIZE)
		return fault(walk, "no end tag up to byte %zu", end);
	if (tag.size != HEADER_SIZE)
		return fault(walk, "end tag at byte %zu has %u bytes, not 8", tag.offset, tag.size);
	return 0;
}

int multiboot2_parse(const void *info, size_t readable, const struct multiboot2_handler *handler,
		     void *ctx, char *why, size_t why_size)
{
	struct walk walk = { info, handler, ctx, why, why ? why_size : 0, 0 };
	uint32_t total;
	int error;

	if (walk.why_size != 0)
		why[0] = '\0';
	if (readable < HEADER_SIZE)
		return fault(&walk, "%zu bytes at byte 0 cannot hold a header of 8", readable);
	total = load32(&walk, 0);
	if (total < HEADER_SIZE)
		return fault(&walk, "total size at byte 0 is %u, less than its own header", total);
	error = walk_tags(&walk, min_u64(total, readable));
	if (total > readable)
		return fault(&walk, "total size at byte 0 is %u, but only %zu bytes can be read",
			     total, readable);
	return error;
}
