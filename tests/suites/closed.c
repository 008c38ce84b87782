/*
 * After each case every byte of the firmware's map must be in one row of the ledger, and counters
 * must say what is counted. So the case that loses a page fails, not one that comes later; and it
 * alone, for what it lost stays lost: the next one fails when that has changed.
 */
#include "closed.h"

#include "mm/snapshot.h"

#include <kernel/ktest.h>
#include <kernel/string.h>
#include <mm/ledger.h>

static char text[8192];			/* bytes; a whole table with its findings */
static struct ledger ledger;
static uint64_t missing;		/* bytes, after the last case that was at fault; 0: none */
static unsigned int nr_drifts;		/* likewise */

static void nothing(void *arg)
{
	(void)arg;
}

static void note_table(struct ktest *t)
{
	struct seq_buffer buffer;
	const char *line = text, *end;

	seq_buffer_init(&buffer, text, sizeof(text));
	print_ledger(&buffer.seq, &ledger);
	while ((end = strchr(line, '\n')) != NULL) {
		ktest_note(t, "%.*s", (int)(end - line), line);
		line = end + 1;
	}
}

static bool is_as_before(void)
{
	ledger_take(&kernel_mm, &ledger);
	return ledger.total - ledger_sum(&ledger) == missing && ledger.nr_drifts == nr_drifts;
}

static bool is_closed_or_as_before(struct ktest *t)
{
	if (is_as_before())
		return true;
	port_call_cpus(nothing, NULL);	/* the handlers that other CPUs were in have ended */
	if (is_as_before())
		return true;
	missing = ledger.total - ledger_sum(&ledger);
	nr_drifts = ledger.nr_drifts;
	ktest_note(t, "the ledger is not closed, or not as before:");
	note_table(t);
	return false;
}

void closed_after_each_case(void)
{
	ktest_set_check(NULL, is_closed_or_as_before);
}
