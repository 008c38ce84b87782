/*
 * The power switch and the reset button, as the FADT describes them
 * (ACPI 6.4, sections 4.8 and 5.2.9).
 *
 * Powering off means writing a sleep type to a register. The type is in the DSDT, which is byte
 * code for an interpreter; Quire has none and looks for the one declaration that matters, Name
 * (_S5_, Package () { a, b, ... }), whose encoding (section 20.2) begins with constants in every
 * table known. What was learnt is kept by value: the tables' memory may be handed out later.
 */
#include <kernel/string.h>

#include "acpi.h"
#include "boot.h"
#include "cpu.h"

/* Byte offsets in the FADT. */
#define FADT_SMI_CMD	48U
#define FADT_ACPI_ENABLE 52U
#define FADT_PM1A_CNT	64U
#define FADT_PM1B_CNT	68U
#define FADT_FLAGS	112U
#define FADT_RESET_REG	116U		/* address space, width, offset, access size, address */
#define FADT_RESET_VALUE 128U
#define FADT_RESET_END	129U

#define FLAG_RESET_REG	(1U << 10)
#define SPACE_IO	1U

/* PM1 control register. */
#define SCI_EN		0x0001U		/* ACPI mode is on */
#define SLP_EN		0x2000U
#define SLP_TYP_SHIFT	10
#define SLP_TYP_MASK	0x1c00U

#define MAX_POLLS	1000000U

#define AML_BYTE	0x0aU		/* prefix of a number; 0 and 1 are opcodes of their own */
#define AML_NAME	0x08U
#define AML_PACKAGE	0x12U

static struct {
	uint16_t pm1a, pm1b;		/* I/O ports; 0: none */
	uint8_t type_a, type_b;
	bool type_known;
	uint16_t smi_cmd;
	uint8_t acpi_enable;
	uint16_t reset_port;
	uint8_t reset_value;
} power;

/* A small number in AML at *@at. Return: false when it is something else or behind @end. */
static bool aml_number(const uint8_t **at, const uint8_t *end, uint8_t *value)
{
	if (*at < end && **at == AML_BYTE)
		(*at)++;
	else if (*at >= end || **at > 1)
		return false;
	if (*at >= end)
		return false;
	*value = *(*at)++;
	return true;
}

/* @at: behind the name _S5_. */
static bool parse_s5(const uint8_t *at, const uint8_t *end)
{
	uint8_t a, b;

	if (end - at < 3 || *at++ != AML_PACKAGE)
		return false;
	at += 1 + (*at >> 6);		/* package length: its top bits count further bytes */
	at++;				/* number of elements */
	if (at >= end || !aml_number(&at, end, &a) || !aml_number(&at, end, &b))
		return false;
	power.type_a = a & 7;
	power.type_b = b & 7;
	return true;
}

static bool find_s5(const uint8_t *dsdt, size_t bytes)
{
	const uint8_t *end = dsdt + bytes;

	for (const uint8_t *at = dsdt + ACPI_HEADER_BYTES + 2; end - at >= 4; at++) {
		if (memcmp(at, "_S5_", 4) != 0)
			continue;
		if (at[-1] != AML_NAME && !(at[-1] == '\\' && at[-2] == AML_NAME))
			continue;
		if (parse_s5(at + 4, end))
			return true;
	}
	return false;
}

static uint16_t port_field(const uint8_t *fadt, unsigned int offset)
{
	uint32_t port = acpi_u32(fadt + offset);

	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

void acpi_power_learn(const uint8_t *fadt, size_t fadt_bytes, const uint8_t *dsdt,
		      size_t dsdt_bytes)
{
	if (fadt_bytes >= FADT_FLAGS + 4) {
		power.smi_cmd = port_field(fadt, FADT_SMI_CMD);
		power.acpi_enable = fadt[FADT_ACPI_ENABLE];
		power.pm1a = port_field(fadt, FADT_PM1A_CNT);
		power.pm1b = port_field(fadt, FADT_PM1B_CNT);
	}
	if (fadt_bytes >= FADT_RESET_END && (acpi_u32(fadt + FADT_FLAGS) & FLAG_RESET_REG) &&
	    fadt[FADT_RESET_REG] == SPACE_IO && acpi_u64(fadt + FADT_RESET_REG + 4) <= UINT16_MAX) {
		power.reset_port = (uint16_t)acpi_u64(fadt + FADT_RESET_REG + 4);
		power.reset_value = fadt[FADT_RESET_VALUE];
	}
	if (dsdt)
		power.type_known = find_s5(dsdt, dsdt_bytes);
}

bool acpi_can_power_off(void)
{
	return power.pm1a != 0 && power.type_known;
}

static void sleep(uint16_t port, uint8_t type)
{
	uint32_t value = (inw(port) & ~(SLP_TYP_MASK | SLP_EN)) | (uint32_t)type << SLP_TYP_SHIFT;

	outw(port, (uint16_t)value);
	outw(port, (uint16_t)(value | SLP_EN));
}

void acpi_power_off(void)
{
	if (!acpi_can_power_off())
		return;
	if (!(inw(power.pm1a) & SCI_EN) && power.smi_cmd && power.acpi_enable) {
		outb(power.smi_cmd, power.acpi_enable);
		for (unsigned int i = 0; i < MAX_POLLS && !(inw(power.pm1a) & SCI_EN); i++)
			cpu_pause();
	}
	sleep(power.pm1a, power.type_a);
	if (power.pm1b)
		sleep(power.pm1b, power.type_b);
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		cpu_pause();
}

void acpi_reset(void)
{
	if (!power.reset_port)
		return;
	outb(power.reset_port, power.reset_value);
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		cpu_pause();
}
