/*
 * Quire as a library in a Linux process: the kernel's mm/ and kernel/ over an anonymous mapping.
 * Build with -Iinclude -Iinclude/hosted and link build/host/libquire.a.
 */
#pragma once

#include <mm/memmap.h>
#include <mm/page_alloc.h>
#include <mm/report.h>
#include <mm/slab.h>

/**
 * quire_init() - map an arena of @bytes and boot the memory manager in it: after it, the kernel's
 * interface works.
 * @bytes: rounded down to pages; at least 1 MiB. Physical addresses are offsets into the arena. The
 *         memory is reserved, not touched.
 * Return: 0, or a negative errno. Once per process.
 */
int quire_init(size_t bytes);

/**
 * quire_init_map() - the same over a memory map: add entries to @map, do not seal it. Offsets up to
 * its end are reserved as address space, and only RAM is ever touched.
 */
int quire_init_map(struct memmap *map);

/**
 * quire_start_cpus() - @nr threads become CPUs 0 .. @nr-1: this one, and new ones that run what
 * work_run() gives them. From now on drains reach all of them, at places where they let interrupts
 * in again; so this thread must not stay away from Quire for long while another one may drain.
 * @nr: 1 .. PORT_NR_CPUS
 *
 * Context: once, after quire_init(), from the thread that called it, before any other calls Quire.
 * Return: 0; -EINVAL; -ENOMEM when the system has no more threads.
 */
int quire_start_cpus(unsigned int nr);
