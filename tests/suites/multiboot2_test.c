/*
 * The multiboot2 parser: a sound block in full, each kind of fault by its message, every
 * truncation, and random damage. Blocks are built here, from the specification. A block is parsed
 * where its last readable byte is the last of the area, so that a sanitizer sees a read beyond it;
 * without one, the bytes that follow are poisoned and nothing of them may be handed over.
 */
#include "boot/multiboot2.h"

#include <kernel/errno.h>
#include <kernel/ktest.h>
#include <kernel/string.h>

#define MAX_BLOCK	1024		/* bytes */
#define FUZZ_ROUNDS	20000
#define FUZZ_SEED	0x5eed2026u	/* any but 0 */

/* What a handler heard, and whether all of it lay inside the block. */
struct heard {
	const char *first;		/* of the block */
	const char *end;		/* first byte that may not be read */
	unsigned int memory, modules, cmdlines, loaders, rsdps, outside;
	uint64_t base, length;		/* of the last memory entry */
	uint32_t type;
	uint64_t start, stop;		/* of the last module */
	char text[64];			/* the last text */
	size_t text_len, rsdp_len;
};

struct block {
	unsigned char bytes[MAX_BLOCK];
	size_t len;
};

static struct block block;
static unsigned char area[MAX_BLOCK];	/* exactly what may be read ends where this does */
static char why[128];

static void put32(uint32_t value)
{
	memcpy(block.bytes + block.len, &value, sizeof(value));
	block.len += sizeof(value);
}

static void put64(uint64_t value)
{
	memcpy(block.bytes + block.len, &value, sizeof(value));
	block.len += sizeof(value);
}

static void put_bytes(const void *bytes, size_t len)
{
	memcpy(block.bytes + block.len, bytes, len);
	block.len += len;
}

static void start_block(void)
{
	memset(&block, 0, sizeof(block));
	block.len = 8;
}

static void start_tag(uint32_t type, uint32_t size)
{
	block.len = align_up(block.len, 8);
	put32(type);
	put32(size);
}

static void text_tag(uint32_t type, const char *text)
{
	start_tag(type, 8 + (uint32_t)strlen(text) + 1);
	put_bytes(text, strlen(text) + 1);
}

static void module_tag(uint32_t start, uint32_t end, const char *text)
{
	start_tag(3, 16 + (uint32_t)strlen(text) + 1);
	put32(start);
	put32(end);
	put_bytes(text, strlen(text) + 1);
}

/* @nr entries of @stride bytes: 1 MiB each, one after the other, of type 1 upwards. */
static void memory_tag(uint32_t stride, uint32_t version, uint32_t nr)
{
	start_tag(6, 16 + stride * nr);
	put32(stride);
	put32(version);
	for (uint32_t i = 0; i < nr; i++) {
		size_t next = block.len + stride;

		put64((uint64_t)i << 20);
		put64(1 << 20);
		put32(i + 1);
		block.len = next;
	}
}

static void set_total(uint32_t total)
{
	memcpy(block.bytes, &total, sizeof(total));
}

static void finish_block(void)
{
	start_tag(0, 8);
	set_total((uint32_t)block.len);
}

static void build_sound_block(void)
{
	static const char rsdp[36] = "RSD PTR ";

	start_block();
	text_tag(1, "test=* loglevel=4");
	text_tag(2, "GRUB 2.06");
	start_tag(0x4d4d, 13);				/* a kind that nobody knows, with padding */
	put_bytes("?????", 5);
	module_tag(0x200000, 0x280000, "trace one");
	module_tag(0x300000, 0x300000, "");
	memory_tag(24, 0, 5);
	start_tag(14, 8 + 20);
	put_bytes(rsdp, 20);
	start_tag(15, 8 + 36);
	put_bytes(rsdp, 36);
	finish_block();
}

static void note_bytes(struct heard *heard, const void *bytes, size_t len)
{
	const char *start = bytes;

	if (start < heard->first || start > heard->end || len > (size_t)(heard->end - start))
		heard->outside++;
}

static void note_text(struct heard *heard, const char *text, size_t len)
{
	note_bytes(heard, text, len + 1);
	heard->text_len = len;
	memset(heard->text, 0, sizeof(heard->text));
	if (len < sizeof(heard->text))
		memcpy(heard->text, text, len);
}

static void hear_memory(void *ctx, uint64_t base, uint64_t length, uint32_t type)
{
	struct heard *heard = ctx;

	heard->memory++;
	heard->base = base;
	heard->length = length;
	heard->type = type;
}

