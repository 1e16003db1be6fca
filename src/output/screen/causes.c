/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Causes, and what hangs on them below. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/screen/internal.h"

/* The overview, as long as it is in its own order. */
static bool has_causes(const struct screen *screen)
{
	const struct screen_place *place = &screen->places[screen->page];
	unsigned int types = screen_pages[screen->page].types;

	return types & ROW_BIT(ROW_CHAIN) && types != ROW_BIT(ROW_CHAIN) && !place->sort && !place->reverse;
}

int screen_put_causes_first(const struct screen *screen, struct screen_rows *rows)
{
	int error;

	if (!has_causes(screen))
		return 0;
	error = causes_collect(&rows->causes, rows->items, rows->count);
	if (!error)
		memcpy(rows->items, rows->causes.rows, rows->count * sizeof(*rows->items));
	return error;
}

/* Causes are in the order of their rows. */
static bool mark_cause(struct row *row, const struct causes *causes, size_t *next)
{
	for (size_t i = *next; i < causes->cause_count && row->id; i++) {
		if (strcmp(causes->items[i].items[0]->id, row->id))
			continue;
		row->fold.heads = true;
		row->fold.waiting = causes->items[i].waiters;
		*next = i + 1;
		return true;
	}
	return false;
}

/* The stalls that hang on a cause stand right below it. */
void screen_mark_causes(struct folded *folded, const struct causes *causes)
{
	const char *cause = NULL;
	size_t next = 0;

	for (size_t i = 0; i < folded->count; i++) {
		struct row *row = &folded->rows[i];

		if (!row->cause_id)
			cause = mark_cause(row, causes, &next) ? row->id : NULL;
		row->fold.hangs = row->cause_id && cause && !strcmp(cause, row->cause_id);
	}
}

/* ---- Whatever the page ---- */

static int find_causes(const struct screen *screen, struct causes *causes)
{
	const struct moment *moment = screen->command == COMMAND_OVERVIEW ? screen_moment(screen) : NULL;
	size_t count = 0;
	const struct row **rows = calloc(moment ? moment->count + 1 : 1, sizeof(*rows));
	int error;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; moment && i < moment->count; i++) {
		if (moment->rows[i].stuck)
			rows[count++] = &moment->rows[i];
	}
	error = causes_collect(causes, rows, count);
	free(rows);
	return error;
}

const struct causes *screen_causes(const struct screen *screen)
{
	struct screen_cache *cache = screen->cache;

	if (cache->causes.rows && cache->looks == screen->looks && cache->back == screen->back)
		return &cache->causes;
	causes_free(&cache->causes);
	cache->looks = screen->looks;
	cache->back = screen->back;
	if (!find_causes(screen, &cache->causes))
		return &cache->causes;
	causes_free(&cache->causes);
	return NULL;
}

/* ---- From a stall to its cause ---- */

const struct row *screen_evidence_cause(const struct screen *screen)
{
	const struct moment *when, *shown = screen_moment(screen);
	const struct row *row = screen_evidence_row(screen, &when);

	for (size_t i = 0; row && row->cause_id && i < shown->count; i++) {
		if (shown->rows[i].id && !strcmp(shown->rows[i].id, row->cause_id))
			return &shown->rows[i];
	}
	return NULL;
}
