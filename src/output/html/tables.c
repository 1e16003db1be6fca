/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A table for each type of record, from the table of columns. On a phone CSS makes a card of each row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "output/cell.h"
#include "output/html/html.h"
#include "output/link_text.h"
#include "output/summary.h"

/* Rows of one table. */
#define ROWS_MOST 500

/* Columns of a finding that the screen of a desk has room for. */
#define PRIORITY_MOST 31

/* One table under way. A row without a life has no group at its index. */
struct table {
	const struct story *story;
	enum row_type type;
	const struct row **rows;
	const struct group **groups;
	size_t count, columns;
	size_t stalls; /* of these rows */
};

/* Columns that a narrow table leaves out appear only among all fields of the finding. */
static bool is_in_cell(const struct column *column, enum row_type type)
{
	if (!column->heading || column->kind == COLUMN_TYPE || column->shape == SHAPE_SENTENCE)
		return false;
	/* Which of its threads it is belongs to the process, and is short. */
	return !row_is_finding(type) || column->priority <= PRIORITY_MOST || column->shape == SHAPE_THREAD;
}

/* A column is shown where at least one row has something in it. */
static bool is_shown(const struct table *table, const struct column *column)
{
	if (!(column->types & ROW_BIT(table->type)) || !is_in_cell(column, table->type))
		return false;
	for (size_t i = 0; i < table->count; i++) {
		if (cell_known(column, table->rows[i]))
			return true;
	}
	return false;
}

static int add_head(struct buffer *page, struct table *table)
{
	int err = text_add(page, "<thead><tr>");

	for (size_t i = 0; i < column_count && !err; i++) {
		const struct column *column = column_on_screen(i);

		if (!is_shown(table, column))
			continue;
		table->columns++;
		err = text_add(page, "<th title=\"") ?: html_text(page, column->description) ?:
		      text_add(page, "\">") ?: html_text(page, column->heading) ?: text_add(page, "</th>");
	}
	return err ?: text_add(page, "</tr></thead>\n");
}

static bool is_number(const struct column *column)
{
	return column->kind == COLUMN_COUNT || column->kind == COLUMN_SECONDS || column->kind == COLUMN_NUMBER;
}

static int add_data(struct buffer *page, const struct column *column, const struct row *row)
{
	bool verdict = !strcmp(column->key, "verdict");

	return text_printf(page, "<td%s data-heading=\"", is_number(column) ? " class=\"number\"" : "") ?:
	       html_text(page, column->heading) ?: text_add(page, "\">") ?:
	       (verdict ? html_verdict(page, row) : html_cell(page, column, row)) ?: text_add(page, "</td>");
}

static int add_cells(struct buffer *page, const struct table *table, const struct row *row)
{
	int err = 0;

	for (size_t i = 0; i < column_count && !err; i++) {
		const struct column *column = column_on_screen(i);

		if (is_shown(table, column))
			err = add_data(page, column, row);
	}
	return err;
}

/* ---- Below the cells ---- */

static int add_sentences(struct buffer *page, const struct row *row)
{
	int err = 0;

	for (size_t i = 0; i < column_count && !err; i++) {
		const struct column *column = &columns[i];

		if (!(column->types & ROW_BIT(row->type)) || column->shape != SHAPE_SENTENCE ||
		    !column_known(column, row))
			continue;
		if (!strcmp(column->key, "advice"))
			err = html_advice(page, row);
		else
			err = text_printf(page, "<p class=\"%s\">", column->key) ?: html_cell(page, column, row) ?:
			      text_add(page, "</p>");
	}
	return err;
}

/* The links of a chain, each of which waits for the next. */
static int add_links(struct buffer *page, const struct row *row)
{
	const char *at = row->type == ROW_CHAIN ? row->chain.links : NULL;
	struct arena arena = {0};
	struct buffer text = {0};
	struct link link;
	int err = at ? text_add(page, "<ol class=\"links\">") : 0;

	while (!err && links_next(&at, &arena, &link)) {
		buffer_reset(&text);
		err = link_text(&text, &link, row->with_others) ?: text_add(page, "<li>") ?: html_escape(page, text.data, text.size) ?:
		      text_add(page, "</li>");
	}
	if (!err && row->type == ROW_CHAIN && row->chain.links)
		err = text_add(page, "</ol>");
	buffer_free(&text);
	arena_free(&arena);
	return err;
}