static void hear_module(void *ctx, uint64_t start, uint64_t end, const char *cmdline, size_t len)
{
	struct heard *heard = ctx;

	heard->modules++;
	heard->start = start;
	heard->stop = end;
	note_text(heard, cmdline, len);
	if (end < start)
		heard->outside++;
}

static void hear_cmdline(void *ctx, const char *text, size_t len)
{
	struct heard *heard = ctx;

	heard->cmdlines++;
	note_text(heard, text, len);
}

static void hear_loader(void *ctx, const char *text, size_t len)
{
	struct heard *heard = ctx;

	heard->loaders++;
	note_text(heard, text, len);
}

static void hear_rsdp(void *ctx, const void *rsdp, size_t len)
{
	struct heard *heard = ctx;

	heard->rsdps++;
	heard->rsdp_len = len;
	note_bytes(heard, rsdp, len);
}

static const struct multiboot2_handler listener = { hear_memory, hear_module, hear_cmdline,
						    hear_loader, hear_rsdp };

/* Parse the block with its first @readable bytes moved to the very end of the area. */
static int parse(struct heard *heard, size_t readable)
{
	unsigned char *start = area + sizeof(area) - readable;

	memset(area, 0xff, sizeof(area));
	memcpy(start, block.bytes, readable);
	memset(heard, 0, sizeof(*heard));
	heard->first = (const char *)start;
	heard->end = (const char *)area + sizeof(area);
	return multiboot2_parse(start, readable, &listener, heard, why, sizeof(why));
}

static bool why_has(const char *part)
{
	char pattern[64];

	ksnprintf(pattern, sizeof(pattern), "*%s*", part);
	return glob_match(pattern, why);
}

/* The block must be refused, for a reason that holds @part. */
static void expect_fault(struct ktest *t, int line, const char *part)
{
	struct heard heard;
	int result = parse(&heard, block.len);

	if (result != -EINVAL || !why_has(part) || heard.outside != 0)
		ktest_fail(t, __FILE__, line, "result %d, \"%s\", expected -EINVAL and \"%s\"",
			   result, why, part);
}

static void sound_block_is_handed_over(struct ktest *t)
{
	struct heard heard;

	build_sound_block();
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), 0);
	KTEST_EXPECT_STREQ(t, why, "");
	KTEST_EXPECT_EQ(t, heard.cmdlines, 1);
	KTEST_EXPECT_EQ(t, heard.loaders, 1);
	KTEST_EXPECT_EQ(t, heard.modules, 2);
	KTEST_EXPECT_EQ(t, heard.memory, 5);
	KTEST_EXPECT_EQ(t, heard.rsdps, 2);
	KTEST_EXPECT_EQ(t, heard.outside, 0);
	KTEST_EXPECT_EQ(t, heard.base, 4 << 20);
	KTEST_EXPECT_EQ(t, heard.length, 1 << 20);
	KTEST_EXPECT_EQ(t, heard.type, 5);
	KTEST_EXPECT_EQ(t, heard.rsdp_len, 36);
	KTEST_EXPECT_EQ(t, heard.text_len, 0);		/* of the second module */
}

static void texts_and_modules_are_exact(struct ktest *t)
{
	struct heard heard;

	start_block();
	text_tag(1, "mem=64M");		/* 16 bytes: the next tag follows without padding */
	finish_block();
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), 0);
	KTEST_EXPECT_STREQ(t, heard.text, "mem=64M");
	KTEST_EXPECT_EQ(t, heard.text_len, 7);
	start_block();
	module_tag(0xfffff000, 0xffffffff, "a module");
	finish_block();
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), 0);
	KTEST_EXPECT_EQ(t, heard.start, 0xfffff000);
	KTEST_EXPECT_EQ(t, heard.stop, 0xffffffff);
	KTEST_EXPECT_STREQ(t, heard.text, "a module");
}

static void handlers_may_be_missing(struct ktest *t)
{
	static const struct multiboot2_handler deaf;

	build_sound_block();
	KTEST_EXPECT_EQ(t, multiboot2_parse(block.bytes, block.len, &deaf, NULL, why, sizeof(why)),
			0);
	set_total(4);
	KTEST_EXPECT_EQ(t, multiboot2_parse(block.bytes, block.len, &deaf, NULL, NULL, 0), -EINVAL);
	KTEST_EXPECT_EQ(t, multiboot2_parse(block.bytes, block.len, &deaf, NULL, why, 5), -EINVAL);
	KTEST_EXPECT_EQ(t, strlen(why), 4);		/* cut, and terminated */
}

