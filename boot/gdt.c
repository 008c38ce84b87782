/*
 * Segments, a table for each CPU. Long mode needs a code segment, a data segment for ss, and the
 * TSS for its interrupt stack table; formats: Intel SDM volume 3, sections 3.4.5 and 8.7.
 */
#include "cpu.h"
#include "smp.h"

#define CPUID1_MCE	(1U << 7)	/* leaf 1, edx */

#define DESC_CODE64	0x00af9a000000ffffULL	/* present, ring 0, execute and read, 64-bit */
#define DESC_DATA	0x00cf92000000ffffULL	/* present, ring 0, read and write */
#define DESC_TSS	0x0000890000000000ULL	/* present, available 64-bit TSS */

static void set_ist(struct cpu *cpu, enum ist ist, enum stack_index stack)
{
	uint64_t top = (uintptr_t)cpu->stacks[stack].top;

	cpu->tss.ist[ist - 1][0] = (uint32_t)top;
	cpu->tss.ist[ist - 1][1] = (uint32_t)(top >> 32);
}

void gdt_init(struct cpu *cpu)
{
	uint64_t *gdt = cpu->gdt, base = (uintptr_t)&cpu->tss;
	struct descriptor_pointer pointer = { sizeof(cpu->gdt) - 1, (uintptr_t)gdt };

	set_ist(cpu, IST_DOUBLE_FAULT, STACK_DOUBLE_FAULT);
	set_ist(cpu, IST_NMI, STACK_NMI);
	set_ist(cpu, IST_MACHINE_CHECK, STACK_MACHINE_CHECK);
	cpu->tss.io_bitmap = sizeof(cpu->tss);

	gdt[SEL_CODE / 8] = DESC_CODE64;
	gdt[SEL_DATA / 8] = DESC_DATA;
	gdt[SEL_TSS / 8] = DESC_TSS | (sizeof(cpu->tss) - 1) | (base & 0xffffffU) << 16 |
			   (base >> 24 & 0xffU) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;

	/* cs keeps its selector, and the descriptor there is the same as in entry.asm's table. */
	__asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" : : "r"(SEL_DATA) : "memory");
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS) : "memory");
	if (cpuid_or_zero(1).edx & CPUID1_MCE)	/* it has a stack to run on now */
		write_cr4(read_cr4() | CR4_MCE);
}
