/* What a port answers that has neither a timer nor interrupts. */
#include <kernel/port.h>

bool port_on_tick(void (*fn)(void))
{
	(void)fn;
	return false;
}

bool port_interrupt_after(unsigned int nr, void (*fn)(void *arg), void *arg)
{
	(void)nr;
	(void)fn;
	(void)arg;
	return false;
}

bool port_interrupt_cancel(void)
{
	return false;
}