static void memory_is_strided_by_entry_size(struct ktest *t)
{
	struct heard heard;

	for (uint32_t stride = 24; stride <= 64; stride += 8) {
		start_block();
		memory_tag(stride, stride, 3);		/* any version: later ones only append */
		finish_block();
		KTEST_EXPECT_EQ(t, parse(&heard, block.len), 0);
		KTEST_EXPECT_EQ(t, heard.memory, 3);
		KTEST_EXPECT_EQ(t, heard.base, 2 << 20);
		KTEST_EXPECT_EQ(t, heard.type, 3);
	}
}

static void bad_headers_are_refused(struct ktest *t)
{
	struct heard heard;

	build_sound_block();
	KTEST_EXPECT_EQ(t, parse(&heard, 0), -EINVAL);
	KTEST_EXPECT_EQ(t, parse(&heard, 7), -EINVAL);
	set_total(0);
	expect_fault(t, __LINE__, "total size at byte 0 is 0");
	set_total(8);
	expect_fault(t, __LINE__, "no end tag up to byte 8");
	set_total((uint32_t)block.len - 8);
	expect_fault(t, __LINE__, "no end tag");
	set_total((uint32_t)block.len - 1);
	expect_fault(t, __LINE__, "no end tag");
	set_total((uint32_t)block.len + 1);
	expect_fault(t, __LINE__, "total size at byte 0 is ");
	set_total(0xffffffff);
	expect_fault(t, __LINE__, "total size at byte 0 is 4294967295");
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), -EINVAL);
	KTEST_EXPECT_EQ(t, heard.memory, 5);		/* what was sound came through */
}

static void bad_tag_sizes_are_refused(struct ktest *t)
{
	static const uint32_t sizes[] = { 0, 1, 7, 0x7fffffff, 0x80000000, 0xfffffff9, 0xffffffff };

	for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		start_block();
		start_tag(77, sizes[i]);
		finish_block();
		expect_fault(t, __LINE__, "tag of type 77 at byte 8 has ");
	}
	start_block();
	start_tag(0, 16);
	finish_block();
	expect_fault(t, __LINE__, "end tag at byte 8 has 16 bytes");
	start_block();
	start_tag(3, 16);
	put64(0);
	finish_block();
	expect_fault(t, __LINE__, "tag of type 3 at byte 8 has 16 bytes, needs 17");
	start_block();
	start_tag(6, 8);
	finish_block();
	expect_fault(t, __LINE__, "tag of type 6 at byte 8 has 8 bytes, needs 16");
	start_block();
	start_tag(14, 27);
	block.len += 19;
	finish_block();
	expect_fault(t, __LINE__, "has 27 bytes, needs 28");
	start_block();
	start_tag(15, 28);
	block.len += 20;
	finish_block();
	expect_fault(t, __LINE__, "has 28 bytes, needs 44");
}

static void bad_contents_are_refused(struct ktest *t)
{
	struct heard heard;

	for (uint32_t type = 1; type <= 2; type++) {
		start_block();
		start_tag(type, 16);
		put_bytes("unended!", 8);	/* the 0 that begins the next tag must not count */
		finish_block();
		expect_fault(t, __LINE__, "text at byte 16");
		start_block();
		start_tag(type, 8);
		finish_block();
		expect_fault(t, __LINE__, "has 8 bytes, needs 9");
	}
	start_block();
	module_tag(0x2000, 0x1fff, "backwards");
	finish_block();
	expect_fault(t, __LINE__, "module at byte 8 ends at 0x1fff, before its start 0x2000");
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), -EINVAL);
	KTEST_EXPECT_EQ(t, heard.modules, 0);
	start_block();
	memory_tag(24, 0, 2);
	block.bytes[12] = 16 + 24 + 20;		/* the tag's size: the second entry is cut */
	finish_block();
	expect_fault(t, __LINE__, "ends in 20 bytes of an entry of 24");
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), -EINVAL);
	KTEST_EXPECT_EQ(t, heard.memory, 1);
}

static void bad_entry_sizes_are_refused(struct ktest *t)
{
	static const uint32_t strides[] = { 0, 1, 8, 16, 20, 23, 25, 28, 0x80000004, 0xffffffff };

	for (uint32_t i = 0; i < ARRAY_SIZE(strides); i++) {
		start_block();
		memory_tag(24, 0, 2);
		memcpy(block.bytes + 16, &strides[i], sizeof(strides[i]));
		finish_block();
		expect_fault(t, __LINE__, "memory map at byte 8 has entries of");
	}
	start_block();
	memory_tag(24, 0, 2);
	memcpy(block.bytes + 16, &(uint32_t){ 0xfffffff8 }, sizeof(uint32_t));
	finish_block();
	expect_fault(t, __LINE__, "ends in 48 bytes of an entry of 4294967288");
}

