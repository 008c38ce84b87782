/* The second of no list is read. */
#include <mm/node.h>

int first_value(const struct node *list)
{
	const struct node *second = 0;

	if (list)
		second = list->next;
	return second->value;
}
