/*
 * The prompt: keys from the port, through the line editor, to the commands.
 */
#include <kernel/command.h>
#include <kernel/edit.h>
#include <kernel/errno.h>
#include <kernel/internal.h>
#include <kernel/port.h>

#define PROMPT	"quire> "

static struct line_editor console_editor; /* too large for a stack: its history alone takes 4 KiB */

void console_loop(void)
{
	struct line_editor *editor = &console_editor;

	edit_init(editor, &seq_console, PROMPT, command_match);
	for (;;) {
		int ch;

		edit_begin(editor);
		do {
			while ((ch = port_read()) < 0)
				port_idle();
		} while (!edit_key(editor, ch));
		(void)command_run(&seq_console, editor->line);
	}
}

static int cmd_test(struct seq *out, int argc, char **argv)
{
	struct ktest_result result;

	if (argc > 2)
		return -EINVAL;
	result = ktest_run(out, argc == 2 ? argv[1] : "*");
	return result.failed != 0 ? -EIO : 0;
}

static int cmd_reboot(struct seq *out, int argc, char **argv)
{
	(void)out;
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	port_reboot();
}

static int cmd_poweroff(struct seq *out, int argc, char **argv)
{
	(void)out;
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	port_exit(PORT_OK);
}

static const struct command console_commands[] = {
	{ "test", "[SUITE[.CASE]]", "run the self-tests whose name matches; * and ? may be used",
	  cmd_test },
	{ "reboot", "", "start the machine again", cmd_reboot },
	{ "poweroff", "", "switch the machine off", cmd_poweroff },
};
COMMAND_TABLE(console, console_commands);
