/*
 * Time: the CPU's time stamp counter, its rate measured against channel 2 of the PIT (Intel
 * 8254 data sheet).
 *
 * The channel counts down from a known value; port 0x61 starts it and shows its output. The wait is
 * counted, and the result is judged: a machine without a PIT shows the output at once or never, and
 * gets CPUID's word or a guess.
 */
#include "boot.h"
#include "cpu.h"

#define PIT_HZ		1193182U
#define PIT_CHANNEL2	0x42
#define PIT_COMMAND	0x43
#define PIT_ONE_SHOT2	0xb0		/* channel 2, low then high byte, mode 0: rises at 0 */
#define NMI_STATUS	0x61
#define GATE2		0x01
#define SPEAKER		0x02
#define OUT2		0x20

#define MEASURE_HZ	250U		/* measure for 4 ms */
#define MEASURE_TIMES	3U		/* the least counts: a host may hold one up */
#define MAX_POLLS	4000000U	/* about 1 us each on real buses: many times 4 ms */
#define MIN_HZ		10000000ULL	/* a slower or faster counter is a failed measurement */
#define MAX_HZ		20000000000ULL
#define GUESS_HZ	1000000000ULL
#define NS_PER_S	1000000000ULL

static uint64_t ns_per_tick;		/* times 2^32 */
static const char *source = "not measured";

/*
 * Who is held up between reading the counter and starting the channel, or behind its end, measures
 * too much, never too little. Return: ticks a second; 0 when there is no PIT.
 */
static uint64_t measure_with_pit(void)
{
	uint16_t count = PIT_HZ / MEASURE_HZ;
	uint64_t start, end;
	unsigned int polls = 0;

	outb(NMI_STATUS, (uint8_t)((inb(NMI_STATUS) & ~SPEAKER) | GATE2));
	outb(PIT_COMMAND, PIT_ONE_SHOT2);
	outb(PIT_CHANNEL2, (uint8_t)count);
	start = rdtsc();
	outb(PIT_CHANNEL2, (uint8_t)(count >> 8));
	while (!(inb(NMI_STATUS) & OUT2)) {
		if (++polls == MAX_POLLS)
			return 0;
	}
	end = rdtsc();
	return (end - start) * MEASURE_HZ;
}

/* CPUID leaf 0x15: the counter's rate as a fraction of a crystal's; 0 when the CPU does not say. */
static uint64_t ask_cpuid(void)
{
	struct cpuid r = cpuid_or_zero(0x15);

	if (r.eax == 0 || r.ebx == 0)
		return 0;
	return (uint64_t)r.ecx * r.ebx / r.eax;
}

uint64_t time_init(void)
{
	uint64_t hz = UINT64_MAX;

	for (unsigned int i = 0; i < MEASURE_TIMES && hz != 0; i++)
		hz = min_u64(hz, measure_with_pit());
	source = "PIT";
	if (hz < MIN_HZ || hz > MAX_HZ) {
		hz = ask_cpuid();
		source = "CPUID";
	}
	if (hz < MIN_HZ || hz > MAX_HZ) {
		hz = GUESS_HZ;
		source = "guess: no PIT, and CPUID does not say";
	}
	ns_per_tick = (NS_PER_S << 32) / hz;
	return hz;
}

const char *time_source(void)
{
	return source;
}

uint64_t port_ticks(void)
{
	return rdtsc();
}

uint64_t port_ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 32);
}
