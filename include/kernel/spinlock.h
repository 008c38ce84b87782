/*
 * Ticket spinlocks, fair between CPUs, taken with interrupts masked so that a handler may allocate.
 *
 * A lock has a rank: whoever holds one takes only locks of higher ranks. Rank 0 stands outside of
 * the order. The debug build (make DEBUG=1) checks it at every taking.
 */
#pragma once

#include <kernel/panic.h>
#include <kernel/port.h>

#ifdef DEBUG
#define SPINLOCK_DEBUG	true
#else
#define SPINLOCK_DEBUG	false
#endif

struct spinlock {
	uint32_t next;		/* ticket that the next taker draws */
	uint32_t serving;	/* ticket whose holder is inside */
	uint32_t owner;		/* CPU number + 1 of the holder; 0: free */
	uint32_t rank;		/* 0: not ordered */
	const char *name;	/* for people; NULL: none */
};

#define SPINLOCK_INIT	{ 0, 0, 0, 0, NULL }
#define SPINLOCK_RANKED(rank, name)	{ 0, 0, 0, (rank), (name) }

/** spin_lock_init() - a free lock. @name must stay valid. */
void spin_lock_init(struct spinlock *lock, unsigned int rank, const char *name);

/* What the inlined ways below leave over: a panic, waiting, the checks of the debug build. */
__cold _Noreturn void spin_held_already(const struct spinlock *lock);
__cold _Noreturn void spin_not_held(const struct spinlock *lock);
__noinline void spin_wait(const struct spinlock *lock, uint32_t ticket);
void spin_check_taking(const struct spinlock *lock);
void spin_note_taken(const struct spinlock *lock);
void spin_note_given(const struct spinlock *lock);

/** spin_is_held() - does this CPU hold @lock? */
static inline bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == port_cpu() + 1;
}

/** spin_lock() - wait for the lock, with interrupts masked already; else a panic in the debug
 *  build. Taken twice by one CPU: panic. */
static inline void spin_lock(struct spinlock *lock)
{
	uint32_t ticket;

	if (unlikely(spin_is_held(lock)))
		spin_held_already(lock);
	if (SPINLOCK_DEBUG)
		spin_check_taking(lock);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	if (unlikely(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket))
		spin_wait(lock, ticket);
	__atomic_store_n(&lock->owner, port_cpu() + 1, __ATOMIC_RELAXED);
	if (SPINLOCK_DEBUG)
		spin_note_taken(lock);
}

/** spin_unlock() - Released by another CPU than took it: panic. */
static inline void spin_unlock(struct spinlock *lock)
{
	if (unlikely(!spin_is_held(lock)))
		spin_not_held(lock);
	if (SPINLOCK_DEBUG)
		spin_note_given(lock);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

/**
 * spin_lock_irqsave() - mask interrupts, wait for the lock.
 * Return: what spin_unlock_irqrestore() wants back.
 */
static inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long state = port_irq_save();

	spin_lock(lock);
	return state;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long state)
{
	spin_unlock(lock);
	port_irq_restore(state);
}

#define lock_assert_held(lock)	MM_ASSERT(spin_is_held(lock))

#define LOCK_DEPTH	8U	/* locks that a CPU holds at a time; mm/ needs 4 */

/* The locks that a CPU holds, in the order of taking. */
struct lock_order {
	const struct spinlock *held[LOCK_DEPTH];
	unsigned int nr;
};

/**
 * lock_order_check() - may @lock be taken on top of what @order holds?
 * Return: NULL; or a lock that is held and has the same rank or a higher one.
 */
const struct spinlock *lock_order_check(const struct lock_order *order,
					const struct spinlock *lock);

/* Note that @lock was taken, or released, in any order. Return: false: no room, not held. */
bool lock_order_push(struct lock_order *order, const struct spinlock *lock);
bool lock_order_pop(struct lock_order *order, const struct spinlock *lock);
