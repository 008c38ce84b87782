#pragma once

void port_idle(void);
