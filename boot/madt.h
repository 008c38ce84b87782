/*
 * The list of CPUs that ACPI gives: the Multiple APIC Description Table (ACPI 6.4, section 5.2.12).
 */
#pragma once

#include <kernel/compiler.h>

#define MADT_MAX_CPUS	256U

/**
 * struct madt - what madt_parse() found.
 * @apic_paddr:  of the local APICs' registers
 * @apic_id:     of the CPUs that may be started, each once, in the table's order
 * @nr:          of them
 * @nr_disabled: CPUs that are not there or not to be used; not counting those without a number
 * @nr_beyond:   CPUs that found no room in @apic_id
 */
struct madt {
	uint64_t apic_paddr;
	uint32_t nr, nr_disabled, nr_beyond;
	uint32_t apic_id[MADT_MAX_CPUS];
};

/**
 * madt_parse() - read the table at @table.
 * @readable: bytes that may be read there; the table's own length may be smaller
 * @why:      @why_size bytes for what is wrong
 *
 * Return: 0. -EINVAL with *@why saying what is wrong and at which byte: *@madt then holds what was
 *         sound before it.
 */
int madt_parse(const void *table, size_t readable, struct madt *madt, char *why, size_t why_size);
