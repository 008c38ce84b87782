# Quire's build. `make help` lists the targets; docs/testing.md explains the tests, whose rules are
# in tests/rules.mk.
#
#   CC=gcc|clang  compiler; each builds under build/$(CC)/      V=1  show the commands
#   DEBUG=1       with the checks that cost time, under build/$(CC)-debug/
#   STACKS=portable   the stacks of stack_portable.h, under build/$(CC)-portable/

MAKEFLAGS += -rR
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

VERSION := 0.1.0

ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
# The name of a folder and of a tool that is looked for.
ifneq ($(filter gcc clang,$(CC)) $(words $(CC)),$(CC) 1)
$(error CC=$(CC): expected gcc or clang)
endif
STACKS ?= restartable
ifeq ($(filter restartable portable,$(STACKS)),)
$(error STACKS=$(STACKS): expected restartable or portable)
endif
OUT := build/$(CC)$(if $(filter-out 0,$(DEBUG)),-debug)$(if $(filter portable,$(STACKS)),-portable)
NOECHO := $(if $(V),,@)

# The machine that `run` and `debug` start.
MEM ?= 512M
SMP ?= 1
FIRMWARE ?= bios
MACHINE ?= pc
CMDLINE ?=
QEMU ?= qemu-system-x86_64
OVMF ?= /usr/share/OVMF

# ---- Sources, in link order --------------------------------------------------

BOOT_ASMS := boot/header.asm boot/entry.asm boot/early_serial.asm boot/stacks.asm \
	boot/interrupts.asm boot/trampoline.asm

BOOT_INCS := boot/layout.inc boot/long_mode.inc

BOOT_SRCS := boot/main.c boot/boot_info.c boot/multiboot2.c boot/options.c boot/paging.c \
	boot/window.c boot/acpi.c boot/acpi_power.c boot/madt.c boot/gdt.c boot/interrupts.c \
	boot/traps.c boot/apic.c boot/smp.c boot/ipi.c boot/stacks.c boot/serial.c boot/time.c \
	boot/symbols.c boot/port.c

KERNEL_SRCS := kernel/string.c kernel/parse.c kernel/printf.c kernel/print.c kernel/panic.c \
	kernel/percpu.c kernel/spinlock.c kernel/work.c kernel/cmdline.c kernel/command.c \
	kernel/edit.c kernel/console.c kernel/ktest.c

MM_SRCS := mm/memmap.c mm/memmap_print.c mm/early.c mm/zone.c mm/buddy.c mm/watermark.c \
	mm/page_alloc.c mm/page_cpu.c mm/page_exact.c mm/reclaim.c mm/slab.c mm/sheaf.c \
	mm/cache.c mm/kernel_caches.c mm/kmalloc.c mm/bug.c mm/mm.c mm/snapshot.c mm/report.c \
	mm/report_zones.c mm/report_totals.c mm/ledger.c mm/report_ledger.c mm/verify.c mm/commands.c \
	mm/commands_alloc.c mm/fault.c mm/fault_control.c mm/commands_fault.c

SUITE_SRCS := $(addprefix tests/suites/,arena.c closed.c string_test.c parse_test.c printf_test.c \
	cmdline_test.c command_test.c edit_test.c ktest_test.c spinlock_test.c stack_test.c \
	smp_test.c multiboot2_test.c madt_test.c memmap_test.c early_test.c zone_test.c \
	buddy_test.c page_alloc_test.c page_bug_test.c \
	reclaim_test.c oom_test.c page_model_test.c textbook_test.c slab_test.c fullest_test.c \
	cache_test.c kmalloc_test.c object_bug_test.c object_model_test.c report_test.c \
	commands_test.c sheaf_test.c page_cpu_test.c smp_alloc_test.c ledger_test.c \
	ledger_object_test.c fault_test.c fault_nth.c fault_nth_test.c fault_trace_test.c \
	verify_test.c limits_test.c)

BENCH_SRCS := $(addprefix tests/bench/,bench.c step.c step_test.c objects.c pages.c cpus.c)

SOAK_SRCS := tests/soak/soak.c tests/panics/panics.c

# ---- Flags -------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wconversion -Wno-sign-conversion \
	-Wmissing-prototypes -Wstrict-prototypes
# The compiler's own headers are asked for when it runs: it may not be installed yet when this file
# is read.
CFLAGS := -std=gnu11 -ffreestanding -O2 -g $(WARNINGS) -m64 -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-momit-leaf-frame-pointer -ffunction-sections -fdata-sections -nostdinc \
	-isystem $$($(CC) -print-file-name=include) \
	-I. -Iinclude $(if $(filter portable,$(STACKS)),-Iboot/portable) -Iboot/include \
	-DQUIRE_VERSION='"$(VERSION)"'
