/* Three sizes that wrap: one excused where it may be, one in the source, one not at all. */
unsigned long bytes_of(unsigned int nr, unsigned int size);
unsigned long twice(unsigned int nr, unsigned int size);
unsigned long thrice(unsigned int nr, unsigned int size);

unsigned long bytes_of(unsigned int nr, unsigned int size)
{
	return nr * size;
}

unsigned long twice(unsigned int nr, unsigned int size)
{
	return 2 * nr * size;	/* NOLINT */
}

unsigned long thrice(unsigned int nr, unsigned int size)
{
	return 3 * nr * size;
}
