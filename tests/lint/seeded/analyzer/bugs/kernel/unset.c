/* A length that one way leaves unset. */
int parse(const char *text);
int length_of(const char *text, int *length);

int length_of(const char *text, int *length)
{
	int found;

	if (parse(text))
		found = 1;
	*length = found;
	return 0;
}
