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

static const struct ktest_case spinlock_cases[] = {
	KTEST_CASE(taken_and_released),
	KTEST_CASE(two_locks),
	KTEST_CASE(tickets_wrap),
	KTEST_CASE(held_by_another_cpu_is_not_held_here),
};
KTEST_SUITE(spinlock, spinlock_cases);
