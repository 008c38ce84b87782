/*
 * The ISO C string functions that a freestanding compiler calls by itself, and those that mm/ and
 * kernel/ use.
 *
 * Copying and filling go by words of 64 bits, four to a turn, without a prologue that aligns: the
 * CPUs that Quire boots on take an unaligned word in stride, and for the others the type tells the
 * compiler to be careful. The last word of a copy is read first and written last, so it may overlap
 * the one before it: no loop over single bytes remains, and the same code serves memmove.
 *
 * The compiler knows the shape of these loops and would turn them into calls of the functions that
 * they implement. gcc is told not to by the pragma below; clang does not do it in a freestanding
 * build.
 */
#include <kernel/string.h>

#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef uint64_t __attribute__((may_alias, aligned(1))) word64;
typedef uint32_t __attribute__((may_alias, aligned(1))) word32;
typedef uint16_t __attribute__((may_alias, aligned(1))) word16;

#define WORD	sizeof(word64)
#define BURST	(4 * WORD)

static uint64_t load(const char *p)
{
	return *(const word64 *)p;
}

static void store(char *p, uint64_t value)
{
	*(word64 *)p = value;
}

/* Fewer than WORD bytes, all of them read before one is written. */
static void copy_short(char *dst, const char *src, size_t n)
{
	if (n >= 4) {
		uint32_t head = *(const word32 *)src, tail = *(const word32 *)(src + n - 4);

		*(word32 *)dst = head;
		*(word32 *)(dst + n - 4) = tail;
	} else if (n >= 2) {
		uint16_t head = *(const word16 *)src, tail = *(const word16 *)(src + n - 2);

		*(word16 *)dst = head;
		*(word16 *)(dst + n - 2) = tail;
	} else if (n != 0) {
		*dst = *src;
	}
}

/* Right when the areas do not overlap, and when @dst lies below @src. */
static void copy_up(char *dst, const char *src, size_t n)
{
	char *tail = dst + n - WORD;
	uint64_t last = load(src + n - WORD);

	for (; n > BURST; n -= BURST, dst += BURST, src += BURST) {
		uint64_t a = load(src), b = load(src + WORD);
		uint64_t c = load(src + 2 * WORD), d = load(src + 3 * WORD);

		store(dst, a);
		store(dst + WORD, b);
		store(dst + 2 * WORD, c);
		store(dst + 3 * WORD, d);
	}
	for (; n > WORD; n -= WORD, dst += WORD, src += WORD)
		store(dst, load(src));
	store(tail, last);
}

/* Right when @dst lies above @src. */
static void copy_down(char *dst, const char *src, size_t n)
{
	uint64_t first = load(src);

	for (; n > BURST; n -= BURST) {
		const char *s = src + n - BURST;
		char *to = dst + n - BURST;
		uint64_t a = load(s), b = load(s + WORD);
		uint64_t c = load(s + 2 * WORD), d = load(s + 3 * WORD);

		store(to + 3 * WORD, d);
		store(to + 2 * WORD, c);
		store(to + WORD, b);
		store(to, a);
	}
	for (; n > WORD; n -= WORD)
		store(dst + n - WORD, load(src + n - WORD));
	store(dst, first);
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	if (n < WORD)
		copy_short(dst, src, n);
	else
		copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if (n < WORD)
		copy_short(dst, src, n);
	else if ((uintptr_t)dst <= (uintptr_t)src)
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

static inline void store_burst(char *p, uint64_t word)
{
	store(p, word);
	store(p + WORD, word);
	store(p + 2 * WORD, word);
	store(p + 3 * WORD, word);
}

/* Whole pages and tables of the boot are cleared here: 256 bytes a turn. */
void *memset(void *dst, int c, size_t n)
{
	uint64_t word = 0x0101010101010101ULL * (unsigned char)c;
	char *p = dst, *end = p + n;

	if (n < WORD) {
		while (p != end)
			*p++ = (char)c;
		return dst;
	}
	for (; n > 8 * BURST; n -= 8 * BURST, p += 8 * BURST) {
		store_burst(p, word);
		store_burst(p + BURST, word);
		store_burst(p + 2 * BURST, word);
		store_burst(p + 3 * BURST, word);
		store_burst(p + 4 * BURST, word);
		store_burst(p + 5 * BURST, word);
		store_burst(p + 6 * BURST, word);
		store_burst(p + 7 * BURST, word);
	}
	for (; n > BURST; n -= BURST, p += BURST)
		store_burst(p, word);
	for (; n > WORD; n -= WORD, p += WORD)
		store(p, word);
	store(end - WORD, word);
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n >= WORD && load((const char *)x) == load((const char *)y); n -= WORD) {
		x += WORD;
		y += WORD;
	}
	for (; n != 0; n--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end != '\0')
		end++;
	return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t n)
{
	size_t len = 0;

	while (len < n && s[len] != '\0')
		len++;
	return len;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n != 0; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		if (*a == '\0')
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (*s == '\0')
			return NULL;
	}
	return (char *)s;
}
