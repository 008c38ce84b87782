/*
 * The port: everything that mm/ and kernel/ ask of the machine.
 *
 * `ld -r` over mm/ and kernel/ leaves exactly these symbols undefined (`make lint` checks it).
 * Besides the functions a port brings three headers, found on the include path: <port/stack.h>,
 * the CPUs' stacks; <port/irq.h>, in which any of the functions below may be defined inline, as
 * those that stand in each critical section should; and <port/layout.h>, with three constants or
 * expressions:
 *
 *   PORT_DIRECT_MAP   uintptr_t; physical address 0 as seen through the direct map of all RAM
 *   PORT_PAGE_ARRAY   uintptr_t; where page frame 0's descriptor would stand; 16-byte aligned
 *   PORT_NR_CPUS      the most CPUs that port_cpu() can tell apart
 *
 * boot/ is the port to a PC, tests/host/ the one to a Linux process. docs/porting.md walks
 * through a third.
 */
#pragma once

#include <kernel/compiler.h>
#include <port/irq.h>

/**
 * port_write() - put @len characters on the console.
 *
 * Context: any, a panic included: must neither allocate nor wait for a lock for ever. "\n" alone
 *          ends a line; the port adds what its terminal needs.
 */
void port_write(const char *text, size_t len);

/**
 * port_read() - the next character typed on the console.
 * Return: 0..255, or -1 when nothing waits. Never blocks.
 */
int port_read(void);

/**
 * port_idle() - wait a little for something to happen: halt until an interrupt, or pause
 * where none will come.
 * Context: interrupts enabled, no lock held.
 */
void port_idle(void);

/** port_relax() - one turn of a spin loop (`pause` on x86). Runs nothing: a spin loop may stand
 *  inside a critical section. */
void port_relax(void);

/**
 * port_irq_save() - keep interrupts from this CPU until port_irq_restore() is given
 * the returned state.
 * Nests. Where the port has no interrupts both do nothing.
 */
unsigned long port_irq_save(void);
void port_irq_restore(unsigned long state);

/**
 * port_cpu() - number of this CPU, 0 .. PORT_NR_CPUS-1. Meaningful while the caller cannot move.
 */
unsigned int port_cpu(void);

/** port_irqs_enabled() - may interrupts come in on this CPU? False between port_irq_save() and
 *  port_irq_restore(), also where the port has none. */
bool port_irqs_enabled(void);

/** port_in_interrupt() - is the caller part of an interrupt handler? */
bool port_in_interrupt(void);

/** port_nr_cpus() - how many CPUs run; they are numbered from 0 without gaps. */
unsigned int port_nr_cpus(void);

/**
 * port_call_cpus() - run @fn(@arg) on every CPU, this one included; returns when all have finished.
 * @fn: runs with interrupts masked, as a handler would, on all CPUs at the same time. Must not wait
 *      for another CPU but for a spinlock, nor call this function.
 *
 * Context: no lock held. Interrupts enabled; or masked, at a place where the caller could bear
 *          another CPU's @fn being run on this CPU, for that is what it does while it waits.
 *          A port whose CPUs cannot be interrupted runs @fn on the caller's CPU only.
 */
void port_call_cpus(void (*fn)(void *arg), void *arg);

/**
 * port_start() - let CPU @cpu, 1 .. port_nr_cpus()-1, run @fn(@arg) with interrupts enabled, once
 * it is idle; returns when it has been told.
 * Context: one CPU at a time for each @cpu; no lock held.
 */
void port_start(unsigned int cpu, void (*fn)(void *arg), void *arg);

/** port_join() - wait until CPU @cpu has finished what port_start() gave it. */
void port_join(unsigned int cpu);

/**
 * port_on_tick() - from now on call @fn on each CPU about 100 times a second, as part of an
 * interrupt handler. NULL: nothing; a handler that has begun may still be running.
 * Return: false when there are no ticks.
 */
bool port_on_tick(void (*fn)(void));

/**
 * port_interrupt_after() - for tests: run @fn(@arg) as an interrupt would, on this CPU, after the
 * next @nr instructions, 1 or more, or later if interrupts are masked there. The first ones are
 * this function's own last ones.
 * Return: false when the port cannot.
 */
bool port_interrupt_after(unsigned int nr, void (*fn)(void *arg), void *arg);

/** port_interrupt_cancel() - if it has not come, it will not come any more. Return: has it come? */
bool port_interrupt_cancel(void);

/**
 * port_stop_cpus() - stop all other CPUs for good, with interrupts masked on this one. Of several
 * CPUs that call it only the first returns, and returns again when it calls again.
 * Context: any, a panic included.
 */
void port_stop_cpus(void);

/**
 * port_ticks() - a counter that only grows, fine enough to time a function; its unit
 * is the port's own.
 */
uint64_t port_ticks(void);

/** port_ticks_to_ns() - a difference of two port_ticks() in nanoseconds. */
uint64_t port_ticks_to_ns(uint64_t ticks);

/** port_seed() - a number that differs from boot to boot as well as the machine can make it. */
uint64_t port_seed(void);

/** enum port_status - how the system ended; the port turns it into what its surroundings see. */
enum port_status {
	PORT_OK,		/* all asked for was done */
	PORT_FAILED,		/* a test failed, or a command of the boot line could not run */
	PORT_PANIC,		/* a broken invariant: panic() */
	PORT_TRAP,		/* an exception of the CPU */
	PORT_UNFIT,		/* the machine lacks what the boot needs */
};

/**
 * port_exit() - stop for good, and let the surroundings see @status. On hardware that cannot
 * power off: halt.
 */
_Noreturn void port_exit(enum port_status status);

/** port_reboot() - start the machine again. */
_Noreturn void port_reboot(void);

/** struct port_symbol - the function that an address lies in. @name stays valid for ever. */
struct port_symbol {
	const char *name;
	size_t offset;		/* of the address in the function, bytes */
	size_t size;		/* of the function, bytes; 0 when not known */
};

/**
 * port_symbol() - look @address up.
 * Return: false when no function of this image holds it; @sym is then untouched.
 */
bool port_symbol(uintptr_t address, struct port_symbol *sym);

/**
 * port_backtrace() - the return addresses of the caller's callers, innermost first.
 * Return: how many of the @max were filled in; 0 where the port cannot walk its stack.
 */
unsigned int port_backtrace(uintptr_t *addresses, unsigned int max);

/**
 * port_back_page_array() - make [@start, @start + @bytes) of the page array readable and writable.
 * @start, @bytes: multiples of 4096; never the same page twice.
 *
 * Called by mm_init() once per stretch of RAM, in ascending order. The contents may be anything.
 * Memory comes from early_alloc(). A port whose page array is mapped already returns 0 at once.
 * Return: 0, or -ENOMEM.
 */
__must_check int port_back_page_array(void *start, size_t bytes);
