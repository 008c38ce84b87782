/* A count that starts from nothing, in the build that checks. */
int count(const int *words, int nr);

int count(const int *words, int nr)
{
#ifdef DEBUG
	int sum;
#else
	int sum = 0;
#endif

	for (int i = 0; i < nr; i++)
		sum += words[i];
	return sum;
}
