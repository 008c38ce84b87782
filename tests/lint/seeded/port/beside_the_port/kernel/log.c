#include <kernel/port.h>

int puts(const char *text);
void log_line(const char *text);

void log_line(const char *text)
{
	port_write(text);
	puts(text);
}
