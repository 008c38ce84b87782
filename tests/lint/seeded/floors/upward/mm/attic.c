/*
 * A seed.
 */
void attic(void);

void attic(void)
{
}
