/*
 * The multiboot2 information block, read as what it is: input. Pure: no global state, no I/O,
 * nothing but the block, so the same source runs on the host under sanitizers. Format: Multiboot2
 * Specification 2.0, section 3.6.
 */
#pragma once

#include <kernel/compiler.h>

/**
 * struct multiboot2_handler - who hears of what; any member may be NULL.
 * @memory:  one entry of a memory map tag, whatever it holds: judging it is mm/memmap.c's
 * @module:  [@start, @end) in physical bytes, @end not below @start, and its command line
 * @cmdline: the kernel's command line
 * @loader:  the boot loader's name
 * @rsdp:    the copy of ACPI's root pointer inside the tag, @len bytes (at least 20 for the old
 *           one, 36 for the new one; its checksum is not judged); called once for each of the two
 *           that is there
 *
 * Texts and copies lie in the block and live as long as it does. @len counts a text without its
 * NUL.
 */
struct multiboot2_handler {
	void (*memory)(void *ctx, uint64_t base, uint64_t length, uint32_t type);
	void (*module)(void *ctx, uint64_t start, uint64_t end, const char *cmdline, size_t len);
	void (*cmdline)(void *ctx, const char *text, size_t len);
	void (*loader)(void *ctx, const char *text, size_t len);
	void (*rsdp)(void *ctx, const void *rsdp, size_t len);
};

/**
 * multiboot2_parse() - walk the block at @info and hand what it holds to @handler, in the block's
 * order.
 * @info:     first byte of the block; any alignment
 * @readable: bytes at @info that may be read; nothing beyond them is touched, whatever the block
 *            claims
 * @handler:  see there; called only with what has been checked
 * @ctx:      passed on
 * @why:      @why_size bytes for the reason of a failure, always terminated when @why_size is not
 *            0; "" on success
 *
 * A tag that is too small for its kind, runs past the block, holds a text without an end,
 * contradicts itself, or says again what only one tag may say (all but modules) stops the walk.
 * What was sound before the fault has been handed over, which for a memory map includes its whole
 * entries. Tags of unknown kinds are skipped, bytes after the end tag not looked at. A block that
 * claims more bytes than @readable is walked as far as it goes and then refused. Whether a memory
 * map was there at all is the caller's to judge.
 *
 * Return: 0, or -EINVAL with @why naming the fault and the byte of the block at which it is.
 */
int multiboot2_parse(const void *info, size_t readable, const struct multiboot2_handler *handler,
		     void *ctx, char *why, size_t why_size);
