/*
 * The generated table of function names; see symbols.c and symbols.awk.
 */
#pragma once

#include <kernel/compiler.h>

struct symbol_entry {
	uint32_t offset;		/* from text_start, bytes */
	uint32_t size;			/* bytes; 0: not known */
	uint32_t name;			/* offset in symbol_names */
};

extern const uint32_t symbol_count;
extern const struct symbol_entry symbol_table[];
extern const char symbol_names[];