static int add_moment(struct buffer *page, const char *words, uint64_t moment_ns)
{
	return text_add(page, words) ?: text_time(page, moment_ns, 3);
}

/* What became of it: when it was seen, what its verdicts were, how it ended. */
static int add_course(struct buffer *page, const struct life *life, const struct story *story)
{
	int err = add_moment(page, "<p class=\"course\">began ", life_begin(life));

	for (size_t i = 1; i < life->phase_count && !err; i++)
		err = add_moment(page, "; from ", life->phases[i].from_ns) ?: text_add(page, " on ") ?:
		      html_text(page, life->phases[i].verdict ? life->phases[i].verdict : "-");
	if (!err)
		err = add_moment(page, life->closed_ns ? "; over at " : "; not over at ", life_end(life, story));
	if (!err && life->ended)
		err = text_add(page, ": ") ?: html_text(page, life->ended);
	return err ?: text_add(page, "</p>");
}

/* How each of a group is told from the others. */
static int add_member(struct buffer *page, const struct life *life, const struct story *story)
{
	static const char *const keys[] = {"comm", "tid", "fd", "local_addr", "peer_addr"};
	const struct row *row = &life->row;
	int err = text_add(page, "<li>");

	for (size_t i = 0; i < COUNT_OF(keys) && !err; i++) {
		const struct column *column = column_find(keys[i], row->type);

		if (column && cell_known(column, row))
			err = text_add(page, i == 1 ? "tid " : i == 2 ? "fd " : "") ?: html_cell(page, column, row) ?:
			      text_add(page, " ");
	}
	return err ?: html_duration(page, life_begin(life), life_end(life, story)) ?:
		      (life->ended ? text_add(page, ": ") ?: html_text(page, life->ended) : 0) ?: text_add(page, "</li>");
}

static int add_members(struct buffer *page, const struct group *group, const struct story *story)
{
	int err = text_printf(page, "<details><summary>each of the %zu</summary><ol class=\"members\">", group->count);

	for (size_t i = 0; i < group->count && i < ROWS_MOST && !err; i++)
		err = add_member(page, group->lives[i], story);
	if (!err)
		err = text_add(page, "</ol>");
	if (!err && group->count > ROWS_MOST)
		err = text_printf(page, "<p>%zu more are in the recording.</p>", group->count - ROWS_MOST);
	return err ?: text_add(page, "</details>");
}

static int add_lives(struct buffer *page, const struct group *group, const struct story *story)
{
	return group->count > 1 ? add_members(page, group, story) : add_course(page, group->lives[0], story);
}

/* Everything that JSON has of it. */
static int add_fields(struct buffer *page, const struct row *row)
{
	int err = text_add(page, "<details><summary>all fields</summary><dl>");

	for (size_t i = 0; i < column_count && !err; i++) {
		struct column alone = columns[i];

		if (!(alone.types & ROW_BIT(row->type)) || !column_known(&alone, row) ||
		    (alone.kind == COLUMN_LINES && !strcmp(alone.key, "commands")))
			continue; /* these stand above it */
		alone.shape = SHAPE_ALONE; /* what it joins has its own line */
		err = text_printf(page, "<dt>%s</dt><dd>", alone.key) ?: html_cell(page, &alone, row) ?:
		      text_add(page, "</dd>");
	}
	return err ?: text_add(page, "</dl></details>");
}

