; The multiboot2 header (Multiboot2 Specification 2.0, section 3.1). It stands in the first 32 KiB
; of the image, 8-byte aligned; the checksum makes the four words add up to 0. Loading addresses and
; the entry come from the ELF headers.

MAGIC		equ 0xe85250d6
ARCH_I386	equ 0			; 32-bit protected mode at the entry

TAG_END		equ 0
TAG_INFO	equ 1			; kinds of information that the kernel wants
INFO_MEMORY_MAP	equ 6			; the one that it cannot do without
TAG_FRAMEBUFFER	equ 5			; pixels are fine too: without it GRUB warns on UEFI
TAG_OPTIONAL	equ 1

section .multiboot2 progbits alloc noexec nowrite align=8

header:
	dd MAGIC, ARCH_I386, header.end - header
	dd -(MAGIC + ARCH_I386 + (header.end - header)) & 0xffffffff
align 8, db 0
.info:
	dw TAG_INFO, 0
	dd .info_end - .info
	dd INFO_MEMORY_MAP
.info_end:
align 8, db 0
.screen:
	dw TAG_FRAMEBUFFER, TAG_OPTIONAL
	dd .screen_end - .screen
	dd 0, 0, 0			; width, height, depth: any
.screen_end:
align 8, db 0
	dw TAG_END, 0
	dd 8
.end:
