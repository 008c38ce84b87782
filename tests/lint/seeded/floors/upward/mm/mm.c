/*
 * A seed.
 */
int mm_init(void);
int mm_verify(void);

int mm_init(void)
{
	return mm_verify();
}
