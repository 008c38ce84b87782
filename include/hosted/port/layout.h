/*
 * The layout of the hosted port: both bases are found when the arena is mapped.
 */
#pragma once

#include <stdint.h>

#define PORT_NR_CPUS	64

extern uintptr_t hosted_direct_map;
extern uintptr_t hosted_page_array;

#define PORT_DIRECT_MAP	hosted_direct_map
#define PORT_PAGE_ARRAY	hosted_page_array
