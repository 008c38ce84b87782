int word(long address);

int word(long address)
{
	unsigned long flags = __builtin_ia32_readeflags_u64();

	return (int)(flags + (unsigned long)address);
}
