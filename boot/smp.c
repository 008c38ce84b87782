/*
 * Starting the other CPUs.
 *
 * 1. Which.   Those that the MADT lists as enabled. Those listed as disabled (empty sockets) are
 *             counted and not waited for. No table or a bad one: this CPU alone, and a line why.
 * 2. Memory.  Before mm_init(), from early_alloc(): for each CPU its struct cpu and its four
 *             stacks, mapped at CPU_STACKS with a page left out below each. One page below 1 MiB
 *             for the trampoline, reserved as boot information: when all CPUs have come,
 *             mm_release_boot() gives it back; else it is kept, as the firmware's.
 *             CPUs get at most half of RAM: what is left over is for those that allocate.
 * 3. Start.   One CPU after the other: INIT, 10 ms, start-up interrupt; a second one if the first
 *             shows nothing (Intel SDM volume 3, section 8.4.4.1). `wanted` says which APIC id may
 *             come; the CPU claims it by one cmpxchg before it uses the stack that is meant for it,
 *             and says READY by another when it is set up. Giving up is a cmpxchg by the waiter: so
 *             a CPU that is late finds that it is not wanted, and halts; it is also sent INIT,
 *             after which it sleeps. Its number goes to the next one, its memory to nobody.
 * 4. Numbers. 0 is the boot CPU, the others in the order in which they came: no gaps.
 */
#include <kernel/print.h>
#include <kernel/string.h>
#include <mm/page.h>

#include "acpi.h"
#include "apic.h"
#include "cpu.h"
#include "interrupts.h"
#include "smp.h"

#define MSR_GS_BASE	0xc0000101U

#define CPU_STACKS	0xffffc90000000000UL	/* where Linux has its vmalloc area */
#define CPU_STRIDE	(128UL << 10)	/* bytes of address space for the stacks of one CPU */
#define EBDA		0x80000ULL	/* above it firmware keeps things that no map shows */

#define INIT_NS		10000000ULL	/* 10 ms between INIT and the start-up interrupt */
#define RETRY_NS	10000000ULL	/* 10 ms to show up, then the second one */
#define CLAIM_NS	500000000ULL	/* 0.5 s to show up; real ones take microseconds */
#define READY_NS	2000000000ULL	/* 2 s to set up; an emulated CPU shares its host's */

_Static_assert(MADT_MAX_CPUS == PORT_NR_CPUS, "who finds no room is beyond the same number");

extern uint64_t boot_pml4[];

static const size_t stack_bytes[NR_STACKS] = {
	[STACK_BOOT] = 32 << 10, [STACK_DOUBLE_FAULT] = 16 << 10, [STACK_NMI] = 16 << 10,
	[STACK_MACHINE_CHECK] = 16 << 10,
};

static struct cpu boot_cpu;
static struct cpu *prepared[MADT_MAX_CPUS];	/* as in acpi_madt; NULL: left out */
static uint64_t trampoline_paddr;		/* 0: none */
static struct trampoline_data *trampoline;

/* ---- this CPU -------------------------------------------------------------------------------- */

static void become(struct cpu *cpu, unsigned int number)
{
	percpu_init(&cpu->percpu, number);
	wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
}

void smp_boot_cpu(void)
{
	memcpy(boot_cpu.stacks, boot_stacks, sizeof(boot_cpu.stacks));
	become(&boot_cpu, 0);
	gdt_init(&boot_cpu);
}

