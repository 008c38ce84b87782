/*
 * The part of ISO C's <string.h> that a freestanding compiler needs or that mm/ and kernel/ use,
 * and four helpers. kernel/string.c defines the ISO functions for the kernel; on the host they are
 * the C library's own.
 */
#pragma once

#include <kernel/compiler.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/**
 * kstrtou64() - the whole of @text as a number: 0x hex, 0 octal, else decimal.
 * Return: 0, -EINVAL or -ERANGE.
 */
__must_check int kstrtou64(const char *text, uint64_t *value);

/**
 * memparse() - a number with an optional suffix K M G T P E (powers of 1024), as on Linux's command
 * line. @end is left at the first character not used; equal to @text when there was no number.
 * Saturates at UINT64_MAX.
 */
uint64_t memparse(const char *text, const char **end);

/** glob_match() - does @text match @pattern, where * is any run and ? any one character? */
bool glob_match(const char *pattern, const char *text);

/**
 * printable() - copy @text up to its NUL, at most @len characters of it, as a terminal may be shown
 * it: whatever is no printable ASCII character becomes "?". @to has room for @size bytes, at least
 * 1, and is terminated.
 * Return: how many characters were copied.
 */
size_t printable(char *to, size_t size, const char *text, size_t len);
