; One stub for each of the CPU's 256 vectors: make the stack look like struct trap_frame
; (interrupts.h), hand it to interrupt_dispatch(), and go back to where the frame says, which need
; not be where it came from.

NR_VECTORS	equ 256
LAST_TRAP	equ 31			; Intel SDM volume 3, section 6.3.1

; Exceptions for which the CPU pushes an error code itself (Intel SDM volume 3, table 6-1).
%define HAS_ERROR(n)	((n) == 8 || ((n) >= 10 && (n) <= 14) || (n) == 17 || (n) == 21 || \
			 (n) == 29 || (n) == 30)

extern interrupt_dispatch

section .text progbits alloc exec nowrite align=16
bits 64

%assign n 0
%rep NR_VECTORS
vector_stub_ %+ n:
	%if n > LAST_TRAP || !HAS_ERROR(n)
	push 0
	%endif
	push n
	jmp interrupt_common
	%assign n n + 1
%endrep

; The CPU aligned the stack to 16 bytes before its own 5 words; 17 more leave it so for the call.
global interrupt_common:function (interrupt_common.end - interrupt_common)
interrupt_common:
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
	call interrupt_dispatch
	pop r15
	pop r14
	pop r13
	pop r12
	pop r11
	pop r10
	pop r9
	pop r8
	pop rbp
	pop rdi
	pop rsi
	pop rdx
	pop rcx
	pop rbx
	pop rax
	add rsp, 16			; vector and error code
	iretq
.end:

section .rodata progbits alloc noexec nowrite align=8
global vector_stubs
vector_stubs:
%assign n 0
%rep NR_VECTORS
	dq vector_stub_ %+ n
	%assign n n + 1
%endrep
