/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/table_columns.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"
#include "output/advice.h"
#include "output/cause_text.h"
#include "output/cell.h"

#define INDENT 4 /* of sentences below their row */

static bool is_right_aligned(const struct table_column *column)
{
	switch (column->first->kind) {
	case COLUMN_COUNT:
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return true;
	default:
		return false;
	}
}

static bool is_wanted(const struct table *table, const struct column *column, unsigned int types)
{
	if (!column->heading || !(column->types & types))
		return false;
	if (column->kind == COLUMN_TYPE) /* tells nothing where all are of one type */
		return types & (types - 1);
	if (!strcmp(column->key, "user_stack"))
		return table->detail == DETAIL_STACKS;
	if (column->shape == SHAPE_SENTENCE)
		return table->detail >= DETAIL_ADVICE || (table->detail == DETAIL_WHY && strcmp(column->key, "advice"));
	return true;
}

static bool has_key(const struct table *table, const char *key)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (!strcmp(table->columns[i].first->key, key))
			return true;
	}
	return false;
}

/* Adds the column if every type of record in this table has its key. */
static void choose(struct table *table, const struct column *column, unsigned int types)
{
	struct table_column *chosen = &table->columns[table->column_count];

	*chosen = (struct table_column){.first = column};
	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		if (!(types & ROW_BIT(type)))
			continue;
		chosen->of[type] = column_find(column->key, type);
		if (!chosen->of[type])
			return;
	}
	chosen->heading = column->heading;
	chosen->heading_width = text_width(column->heading);
	table->column_count++;
}

/* Sentences go last, in the order of the table of columns. */
static int choose_columns(struct table *table)
{
	unsigned int types = 0;

	table->columns = calloc(column_count, sizeof(*table->columns));
	if (!table->columns)
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++)
		types |= ROW_BIT(table->rows[i]->type);
	for (int sentences = 0; sentences <= 1; sentences++) {
		for (size_t i = 0; i < column_count; i++) {
			const struct column *column = column_on_screen(i);

			if ((column->shape == SHAPE_SENTENCE) == sentences && is_wanted(table, column, types) &&
			    !has_key(table, column->key))
				choose(table, column, types);
		}
	}
	return 0;
}

static int fill_cell(struct table *table, const struct row *row, struct table_column *column, size_t *offset)
{
	const struct column *source = column->of[row->type];
	size_t width;
	int error;

	*offset = table->text.size;
	error = cell_add(&table->text, source, row) ?: buffer_append(&table->text, "", 1);
	if (error)
		return error;
	width = text_width(table->text.data + *offset);
	if (table->limit != WIDTH_UNLIMITED && source->most && width > source->most)
		width = source->most;
	if (width > column->width)
		column->width = width;
	column->known |= strcmp(table->text.data + *offset, "-") != 0;
	return 0;
}

static int fill(struct table *table)
{
	int error = 0;

	table->cells = calloc(table->count * table->column_count + 1, sizeof(*table->cells));
	if (!table->cells)
		return -ENOMEM;
	for (size_t i = 0; i < table->column_count; i++)
		table->columns[i].width = table->columns[i].heading_width;
	for (size_t i = 0; i < table->count; i++) {
		for (size_t j = 0; j < table->column_count && !error; j++)
			error = fill_cell(table, table->rows[i], &table->columns[j],
					  &table->cells[i * table->column_count + j]);
	}
	return error;
}

/* The pid stays whole: a part of it would name another process. So does how many rows are folded into this one. */
static int add_short_process(struct buffer *out, const char *text, size_t room)
{
	const char *pid = strrchr(text, '/') ?: strstr(text, text_locale_is_utf8() ? " \xc3\x97" : " x");
	size_t width = pid ? text_width(pid) : 0;

	if (!pid || width >= room)
		return text_fit(out, text, room, CUT_END);
	return text_fit(out, text, room - width, CUT_END) ?: text_add(out, pid);
}

static int add_fitted(struct buffer *out, const struct column *column, const char *text, size_t room)
{
	if (column->shape == SHAPE_PROCESS && text_width(text) > room)
		return add_short_process(out, text, room);
	/* At the end of an address the port is. */
	return text_fit(out, text, room, column->shape == SHAPE_ENDPOINT ? CUT_MIDDLE : CUT_END);
}

