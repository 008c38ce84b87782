; From the boot loader's 32-bit protected mode to kernel_main() in the higher half.
;
; The loader leaves paging off, interrupts off, the magic in eax and the address of the boot
; information in ebx. This code and its tables are linked at their physical addresses; all else runs
; at KERNEL_BASE. The tables made here map the first 4 GiB with 2 MiB pages three times: where they
; are (for the jump), at DIRECT_MAP (so that the boot information can be read), and the first GiB at
; KERNEL_BASE. boot/paging.c replaces them by the real ones.

%include "boot/layout.inc"
%include "boot/long_mode.inc"

LOADER_MAGIC	equ 0x36d76289		; Multiboot2 Specification 2.0, section 3.3

EFLAGS_ID	equ 1 << 21		; can be changed: the CPU has CPUID
CPUID_NX	equ 1 << 20		; leaf 0x80000001, edx
CPUID_LM	equ 1 << 29

PTE_TABLE	equ 0x003		; present, writable
PTE_LARGE	equ 0x083		; the same, a 2 MiB page
LARGE_PAGE	equ 2 << 20		; bytes
NR_LARGE	equ 2048		; of them: 4 GiB

extern early_serial_init
extern early_serial_puts
extern early_stop
extern kernel_main
extern boot_stack_top

section .boot.text progbits alloc exec nowrite align=16
bits 32

global boot_entry:function (boot_entry.end - boot_entry)
boot_entry:
	cli
	cld
	mov esp, small_stack_top
	mov ebp, eax
	mov edi, ebx			; kernel_main()'s argument; nothing before the jump uses it
	call early_serial_init
	cmp ebp, LOADER_MAGIC
	jne .no_loader
	call check_cpu
	call make_tables

	mov eax, CR4_PAE		; and nothing of the firmware's: LA57 asks for other tables
	mov cr4, eax
	mov eax, boot_pml4
	mov cr3, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME | EFER_NXE
	wrmsr
	mov eax, cr0
	or eax, CR0_PG
	mov cr0, eax
	lgdt [boot_gdt_pointer]
	jmp SEL_CODE64:enter_long_mode
.no_loader:
	mov esi, text_no_loader
	call early_serial_puts
	jmp early_stop
.end:

; Say each thing that the CPU lacks, and stop if there was one.
; Changes all registers but edi and ebp.
check_cpu:
	pushfd
	pop eax
	mov ecx, eax
	xor eax, EFLAGS_ID
	push eax
	popfd
	pushfd
	pop eax
	cmp eax, ecx
	mov esi, text_no_cpuid
	je .stop

	push ebp
	mov eax, 0x80000000
	cpuid
	xor edx, edx
	cmp eax, 0x80000001		; a CPU without extended leaves answers with a small number
	jb .features
	mov eax, 0x80000001
	cpuid
.features:
	mov ebp, edx
	test ebp, CPUID_LM
	jnz .nx
	mov esi, text_no_long_mode
	call early_serial_puts
.nx:
	test ebp, CPUID_NX
	jnz .both
	mov esi, text_no_nx
	call early_serial_puts
.both:
	and ebp, CPUID_LM | CPUID_NX
	cmp ebp, CPUID_LM | CPUID_NX
	pop ebp
	jne early_stop
	ret
.stop:
	call early_serial_puts
	jmp early_stop

; Fill the boot tables; the loader has zeroed them. Changes eax, ecx, edx.
make_tables:
	mov dword [boot_pml4], boot_pdpt_low + PTE_TABLE
	mov dword [boot_pml4 + 8 * PML4_INDEX(DIRECT_MAP)], boot_pdpt_low + PTE_TABLE
	mov dword [boot_pml4 + 8 * PML4_INDEX(KERNEL_BASE)], boot_pdpt_high + PTE_TABLE
	mov dword [boot_pdpt_high + 8 * PDPT_INDEX(KERNEL_BASE)], boot_pds + PTE_TABLE
	mov dword [boot_pdpt_low], boot_pds + PTE_TABLE
	mov dword [boot_pdpt_low + 8], boot_pds + 0x1000 + PTE_TABLE
	mov dword [boot_pdpt_low + 16], boot_pds + 0x2000 + PTE_TABLE
	mov dword [boot_pdpt_low + 24], boot_pds + 0x3000 + PTE_TABLE
	mov eax, PTE_LARGE
	xor ecx, ecx
.next:
	mov [boot_pds + 8 * ecx], eax
	add eax, LARGE_PAGE
	inc ecx
	cmp ecx, NR_LARGE
	jne .next
	ret

bits 64
enter_long_mode:
	LOAD_DATA_SEGMENTS
	mov edi, edi			; the upper half is undefined after the switch of modes
	mov rax, enter_higher_half
	jmp rax

section .text progbits alloc exec nowrite align=16
global enter_higher_half:function (enter_higher_half.end - enter_higher_half)
enter_higher_half:
	mov rsp, boot_stack_top
	xor ebp, ebp			; the end of every backtrace
	call kernel_main
	ud2
.end:

; For linker.ld, which asserts that it is the same as its own.
global layout_kernel_base
layout_kernel_base	equ KERNEL_BASE

section .boot.rodata progbits alloc noexec nowrite align=8
boot_gdt:
	GDT_ENTRIES
boot_gdt_pointer:
	dw boot_gdt_pointer - boot_gdt - 1
	dd boot_gdt

text_no_loader:		db "quire: not started by a multiboot2 loader: "
			db "eax does not hold 0x36d76289", 10, 0
text_no_cpuid:		db "quire: this CPU has no CPUID instruction", 10, 0
text_no_long_mode:	db "quire: this CPU has no long mode (64-bit)", 10, 0
text_no_nx:		db "quire: this CPU has no NX bit (pages that cannot be executed)", 10, 0

section .boot.bss nobits alloc noexec write align=4096
global boot_pml4
boot_pml4:	resb 0x1000
boot_pdpt_low:	resb 0x1000
boot_pdpt_high:	resb 0x1000
boot_pds:	resb 0x4000
		resb 0x100
small_stack_top:
