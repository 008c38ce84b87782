/*
 * Names of functions, from a table that the build makes out of the image's own symbols
 * (boot/symbols.awk).
 *
 * Entries ascend by offset. The table stands behind the text, so that filling it in does not move
 * what it describes: the image is linked once with an empty table, and once with the full one.
 */
#include "boot.h"
#include "symbols.h"

bool port_symbol(uintptr_t address, struct port_symbol *sym)
{
	uint32_t low = 0, high = symbol_count;
	uintptr_t offset = address - (uintptr_t)text_start;

	if (address < (uintptr_t)text_start || address >= (uintptr_t)text_end)
		return false;
	/* entries below low start at or before the address, those from high on behind it */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol_table[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return false;
	low--;
	if (symbol_table[low].size != 0 &&
	    offset - symbol_table[low].offset >= symbol_table[low].size)
		return false;
	sym->name = symbol_names + symbol_table[low].name;
	sym->offset = offset - symbol_table[low].offset;
	sym->size = symbol_table[low].size;
	return true;
}
