/*
 * What the memory manager looks like from outside. Formats are those of Linux's /proc files of the
 * same name.
 *
 * A report reads and never changes. mm_snapshot() copies the counters of all zones and caches in
 * one go; all files printed from one snapshot agree with each other.
 */
#pragma once

#include <kernel/print.h>
#include <mm/types.h>

/* One file each, from a snapshot of its own. */
void report_buddyinfo(struct seq *out);
void report_slabinfo(struct seq *out);
void report_slabinfo_in_use(struct seq *out); /* boot: only caches with a slab, and how many not */
void report_zoneinfo(struct seq *out);
void report_meminfo(struct seq *out);
void report_vmstat(struct seq *out);
void report_zones(struct seq *out);	/* boot: one line a zone, for people */
void report_memmap(struct seq *out);	/* the raw block, then the sanitised map */
void report_ledger(struct seq *out);	/* where each byte of that map is: <mm/ledger.h> */

/**
 * report_dump() - memmap, buddyinfo, slabinfo, zoneinfo, meminfo and vmstat, the last five from one
 * snapshot, and the ledger, counted just after it; each between "==> NAME <==" and "==> end <=="
 * lines.
 */
void report_dump(struct seq *out);

/**
 * report_panic() - zones, buddyinfo and meminfo on the console, for panic_set_dump(). Takes no lock
 * in a panic.
 */
void report_panic(void);

/**
 * mm_verify() - walk every invariant of zones, page array, caches and slabs.
 * @out: broken ones are said there, at most 20. Return: how many were broken; 0 is good.
 */
unsigned int mm_verify(struct seq *out);