ifneq ($(filter-out 0,$(DEBUG)),)
CFLAGS += -DDEBUG=1
endif
ASFLAGS := -f elf64 -g -F dwarf -w+all -Werror -I./
LDFLAGS := -m elf_x86_64 -static -nostdlib -T linker.ld --gc-sections --orphan-handling=error \
	--build-id=none -z max-page-size=4096 -z noexecstack --fatal-warnings

C_OBJS := $(patsubst %.c,$(OUT)/%.o,$(BOOT_SRCS) $(KERNEL_SRCS) $(MM_SRCS) $(SUITE_SRCS) \
	$(BENCH_SRCS) $(SOAK_SRCS))
ASM_OBJS := $(patsubst %.asm,$(OUT)/%.asm.o,$(BOOT_ASMS))
OBJS := $(ASM_OBJS) $(C_OBJS)

# ---- Tools -------------------------------------------------------------------

# A recipe that uses a tool has need-TOOL as an order-only prerequisite. Probed then and not when
# this file is read, so that `make deps check` works where nothing is installed yet.
TOOLS := gcc clang nasm ld nm objcopy awk python3 grub-mkrescue grub-file xorriso mformat gdb \
	$(QEMU) clang-tidy-14 cppcheck gcov
NEEDS := $(addprefix need-,$(TOOLS))
.PHONY: $(NEEDS) need-ovmf need-grub-images
$(NEEDS): need-%:
	@command -v $* >/dev/null || { echo "$* not found: run \`make deps\`" >&2; exit 1; }
need-ovmf:
	@test -f $(OVMF)/OVMF_CODE.fd || { echo "OVMF not found: run \`make deps\`" >&2; exit 1; }
need-grub-images:
	@for i in i386-pc x86_64-efi; do test -d /usr/lib/grub/$$i || { \
		echo "GRUB's $$i image not found: run \`make deps\`" >&2; exit 1; }; done
ifneq ($(filter deps,$(MAKECMDGOALS)),)
$(NEEDS) need-ovmf need-grub-images: | deps
endif

# PROGRAM:PACKAGE of Debian 12; a path stands for a package that brings no program.
DEPS := gcc:gcc clang:clang ld:binutils nasm:nasm awk:mawk /usr/bin/python3:python3 \
	grub-mkrescue:grub-common /usr/lib/grub/i386-pc:grub-pc-bin \
	/usr/lib/grub/x86_64-efi:grub-efi-amd64-bin xorriso:xorriso mformat:mtools \
	qemu-system-x86_64:qemu-system-x86 /usr/share/OVMF/OVMF_CODE.fd:ovmf gdb:gdb git:git \
	clang-format-14:clang-format-14 clang-tidy-14:clang-tidy-14 cppcheck:cppcheck \
	aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu /usr/include/stdio.h:libc6-dev \
	slabtop:procps \
	/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.asan-x86_64.a:libclang-rt-14-dev

.PHONY: all iso run debug dump soak deps clean help
all: iso ## build the kernel and the ISO (default)

