/*
 * The local APIC, by either of its two faces: x2APIC, registers that are MSRs and ids of 32 bits,
 * when the CPU has it; else xAPIC, registers in memory, mapped uncached, and ids of 8 bits. Both
 * have the same registers, an MSR's number being 0x800 + offset / 16; only the one that sends
 * interrupts is one write in x2APIC and two in xAPIC. Firmware may have switched to x2APIC already,
 * and there is no way back but a reset: so what the CPU can do decides.
 *
 * The timer counts down from a value at the bus's rate, divided by 16. The rate is measured once,
 * against the time stamp counter: all CPUs have the same bus.
 */
#include <kernel/print.h>
#include <mm/page.h>

#include "apic.h"
#include "boot.h"
#include "cpu.h"
#include "interrupts.h"

#define MSR_APIC_BASE	0x1bU
#define BASE_X2APIC	(1ULL << 10)
#define BASE_ENABLE	(1ULL << 11)
#define BASE_PADDR	CR3_ADDRESS
#define MSR_X2APIC	0x800U

#define CPUID1_APIC	(1U << 9)	/* leaf 1, edx */
#define CPUID1_X2APIC	(1U << 21)	/* leaf 1, ecx */

/* Registers, byte offsets. */
#define REG_ID		0x20U
#define REG_TPR		0x80U
#define REG_EOI		0xb0U
#define REG_SPURIOUS	0xf0U
#define REG_ICR		0x300U
#define REG_ICR_HIGH	0x310U
#define REG_TIMER	0x320U
#define REG_LINT0	0x350U
#define REG_LINT1	0x360U
#define REG_ERROR	0x370U
#define REG_COUNT	0x380U
#define REG_CURRENT	0x390U
#define REG_DIVIDE	0x3e0U

#define SPURIOUS_ENABLE	0x100U
#define LVT_MASKED	0x10000U
#define LVT_NMI		0x400U
#define TIMER_PERIODIC	0x20000U
#define DIVIDE_BY_16	0x3U
#define ICR_ASSERT	0x4000U
#define ICR_PENDING	0x1000U

#define MAX_XAPIC_ID	254U		/* 255 means all */
#define MAX_POLLS	100000U		/* of a pending interrupt: well over microseconds */
#define MEASURE_NS	10000000ULL	/* 10 ms */
#define MIN_COUNT	100U		/* of the timer in a tick; a slower one is no timer */

static enum { APIC_NONE, APIC_X, APIC_X2 } kind;
static volatile uint32_t *registers;	/* APIC_X */
static uint32_t count_per_tick;		/* 0: no timer */

static uint32_t apic_read(uint32_t reg)
{
	return kind == APIC_X2 ? (uint32_t)rdmsr(MSR_X2APIC + reg / 16) : registers[reg / 4];
}

static void apic_write(uint32_t reg, uint32_t value)
{
	if (kind == APIC_X2)
		wrmsr(MSR_X2APIC + reg / 16, value);
	else
		registers[reg / 4] = value;
}

static void switch_on(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (kind == APIC_X2)
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	apic_write(REG_TPR, 0);
	apic_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

static void measure_timer(void)
{
	uint64_t start, passed;
	uint32_t counted;

	apic_write(REG_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(REG_DIVIDE, DIVIDE_BY_16);
	apic_write(REG_COUNT, UINT32_MAX);
	start = port_ticks();
	do {
		cpu_pause();
		passed = port_ticks_to_ns(port_ticks() - start);
	} while (passed < MEASURE_NS);
	counted = UINT32_MAX - apic_read(REG_CURRENT);
	apic_write(REG_COUNT, 0);
	count_per_tick = (uint32_t)(counted * (1000000000ULL / APIC_TICK_HZ) / passed);
	if (count_per_tick < MIN_COUNT) {
		pr_warn("APIC: its timer does not count, there are no ticks\n");
		count_per_tick = 0;
	}
}

bool apic_init(uint64_t paddr)
{
	uint64_t base;

	if (!(cpuid_or_zero(1).edx & CPUID1_APIC)) {
		pr_warn("APIC: the CPU has none, there are no interrupts\n");
		return false;
	}
	base = rdmsr(MSR_APIC_BASE);
	if (cpuid_or_zero(1).ecx & CPUID1_X2APIC) {
		kind = APIC_X2;
	} else {
		if (paddr && paddr != (base & BASE_PADDR))
			pr_warn("APIC: at 0x%llx by the MADT, at 0x%llx by the CPU: that is used\n",
				(unsigned long long)paddr,
				(unsigned long long)(base & BASE_PADDR));
		registers = paging_map_device(base & BASE_PADDR);
		if (!registers) {
			pr_warn("APIC: no memory to map it, there are no interrupts\n");
			return false;
		}
		kind = APIC_X;
	}
	switch_on();
	measure_timer();
	return true;
}

/* What comes over the PIC stays out; but the board's NMI button is wired to LINT1. */
void apic_cpu_init(void)
{
	switch_on();
	apic_write(REG_LINT0, LVT_MASKED);
	apic_write(REG_LINT1, LVT_NMI);
	apic_write(REG_ERROR, LVT_MASKED);
	if (count_per_tick) {
		apic_write(REG_DIVIDE, DIVIDE_BY_16);
		apic_write(REG_TIMER, TIMER_PERIODIC | VECTOR_TIMER);
		apic_write(REG_COUNT, count_per_tick);
	}
	apic_eoi();
}

bool apic_present(void)
{
	return kind != APIC_NONE;
}

bool apic_ticks(void)
{
	return count_per_tick != 0;
}

uint32_t apic_id(void)
{
	return kind == APIC_X2 ? apic_read(REG_ID) : apic_read(REG_ID) >> 24;
}

bool apic_reaches(uint32_t id)
{
	return kind == APIC_X2 || (kind == APIC_X && id <= MAX_XAPIC_ID);
}

void apic_eoi(void)
{
	apic_write(REG_EOI, 0);
}

/* Masked: a handler that sends between the two writes would change the receiver. */
void apic_send(uint32_t id, uint32_t what)
{
	unsigned long flags = port_irq_save();

	if (kind == APIC_X2) {
		/* The write to the MSR does not wait for stores. */
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC + REG_ICR / 16, (uint64_t)id << 32 | ICR_ASSERT | what);
	} else {
		apic_write(REG_ICR_HIGH, id << 24);
		apic_write(REG_ICR, ICR_ASSERT | what);
		for (unsigned int i = 0; i < MAX_POLLS && (apic_read(REG_ICR) & ICR_PENDING); i++)
			cpu_pause();
	}
	port_irq_restore(flags);
}

void apic_print(void)
{
	pr_info("APIC: %s, timer %u Hz (%u counts a tick)\n", kind == APIC_X2 ? "x2APIC" : "xAPIC",
		count_per_tick ? APIC_TICK_HZ : 0, count_per_tick);
}
