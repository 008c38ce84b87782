# From `nm -n -S` of the kernel to NASM source of the table in boot/symbols.h. Lines: address [size] type name.
# Numbers stay text: awk's own do not hold 64 bits.

function entry(address, size, name)
{
	table = table sprintf("\tdd 0x%s - text_start_value, 0x%s, name_%d - symbol_names\n", address, size, count)
	names = names sprintf("name_%d: db \"%s\", 0\n", count, name)
	count++
}

$NF == "text_start" { text_start = $1 }

# The higher half's functions; the entry code in low memory has no room in a 32-bit offset.
$1 ~ /^ffffffff/ && NF == 4 && $3 ~ /^[TtWw]$/ { entry($1, substr($2, 9), $4) }
$1 ~ /^ffffffff/ && NF == 3 && $2 ~ /^[TtWw]$/ && $3 !~ /^(text_start|text_end)$/ && $3 !~ /\./ { entry($1, "0", $3) }

END {
	printf "text_start_value equ 0x%s\n", text_start == "" ? "0" : text_start
	print "section .rodata.symbols progbits alloc noexec nowrite align=4"
	print "global symbol_count, symbol_table, symbol_names"
	printf "symbol_count: dd %d\n", count
	printf "symbol_table:\n%s", table
	printf "symbol_names: db 0\n%s", names
}
