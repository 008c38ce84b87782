/*
 * The local APIC: each CPU's own interrupt controller (Intel SDM volume 3, chapter 10).
 */
#pragma once

#include <kernel/compiler.h>

/* What apic_send() sends, besides a vector. */
#define APIC_SEND_NMI	0x400U
#define APIC_SEND_INIT	0x500U
#define APIC_SEND_START	0x600U		/* with the number of the start-up code's page */

#define APIC_TICK_HZ	100U		/* of the periodic timer of each CPU */

/**
 * apic_init() - find it, map it, and measure its timer. On the boot CPU, between paging_init() and
 * mm_init(). @paddr: of the registers by the MADT; 0: not known.
 * Return: false, said, when the CPU has none or it cannot be used: there are then no interrupts.
 */
bool apic_init(uint64_t paddr);

/** apic_cpu_init() - switch this CPU's on, and start its timer. Interrupts are masked. */
void apic_cpu_init(void);

/** apic_present() - did apic_init() find one? */
bool apic_present(void);

/** apic_ticks() - does its timer interrupt each CPU? */
bool apic_ticks(void);

/** apic_id() - of this CPU. */
uint32_t apic_id(void);

/** apic_reaches() - can an interrupt be sent to @id? Without x2APIC only ids below 255 can. */
bool apic_reaches(uint32_t id);

/** apic_eoi() - the handler has understood its interrupt. */
void apic_eoi(void);

/** apic_send() - send @what, a vector or APIC_SEND_, to APIC id @id. Context: any. */
void apic_send(uint32_t id, uint32_t what);

/** apic_print() - which one and how fast; for people. */
void apic_print(void);
