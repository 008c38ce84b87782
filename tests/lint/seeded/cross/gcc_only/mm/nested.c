int outer(int x);

int outer(int x)
{
	int inner(int y)
	{
		return y + 1;
	}
	return inner(x);
}