void smp_main(struct cpu *cpu)
{
	uint32_t claimed = TRAMPOLINE_CLAIMED;

	wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
	gdt_init(cpu);
	interrupts_load();
	apic_cpu_init();
	if (!__atomic_compare_exchange_n(&trampoline->wanted, &claimed, TRAMPOLINE_READY, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		cpu_halt();
	smp_work_loop();
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Return: false when there is no memory. */
static bool make_stacks(struct memmap *map, struct cpu *cpu, unsigned int slot)
{
	char *vaddr = (char *)(CPU_STACKS + slot * CPU_STRIDE);

	for (unsigned int i = 0; i < NR_STACKS; i++) {
		struct stack *stack = &cpu->stacks[i];
		uint64_t paddr = early_alloc_for(map, stack_bytes[i], PAGE_SIZE, 0,
						 MEMMAP_OWNER_CPUS);

		*stack = (struct stack){ boot_stacks[i].name, vaddr, vaddr + PAGE_SIZE,
					 vaddr + PAGE_SIZE + stack_bytes[i] };
		if (!paddr || paging_map_data(stack->bottom, paddr, stack_bytes[i]))
			return false;
		vaddr = stack->top;
	}
	return true;
}

static struct cpu *make_cpu(struct memmap *map, unsigned int slot)
{
	uint64_t paddr = early_alloc_for(map, sizeof(struct cpu), PAGE_SIZE, 0, MEMMAP_OWNER_CPUS);
	struct cpu *cpu;

	if (!paddr)
		return NULL;
	cpu = phys_to_virt(paddr);
	memset(cpu, 0, sizeof(*cpu));
	cpu->apic_id = acpi_madt.apic_id[slot];
	return make_stacks(map, cpu, slot) ? cpu : NULL;
}

/* Is at least half of RAM free? Before mm_init(). */
static bool half_is_free(const struct memmap *map)
{
	uint64_t start, end, ram = 0, free = 0;

	for (uint64_t from = 0; memmap_next_ram(map, from, &start, &end); from = end)
		ram += end - start;
	for (uint64_t from = 0; memmap_next_free(map, from, &start, &end); from = end)
		free += end - start;
	return free >= ram / 2;
}

/* The highest free page below EBDA; under the identity map of boot_pml4 all of them are. */
static uint64_t find_trampoline(struct memmap *map)
{
	uint64_t start, end, from = PAGE_SIZE, found = 0;

	while (memmap_next_free(map, from, &start, &end) && start < EBDA) {
		from = end;
		end = min_u64(end, EBDA);
		if (end - start >= PAGE_SIZE)
			found = end - PAGE_SIZE;
	}
	if (found && memmap_reserve(map, found, found + PAGE_SIZE, MEMMAP_OWNER_BOOT_INFO))
		found = 0;
	return found;
}

static void make_trampoline(uint64_t paddr)
{
	size_t bytes = (size_t)(trampoline_end - trampoline_start);
	char *page = phys_to_virt(paddr);
	uint32_t gdt_base;

	memcpy(page, trampoline_start, bytes);
	trampoline = (struct trampoline_data *)(page + (trampoline_data - trampoline_start));
	trampoline->jump_offset += (uint32_t)paddr;
	memcpy(&gdt_base, page + trampoline->gdt_base, sizeof(gdt_base));
	gdt_base += (uint32_t)paddr;
	memcpy(page + trampoline->gdt_base, &gdt_base, sizeof(gdt_base));
	trampoline->boot_cr3 = (uint32_t)(uintptr_t)boot_pml4;
	trampoline->kernel_cr3 = read_cr3();
}

static void prepare_all(struct memmap *map, uint32_t self)
{
	unsigned int nr_without = 0;

	for (uint32_t i = 0; i < acpi_madt.nr; i++) {
		uint32_t id = acpi_madt.apic_id[i];

		if (id == self)
			continue;
		if (!apic_reaches(id)) {
			pr_warn("smp: the CPU with APIC id %u needs x2APIC, it is left out\n", id);
			continue;
		}
		if (half_is_free(map))
			prepared[i] = make_cpu(map, i);
		nr_without += !prepared[i];
	}
	if (nr_without)
		pr_warn("smp: no memory for %u CPUs, they are left out\n", nr_without);
}

void smp_prepare(struct memmap *map)
{
	uint32_t self;

	pic_mask();
	if (!apic_init(acpi_madt.apic_paddr))
		return;
	self = boot_cpu.apic_id = apic_id();
	if (acpi_madt.nr < 2)
		return;
	trampoline_paddr = find_trampoline(map);
	if (!trampoline_paddr) {
		pr_warn("smp: no page below 512 KiB is free, the other CPUs are left out\n");
		return;
	}
	make_trampoline(trampoline_paddr);
	prepare_all(map, self);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* Return: false when @ns pass and `wanted` is still @value. */
static bool wanted_changes(uint32_t value, uint64_t ns)
{
	uint64_t start = port_ticks();

	while (__atomic_load_n(&trampoline->wanted, __ATOMIC_ACQUIRE) == value) {
		if (port_ticks_to_ns(port_ticks() - start) > ns)
			return false;
		cpu_pause();
	}
	return true;
}

/* Return: false when it was too late: `wanted` is not @value any more. */
static bool give_up(uint32_t value)
{
	return __atomic_compare_exchange_n(&trampoline->wanted, &value, 0, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static void wait_ns(uint64_t ns)
{
	uint64_t start = port_ticks();

	while (port_ticks_to_ns(port_ticks() - start) < ns)
		cpu_pause();
}

/* Return: NULL, or why it did not come. */
static const char *start_cpu(struct cpu *cpu, unsigned int number)
{
	uint32_t page = (uint32_t)(trampoline_paddr >> PAGE_SHIFT), id = cpu->apic_id;

	percpu_init(&cpu->percpu, number);
	trampoline->cpu = cpu;
	trampoline->stack_top = cpu->stacks[STACK_BOOT].top;
	__atomic_store_n(&trampoline->wanted, id + 1, __ATOMIC_RELEASE);
	apic_send(id, APIC_SEND_INIT);
	wait_ns(INIT_NS);
	apic_send(id, APIC_SEND_START | page);
	if (!wanted_changes(id + 1, RETRY_NS))
		apic_send(id, APIC_SEND_START | page);
	if (!wanted_changes(id + 1, CLAIM_NS) && give_up(id + 1))
		return "does not answer";
	if (!wanted_changes(TRAMPOLINE_CLAIMED, READY_NS) && give_up(TRAMPOLINE_CLAIMED))
		return "answers, but does not get ready";
	return NULL;
}

/* The boot CPU has a number whether or not the MADT lists it. */
static unsigned int start_all(unsigned int *failed)
{
	unsigned int nr = 1;

	for (uint32_t i = 0; i < acpi_madt.nr; i++) {
		const char *why;

		if (!prepared[i])
			continue;
		if (nr == PORT_NR_CPUS) {
			acpi_madt.nr_beyond++;
			continue;
		}
		why = start_cpu(prepared[i], nr);
		if (!why) {
			smp_set_nr(++nr);
			continue;
		}
		apic_send(prepared[i]->apic_id, APIC_SEND_INIT);
		percpu_area[nr] = NULL;
		(*failed)++;
		pr_warn("smp: the CPU with APIC id %u %s, it is left out\n", prepared[i]->apic_id,
			why);
	}
	return nr;
}

void smp_start(struct memmap *map)
{
	unsigned int nr = 1, failed = 0;

	if (apic_present()) {
		apic_cpu_init();
		nr = start_all(&failed);
	}
	/* One that wakes up after all must not find the page in other hands. */
	if (failed)
		(void)memmap_reserve(map, trampoline_paddr, trampoline_paddr + PAGE_SIZE,
				     MEMMAP_OWNER_FIRMWARE);
	port_irq_restore(RFLAGS_IF);	/* without an APIC, too: port_interrupt_after() */
	if (apic_present())
		apic_print();
	pr_info("CPUs: %u of %u run", nr, acpi_madt.nr ? acpi_madt.nr : 1);
	if (acpi_madt.nr_disabled)
		pr_info(", %u disabled", acpi_madt.nr_disabled);
	if (acpi_madt.nr_beyond)
		pr_info(", %u more than %u", acpi_madt.nr_beyond, PORT_NR_CPUS);
	pr_info("\n");
}
