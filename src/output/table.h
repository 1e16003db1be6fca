/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows as the lines of a table, made from the table of columns. Pure: needs no terminal. */
#ifndef SOCKSTALL_OUTPUT_TABLE_H
#define SOCKSTALL_OUTPUT_TABLE_H

#include "base/lines.h"
#include "rows/row.h"

/* Details of a row beside its columns. Sentences stand behind the columns if they fit, else below. */
enum table_detail {
	DETAIL_NONE,
	DETAIL_WHY,
	DETAIL_ADVICE, /* and why */
	DETAIL_STACKS, /* and the stacks of programs */
};

#define NO_ROW ((size_t)-1)

/*
 * Appends a heading and the rows. Shows the columns that all of the rows' types have and at least one
 * row knows; where `width` has no room, columns are shortened or left out as the table of columns says.
 * Returns 0 or -ENOMEM.
 */
int table_add(struct lines *lines, const struct row *const *rows, size_t count, size_t width, enum table_detail detail);

/* The same for a person who moves in it. */
struct table_style {
	size_t width;
	enum table_detail detail;
	bool only_selected; /* sentences of the selected row alone, below it */
	size_t selected; /* in rows: its line is LINE_SELECTED, and of rows that are not stuck only it has sentences; or NO_ROW */
	bool causes; /* causes have what is known of them in two lines at most, and what hangs on them has none */
	const char *marked; /* key of the column whose heading is marked; or NULL */
	/*
	 * Keys of columns that go last where there is no room, the first of them last of all; NULL-terminated, or NULL.
	 */
	const char *const *favoured;
};

int table_add_styled(struct lines *lines, const struct row *const *rows, size_t count, const struct table_style *style);

#endif
