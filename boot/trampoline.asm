; Where a CPU begins that is started by another one: in real mode, at the start of a page below 1
; MiB that holds a copy of this code. It goes to long mode in one step, under the boot page
; tables, whose identity map holds the page; then asks whether it is the one that is being waited
; for; and then jumps to the higher half. See smp.c for the protocol.

%include "boot/layout.inc"
%include "boot/long_mode.inc"

CR0_PE		equ 1 << 0
CR0_NE		equ 1 << 5
CR0_WP		equ 1 << 16
CR0_NW		equ 1 << 29		; with CD: caches off, as INIT leaves them
CR0_CD		equ 1 << 30

CLAIMED		equ 0xffffffff		; TRAMPOLINE_CLAIMED of smp.h

%define AT(label) ((label) - trampoline_start)

extern smp_main

section .rodata progbits alloc noexec nowrite align=16
bits 16

global trampoline_start, trampoline_end, trampoline_data
trampoline_start:
	cli
	cld
	mov ax, cs
	mov ds, ax
	o32 lgdt [AT(gdt_pointer)]
	mov eax, CR4_PAE
	mov cr4, eax
	mov eax, [AT(boot_cr3)]
	mov cr3, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME | EFER_NXE
	wrmsr
	mov eax, cr0
	and eax, ~(CR0_CD | CR0_NW) & 0xffffffff
	or eax, CR0_PG | CR0_PE | CR0_WP | CR0_NE
	mov cr0, eax
	jmp dword far [AT(jump)]

bits 64
long_mode:
	LOAD_DATA_SEGMENTS

	; This CPU's APIC id, into edx: all 32 bits if the CPU can say them.
	cpuid
	cmp eax, 0xb
	jb .id_of_8_bits
	mov eax, 0xb
	xor ecx, ecx
	cpuid
	test ebx, ebx
	jnz .claim
.id_of_8_bits:
	mov eax, 1
	cpuid
	mov edx, ebx
	shr edx, 24
.claim:
	lea eax, [rdx + 1]
	mov ecx, CLAIMED
	lock cmpxchg [rel wanted], ecx
	jne .late
	mov rdx, [rel kernel_cr3]
	mov rdi, [rel cpu_area]
	mov rsi, [rel stack_top]
	mov rax, enter_cpu
	jmp rax
.late:					; given up, or not asked for
	cli
	hlt
	jmp .late

align 8, db 0
gdt:
	GDT_ENTRIES
gdt_pointer:
	dw gdt_pointer - gdt - 1
.base:	dd AT(gdt)
	dw 0

; An error, a negative count, when a label does not stand where struct trampoline_data has it.
%macro STANDS_AT 2
	times -((%1) - trampoline_data != (%2)) db 0
%endmacro

; struct trampoline_data of smp.h, which asserts the same offsets.
align 8, db 0
trampoline_data:
jump:
	dd AT(long_mode)
	dw SEL_CODE64
	dw AT(gdt_pointer.base)
boot_cr3:	dd 0
wanted:		dd 0
kernel_cr3:	dq 0
cpu_area:	dq 0
stack_top:	dq 0
trampoline_end:
	STANDS_AT boot_cr3, 8
	STANDS_AT wanted, 12
	STANDS_AT kernel_cr3, 16
	STANDS_AT cpu_area, 24
	STANDS_AT stack_top, 32
	STANDS_AT trampoline_end, 40

section .text progbits alloc exec nowrite align=16
; Mapped by the boot tables and by the kernel's: the change from one to the other happens here.
global enter_cpu:function (enter_cpu.end - enter_cpu)
enter_cpu:
	mov cr3, rdx
	mov rsp, rsi
	xor ebp, ebp			; the end of every backtrace
	call smp_main
	ud2
.end:
