/* An object that is freed twice when it is small. */
void give(void *object);
void *take(int size) __attribute__((malloc, malloc(give, 1)));
void use(int size);

void use(int size)
{
	void *object = take(size);

	if (size < 8)
		give(object);
	give(object);
}
