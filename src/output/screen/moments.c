/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/screen/moments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct moment *place(const struct history *history, size_t i)
{
	return &history->moments[(history->first + i) % HISTORY_LOOKS];
}

const struct moment *history_at(const struct history *history, size_t back)
{
	return back < history->count ? place(history, history->count - 1 - back) : NULL;
}

static void forget(struct moment *moment)
{
	free(moment->rows);
	arena_free(&moment->arena);
	memset(moment, 0, sizeof(*moment));
}

static void forget_oldest(struct history *history)
{
	struct moment *oldest = place(history, 0);

	history->bytes -= oldest->bytes;
	forget(oldest);
	history->first = (history->first + 1) % HISTORY_LOOKS;
	history->count--;
}

static int copy_rows(struct moment *moment, const struct row *const *rows, size_t count)
{
	size_t kept[ROW_TYPES] = {0}, all = 0;
	struct row *kept_rows;
	int error = 0;

	for (enum row_type type = 0; type < ROW_TYPES; type++)
		all += moment->total[type] < HISTORY_ROWS ? moment->total[type] : HISTORY_ROWS;
	kept_rows = calloc(all + 1, sizeof(*kept_rows));
	if (!kept_rows)
		return -ENOMEM;
	moment->rows = kept_rows;
	for (size_t i = 0; i < count && !error; i++) {
		struct row *copy = &moment->rows[moment->count];

		if (kept[rows[i]->type]++ >= HISTORY_ROWS)
			continue;
		*copy = *rows[i];
		error = row_own_texts(copy, &moment->arena);
		moment->count++;
	}
	moment->bytes = sizeof(*moment) + moment->count * sizeof(*moment->rows) + arena_size(&moment->arena);
	return error;
}

static int take(struct moment *moment, const struct report *report)
{
	const struct row **rows = calloc(report->count + 1, sizeof(*rows));
	size_t count = 0;
	int error;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		if (row->event == STALL_CLOSE)
			continue;
		moment->total[row->type]++;
		moment->stuck[row->type] += row->stuck;
		rows[count++] = row;
	}
	rows_sort(rows, count);
	error = copy_rows(moment, rows, count);
	free(rows);
	return error;
}

int history_add(struct history *history, const struct report *report, const struct look_record *head, bool has_chains,
		const char *lost)
{
	struct moment moment = {.head = *head, .has_chains = has_chains};
	int error;

	if (!history->moments)
		history->moments = calloc(HISTORY_LOOKS, sizeof(*history->moments));
	if (!history->moments)
		return -ENOMEM;
	if (lost)
		moment.lost = arena_printf(&moment.arena, "%s", lost);
	error = take(&moment, report);
	if (error) {
		forget(&moment);
		return error;
	}
	if (history->count == HISTORY_LOOKS)
		forget_oldest(history);
	*place(history, history->count++) = moment;
	history->bytes += moment.bytes;
	while (history->bytes > HISTORY_BYTES && history->count > 1)
		forget_oldest(history);
	return 0;
}

void history_free(struct history *history)
{
	while (history->count)
		forget_oldest(history);
	free(history->moments);
	memset(history, 0, sizeof(*history));
}