static int add_row(struct buffer *page, const struct table *table, size_t i)
{
	const struct group *group = table->groups[i];
	const struct row *row = table->rows[i];
	int err;

	if (group)
		err = text_printf(page, "<tbody id=\"stall-%zu\"><tr>",
				  (size_t)(group->lives[0] - table->story->lives));
	else
		err = text_add(page, "<tbody><tr>");
	err = err ?: add_cells(page, table, row) ?: text_add(page, "</tr>");
	if (err || !row_is_finding(table->type))
		return err ?: text_add(page, "</tbody>\n");
	return text_printf(page, "<tr class=\"more\"><td colspan=\"%zu\">", table->columns) ?:
	       add_sentences(page, row) ?: add_links(page, row) ?: (group ? add_lives(page, group, table->story) : 0) ?:
	       add_fields(page, row) ?: text_add(page, "</td></tr></tbody>\n");
}

/* ---- A table ---- */

static void collect(struct table *table, const struct groups *groups)
{
	const struct story *story = table->story;

	table->count = table->columns = table->stalls = 0;
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];

		if (group->row.type != table->type)
			continue;
		table->stalls += group->count;
		table->groups[table->count] = group;
		table->rows[table->count++] = &group->row;
	}
	for (size_t i = 0; i < story->rest_count; i++) {
		if (story->rest[i].type != table->type)
			continue;
		table->stalls++;
		table->groups[table->count] = NULL;
		table->rows[table->count++] = &story->rest[i];
	}
}

static int add_table(struct buffer *page, struct table *table)
{
	size_t all = table->count;
	int err = text_printf(page, "<section class=\"table\" id=\"%s\"><h2>", row_type_names[table->type]) ?:
		  summary_count(page, table->type, table->stalls) ?:
		  text_add(page, "</h2>\n<div class=\"scroll\"><table>") ?: add_head(page, table);

	if (table->count > ROWS_MOST)
		table->count = ROWS_MOST;
	for (size_t i = 0; i < table->count && !err; i++)
		err = add_row(page, table, i);
	if (!err)
		err = text_add(page, "</table></div>\n");
	if (!err && all > ROWS_MOST)
		err = text_printf(page, "<p>%zu more are in the recording.</p>\n", all - ROWS_MOST);
	return err ?: text_add(page, "</section>\n");
}

/* By type; types without rows have less than any severity. */
static void find_worst(const struct story *story, const struct groups *groups, int64_t worst[ROW_TYPES])
{
	for (enum row_type type = 0; type < ROW_TYPES; type++)
		worst[type] = -1;
	for (size_t i = 0; i < groups->count; i++) {
		const struct row *row = &groups->items[i].row;

		worst[row->type] = row->severity > worst[row->type] ? row->severity : worst[row->type];
	}
	for (size_t i = 0; i < story->rest_count; i++) {
		const struct row *row = &story->rest[i];

		worst[row->type] = row->severity > worst[row->type] ? row->severity : worst[row->type];
	}
}

/*
 * The table with the worst row comes first, as everywhere. Of equals, the types that were added last sum up the others.
 */
static void order_types(const struct story *story, const struct groups *groups, enum row_type types[ROW_TYPES])
{
	int64_t worst[ROW_TYPES];

	find_worst(story, groups, worst);
	for (size_t done = 0; done < ROW_TYPES; done++) {
		enum row_type type = (enum row_type)(ROW_TYPES - 1 - done);
		size_t place = done;

		for (; place && worst[types[place - 1]] < worst[type]; place--)
			types[place] = types[place - 1];
		types[place] = type;
	}
}

int html_tables(struct buffer *page, const struct story *story, const struct groups *groups)
{
	struct table table = {.story = story};
	enum row_type types[ROW_TYPES] = {0};
	int err = 0;

	table.rows = calloc(story->count + story->rest_count + 1, sizeof(*table.rows));
	table.groups = calloc(story->count + story->rest_count + 1, sizeof(*table.groups));
	if (!table.rows || !table.groups)
		err = -ENOMEM;
	order_types(story, groups, types);
	for (size_t i = 0; i < ROW_TYPES && !err; i++) {
		table.type = types[i];
		collect(&table, groups);
		if (table.count)
			err = add_table(page, &table);
	}
	free(table.rows);
	free(table.groups);
	return err;
}
