/*
 * ACPI's tables as they lie in memory (ACPI 6.4, section 5.2), read byte by byte where fields are
 * not aligned.
 */
#pragma once

#include <kernel/compiler.h>

#include "madt.h"

#define ACPI_HEADER_BYTES	36U	/* signature, length, revision, checksum, names */

static inline uint32_t acpi_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static inline uint64_t acpi_u64(const uint8_t *at)
{
	return acpi_u32(at) | (uint64_t)acpi_u32(at + 4) << 32;
}

/**
 * acpi_power_learn() - take from the FADT and the DSDT, either NULL when it is bad, how to power
 * off and to reset.
 */
void acpi_power_learn(const uint8_t *fadt, size_t fadt_bytes, const uint8_t *dsdt,
		      size_t dsdt_bytes);

/** acpi_can_power_off() - do the tables say how? */
bool acpi_can_power_off(void);

/** acpi_madt - the CPUs, after acpi_init(); none when there is no table or a bad one (said). */
extern struct madt acpi_madt;
