#include <stdint.h>
#include <mm/page.h>
#include "internal.h"
#include <boot/serial.h>
