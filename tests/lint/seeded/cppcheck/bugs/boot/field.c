/* A shift by as many bits as there are. */
unsigned int mask_of(void);

unsigned int mask_of(void)
{
	unsigned int bits = 32;

	return 1U << bits;
}
