/*
 * What interrupts.asm makes of the stack, and who is told.
 */
#pragma once

#include <kernel/compiler.h>

#define NR_TRAPS	32U		/* vectors of the CPU's own exceptions */
#define TRAP_DEBUG	1U
#define TRAP_NMI	2U
#define TRAP_DOUBLE_FAULT 8U
#define TRAP_PAGE_FAULT	14U
#define TRAP_MACHINE_CHECK 18U

/* Vectors of interrupts. The PIC's 16 are masked, but may still send a spurious one. */
#define VECTOR_PIC	0x20U
#define VECTOR_TIMER	0xf0U
#define VECTOR_CALL	0xf1U		/* another CPU wants a function run here */
#define VECTOR_WAKE	0xf2U		/* another CPU has work for this one's idle loop */
#define VECTOR_SPURIOUS	0xffU		/* low 4 bits set, as old local APICs want it; no EOI */

/* As interrupts.asm and the CPU push it, last word first. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/** trap_report() - say what the exception was, and stop with PORT_TRAP. */
_Noreturn void trap_report(const struct trap_frame *frame);

/** interrupts_init() - fill the table of vectors, and load it. After gdt_init(); once. */
void interrupts_init(void);

/** interrupts_load() - load the table on another CPU. */
void interrupts_load(void);

/** pic_mask() - the two 8259A send nothing any more; what they still do is above the exceptions. */
void pic_mask(void);
