int blanks(int x)
{
    return x;
}

int mixed(int x)
{
	return x +
	        1;
}
