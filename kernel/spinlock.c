/*
 * Ticket spinlocks.
 *
 * 1. Idea.       A taker draws @next and waits until @serving shows its number: first come, first
 *                served.
 * 2. Invariants. next - serving (mod 2^32) is the number of CPUs inside or waiting. owner is the
 *                holder's CPU number plus 1; only the holder writes it, so a CPU that reads its own
 *                number there holds the lock.
 * 3. Order.      Reading one's number from @serving acquires, advancing it releases; all other
 *                accesses are relaxed.
 * 4. Interrupts. Masked from before the ticket is drawn until after the release: a handler on the
 *                same CPU would wait for ever for the one that it interrupted.
 */
#include <kernel/spinlock.h>

unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long state = port_irq_save();
	uint32_t ticket;

	if (unlikely(spin_is_held(lock)))
		panic("spinlock %px taken by CPU %u, which holds it already", (void *)lock,
		      port_cpu());
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		port_relax();
	__atomic_store_n(&lock->owner, port_cpu() + 1, __ATOMIC_RELAXED);
	return state;
}

void spin_unlock_irqrestore(struct spinlock *lock, unsigned long state)
{
	uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	if (unlikely(owner == 0))
		panic("spinlock %px released by CPU %u, but nobody holds it", (void *)lock,
		      port_cpu());
	if (unlikely(owner != port_cpu() + 1))
		panic("spinlock %px released by CPU %u, but CPU %u holds it", (void *)lock,
		      port_cpu(), owner - 1);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	port_irq_restore(state);
}

bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == port_cpu() + 1;
}
