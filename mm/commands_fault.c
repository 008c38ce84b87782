/*
 * The console command for failures on purpose: show the settings, and change them.
 */
#include "mm/fault.h"

#include <kernel/command.h>
#include <kernel/errno.h>
#include <kernel/string.h>

static int find_kind(struct seq *out, const char *text, enum fault_kind *kind)
{
	for (unsigned int i = 0; i < NR_FAULT_KINDS; i++) {
		*kind = (enum fault_kind)i;
		if (strcmp(text, fault_name(*kind)) == 0)
			return 0;
	}
	seq_printf(out, "\"%s\" is neither %s nor %s\n", text, fault_name(FAULT_SLAB),
		   fault_name(FAULT_PAGE_ALLOC));
	return -ERANGE;
}

/* Word by word; if one is bad, none counts. */
static int change(struct seq *out, enum fault_kind kind, int argc, char **argv)
{
	struct fault_state now;

	fault_get(kind, &now);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "off") == 0)
			now.attr.probability = 0;
		else if (fault_parse(out, kind, &now.attr, argv[i]))
			return -ERANGE;
	}
	fault_apply(kind, &now.attr);
	return 0;
}

static int cmd_fault(struct seq *out, int argc, char **argv)
{
	enum fault_kind kind;
	int err;

	if (argc == 1) {
		fault_show(out, FAULT_SLAB);
		fault_show(out, FAULT_PAGE_ALLOC);
		return 0;
	}
	err = find_kind(out, argv[1], &kind);
	if (!err && argc > 2)
		err = change(out, kind, argc - 2, argv + 2);
	if (!err)
		fault_show(out, kind);
	return err;
}

static const struct command fault_commands[] = {
	{ "fault", "[failslab|fail_page_alloc [off|I,P,S,T] [NAME=VALUE]]",
	  "requests that fail on purpose", cmd_fault },
};
COMMAND_TABLE(fault, fault_commands);
