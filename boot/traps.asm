; One stub for each of the CPU's 32 exceptions: make the stack look like struct trap_frame and hand
; it to trap_report(). Nothing returns from there: every exception ends the kernel.

NR_TRAPS	equ 32			; Intel SDM volume 3, section 6.3.1

; Exceptions for which the CPU pushes an error code itself (Intel SDM volume 3, table 6-1).
%define HAS_ERROR(n)	((n) == 8 || ((n) >= 10 && (n) <= 14) || (n) == 17 || (n) == 21 || \
			 (n) == 29 || (n) == 30)

extern trap_report

section .text progbits alloc exec nowrite align=16
bits 64

%assign n 0
%rep NR_TRAPS
trap_stub_ %+ n:
	%if !HAS_ERROR(n)
	push 0
	%endif
	push n
	jmp trap_common
	%assign n n + 1
%endrep

global trap_common:function (trap_common.end - trap_common)
trap_common:
	push rax
	push rbx
	push rcx
	push rdx
	push rsi
	push rdi
	push rbp
	push r8
	push r9
	push r10
	push r11
	push r12
	push r13
	push r14
	push r15
	cld
	mov rdi, rsp
	and rsp, -16
	call trap_report
	ud2
.end:

section .rodata progbits alloc noexec nowrite align=8
global trap_stubs
trap_stubs:
%assign n 0
%rep NR_TRAPS
	dq trap_stub_ %+ n
	%assign n n + 1
%endrep
