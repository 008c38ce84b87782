#include <stdarg.h>
#include <kernel/port.h>
#  include <stdio.h>
#include <mm/slab.h>
