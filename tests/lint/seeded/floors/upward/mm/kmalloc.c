/*
 * A seed.
 */
void *kmalloc(unsigned long size);
void *buddy_table(void);
int mm_verify(void);

void *kmalloc(unsigned long size)
{
	return size != 0 && mm_verify() ? buddy_table() : (void *)0;
}
