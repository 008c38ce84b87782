/*
 * Work for many CPUs, over port_start() and port_join(). The job lies on the caller's stack, who
 * does not return before the last CPU has.
 */
#include <kernel/panic.h>
#include <kernel/port.h>
#include <kernel/work.h>

struct job {
	void (*fn)(unsigned int cpu, void *arg);
	void *arg;
};

static void run_job(void *arg)
{
	const struct job *job = arg;

	job->fn(port_cpu(), job->arg);
}

void work_run(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg)
{
	struct job job = { fn, arg };

	MM_ASSERT(nr > 0 && nr <= port_nr_cpus());
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		port_start(cpu, run_job, &job);
	fn(port_cpu(), arg);
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		port_join(cpu);
}
