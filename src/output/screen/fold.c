/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows that are alike, as one row that Enter opens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "output/screen/internal.h"
#include "rows/alike.h"
#include "rows/fold.h"

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

/* ---- The worst first, once more ---- */

/* A row on its way to its place: with those that are as bad it stays in the order that they have. */
struct place {
	const struct row *row;
	size_t section; /* a cause; what hangs on it; the rest */
	int64_t severity; /* of the row that it is a member of, or its own; so is */
	size_t head;
};

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int order = COMPARE(a->section, b->section);

	if (!order)
		order = COMPARE(b->severity, a->severity);
	if (!order)
		order = COMPARE(a->head, b->head);
	return order ? order : COMPARE(a->row, b->row);
}

static bool begins_section(const struct row *row, const struct row *before)
{
	return row->fold.heads || before->fold.heads || row->fold.hangs != before->fold.hangs;
}

/* Of threads none is bad: the largest group comes first. */
static int64_t badness(const struct row *row)
{
	return row->type == ROW_THREAD ? (int64_t)fold_count(row) : row->severity;
}

/* Rows that stand for many are as bad as all of them. Members stay with theirs. */
static int sort_folded(const struct row **items, size_t count)
{
	struct place *places = calloc(count + 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct place *before = i ? &places[i - 1] : NULL;
		bool member = before && items[i]->fold.member;

		places[i] = (struct place){items[i], 0, badness(items[i]), i};
		if (before)
			places[i].section = before->section + begins_section(items[i], items[i - 1]);
		if (member) {
			places[i].severity = before->severity;
			places[i].head = before->head;
		}
	}
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++)
		items[i] = places[i].row;
	free(places);
	return 0;
}

static bool is_worst_first(const struct screen *screen)
{
	const struct screen_place *place = &screen->places[screen->page];

	return !place->sort && !place->reverse;
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
	return is_worst_first(screen) ? sort_folded(items, rows->count) : 0;
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
