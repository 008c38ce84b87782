/*
 * Spinlocks on one CPU: the states that a lock goes through. What ends in a panic cannot be tested
 * from inside.
 */
#include <kernel/ktest.h>
#include <kernel/spinlock.h>

#define ROUNDS	1000

static void taken_and_released(struct ktest *t)
{
	struct spinlock lock = SPINLOCK_INIT;
	unsigned long state;
	bool during;

	KTEST_EXPECT(t, !spin_is_held(&lock));
	state = spin_lock_irqsave(&lock);
	during = spin_is_held(&lock);
	spin_unlock_irqrestore(&lock, state);
	KTEST_EXPECT(t, during);
	KTEST_EXPECT(t, !spin_is_held(&lock));
	KTEST_EXPECT_EQ(t, lock.owner, 0);
	KTEST_EXPECT_EQ(t, lock.next, lock.serving);
}

static void two_locks(struct ktest *t)
{
	struct spinlock outer = SPINLOCK_INIT, inner = SPINLOCK_INIT;
	unsigned long outer_state, inner_state;
	bool both, outer_alone;

	outer_state = spin_lock_irqsave(&outer);
	inner_state = spin_lock_irqsave(&inner);
	both = spin_is_held(&outer) && spin_is_held(&inner);
	spin_unlock_irqrestore(&inner, inner_state);
	outer_alone = spin_is_held(&outer) && !spin_is_held(&inner);
	spin_unlock_irqrestore(&outer, outer_state);
	KTEST_EXPECT(t, both);
	KTEST_EXPECT(t, outer_alone);
}

/* Tickets are 32 bits wide and wrap. */
static void tickets_wrap(struct ktest *t)
{
	struct spinlock lock = { .next = UINT32_MAX - ROUNDS / 2,
				 .serving = UINT32_MAX - ROUNDS / 2 };

	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned long state = spin_lock_irqsave(&lock);

		spin_unlock_irqrestore(&lock, state);
	}
	KTEST_EXPECT_EQ(t, lock.next, ROUNDS - ROUNDS / 2 - 1);
	KTEST_EXPECT_EQ(t, lock.serving, lock.next);
}

static void held_by_another_cpu_is_not_held_here(struct ktest *t)
{
	struct spinlock lock = { .next = 1, .serving = 0, .owner = port_cpu() + 2 };

	KTEST_EXPECT(t, !spin_is_held(&lock));
}

static void ranks_ascend(struct ktest *t)
{
	struct spinlock low = SPINLOCK_RANKED(1, "low"), high = SPINLOCK_RANKED(3, "high");
	struct spinlock same = SPINLOCK_RANKED(3, "same"), unranked = SPINLOCK_INIT;
	struct lock_order order = { .nr = 0 };

	KTEST_EXPECT(t, lock_order_check(&order, &high) == NULL);
	KTEST_EXPECT(t, lock_order_push(&order, &low));
	KTEST_EXPECT(t, lock_order_check(&order, &high) == NULL);
	KTEST_EXPECT(t, lock_order_push(&order, &high));
	KTEST_EXPECT(t, lock_order_check(&order, &low) == &low);
	KTEST_EXPECT(t, lock_order_check(&order, &same) == &high);
	KTEST_EXPECT(t, lock_order_check(&order, &unranked) == NULL);
	KTEST_EXPECT(t, lock_order_push(&order, &unranked));
	KTEST_EXPECT(t, lock_order_check(&order, &same) == &high);
	KTEST_EXPECT(t, lock_order_pop(&order, &high));
	KTEST_EXPECT(t, lock_order_check(&order, &same) == NULL);
	KTEST_EXPECT(t, !lock_order_pop(&order, &high));
	KTEST_EXPECT(t, lock_order_pop(&order, &low) && lock_order_pop(&order, &unranked));
	KTEST_EXPECT_EQ(t, order.nr, 0);
}

static void order_is_full(struct ktest *t)
{
	struct spinlock locks[LOCK_DEPTH + 1] = { SPINLOCK_INIT };
	struct lock_order order = { .nr = 0 };

	for (unsigned int i = 0; i < LOCK_DEPTH; i++)
		KTEST_EXPECT(t, lock_order_push(&order, &locks[i]));
	KTEST_EXPECT(t, !lock_order_push(&order, &locks[LOCK_DEPTH]));
	for (unsigned int i = 0; i < LOCK_DEPTH; i++)
		KTEST_EXPECT(t, lock_order_pop(&order, &locks[i]));
	KTEST_EXPECT_EQ(t, order.nr, 0);
}

static void interrupts_are_masked_inside(struct ktest *t)
{
	struct spinlock lock = SPINLOCK_INIT;
	bool before = port_irqs_enabled(), inside, nested;
	unsigned long outer = spin_lock_irqsave(&lock);
	unsigned long inner = port_irq_save();

	inside = port_irqs_enabled();
	port_irq_restore(inner);
	nested = port_irqs_enabled();
	spin_unlock_irqrestore(&lock, outer);
	KTEST_EXPECT(t, !inside && !nested);
	KTEST_EXPECT_EQ(t, port_irqs_enabled(), before);
}

static const struct ktest_case spinlock_cases[] = {
	KTEST_CASE(taken_and_released),
	KTEST_CASE(two_locks),
	KTEST_CASE(tickets_wrap),
	KTEST_CASE(held_by_another_cpu_is_not_held_here),
	KTEST_CASE(ranks_ascend),
	KTEST_CASE(order_is_full),
	KTEST_CASE(interrupts_are_masked_inside),
};
KTEST_SUITE(spinlock, spinlock_cases);
