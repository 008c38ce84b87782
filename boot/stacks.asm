; The stacks: that of the boot CPU, and one for each exception that may not trust the current one.
; Below each lies a guard page that boot/paging.c leaves unmapped, so that an overflow is an
; exception and not damage.

%include "boot/layout.inc"

BOOT_STACK_BYTES	equ 64 << 10	; kernel_main() and all under it: console, tests, reports
IST_STACK_BYTES		equ 16 << 10	; one report of an exception

section .bss.stacks nobits alloc noexec write align=4096

%macro guarded_stack 2			; name, bytes
global %1_guard, %1, %1_top
%1_guard:	resb PAGE_SIZE
%1:		resb %2
%1_top:
%endmacro

	guarded_stack boot_stack, BOOT_STACK_BYTES
	guarded_stack double_fault_stack, IST_STACK_BYTES
	guarded_stack nmi_stack, IST_STACK_BYTES
	guarded_stack machine_check_stack, IST_STACK_BYTES
