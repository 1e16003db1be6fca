/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows that are alike, as one row that Enter opens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/screen/internal.h"
#include "rows/alike.h"

/* Its place among those that are open, or SCREEN_OPENED. */
static size_t find(const struct screen *screen, uint64_t id)
{
	size_t place = 0;

	while (place < SCREEN_OPENED && screen->opened[place] != id)
		place++;
	return place;
}

static bool is_open(const void *screen, uint64_t id)
{
	return find(screen, id) < SCREEN_OPENED;
}

int screen_fold(const struct screen *screen, struct screen_rows *rows)
{
	const struct fold_how how = {.is_open = is_open, .context = screen};
	struct folded *folded = &rows->folded;
	const struct row **items;
	int error = fold_rows(folded, rows->items, rows->count, &how);

	if (error)
		return error;
	screen_mark_causes(folded, &rows->causes);
	items = calloc(folded->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < folded->count; i++)
		items[i] = &folded->rows[i];
	free(rows->items);
	rows->items = items;
	rows->count = folded->count;
	return 0;
}

bool screen_is_open(const struct screen *screen, const struct row *row)
{
	return is_open(screen, alike_id(row));
}

/* Where too many are open, another one is closed. */
void screen_toggle(struct screen *screen, const struct row *row)
{
	uint64_t id = alike_id(row);
	size_t place = find(screen, id);
	bool open = place < SCREEN_OPENED;

	if (!open)
		place = find(screen, 0);
	if (place == SCREEN_OPENED)
		place = screen->toggled % SCREEN_OPENED;
	screen->opened[place] = open ? 0 : id;
	screen->toggled++;
}
