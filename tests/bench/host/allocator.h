/*
 * What the workloads call. The same sources are built twice: with BENCH_QUIRE over libquire.a, and
 * without it over malloc(), which LD_PRELOAD then turns into each of the peers. Direct calls, as a
 * user writes them.
 */
#pragma once

#ifdef BENCH_QUIRE

#include <hosted/quire.h>

#define take(size)	kmalloc((size), GFP_KERNEL)
#define give(object)	kfree(object)

#else

#include <stdlib.h>

#define take(size)	malloc(size)
#define give(object)	free(object)

#endif
