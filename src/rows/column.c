/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Functions on the table of columns: see columns.c for the table. */
#include "rows/column.h"

#include <math.h>
#include <string.h>

const char *const row_type_names[ROW_TYPES] = {
	[ROW_START] = "start",	     [ROW_HANDSHAKE] = "handshake",
	[ROW_LISTENER] = "listener", [ROW_READER] = "reader",
	[ROW_LOOP] = "loop",	     [ROW_THREAD] = "thread",
	[ROW_LOST] = "lost",	     [ROW_END] = "end",
	[ROW_REGION] = "region",     [ROW_WATCH] = "watch",
	[ROW_ACTION] = "action",     [ROW_WRITER] = "writer",
	[ROW_CLOSING] = "closing",   [ROW_DIFFERENCE] = "difference",
	[ROW_CHAIN] = "chain",	     [ROW_CHECK] = "check",
	[ROW_PROCESS] = "process",   [ROW_SERVICE] = "service",
	[ROW_LOCK] = "lock",
};

const char *const stall_event_names[] = {
	[STALL_NONE] = NULL,
	[STALL_OPEN] = "open",
	[STALL_CHANGE] = "change",
	[STALL_CLOSE] = "close",
};

const struct column *column_on_screen(size_t place)
{
	if (place && columns[place - 1].behind_next)
		return &columns[place - 1];
	while (columns[place].behind_next)
		place++;
	return &columns[place];
}

const struct column *column_find(const char *key, enum row_type type)
{
	for (size_t i = 0; i < column_count; i++) {
		if (columns[i].types & ROW_BIT(type) && !strcmp(columns[i].key, key))
			return &columns[i];
	}
	return NULL;
}

bool column_known(const struct column *column, const struct row *row)
{
	const void *field = column_field(column, row);

	switch (column->kind) {
	case COLUMN_VERSION:
	case COLUMN_TYPE:
		return true;
	case COLUMN_EVENT:
		return *(const enum stall_event *)field != STALL_NONE;
	case COLUMN_TEXT:
	case COLUMN_LINKS:
	case COLUMN_PIDS:
	case COLUMN_LINES:
		return *(const char *const *)field;
	case COLUMN_COUNT:
		return *(const int64_t *)field != NOT_KNOWN;
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return isfinite(*(const double *)field);
	case COLUMN_BOOL:
		return *(const int *)field >= 0;
	case COLUMN_TIME:
	case COLUMN_COOKIE:
		return *(const uint64_t *)field;
	case COLUMN_HISTOGRAM:
		return ((const struct histogram *)field)->bars;
	}
	return false;
}
