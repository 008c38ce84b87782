/*
 * Ticket spinlocks, fair between CPUs, taken with interrupts masked so that a handler may allocate.
 */
#pragma once

#include <kernel/panic.h>
#include <kernel/port.h>

struct spinlock {
	uint32_t next;		/* ticket that the next taker draws */
	uint32_t serving;	/* ticket whose holder is inside */
	uint32_t owner;		/* CPU number + 1 of the holder; 0: free */
};

#define SPINLOCK_INIT	{ 0, 0, 0 }

/**
 * spin_lock_irqsave() - mask interrupts, wait for the lock.
 * Return: what spin_unlock_irqrestore() wants back. Taken twice by one CPU: panic.
 */
unsigned long spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, unsigned long state);

/** spin_is_held() - does this CPU hold @lock? */
bool spin_is_held(const struct spinlock *lock);

#define lock_assert_held(lock)	MM_ASSERT(spin_is_held(lock))
