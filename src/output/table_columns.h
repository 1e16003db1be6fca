/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A table under way: its columns, and which of them have room. For table.c and table_fit.c alone. */
#ifndef SOCKSTALL_OUTPUT_TABLE_COLUMNS_H
#define SOCKSTALL_OUTPUT_TABLE_COLUMNS_H

#include "output/table.h"
#include "rows/column.h"

#define TABLE_GAP 2 /* between columns */

/* One column of this table: the same key, each type of record in its own way. */
struct table_column {
	const struct column *of[ROW_TYPES];
	const struct column *first; /* the one with the heading */
	const char *heading;
	size_t heading_width, width;
	bool known; /* by some row */
	bool scant; /* as short as it may be rather than be left out */
};

struct table {
	const struct row *const *rows;
	size_t count;
	size_t limit; /* what the terminal has, or WIDTH_UNLIMITED */
	const struct table_style *style;
	enum table_detail detail;
	struct table_column *columns;
	size_t column_count;
	size_t *cells; /* where the text of row i, column j begins, at i * column_count + j */
	struct buffer text;
	bool below; /* sentences */
};

/* The text of a cell. */
const char *table_cell(const struct table *table, size_t row, size_t column);

bool table_is_sentence(const struct table_column *column);
bool table_is_shown(const struct table *table, const struct table_column *column);

/* Shortens columns, or leaves them out, until the line is no longer than it may be. Returns 0 or -ENOMEM. */
int table_fit(struct table *table);

#endif
