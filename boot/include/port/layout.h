/*
 * The kernel's address space, in Linux's places (Documentation/arch/x86/x86_64/mm.rst,
 * 4-level paging).
 */
#pragma once

#include <stdint.h>

#define PORT_NR_CPUS	256

#define PORT_DIRECT_MAP	((uintptr_t)0xffff888000000000)	/* 64 TiB of room; 16 TiB used at most */
#define PORT_PAGE_ARRAY	((uintptr_t)0xffffea0000000000)	/* 16 bytes a page: 64 GiB for 16 TiB */

/* The image: -mcmodel=kernel's top 2 GiB. */
#define PORT_KERNEL_BASE ((uintptr_t)0xffffffff80000000)
