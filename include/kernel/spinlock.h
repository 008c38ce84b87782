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

/**
 * spin_lock_irqsave() - mask interrupts, wait for the lock.
 * Return: what spin_unlock_irqrestore() wants back. Taken twice by one CPU: panic.
 */
unsigned long spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, unsigned long state);

/** spin_lock() - the same with interrupts masked already; else a panic in the debug build. */
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

/** spin_is_held() - does this CPU hold @lock? */
bool spin_is_held(const struct spinlock *lock);

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