/* Text that is still too wide at the end of a line is cut. */
static int add_cell(struct lines *lines, const struct table *table, const struct table_column *column, const char *text,
		    size_t *used)
{
	size_t gap = *used ? TABLE_GAP : 0, room, width, pad;

	if (*used + gap >= table->limit)
		return 0;
	room = table->limit - *used - gap;
	if (room > column->width)
		room = column->width;
	width = text_width(text);
	pad = room - (width < room ? width : room);
	*used += gap + room;
	if (is_right_aligned(column))
		return text_spaces(&lines->text, gap + pad) ?: add_fitted(&lines->text, column->first, text, room);
	return text_spaces(&lines->text, gap) ?: add_fitted(&lines->text, column->first, text, room) ?:
	       text_spaces(&lines->text, pad);
}

static int add_heading(struct lines *lines, const struct table *table)
{
	size_t used = 0;
	int error = lines_begin(lines, LINE_HEADING);

	for (size_t i = 0; i < table->column_count && !error; i++) {
		const struct column *first = table->columns[i].first;
		bool marked = table->style->marked && !strcmp(table->style->marked, first->key);

		if (!table_is_shown(table, &table->columns[i]))
			continue;
		if (marked)
			lines_mark_from(lines);
		error = add_cell(lines, table, &table->columns[i], table->columns[i].heading, &used);
		if (marked)
			lines_mark_to(lines);
	}
	return error ?: lines_end(lines);
}

static int add_columns(struct lines *lines, const struct table *table, size_t row)
{
	size_t used = 0;
	int error = lines_begin(lines, row == table->style->selected ? LINE_SELECTED : LINE_PLAIN);

	for (size_t i = 0; i < table->column_count && !error; i++) {
		const struct table_column *column = &table->columns[i];
		bool marked = table->rows[row]->stuck && !strcmp(column->first->key, "verdict");

		if (!table_is_shown(table, column))
			continue;
		if (marked)
			lines_mark_from(lines);
		error = add_cell(lines, table, column, table_cell(table, row, i), &used);
		if (marked) {
			lines_mark_to(lines);
			lines_ink(lines, cell_ink(table->rows[row]));
		}
	}
	return error ?: lines_end(lines);
}

static bool is_cause(const struct table *table, size_t row)
{
	return table->style->causes && table->rows[row]->fold.heads;
}

static int add_sentences(struct lines *lines, const struct table *table, size_t row)
{
	int error = 0;

	if (is_cause(table, row))
		return cause_brief(lines, table->rows[row], INDENT, table->limit);
	for (size_t i = 0; i < table->column_count && !error; i++) {
		const char *text = table_cell(table, row, i);

		if (!table_is_sentence(&table->columns[i]) || !strcmp(text, "-"))
			continue;
		error = !strcmp(table->columns[i].first->key, "advice")
				? advice_add(lines, table->rows[row], INDENT, table->limit)
				: lines_add_wrapped(lines, text, INDENT, INDENT, table->limit);
	}
	return error;
}

static bool has_sentences(const struct table *table, size_t row)
{
	const struct table_style *style = table->style;

	if (!table->below || style->selected == NO_ROW || row == style->selected || is_cause(table, row))
		return table->below;
	if (style->causes && table->rows[row]->fold.hangs)
		return false;
	return table->rows[row]->stuck && !style->only_selected;
}

static int add_rows(struct lines *lines, const struct table *table)
{
	int error = 0;

	for (size_t i = 0; i < table->count && !error; i++) {
		error = add_columns(lines, table, i);
		if (!error && has_sentences(table, i))
			error = add_sentences(lines, table, i);
	}
	return error;
}

int table_add_styled(struct lines *lines, const struct row *const *rows, size_t count, const struct table_style *style)
{
	struct table table = {.rows = rows,
			      .count = count,
			      .limit = style->width,
			      .style = style,
			      .detail = style->detail,
			      .below = style->only_selected || style->causes};
	int error;

	if (!count || !style->width)
		return 0;
	error = choose_columns(&table) ?: fill(&table);
	if (!error) {
		error = table_fit(&table) ?: add_heading(lines, &table) ?: add_rows(lines, &table);
	}
	buffer_free(&table.text);
	free(table.cells);
	free(table.columns);
	return error;
}

int table_add(struct lines *lines, const struct row *const *rows, size_t count, size_t width, enum table_detail detail)
{
	const struct table_style style = {.width = width, .detail = detail, .selected = NO_ROW};

	return table_add_styled(lines, rows, count, &style);
}
