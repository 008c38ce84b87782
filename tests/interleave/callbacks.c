/*
 * What the compiler calls from code that is built with -fsanitize=thread. The run-time library of
 * ThreadSanitizer is not linked: these take its place, and tell memory.c of each access before it
 * is made. Atomic operations are made here. memset() and its like come through the linker's --wrap.
 *
 * The names are the compilers'; both know the types, so nobody declares them elsewhere.
 */
#include <string.h>

#include "interleave.h"

#define CALLBACK(type, name, args)	type name args; type name args

#define HERE()	(cpu_this()->at = RET_IP)

CALLBACK(void, __tsan_init, (void))
{
}

CALLBACK(void, __tsan_func_entry, (void *caller))
{
	(void)caller;
}

CALLBACK(void, __tsan_func_exit, (void))
{
}

/* ---- plain accesses ------------------------------------------------------ */

#define PLAIN(bytes)                                                                               \
	CALLBACK(void, __tsan_read##bytes, (void *address))                                        \
	{                                                                                          \
		HERE();                                                                            \
		memory_access(address, bytes, false);                                              \
	}                                                                                          \
	CALLBACK(void, __tsan_write##bytes, (void *address))                                       \
	{                                                                                          \
		HERE();                                                                            \
		memory_access(address, bytes, true);                                               \
	}

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

#define UNALIGNED(bytes)                                                                           \
	CALLBACK(void, __tsan_unaligned_read##bytes, (void *address))                              \
	{                                                                                          \
		HERE();                                                                            \
		memory_access(address, bytes, false);                                              \
	}                                                                                          \
	CALLBACK(void, __tsan_unaligned_write##bytes, (void *address))                             \
	{                                                                                          \
		HERE();                                                                            \
		memory_access(address, bytes, true);                                               \
	}

UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

CALLBACK(void, __tsan_read_range, (void *address, size_t size))
{
	HERE();
	memory_access(address, size, false);
}

CALLBACK(void, __tsan_write_range, (void *address, size_t size))
{
	HERE();
	memory_access(address, size, true);
}

/* ---- the C library's, called from instrumented code ---------------------- */

CALLBACK(void *, __real_memset, (void *to, int c, size_t size));
CALLBACK(void *, __real_memcpy, (void *to, const void *from, size_t size));
CALLBACK(void *, __real_memmove, (void *to, const void *from, size_t size));

CALLBACK(void *, __wrap_memset, (void *to, int c, size_t size))
{
	HERE();
	memory_access(to, size, true);
	return __real_memset(to, c, size);
}

CALLBACK(void *, __wrap_memcpy, (void *to, const void *from, size_t size))
{
	HERE();
	memory_access(from, size, false);
	memory_access(to, size, true);
	return __real_memcpy(to, from, size);
}

CALLBACK(void *, __wrap_memmove, (void *to, const void *from, size_t size))
{
	HERE();
	memory_access(from, size, false);
	memory_access(to, size, true);
	return __real_memmove(to, from, size);
}

/* ---- atomic ones --------------------------------------------------------- */

CALLBACK(void, __tsan_atomic_thread_fence, (int order))
{
	(void)order;
}

CALLBACK(void, __tsan_atomic_signal_fence, (int order))
{
	(void)order;
}

#define FETCH(bits, type, op)                                                                      \
	CALLBACK(type, __tsan_atomic##bits##_fetch_##op,                                           \
		 (volatile type *p, type value, int order))                                        \
	{                                                                                          \
		(void)order;                                                                       \
		HERE();                                                                            \
		memory_access((const void *)p, sizeof(*p), true);                                  \
		return __atomic_fetch_##op(p, value, __ATOMIC_SEQ_CST);                            \
	}

#define COMPARE(bits, type, strength)                                                              \
	CALLBACK(int, __tsan_atomic##bits##_compare_exchange_##strength,                           \
		 (volatile type *p, type *expected, type value, int order, int failed))            \
	{                                                                                          \
		(void)order;                                                                       \
		(void)failed;                                                                      \
		HERE();                                                                            \
		memory_access((const void *)p, sizeof(*p), true);                                  \
		return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_SEQ_CST,    \
						   __ATOMIC_SEQ_CST);                              \
	}

#define ATOMIC(bits, type)                                                                         \
	CALLBACK(type, __tsan_atomic##bits##_load, (const volatile type *p, int order))            \
	{                                                                                          \
		(void)order;                                                                       \
		HERE();                                                                            \
		memory_access((const void *)p, sizeof(*p), false);                                 \
		return *p;                                                                         \
	}                                                                                          \
	CALLBACK(void, __tsan_atomic##bits##_store, (volatile type *p, type value, int order))     \
	{                                                                                          \
		(void)order;                                                                       \
		HERE();                                                                            \
		memory_access((const void *)p, sizeof(*p), true);                                  \
		*p = value;                                                                        \
	}                                                                                          \
	CALLBACK(type, __tsan_atomic##bits##_exchange, (volatile type *p, type value, int order))  \
	{                                                                                          \
		(void)order;                                                                       \
		HERE();                                                                            \
		memory_access((const void *)p, sizeof(*p), true);                                  \
		return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);                            \
	}                                                                                          \
	FETCH(bits, type, add)                                                                     \
	FETCH(bits, type, sub)                                                                     \
	FETCH(bits, type, and)                                                                     \
	FETCH(bits, type, or)                                                                      \
	COMPARE(bits, type, strong)                                                                \
	COMPARE(bits, type, weak)

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
