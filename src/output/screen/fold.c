/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows below others: what hangs on a cause; and rows that are alike, as one row that Enter opens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/screen/internal.h"
#include "rows/alike.h"
#include "rows/causes.h"

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

/* The overview, as long as it is in its own order. */
static bool has_causes(const struct screen *screen)
{
	const struct screen_place *place = &screen->places[screen->page];
	unsigned int types = screen_pages[screen->page].types;

	return types & ROW_BIT(ROW_CHAIN) && types != ROW_BIT(ROW_CHAIN) && !place->sort && !place->reverse;
}

int screen_put_causes_first(const struct screen *screen, struct screen_rows *rows)
{
	struct causes causes;
	int error;

	if (!has_causes(screen))
		return 0;
	error = causes_collect(&causes, rows->items, rows->count);
	if (!error) {
		memcpy(rows->items, causes.rows, rows->count * sizeof(*rows->items));
		rows->causes = causes.cause_count;
	}
	causes_free(&causes);
	return error;
}

/* The stalls that hang on a cause stand right below it. */
static void mark_hanging(struct folded *folded)
{
	const char *cause = NULL;

	for (size_t i = 0; i < folded->count; i++) {
		struct row *row = &folded->rows[i];

		if (!row->cause_id)
			cause = row->id;
		row->fold.hangs = row->cause_id && cause && !strcmp(cause, row->cause_id);
	}
}

int screen_fold(const struct screen *screen, struct screen_rows *rows)
{
	const struct fold_how how = {.is_open = is_open, .context = screen};
	struct folded *folded = &rows->folded;
	const struct row **items;
	int error = fold_rows(folded, rows->items, rows->count, &how);

	if (error)
		return error;
	if (rows->causes)
		mark_hanging(folded);
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
