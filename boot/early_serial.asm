; The serial port for the few lines that entry.asm may have to say before there is a kernel:
; polled, 32-bit.

COM1		equ 0x3f8
UART_DATA	equ COM1 + 0		; with DLAB set: divisor, low byte
UART_IER	equ COM1 + 1		; with DLAB set: divisor, high byte
UART_FCR	equ COM1 + 2
UART_LCR	equ COM1 + 3
UART_MCR	equ COM1 + 4
UART_LSR	equ COM1 + 5
LSR_THRE	equ 0x20		; room for a character
POLLS		equ 100000		; before a character is given up: no UART there

DEBUG_EXIT	equ 0xf4		; QEMU's isa-debug-exit, where the tests put it
EXIT_UNFIT	equ 0x14		; QEMU leaves with 2 * value + 1

section .boot.text progbits alloc exec nowrite align=16
bits 32

%macro out_byte 2
	mov dx, %1
	mov al, %2
	out dx, al
%endmacro

; 115200 baud, 8N1, FIFO on, no interrupts. Changes eax, edx.
global early_serial_init:function (early_serial_init.end - early_serial_init)
early_serial_init:
	out_byte UART_IER, 0
	out_byte UART_LCR, 0x80
	out_byte UART_DATA, 1
	out_byte UART_IER, 0
	out_byte UART_LCR, 0x03
	out_byte UART_FCR, 0x07
	out_byte UART_MCR, 0x03
	ret
.end:

; Write the string at esi, "\n" as "\r\n". Changes eax, ecx, edx, esi.
global early_serial_puts:function (early_serial_puts.end - early_serial_puts)
early_serial_puts:
	mov ah, [esi]
	inc esi
	test ah, ah
	jz .done
	cmp ah, 10
	jne .char
	mov ah, 13
	call put_char
	mov ah, 10
.char:
	call put_char
	jmp early_serial_puts
.done:
	ret
.end:

put_char:
	mov ecx, POLLS
	mov dx, UART_LSR
.wait:
	in al, dx
	test al, LSR_THRE
	jnz .ready
	loop .wait
	ret
.ready:
	mov dx, UART_DATA
	mov al, ah
	out dx, al
	ret

; The machine is not fit for the kernel: tell QEMU, or halt for good.
global early_stop:function (early_stop.end - early_stop)
early_stop:
	mov dx, DEBUG_EXIT
	mov eax, EXIT_UNFIT
	out dx, eax
.halt:
	cli
	hlt
	jmp .halt
.end:
