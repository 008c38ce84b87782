#pragma once

void port_write(const char *text);
void port_idle(void);