deps: ## install the Debian packages that are missing
	@missing=; for dep in $(DEPS); do \
		case $$dep in \
		/*) test -e $${dep%%:*} ;; \
		*) command -v $${dep%%:*} >/dev/null ;; \
		esac || missing="$$missing $${dep##*:}"; \
	done; \
	test -n "$$missing" || exit 0; \
	echo "  DEPS   $$missing"; \
	sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
	export DEBIAN_FRONTEND=noninteractive; \
	mkdir -p build; \
	{ $$sudo apt-get -qq update && \
		$$sudo apt-get -qq install --no-install-recommends -y $$missing; } \
		>build/deps.log 2>&1 || { cat build/deps.log; exit 1; }

# ---- Kernel ------------------------------------------------------------------

.PHONY: always
always:

# Rewritten only when it says something else, so that changed flags rebuild and unchanged ones do
# not.
$(OUT)/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(CFLAGS) $(ASFLAGS) $(LDFLAGS))' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Likewise what an image is made of: a list that got shorter leaves no file that is newer.
$(OUT)/objects: always
	@mkdir -p $(@D)
	@echo '$(OBJS)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OUT)/modules: always
	@mkdir -p $(@D)
	@echo '$(GRUB_MODULES)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OUT)/%.o: %.c $(OUT)/flags | need-$(CC)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(NOECHO)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# NASM 2.16's -MD forgets included files: each is a prerequisite of all.
$(OUT)/%.asm.o: %.asm $(BOOT_INCS) $(OUT)/flags | need-nasm
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	$(NOECHO)nasm $(ASFLAGS) -MD $(@:.o=.d) -MP $< -o $@

# The table of function names: made from a first link with an empty table, put into the second one.
# It stands behind the text, so both have the same functions at the same places, which is checked.
$(OUT)/symbols0.asm: boot/symbols.awk | need-awk
	@mkdir -p $(@D)
	$(NOECHO)awk -f $< /dev/null >$@

$(OUT)/symbols1.asm: $(OUT)/quire0.elf boot/symbols.awk | need-nm need-awk
	@echo "  SYMBOLS $@"
	$(NOECHO)nm -n -S $< | awk -f boot/symbols.awk >$@

$(OUT)/symbols0.o $(OUT)/symbols1.o: $(OUT)/%.o: $(OUT)/%.asm | need-nasm
	$(NOECHO)nasm $(ASFLAGS) $< -o $@

$(OUT)/quire0.elf: $(OBJS) $(OUT)/symbols0.o $(OUT)/objects linker.ld | need-ld
	$(NOECHO)ld $(LDFLAGS) $(OBJS) $(OUT)/symbols0.o -o $@

$(OUT)/quire.elf: $(OBJS) $(OUT)/symbols1.o $(OUT)/objects linker.ld boot/symbols.awk | need-ld \
		need-grub-file
	@echo "  LD      $@"
	$(NOECHO)ld $(LDFLAGS) -Map $(OUT)/quire.map $(OBJS) $(OUT)/symbols1.o -o $@
	$(NOECHO)nm -n -S $@ | awk -f boot/symbols.awk | cmp - $(OUT)/symbols1.asm
	$(NOECHO)grub-file --is-x86-multiboot2 $@

# ---- ISO ---------------------------------------------------------------------

iso: $(OUT)/quire.iso ## build build/$(CC)/quire.iso, which boots on BIOS and UEFI

# The command line goes through the environment, out of the shell's reach, and each special
# character gets a backslash, out of GRUB's. Double quotes keep their meaning, and memmap=1M$16M
# needs no doubling of its $ for make.
override CMDLINE := $(subst $$$$,$$,$(value CMDLINE))
export CMDLINE
DUMP_CMDLINE = dump poweroff $(CMDLINE)
export DUMP_CMDLINE
SECONDS ?= 60
SOAK_CMDLINE = soak=$(SECONDS) poweroff $(CMDLINE)
export SOAK_CMDLINE
WRITE_GRUB_CFG = words=$$(printf '%s' "$$$(1)" | sed 's/[^A-Za-z0-9 "=.,_:@%+-]/\\&/g') \
	awk '{ i = index($$0, "@CMDLINE@"); if (i && !/^\#/) \
		$$0 = substr($$0, 1, i - 1) ENVIRON["words"] substr($$0, i + 9); print }' grub.cfg

$(OUT)/quire.cfg: always grub.cfg | need-awk
	@mkdir -p $(@D)
	@$(call WRITE_GRUB_CFG,CMDLINE) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OUT)/dump.cfg: always grub.cfg | need-awk
	@mkdir -p $(@D)
	@$(call WRITE_GRUB_CFG,DUMP_CMDLINE) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OUT)/soak.cfg: always grub.cfg | need-awk
	@mkdir -p $(@D)
	@$(call WRITE_GRUB_CFG,SOAK_CMDLINE) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Only what starts the kernel, and the partition modules that grub-mkrescue's own UEFI start-up file
# asks for: a small image is what GRUB reads quickly.
GRUB_MODULES := normal multiboot2 serial terminal iso9660 test all_video part_gpt part_msdos \
	part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_plan part_sun part_sunpc

$(OUT)/quire.iso $(OUT)/dump.iso $(OUT)/soak.iso: $(OUT)/%.iso: $(OUT)/quire.elf \
		$(OUT)/%.cfg $(OUT)/modules | need-objcopy \
		need-grub-mkrescue need-grub-images need-xorriso need-mformat
	@echo "  ISO     $@"
	@rm -rf $(OUT)/$*.root && mkdir -p $(OUT)/$*.root/boot/grub
	$(NOECHO)objcopy --strip-all $< $(OUT)/$*.root/boot/quire.elf
	@cp $(OUT)/$*.cfg $(OUT)/$*.root/boot/grub/grub.cfg
	$(NOECHO)grub-mkrescue --install-modules="$(GRUB_MODULES)" --locales= --fonts= --themes= \
		-o $@ $(OUT)/$*.root -- -volid QUIRE >$(OUT)/$*.iso.log 2>&1 || { \
		cat $(OUT)/$*.iso.log; exit 1; }

# ---- Machine -----------------------------------------------------------------

ifeq ($(filter bios uefi,$(FIRMWARE)),)
$(error FIRMWARE=$(FIRMWARE): expected bios or uefi)
endif
QEMU_FLAGS = -machine $(MACHINE) -cpu max -m $(MEM) -smp $(SMP) -display none -nic none \
	-no-reboot -boot d
ifeq ($(FIRMWARE),uefi)
QEMU_NEEDS := need-ovmf fresh-vars
QEMU_FLAGS += -drive if=pflash,unit=0,format=raw,readonly=on,file=$(OVMF)/OVMF_CODE.fd \
	-drive if=pflash,unit=1,format=raw,file=$(OUT)/OVMF_VARS.fd
endif

# What one machine's firmware remembers of its drives leads another one astray: each start gets a
# new copy.
.PHONY: fresh-vars
fresh-vars: | need-ovmf
	@mkdir -p $(OUT)
	@cp $(OVMF)/OVMF_VARS.fd $(OUT)/OVMF_VARS.fd

run: ## boot it in QEMU; MEM= SMP= FIRMWARE=bios|uefi MACHINE=pc|q35 CMDLINE=
run: $(OUT)/quire.iso | need-$(QEMU) $(QEMU_NEEDS)
	$(NOECHO)$(QEMU) $(QEMU_FLAGS) -serial mon:stdio -cdrom $<

# The machine waits in the background for its debugger and dies with it.
debug: ## start QEMU halted, and GDB with the symbols at kernel_main
debug: $(OUT)/quire.iso | need-$(QEMU) need-gdb $(QEMU_NEEDS)
	@echo "  The console goes to $(OUT)/debug.log"
	$(NOECHO)$(QEMU) $(QEMU_FLAGS) -s -S -monitor none -serial file:$(OUT)/debug.log \
		-cdrom $< & \
	qemu=$$!; trap 'kill $$qemu 2>/dev/null' EXIT; \
	gdb -q -ex 'set architecture i386:x86-64' -ex 'target remote localhost:1234' \
		-ex 'hbreak kernel_main' -ex continue $(GDBFLAGS) $(OUT)/quire.elf

DUMP_PARTS := memmap buddyinfo slabinfo zoneinfo meminfo vmstat ledger

# QEMU's status 33 is PORT_OK seen through isa-debug-exit (boot/port.c).
dump: ## boot without a prompt and leave the reports in build/dump/
dump: $(OUT)/dump.iso | need-$(QEMU) $(QEMU_NEEDS)
	@rm -rf build/dump && mkdir -p build/dump
	@echo "  DUMP    build/dump"
	$(NOECHO)timeout 300 $(QEMU) $(QEMU_FLAGS) -monitor none -serial file:build/dump/raw.log \
		-device isa-debug-exit,iobase=0xf4,iosize=0x04 -cdrom $< </dev/null; status=$$?; \
	tr -d '\r' <build/dump/raw.log >build/dump/serial.log; rm build/dump/raw.log; \
	test $$status = 33 || { echo "dump: QEMU left with status $$status instead of 33," \
		"see build/dump/serial.log" >&2; exit 1; }
	@awk '/^==> end <==$$/ { part = ""; next } /^==> [a-z]+ <==$$/ { part = $$2; next } \
		part { print > ("build/dump/" part) }' build/dump/serial.log
	@for part in $(DUMP_PARTS); do test -s build/dump/$$part || { \
		echo "dump: $$part is missing, see build/dump/serial.log" >&2; exit 1; }; done

# Each CPU of the machine is a thread of the host's. Twice the seconds and a minute are enough to
# boot and to end.
soak: $(OUT)/soak.iso | need-$(QEMU) $(QEMU_NEEDS) ## all CPUs allocate and free for SECONDS=60
	$(NOECHO)timeout $$((2 * $(SECONDS) + 60)) $(QEMU) $(QEMU_FLAGS) \
		-accel tcg,thread=multi -monitor none -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=0x04 -cdrom $< </dev/null; \
	status=$$?; test $$status = 33 || { \
		echo "soak: QEMU left with status $$status instead of 33" >&2; exit 1; }

clean: ## remove build/
	@rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.* ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
		awk -F '\t' '{ printf "  %-18s %s\n", $$1, $$2 }'

-include $(C_OBJS:.o=.d) $(ASM_OBJS:.o=.d)

include tests/rules.mk
include tests/bench/rules.mk
include tests/exhaust/rules.mk
include tests/interleave/rules.mk
include tests/random/rules.mk
include tests/coverage/rules.mk
include tests/fuzz/rules.mk
include tests/mutants/rules.mk
