/* What was not found is read, two calls away from where it was looked for. */
struct entry {
	int type;
	const struct entry *next;
};

int type_of(const struct entry *list, int type);

static const struct entry *find(const struct entry *list, int type)
{
	while (list && list->type != type)
		list = list->next;
	return list;
}

int type_of(const struct entry *list, int type)
{
	return find(list, type)->type;
}
