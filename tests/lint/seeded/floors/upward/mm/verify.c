/*
 * A seed.
 */
int mm_verify(void);
void mm_bug(void);

int mm_verify(void)
{
	mm_bug();
	return 1;
}
