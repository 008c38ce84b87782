/*
 * What the code asks of the compiler, spelled once. gcc 12 and clang 14 have all of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define __must_check	__attribute__((warn_unused_result))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#define __cold		__attribute__((cold))
#define __noinline	__attribute__((noinline))
#define __no_sanitize_thread	__attribute__((no_sanitize_thread))
#ifndef __always_inline		/* the C library of a hosted build has its own */
#define __always_inline	inline __attribute__((always_inline))
#endif

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member)	((type *)((char *)(ptr) - offsetof(type, member)))

/* The address that the current function returns to: the "who" of every report. */
#define RET_IP		((uintptr_t)__builtin_return_address(0))

/*
 * Keep the compiler from tearing, merging or repeating an access that another context may race
 * with. For words and smaller; ThreadSanitizer knows them for what they are.
 */
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* @align is a power of two. align_up() wraps to 0 above 2^64 - align: callers bound @x first. */
static inline uint64_t align_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

static inline uint64_t align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline bool is_power_of_2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* Log2 rounded down; @x is not 0. */
static inline unsigned int ilog2(uint64_t x)
{
	return 63U - (unsigned int)__builtin_clzll(x);
}
