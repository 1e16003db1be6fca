/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one table of columns. JSON, tables, text lines and the JSON Schema are all made from it: a field
 * is added here and nowhere else.
 */
#ifndef SOCKSTALL_ROWS_COLUMN_H
#define SOCKSTALL_ROWS_COLUMN_H

#include <stddef.h>

#include "rows/row.h"

enum column_kind {
	COLUMN_TYPE, /* the row's type, as text */
	COLUMN_EVENT, /* open, change, close */
	COLUMN_TEXT, /* const char *; NULL is null */
	COLUMN_COUNT, /* int64_t; NOT_KNOWN is null */
	COLUMN_SECONDS, /* double; NAN is null */
	COLUMN_NUMBER, /* double without a unit: rates and ratios */
	COLUMN_BOOL, /* int; -1 is null */
	COLUMN_TIME, /* uint64_t, ns on CLOCK_REALTIME; 0 is null */
	COLUMN_COOKIE, /* uint64_t; 0 is null. Text in JSON: readers of numbers would lose digits */
	COLUMN_LINKS, /* const char *: see links.h; NULL is null */
	COLUMN_PIDS, /* const char *: process ids, separated by spaces; NULL is null */
	COLUMN_LINES, /* const char *: texts, a line each; NULL is null */
	COLUMN_HISTOGRAM, /* struct histogram; without bars is null */
	COLUMN_VERSION, /* the constant 1 */
};

/* How a cell of a table is made of the column and of those it joins. */
enum column_shape {
	SHAPE_ALONE,
	SHAPE_PROCESS, /* comm/pid */
	SHAPE_THREAD, /* its id, for a thread that is not the first of its process */
	SHAPE_ENDPOINT, /* address:port, or the path of a unix socket */
	SHAPE_EITHER, /* a name, or the number that it joins */
	SHAPE_OF, /* a count and its limit: 3/6 */
	SHAPE_AT_LEAST, /* seconds, and whether it may be more: ≥6.1s */
	SHAPE_SENTENCE, /* behind all others, or on lines of its own below them */
};

#define ROW_BIT(type) (1u << (type))

struct column {
	const char *key; /* in JSON; */
	const char *heading; /* on the screen; NULL: not shown in tables */
	enum column_kind kind;
	size_t offset; /* in struct row */
	unsigned int types; /* ROW_BIT()s of the records that have it */
	const char *description; /* for the schema */
	const char *const *values; /* all values a text can have, NULL-terminated; or NULL: any */
	bool never_null;
	bool subject; /* on the evidence page it stands in the heading: which stall this is */
	bool socket_option; /* on the evidence page it stands among the socket options */
	bool behind_next; /* on the screen it stands behind the column that follows */
	int ticks; /* seconds that grow (1) or shrink (-1) by themselves while nothing else happens; 0: do not */
	/* On the screen: */
	enum column_shape shape;
	const char *joins[2]; /* keys of the columns that are shown in the same cell */
	unsigned int priority; /* where there is no room, the largest goes first; 0: never */
	unsigned int least; /* characters it may be shortened to; 0: not shortened */
	unsigned int rather; /* before it is left out itself, it may be shortened to so many; 0: it may not */
	unsigned int most; /* characters that are worth showing on a terminal; 0: all */
};

extern const struct column columns[];
extern const size_t column_count;

/* Names of record types, by enum row_type, and of events, by enum stall_event (NULL for none). */
extern const char *const row_type_names[ROW_TYPES];
extern const char *const stall_event_names[];

/* The columns in the order in which they stand on the screen. */
const struct column *column_on_screen(size_t place);

/* The column with this key that this type of record has, or NULL. */
const struct column *column_find(const char *key, enum row_type type);

/* Where a row keeps this column's value. */
static inline const void *column_field(const struct column *column, const struct row *row)
{
	return (const char *)row + column->offset;
}

/* False where the value is unknown: null in JSON, "-" on the screen. */
bool column_known(const struct column *column, const struct row *row);

#endif