static void repeated_tags_are_refused(struct ktest *t)
{
	struct heard heard;

	start_block();
	memory_tag(24, 0, 2);
	memory_tag(24, 0, 3);
	finish_block();
	expect_fault(t, __LINE__, "a second tag of type 6 at byte 72");
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), -EINVAL);
	KTEST_EXPECT_EQ(t, heard.memory, 2);
	start_block();
	text_tag(1, "one");
	text_tag(1, "two");
	finish_block();
	expect_fault(t, __LINE__, "a second tag of type 1");
}

static void nothing_after_the_end_tag_counts(struct ktest *t)
{
	struct heard heard;

	build_sound_block();
	start_tag(1, 0);				/* would be a fault */
	module_tag(9, 3, "and another");
	set_total((uint32_t)block.len);
	KTEST_EXPECT_EQ(t, parse(&heard, block.len), 0);
	KTEST_EXPECT_EQ(t, heard.modules, 2);
	KTEST_EXPECT_EQ(t, heard.cmdlines, 1);
}

static void truncated_at_every_byte(struct ktest *t)
{
	struct heard heard;

	build_sound_block();
	for (size_t readable = 0; readable < block.len; readable++) {
		if (parse(&heard, readable) != -EINVAL || why[0] == '\0' || heard.outside != 0)
			ktest_fail(t, __FILE__, __LINE__, "cut at byte %zu: \"%s\"", readable, why);
	}
	/* The same, and the block knows: total_size says so too. */
	for (uint32_t total = 0; total < block.len; total++) {
		set_total(total);
		if (parse(&heard, total) != -EINVAL || heard.outside != 0)
			ktest_fail(t, __FILE__, __LINE__, "total size %u: \"%s\"", total, why);
	}
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;				/* Marsaglia's xorshift32 */
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Words and bytes at random places become small, huge or random; the block is cut anywhere. */
static void damage(uint32_t *seed)
{
	uint32_t hits = 1 + next_random(seed) % 8;

	for (uint32_t i = 0; i < hits; i++) {
		uint32_t value = next_random(seed);
		size_t at = next_random(seed) % (block.len - 4);

		if (value % 3 == 0)
			at = align_down(at, 4);
		if (value % 5 == 0)
			value %= 64;
		else if (value % 7 == 0)
			value = 0 - value % 64;
		memcpy(block.bytes + at, &value, next_random(seed) % 2 ? 4 : 1);
	}
}

static void random_damage_stays_inside(struct ktest *t)
{
	struct heard heard;
	uint32_t seed = FUZZ_SEED;
	unsigned int accepted = 0;

	for (unsigned int round = 0; round < FUZZ_ROUNDS; round++) {
		uint32_t before = seed;
		size_t readable;
		int result;

		build_sound_block();
		damage(&seed);
		readable = next_random(&seed) % 4 ? block.len
						  : next_random(&seed) % (block.len + 1);
		result = parse(&heard, readable);
		accepted += result == 0;
		if ((result != 0 && result != -EINVAL) || (result == 0) != (why[0] == '\0') ||
		    heard.outside != 0 || heard.memory > MAX_BLOCK / 24 ||
		    heard.modules > MAX_BLOCK / 24)
			ktest_fail(t, __FILE__, __LINE__, "round %u, seed 0x%x: %d, \"%s\"", round,
				   before, result, why);
	}
	ktest_note(t, "seed 0x%x: %u of %u damaged blocks were still sound", FUZZ_SEED, accepted,
		   FUZZ_ROUNDS);
	KTEST_EXPECT(t, accepted > 0 && accepted < FUZZ_ROUNDS);	/* both ways were taken */
}

static const struct ktest_case multiboot2_cases[] = {
	KTEST_CASE(sound_block_is_handed_over),
	KTEST_CASE(texts_and_modules_are_exact),
	KTEST_CASE(handlers_may_be_missing),
	KTEST_CASE(memory_is_strided_by_entry_size),
	KTEST_CASE(bad_headers_are_refused),
	KTEST_CASE(bad_tag_sizes_are_refused),
	KTEST_CASE(bad_contents_are_refused),
	KTEST_CASE(bad_entry_sizes_are_refused),
	KTEST_CASE(repeated_tags_are_refused),
	KTEST_CASE(nothing_after_the_end_tag_counts),
	KTEST_CASE(truncated_at_every_byte),
	KTEST_CASE(random_damage_stays_inside),
};
KTEST_SUITE(multiboot2, multiboot2_cases);
