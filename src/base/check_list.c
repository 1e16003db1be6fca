/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/check_list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

#define ITEMS_FIRST 64

const char *const check_state_names[] = {[CHECK_YES] = "yes", [CHECK_NO] = "no", [CHECK_NONE] = "none"};

struct check_item *check_list_add(struct check_list *list, enum check_part part, const char *name, const char *purpose)
{
	struct check_item *items =
		array_grow(list->items, list->count, &list->capacity, ITEMS_FIRST, sizeof(*list->items));

	if (!items) {
		list->error = -ENOMEM;
		return NULL;
	}
	list->items = items;
	items[list->count] = (struct check_item){
		.part = part,
		.name = name,
		.purpose = purpose,
		.syscalls = CHECK_NOT_KNOWN,
		.verified = CHECK_NOT_KNOWN,
	};
	return &items[list->count++];
}

size_t check_list_count(const struct check_list *list, enum check_part part, enum check_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].part == part && list->items[i].state == state;
	return count;
}

void check_list_free(struct check_list *list)
{
	free(list->items);
	arena_free(&list->arena);
	*list = (struct check_list){0};
}
