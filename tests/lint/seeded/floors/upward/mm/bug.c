/*
 * A seed.
 */
void mm_bug(void);

void mm_bug(void)
{
}
