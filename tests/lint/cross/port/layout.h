/*
 * The layout of a machine that does not exist: lint compiles mm/ and kernel/ with it for another
 * architecture.
 */
#pragma once

#include <stdint.h>

#define PORT_NR_CPUS	8

#define PORT_DIRECT_MAP	((uintptr_t)0xffff000000000000)
#define PORT_PAGE_ARRAY	((uintptr_t)0xfffff80000000000)
