/* A size that wraps before it is widened, and a comparison that cannot fail. */
unsigned long bytes_of(unsigned int nr, unsigned int size);
int is_between(unsigned int low, unsigned int high);

unsigned long bytes_of(unsigned int nr, unsigned int size)
{
	return nr * size;
}

int is_between(unsigned int low, unsigned int high)
{
	return low <= high && low <= high;
}
