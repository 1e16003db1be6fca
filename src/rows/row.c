/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "rows/column.h"

/* ---- A new row ---- */

static void forget(const struct column *column, struct row *row)
{
	void *field = (char *)row + column->offset;

	switch (column->kind) {
	case COLUMN_COUNT:
		*(int64_t *)field = NOT_KNOWN;
		break;
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		*(double *)field = NAN;
		break;
	case COLUMN_BOOL:
		*(int *)field = -1;
		break;
	default: /* zero is unknown */
		break;
	}
}

static void make_blank(struct row *row, enum row_type type)
{
	row->type = type;
	for (size_t i = 0; i < column_count; i++) {
		/*
		 * Members before the union exist in every row, whether or not its type shows them. Zero is a severity.
		 */
		if (columns[i].offset == offsetof(struct row, severity))
			continue;
		if (columns[i].types & ROW_BIT(type) || columns[i].offset < offsetof(struct row, start))
			forget(&columns[i], row);
	}
}

/* A look may have thousands of rows: what is new in each is worked out once for each type. */
void row_init(struct row *row, enum row_type type)
{
	static struct row blanks[ROW_TYPES];
	static bool made[ROW_TYPES];

	if (!made[type])
		make_blank(&blanks[type], type);
	made[type] = true;
	*row = blanks[type];
}

/* ---- Its texts ---- */

/* The place of a text in a row of this type; NULL where the column is no text of it. */
static const char **text_of(const struct column *column, struct row *row)
{
	if (column->kind != COLUMN_TEXT && column->kind != COLUMN_LINKS && column->kind != COLUMN_PIDS &&
	    column->kind != COLUMN_LINES)
		return NULL;
	/* Like row_init(): what lies before the union is there in every row. */
	if (column->types & ROW_BIT(row->type) || column->offset < offsetof(struct row, start))
		return (const char **)((char *)row + column->offset);
	return NULL;
}

/* Behind the columns there is one more text. */
static const char **text_at(size_t i, struct row *row)
{
	return i < column_count ? text_of(&columns[i], row) : &row->cause;
}

int row_own_texts(struct row *row, struct arena *arena)
{
	const char **text;
	size_t i, length, size = 0;
	char *copy;

	row->process_comm = NULL; /* no column: nothing reads it from here on */
	for (i = 0; i <= column_count; i++) {
		text = text_at(i, row);
		if (text && *text)
			size += strlen(*text) + 1;
	}
	copy = arena_alloc(arena, size);
	if (!copy)
		return -ENOMEM;
	for (i = 0; i <= column_count; i++) {
		text = text_at(i, row);
		if (!text || !*text)
			continue;
		length = strlen(*text) + 1;
		*text = memcpy(copy, *text, length);
		copy += length;
	}
	return 0;
}

bool row_may_have_chain(const struct row *row)
{
	return row->stuck && row_may_be_stuck(row->type) && row->type != ROW_CLOSING;
}
