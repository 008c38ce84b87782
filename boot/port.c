/*
 * The port to a PC: what of <kernel/port.h> has no file of its own. The rest is in serial.c,
 * time.c, symbols.c and paging.c.
 */
#include "apic.h"
#include "boot.h"
#include "cpu.h"
#include "smp.h"

#define DEBUG_EXIT	0xf4		/* isa-debug-exit under the tests: status 2 * value + 1 */
#define DEBUG_EXIT_BASE	0x10		/* of the values, so that no status is one of QEMU's own */

#define QEMU_PM1A_CNT	0x604		/* QEMU's pc and q35 machines, if ACPI did not say it */
#define SLP_EN		0x2000

#define RESET_CONTROL	0xcf9		/* chipsets since PIIX: 0x02 then 0x06 is a hard reset */
#define KBD_STATUS	0x64		/* keyboard controller: 0xfe pulses the reset line */
#define KBD_BUSY	0x02
#define MAX_POLLS	100000U

#define CPUID1_RDRAND	(1U << 30)	/* leaf 1, ecx */
#define RDRAND_TRIES	10		/* Intel's advice: ten failures in a row mean broken */

/*
 * Who idles polls for input, so nothing but a tick ends the halt. sti lets no interrupt in before
 * the next instruction, so none comes just before it.
 */
void port_idle(void)
{
	if (apic_ticks() && port_irqs_enabled())
		__asm__ volatile("cli; sti; hlt" : : : "memory");
	else
		cpu_pause();
}

void port_relax(void)
{
	cpu_pause();
}

bool port_irqs_enabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags & RFLAGS_IF;
}

uint64_t port_seed(void)
{
	uint64_t seed = rdtsc() * 0x9e3779b97f4a7c15ULL;	/* 2^64 / golden ratio */
	uint64_t random;
	bool good = false;

	if (!(cpuid_or_zero(1).ecx & CPUID1_RDRAND))
		return seed;
	for (unsigned int i = 0; i < RDRAND_TRIES && !good; i++)
		__asm__ volatile("rdrand %0" : "=r"(random), "=@ccc"(good));
	return good ? seed ^ random : seed;
}

void port_exit(enum port_status status)
{
	port_stop_cpus();
	(void)port_irq_save();
	serial_drain();
	outl(DEBUG_EXIT, DEBUG_EXIT_BASE + (uint32_t)status);
	acpi_power_off();
	outw(QEMU_PM1A_CNT, SLP_EN);
	cpu_halt();
}

void port_reboot(void)
{
	struct descriptor_pointer no_idt = { 0, 0 };

	port_stop_cpus();
	(void)port_irq_save();
	serial_drain();
	acpi_reset();
	for (unsigned int i = 0; i < MAX_POLLS && (inb(KBD_STATUS) & KBD_BUSY); i++)
		cpu_pause();
	outb(KBD_STATUS, 0xfe);
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		cpu_pause();
	outb(RESET_CONTROL, 0x02);
	outb(RESET_CONTROL, 0x06);
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		cpu_pause();
	/*
	 * An exception that cannot be delivered, nor its double fault: the CPU shuts down, and the
	 * board resets it.
	 */
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt) : "memory");
	cpu_halt();
}

unsigned int port_backtrace(uintptr_t *addresses, unsigned int max)
{
	const uintptr_t *own = __builtin_frame_address(0);

	return unwind(own[0], addresses, max);
}
