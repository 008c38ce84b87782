/*
 * What the fuzz targets share.
 *
 * A target is a function that takes bytes, drives some of the kernel's sources with them, and ends
 * the process by fuzz_fail() when what came out is wrong. The same function runs under libFuzzer
 * (libfuzzer.c) and over the files of its corpus (replay.c).
 */
#pragma once

#include <kernel/compiler.h>
#include <kernel/print.h>

struct fuzz_target {
	const char *name;
	void (*init)(void);		/* once in a process; NULL: nothing to do */
	void (*run)(const uint8_t *bytes, size_t size);
};

extern const struct fuzz_target fuzz_multiboot2, fuzz_memmap, fuzz_acpi, fuzz_cmdline, fuzz_edit,
	fuzz_commands, fuzz_pages, fuzz_objects;

/** fuzz_find() - the target called @name. NULL: there is none; those that exist are said. */
const struct fuzz_target *fuzz_find(const char *name);

/** fuzz_fail() - say what is wrong, with the console's last output, and abort. */
__printf(3, 4) _Noreturn void fuzz_fail(const char *file, int line, const char *fmt, ...);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, "%s", #condition);                           \
	} while (0)

#define FUZZ_EQ(got, want)                                                                         \
	do {                                                                                       \
		uint64_t got_ = (got), want_ = (want);                                             \
		if (got_ != want_)                                                                 \
			fuzz_fail(__FILE__, __LINE__, "%s is 0x%llx, expected 0x%llx", #got,       \
				  (unsigned long long)got_, (unsigned long long)want_);            \
	} while (0)

/* ---- input as numbers ---------------------------------------------------- */

struct fuzz_input {
	const uint8_t *at, *end;
};

/** take_byte() - the next one; 0 behind the end, so that short inputs mean something too. */
static inline uint8_t take_byte(struct fuzz_input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/** take_number() - of @bytes bytes, 1 to 8, little-endian. */
static inline uint64_t take_number(struct fuzz_input *in, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)take_byte(in) << 8 * i;
	return value;
}

/* ---- the console and the arena ------------------------------------------- */

/**
 * fuzz_text() - a piece of text as a person would see it: the process ends when it would act on the
 * terminal, that is, holds anything but printable characters and newlines.
 */
void fuzz_text(const char *text, size_t len);

/** fuzz_sink - a sink that does that, and keeps nothing. */
extern struct seq fuzz_sink;

/**
 * fuzz_boot() - the memory manager over 40 MiB in three zones, without watermarks, and with
 * callers' bugs counted in silence.
 */
void fuzz_boot(void);

/** fuzz_pages_free() - free pages when nothing waits in sheaves or on page lists. */
uint64_t fuzz_pages_free(void);

/** fuzz_bugs() - callers' bugs reported so far, of all kinds. */
unsigned int fuzz_bugs(void);

/** fuzz_verify() - every invariant holds, or the process ends. */
void fuzz_verify(void);
