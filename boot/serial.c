/*
 * COM1, a 16550 UART, polled. Registers: National Semiconductor PC16550D data sheet.
 *
 * The loopback test tells a UART from an empty port. All waits are counted, so neither a missing
 * UART nor one whose transmitter is stuck holds the kernel up: after the first time-out characters
 * are dropped at once until the transmitter is ready again, which it is when a reader at the other
 * end has only paused. Input is not concerned. CPUs take turns, a call of port_write() at a time;
 * who waits too long, or is the last one running, goes on regardless.
 */
#include "boot.h"
#include "cpu.h"
#include "smp.h"

#define COM1		0x3f8
#define UART_DATA	(COM1 + 0)	/* with LCR_DLAB: divisor, low byte */
#define UART_IER	(COM1 + 1)	/* with LCR_DLAB: divisor, high byte */
#define UART_FCR	(COM1 + 2)
#define UART_LCR	(COM1 + 3)
#define UART_MCR	(COM1 + 4)
#define UART_LSR	(COM1 + 5)

#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define FCR_ENABLE	0x07		/* FIFO on, both emptied */
#define MCR_ON		0x03		/* data terminal ready, request to send */
#define MCR_LOOPBACK	0x1e
#define LSR_DATA	0x01
#define LSR_THRE	0x20		/* room for a character */
#define LSR_TEMT	0x40		/* all sent */

#define DIVISOR		1		/* of 115200 baud */
#define LOOPBACK_BYTE	0xae		/* neither 0x00 nor 0xff, which empty ports give */
#define MAX_POLLS	1000000U	/* a character takes 87 us, a poll at most about 1 us */

static bool present;
static bool stalled;	/* the transmitter: a wait for it took too long */
static uint32_t writer;		/* CPU number + 1 of the one in port_write(); 0: none */

/* Return: false when no bit of @mask came up. */
static bool wait_for(uint8_t mask)
{
	for (unsigned int i = 0; i < MAX_POLLS; i++) {
		if (inb(UART_LSR) & mask)
			return true;
		cpu_pause();
	}
	return false;
}

bool serial_init(void)
{
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, DIVISOR);
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ENABLE);
	outb(UART_MCR, MCR_LOOPBACK);
	outb(UART_DATA, LOOPBACK_BYTE);
	present = inb(UART_LSR) != 0xff && wait_for(LSR_DATA) && inb(UART_DATA) == LOOPBACK_BYTE;
	outb(UART_MCR, MCR_ON);
	return present;
}

static void put_char(char c)
{
	bool ready;

	if (!present)
		return;
	ready = stalled ? inb(UART_LSR) & LSR_THRE : wait_for(LSR_THRE);
	stalled = !ready;
	if (ready)
		outb(UART_DATA, (uint8_t)c);
}

/* Return: false when the turn belongs to somebody else: to this CPU itself, or it took too long. */
static bool take_turn(uint32_t self)
{
	for (unsigned int i = 0; i < MAX_POLLS * 4 && !smp_is_stopping(); i++) {
		uint32_t nobody = 0;

		if (__atomic_compare_exchange_n(&writer, &nobody, self, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
		if (nobody == self)
			return false;
		cpu_pause();
	}
	return false;
}

void port_write(const char *text, size_t len)
{
	bool turn = take_turn(port_cpu() + 1);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			put_char('\r');
		put_char(text[i]);
	}
	if (turn)
		__atomic_store_n(&writer, 0, __ATOMIC_RELEASE);
}

int port_read(void)
{
	if (!present || !(inb(UART_LSR) & LSR_DATA))
		return -1;
	return inb(UART_DATA);
}

void serial_drain(void)
{
	if (present && !stalled)
		(void)wait_for(LSR_TEMT);
}
