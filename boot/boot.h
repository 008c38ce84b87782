/*
 * What the files of boot/ share. kernel/ and mm/ see only <kernel/port.h>.
 */
#pragma once

#include <kernel/port.h>
#include <mm/memmap.h>
#include <port/layout.h>

/* linker.ld: the image's parts, page-aligned, at their virtual addresses. */
extern char text_start[], text_end[];
extern char rodata_start[], rodata_end[];
extern char data_start[], image_end[];

/* The image's first byte is 1 MiB, where linker.ld puts it. */
#define IMAGE_START_PADDR	0x100000ULL

/* Physical address of something in the image. */
static inline uint64_t image_paddr(const void *object)
{
	return (uintptr_t)object - PORT_KERNEL_BASE;
}

/* ---- stacks.asm, stacks.c ------------------------------------------------ */

struct stack {
	const char *name;
	char *guard;			/* one unmapped page */
	char *bottom, *top;
};

#define NR_STACKS	4

enum stack_index { STACK_BOOT, STACK_DOUBLE_FAULT, STACK_NMI, STACK_MACHINE_CHECK };

/** boot_stacks - those of the boot CPU, ascending by address. */
extern const struct stack boot_stacks[NR_STACKS];

/** stack_guarded_by() - this CPU's stack whose guard page holds @address; NULL: it is in none. */
const struct stack *stack_guarded_by(uintptr_t address);

/** stack_holds() - do @bytes at @address, 8-byte aligned, lie in one of this CPU's stacks? */
bool stack_holds(uintptr_t address, size_t bytes);

/**
 * unwind() - return addresses from the frame at @rbp outwards, while frames lie in a known stack.
 * Return: how many of @max were filled in.
 */
unsigned int unwind(uintptr_t rbp, uintptr_t *addresses, unsigned int max);

/* ---- gdt.c, interrupts.c ------------------------------------------------- */

#define SEL_CODE	0x08		/* as in entry.asm's own table */
#define SEL_DATA	0x10
#define SEL_TSS		0x18

/* Interrupt stack table slots of the TSS, 1..7; 0 means the current stack. */
enum ist { IST_NONE, IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK };

struct cpu;

/** gdt_init() - @cpu's own segments, and a TSS with its interrupt stacks, for the running CPU; with
 *  those a machine check can be told, so that it is switched on. */
void gdt_init(struct cpu *cpu);

/**
 * traps_set_entry() - let exception @vector enter at @entry instead, on the stack that it always
 * has. For tests and benchmarks that single-step. Context: @vector is not raised meanwhile.
 * Return: the former entry, to be put back.
 */
uintptr_t traps_set_entry(unsigned int vector, uintptr_t entry);

/* ---- serial.c, time.c ---------------------------------------------------- */

/**
 * serial_init() - COM1, 115200 8N1.
 * Return: false when there is no UART: output then goes nowhere, at once.
 */
bool serial_init(void);

/** serial_drain() - wait, not for ever, until the last character is on the wire. */
void serial_drain(void);

/** time_init() - find the rate of the time stamp counter. Return: ticks a second. */
uint64_t time_init(void);

/** time_source() - what the rate was measured with, for people. */
const char *time_source(void);

/* ---- paging.c, window.c -------------------------------------------------- */

/**
 * paging_init() - build the final page tables from @map's RAM and switch to them: see paging.c.
 * @map: sealed; page tables come from early_alloc(), now and in port_back_page_array().
 * Return: 0; -ENOMEM.
 */
__must_check int paging_init(struct memmap *map);

/** paging_map_data() - @bytes at @paddr, page-aligned all, to be read and written at @vaddr too.
 *  Before mm_init(). Return: 0; -ENOMEM. */
__must_check int paging_map_data(void *vaddr, uint64_t paddr, size_t bytes);

/** paging_map_device() - the page of registers at @paddr, uncached. Before mm_init(); one device at
 *  most. Return: NULL: no memory. */
volatile void *paging_map_device(uint64_t paddr);

/** struct paging_stats - what paging_init() did; for people. */
struct paging_stats {
	uint64_t direct_pages[3];	/* pages of the direct map: 4 KiB, 2 MiB, 1 GiB */
	uint64_t nr_tables;
};

extern struct paging_stats paging_stats;

#define NR_WINDOWS	2
#define WINDOW_BYTES	(1UL << 20)

/**
 * map_firmware() - [@paddr, @paddr + @size) to read, in window @window; its old contents are gone.
 * For tables of the firmware, which need not lie in RAM and so not in the direct map.
 * Return: NULL when @size with its offset in the page is above WINDOW_BYTES, or the CPU cannot
 *         form the address.
 */
const void *map_firmware(unsigned int window, uint64_t paddr, size_t size);

/**
 * window_attach() - let the page tables at @root, seen through the direct map, have the windows.
 * Their top-level slot of KERNEL_BASE must hold a table already.
 */
void window_attach(uint64_t *root);

/** cpu_reach() - first physical address that the CPU cannot form. */
uint64_t cpu_reach(void);

/* ---- acpi.c, acpi_power.c ------------------------------------------------ */

/** acpi_note_rsdp() - a copy of the boot information's root pointer; a newer one replaces it. */
void acpi_note_rsdp(const void *rsdp, size_t len);

/**
 * acpi_init() - walk the tables: reserve those that lie in @map's usable memory, and learn how to
 * power off and reset. What is wrong with a table is said, and the table is left alone.
 * @map: all entries added, not sealed.
 */
void acpi_init(struct memmap *map);

/** acpi_power_off(), acpi_reset() - as the tables told; return when they did not, or in vain. */
void acpi_power_off(void);
void acpi_reset(void);
