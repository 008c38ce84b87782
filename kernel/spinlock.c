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
 *                same CPU would wait for ever for the one that it interrupted. So a lock taken with
 *                interrupts enabled is a bug even if no interrupt comes.
 * 5. Ranks.      In the debug build each CPU has a list of the locks that it holds, which only it
 *                touches, with interrupts masked. If all CPUs take locks by ascending rank, no
 *                circle of waiters can come about; the check finds a wrong order the first time
 *                that it is taken, and not the first time that it hangs.
 */
#include <kernel/spinlock.h>
#include <port/layout.h>

static struct lock_order orders[SPINLOCK_DEBUG ? PORT_NR_CPUS : 1];

static const char *name_of(const struct spinlock *lock)
{
	return lock->name ? lock->name : "(no name)";
}

/* ---- ranks ----------------------------------------------------------------------------------- */

const struct spinlock *lock_order_check(const struct lock_order *order,
					const struct spinlock *lock)
{
	if (lock->rank == 0)
		return NULL;
	for (unsigned int i = 0; i < order->nr; i++) {
		if (order->held[i]->rank >= lock->rank)
			return order->held[i];
	}
	return NULL;
}

bool lock_order_push(struct lock_order *order, const struct spinlock *lock)
{
	if (order->nr == LOCK_DEPTH)
		return false;
	order->held[order->nr++] = lock;
	return true;
}

bool lock_order_pop(struct lock_order *order, const struct spinlock *lock)
{
	for (unsigned int i = order->nr; i > 0; i--) {
		if (order->held[i - 1] != lock)
			continue;
		for (order->nr--; i <= order->nr; i++)
			order->held[i - 1] = order->held[i];
		return true;
	}
	return false;
}

void spin_check_taking(const struct spinlock *lock)
{
	const struct spinlock *above;

	if (port_irqs_enabled())
		panic("spinlock %s (%px) taken by CPU %u with interrupts enabled", name_of(lock),
		      (const void *)lock, port_cpu());
	above = lock_order_check(&orders[port_cpu()], lock);
	if (above)
		panic("spinlock %s (rank %u) taken by CPU %u, which holds %s (rank %u)",
		      name_of(lock), lock->rank, port_cpu(), name_of(above), above->rank);
}

void spin_note_taken(const struct spinlock *lock)
{
	MM_ASSERT(lock_order_push(&orders[port_cpu()], lock));
}

void spin_note_given(const struct spinlock *lock)
{
	MM_ASSERT(lock_order_pop(&orders[port_cpu()], lock));
}

/* ---- locks ----------------------------------------------------------------------------------- */

void spin_lock_init(struct spinlock *lock, unsigned int rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_RANKED(rank, name);
}

void spin_wait(const struct spinlock *lock, uint32_t ticket)
{
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		port_relax();
}

void spin_held_already(const struct spinlock *lock)
{
	panic("spinlock %s (%px) taken by CPU %u, which holds it already", name_of(lock),
	      (const void *)lock, port_cpu());
}

void spin_not_held(const struct spinlock *lock)
{
	uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	if (owner == 0)
		panic("spinlock %s (%px) released by CPU %u, but nobody holds it", name_of(lock),
		      (const void *)lock, port_cpu());
	panic("spinlock %s (%px) released by CPU %u, but CPU %u holds it", name_of(lock),
	      (const void *)lock, port_cpu(), owner - 1);
}
