int deep(int x)
{
	for (int i = 0; i < x; i++) {
		while (x > i) {
			if (x & 1) {
				if (i & 1)
					x--;
			}
		}
	}
	return x;
}

int hanging(int x)
{
	for (int i = 0; i < x; i++)
		for (int j = 0; j < x; j++)
			for (int k = 0; k < x; k++)
				if (i + j +
				    k == x)
					return i;
	return x;
}

int fine(int x)
{
	if (x == 1) {
		return 1;
	} else if (x == 2) {
		return 4;
	} else {
		while (x > 3)
			if (x & 1)
				x--;
			else
				x -= 2;
	}
	return x;
}
