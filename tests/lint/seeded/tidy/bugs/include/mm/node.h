/* A header is read with whoever includes it. */
#pragma once

struct node {
	int value;
	struct node *next;
};

int first_value(const struct node *list);

static inline int last_value(const struct node *list)
{
	while (list->next)
		list = list->next;
	if (list->value < 0);
		return -1;
	return list->value;
}
