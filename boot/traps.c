/*
 * Exceptions of the CPU: print what happened, the registers and who called whom, and
 * stop with PORT_TRAP.
 *
 * None is expected, so none returns; the other CPUs are stopped first. Double fault, NMI and
 * machine check run on stacks of their own: a kernel stack that overflows into its guard page ends
 * in a double fault that can still be told. No lock is taken. An exception inside the report stops
 * with one line.
 */
#include <kernel/print.h>

#include "boot.h"
#include "cpu.h"
#include "interrupts.h"

#define BACKTRACE_MAX	32U		/* frames */

/* Error code of a page fault, Intel SDM volume 3, section 4.7. */
#define FAULT_PRESENT	0x01U
#define FAULT_WRITE	0x02U
#define FAULT_RESERVED	0x08U
#define FAULT_FETCH	0x10U

static const char *const trap_names[NR_TRAPS] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range exceeded",
	"invalid opcode", "device not available", "double fault", "coprocessor segment overrun",
	"invalid TSS", "segment not present", "stack segment fault", "general protection fault",
	"page fault", "reserved 15", "x87 floating-point error", "alignment check",
	"machine check", "SIMD floating-point exception", "virtualization exception",
	"control protection exception", "reserved 22", "reserved 23", "reserved 24",
	"reserved 25", "reserved 26", "reserved 27", "hypervisor injection",
	"VMM communication", "security exception", "reserved 31",
};

static void report_page_fault(const struct trap_frame *frame)
{
	uintptr_t address = read_cr2();
	const struct stack *stack = stack_guarded_by(address);

	pr_emerg("%s of %px: %s%s\n",
		 frame->error & FAULT_FETCH ? "execution" :
		 frame->error & FAULT_WRITE ? "write" : "read",
		 (void *)address,
		 frame->error & FAULT_PRESENT ? "not allowed by the page" : "nothing mapped there",
		 frame->error & FAULT_RESERVED ? ", reserved bit set in a page table" : "");
	if (stack)
		pr_emerg("that is the guard page of the %s stack: the stack has overflowed\n",
			 stack->name);
	else if (address < 4096)
		pr_emerg("that is page 0: a NULL pointer\n");
}

static void report_double_fault(const struct trap_frame *frame)
{
	const struct stack *stack = stack_guarded_by(frame->rsp);

	/*
	 * The push that failed was the one below rsp, which may still stand at the
	 * stack's very bottom.
	 */
	if (!stack)
		stack = stack_guarded_by(frame->rsp - 1);
	if (stack)
		pr_emerg("rsp is at the guard page of the %s stack: the stack has overflowed\n",
			 stack->name);
}

static void print_registers(const struct trap_frame *frame)
{
#define REGS3(a, b, c)                                                                             \
	pr_emerg("  %-3s %016llx  %-3s %016llx  %-3s %016llx\n",                                   \
		 #a, (unsigned long long)frame->a, #b, (unsigned long long)frame->b,               \
		 #c, (unsigned long long)frame->c)
	REGS3(rax, rbx, rcx);
	REGS3(rdx, rsi, rdi);
	REGS3(rbp, rsp, r8);
	REGS3(r9, r10, r11);
	REGS3(r12, r13, r14);
#undef REGS3
	pr_emerg("  r15 %016llx  rip %016llx  rflags %08llx\n", (unsigned long long)frame->r15,
		 (unsigned long long)frame->rip, (unsigned long long)frame->rflags);
	pr_emerg("  cr0 %016llx  cr2 %016llx  cr3 %016llx  cs %02llx ss %02llx\n",
		 (unsigned long long)read_cr0(), (unsigned long long)read_cr2(),
		 (unsigned long long)read_cr3(), (unsigned long long)frame->cs,
		 (unsigned long long)frame->ss);
}

/*
 * A function that has made no frame yet, or needs none, leaves its return address where rsp points.
 * Whether the word there is one can only be guessed: hence the question mark.
 */
static void print_frameless_caller(const struct trap_frame *frame, uintptr_t next)
{
	struct port_symbol sym;
	uintptr_t word;

	if (!stack_holds(frame->rsp, sizeof(word)))
		return;
	word = *(const uintptr_t *)frame->rsp;
	if (word != next && port_symbol(word - 1, &sym))
		pr_emerg("  [<%px>] ? %s+0x%zx/0x%zx\n", (void *)word, sym.name, sym.offset + 1,
			 sym.size);
}

/*
 * @back: bytes from @address to the instruction that is meant: 0 for rip, 1 for a return address.
 */
static void print_place(uintptr_t address, size_t back)
{
	struct port_symbol sym;

	if (port_symbol(address - back, &sym))
		pr_emerg("  [<%px>] %s+0x%zx/0x%zx\n", (void *)address, sym.name,
			 sym.offset + back, sym.size);
	else
		pr_emerg("  [<%px>] not in this image\n", (void *)address);
}

void trap_report(const struct trap_frame *frame)
{
	static bool reporting;		/* by the one CPU that port_stop_cpus() lets go on */
	uintptr_t addresses[BACKTRACE_MAX];
	unsigned int nr;

	port_stop_cpus();
	if (reporting) {
		static const char text[] = "\nexception inside the report of an exception\n";

		port_write(text, sizeof(text) - 1);
		port_exit(PORT_TRAP);
	}
	reporting = true;
	if (log_level() < LOGLEVEL_DEFAULT)
		log_set_level(LOGLEVEL_DEFAULT);

	pr_emerg("\nexception %llu: %s, error code 0x%llx, CPU %u\n",
		 (unsigned long long)frame->vector, trap_names[frame->vector % NR_TRAPS],
		 (unsigned long long)frame->error, port_cpu());
	if (frame->vector == TRAP_PAGE_FAULT)
		report_page_fault(frame);
	else if (frame->vector == TRAP_DOUBLE_FAULT)
		report_double_fault(frame);
	print_registers(frame);
	pr_emerg("Call trace:\n");
	print_place(frame->rip, 0);
	nr = unwind(frame->rbp, addresses, BACKTRACE_MAX);
	print_frameless_caller(frame, nr > 0 ? addresses[0] : 0);
	for (unsigned int i = 0; i < nr; i++)
		print_place(addresses[i], 1);
	port_exit(PORT_TRAP);
}
