/* One order too many. */
int sum(void);

int sum(void)
{
	int blocks[11] = { 0 };
	int nr = 0;

	for (int i = 0; i <= 11; i++)
		nr += blocks[i];
	return nr;
}
