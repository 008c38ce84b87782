/*
 * The console command `provoke`: mistakes with locks that end in a panic, which no suite can make
 * from inside. tests/qemu boots the kernel, types it, and judges what is said and the exit status.
 */
#include <kernel/command.h>
#include <kernel/errno.h>
#include <kernel/spinlock.h>
#include <kernel/string.h>

static struct spinlock low = SPINLOCK_RANKED(1, "provoke_low");
static struct spinlock high = SPINLOCK_RANKED(2, "provoke_high");

static void wrong_order(void)
{
	(void)spin_lock_irqsave(&high);
	(void)spin_lock_irqsave(&low);
}

static void same_rank(void)
{
	static struct spinlock other = SPINLOCK_RANKED(2, "provoke_other");

	(void)spin_lock_irqsave(&high);
	(void)spin_lock_irqsave(&other);
}

static void not_masked(void)
{
	spin_lock(&low);
}

/* The handler wants the lock that the code that it interrupts took without masking. */
static void handler(void *arg)
{
	(void)spin_lock_irqsave(arg);
}

static void from_an_interrupt(void)
{
	spin_lock(&low);
	(void)port_interrupt_after(1, handler, &low);
	for (unsigned int i = 0; i < 100; i++)
		port_relax();
}

static void twice(void)
{
	(void)spin_lock_irqsave(&low);
	(void)spin_lock_irqsave(&low);
}

static void not_held(void)
{
	spin_unlock(&low);
}

static const struct {
	const char *name;
	void (*fn)(void);
} mistakes[] = {
	{ "order", wrong_order },
	{ "rank", same_rank },
	{ "unmasked", not_masked },
	{ "interrupt", from_an_interrupt },
	{ "twice", twice },
	{ "unheld", not_held },
};

static int cmd_provoke(struct seq *out, int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(mistakes); i++) {
		if (strcmp(argv[1], mistakes[i].name) == 0) {
			mistakes[i].fn();
			seq_puts(out, "provoke: nobody has noticed\n");
			return -EIO;
		}
	}
	return -EINVAL;
}

static const struct command panic_commands[] = {
	{ "provoke", "order|rank|unmasked|interrupt|twice|unheld", "a panic over a lock",
	  cmd_provoke },
};
COMMAND_TABLE(panics, panic_commands);
