/*
 * A seed.
 */
int mm_verify(void);
int console(void);

int console(void)
{
	return mm_verify();
}
