int signedness(char c);

int signedness(char c)
{
	return c < 0;
}
