/*
 * Exploring the interleavings of two CPUs and an interrupt over mm/: what the files of this folder
 * share. explore.c has the theory.
 */
#pragma once

#include <kernel/compiler.h>
#include <kernel/port.h>

#define NR_CPUS		2U

/* ---- what is explored ---------------------------------------------------- */

/* How far: schedules with more of either are not explored. */
struct bound {
	unsigned int preemptions;	/* a CPU could go on, but the other one does */
	unsigned int interrupts;
	unsigned int together;		/* of both */
};

/*
 * struct scenario - two programs and a handler over a state that @set_up makes.
 * @cpu:   what each CPU does
 * @irq:   what an interrupt does, on whichever CPU it comes; NULL: there is none
 * @check: what must hold at the end besides what check.c knows; NULL: nothing
 */
struct scenario {
	const char *name;
	const char *about;
	void (*set_up)(void);
	void (*cpu[NR_CPUS])(void);
	void (*irq)(void);
	void (*check)(void);
	struct bound bound;		/* of make check */
	struct bound far;		/* of make check-long */
};

extern const struct scenario scenarios[];
extern const unsigned int nr_scenarios;

/* Faults of the machine, to prove that the exploration sees what they lead to. */
enum fault {
	FAULT_NONE,
	FAULT_NO_REWIND,		/* an interrupted sequence goes on where it was */
	FAULT_NO_MASK,			/* interrupts come although they are masked */
	FAULT_SKIP_CPU,			/* port_call_cpus() forgets the other CPU */
	NR_FAULTS,
};

/* ---- cpu.c: the CPUs, as coroutines -------------------------------------- */

enum ending {
	RUNNING,		/* not ended */
	ENDED,			/* both CPUs have done what they were to do */
	JOINED,			/* a state came up that has been explored from */
	FAILED,
};

/* One CPU: the machine's side (mask, calls), and what the exploration knows of it. */
struct cpu {
	bool masked;
	bool in_interrupt;
	bool done;			/* its program has ended: idle, with interrupts enabled */
	bool waiting;			/* spins; nothing that it waits for has changed */
	bool has_spun;			/* and has done nothing else since */
	bool deferred;			/* a call has not come yet: it comes at a point of choice */
	bool summoned;			/* idle, and woken up for the interrupt */
	unsigned int nr_interrupts;	/* that have come, calls included */
	unsigned int nr_calls;
	const void *last;		/* what it accessed last */
	uintptr_t at;			/* where: an address of code */
	uint64_t history;		/* all that it has seen and done, see explore.c */
	uint64_t history_before;	/* less the last event */
};

/** cpus_init() - make the coroutines. Once a process. */
void cpus_init(void);

/** cpus_run() - both CPUs do their part of @scenario, then @check runs. */
enum ending cpus_run(const struct scenario *scenario, void (*check)(void));

/** cpu_this() - the one that runs, or on whose behalf a set-up or a check runs. */
struct cpu *cpu_this(void);
struct cpu *cpu_other(void);
unsigned int cpu_number(void);

/** cpus_running() - is a schedule under way? */
bool cpus_running(void);

/** cpu_become() - between schedules: do what follows as CPU @number. */
void cpu_become(unsigned int number);

/** cpu_switch() - the other CPU goes on; returns when this one does. */
void cpu_switch(void);

/** cpu_interrupt() - run @fn(@arg) on this CPU as a handler. */
void cpu_interrupt(void (*fn)(void *arg), void *arg);

/** cpu_take_call() - run the oldest function that the other CPU has called this one for. */
void cpu_take_call(void);

/** cpu_note() - one more event in this CPU's history. */
void cpu_note(uint64_t event);

/** machine_has() - was it started with this fault? machine_set_fault() - so it is. */
bool machine_has(enum fault fault);
void machine_set_fault(enum fault fault);

/** end_run() - leave the schedule. @how: not RUNNING. */
_Noreturn void end_run(enum ending how);

/** fail() - end it as FAILED, with the reason. */
_Noreturn __printf(1, 2) void fail(const char *fmt, ...);
const char *failure(void);

/* ---- memory.c: what instrumented code reads and writes ------------------- */

#define POINT_NONE	0U
#define POINT_IRQ	1U		/* an interrupt here may matter */
#define POINT_SWITCH	2U		/* so may the other CPU */
#define POINT_ANY	3U

/** memory_watch() - this stretch is memory that CPUs share. @is_mms: what writes there is mm/, and
 *  the programs, which tell. Of stretches that overlap the first one counts. */
void memory_watch(void *base, size_t bytes, bool is_mms);

/** memory_access() - it is about to be accessed. Returns when the access shall be made. */
void memory_access(const void *address, size_t size, bool write);

/** memory_keep() - from now on, memory_restore() brings back what is in it now. */
void memory_keep(void);
void memory_restore(void);

/** memory_learn() - make points of all places where CPUs or handlers met. Return: new points. */
unsigned int memory_learn(void);

/** memory_sum() - a checksum of all that is mm/'s, to prove memory_restore(). */
uint64_t memory_sum(void);

uint64_t mix(uint64_t a, uint64_t b);

/* ---- explore.c ----------------------------------------------------------- */

struct statistics {
	uint64_t schedules;		/* run to the end and checked */
	uint64_t joined;		/* left where they met one that had been explored */
	unsigned int events;		/* of the longest schedule */
};

/**
 * explore() - all schedules of @scenario within @bound.
 * Return: false: one failed: failure() and schedule_text() tell.
 */
bool explore(const struct scenario *scenario, struct bound bound, struct statistics *stats);

/** replay() - the one that @text tells, saying where each choice was. Return: false: it failed. */
bool replay(const struct scenario *scenario, const char *text);

/** schedule_text() - what replay() wants, of the schedule that runs or has ended. */
const char *schedule_text(void);

/** explore_first() - which CPU begins? */
unsigned int explore_first(void);

/** explore_event() - this CPU is about to do something; @point tells who may care. */
void explore_event(unsigned int point);

/** explore_spin() - this CPU waits for the other. @again: it will look at the same place again. */
void explore_spin(bool again);

/** explore_idle() - its program has ended. */
_Noreturn void explore_idle(void);

/* ---- states.c ------------------------------------------------------------ */

/** states_add() - @key is odd. Return: false: it was there. states_forget() - none is there. */
bool states_add(uint64_t key);
void states_forget(void);

/* ---- check.c: what must hold when nothing runs --------------------------- */

/** check_keep() - objects and pages held, and counts, as they are now: where schedules begin. */
void check_keep(void);
void check_restore(void);

/** check_all() - fail() unless all is sound and everything is in exactly one place. */
void check_all(void);

/** object_hold() - @object was handed out. object_drop() - it is about to be freed. */
void object_hold(void *object);
void object_drop(void *object);

struct page;
void page_hold(struct page *page, unsigned int order);
void page_drop(struct page *page);

struct kmem_cache;
void check_watch_cache(struct kmem_cache *cache);
