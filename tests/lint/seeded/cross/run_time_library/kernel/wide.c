unsigned __int128 wide(unsigned __int128 a, unsigned __int128 b);

unsigned __int128 wide(unsigned __int128 a, unsigned __int128 b)
{
	return a / b;
}
