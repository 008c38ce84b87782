/*
 * The layout of the explored machine: the arena of tests/host/quire.c, and two CPUs.
 */
#pragma once

#include <stdint.h>

#define PORT_NR_CPUS	2

extern uintptr_t hosted_direct_map;
extern uintptr_t hosted_page_array;

#define PORT_DIRECT_MAP	hosted_direct_map
#define PORT_PAGE_ARRAY	hosted_page_array
