/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Plain tables, one for each type of record: what --once prints. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"
#include "output/cause_text.h"
#include "output/emit.h"
#include "output/summary.h"
#include "output/table.h"
#include "output/thread_groups.h"
#include "rows/column.h"
#include "rows/fold.h"

#define BOLD  "\x1b[1m"
#define RESET "\x1b[0m"

struct table_emitter {
	FILE *out;
	enum command command;
	bool color, all;
	bool groups; /* of threads */
	enum table_detail detail;
	size_t width;
};

/* Red, yellow and cyan are readable on dark and on light, as far as a terminal's own colours are. */
static const char *const inks[LINE_INKS] = {
	[INK_BAD] = "\x1b[31m",
	[INK_WAITS] = "\x1b[33m",
	[INK_SUSPECT] = "\x1b[36m",
	[INK_COMMAND] = "\x1b[32m",
};

static int add_styled(struct buffer *out, const char *text, const struct line *line)
{
	const char *style = line->style == LINE_PLAIN || !*text ? "" : BOLD;
	size_t marked = line->mark_to - line->mark_from;

	return text_add(out, style) ?:
	       buffer_append(out, text, line->mark_from) ?:
	       (marked ? text_add(out, inks[line->ink]) : 0) ?:
	       buffer_append(out, text + line->mark_from, marked) ?:
	       (marked ? text_add(out, RESET) ?: text_add(out, style) : 0) ?:
	       text_add(out, text + line->mark_to) ?:
	       (*style ? text_add(out, RESET) : 0);
}

static int write_lines(const struct table_emitter *table, const struct lines *lines)
{
	struct buffer text = {0};
	int error = 0;

	for (size_t i = 0; i < lines_count(lines) && !error; i++) {
		const struct line *line = lines_at(lines, i);

		error = (table->color ? add_styled(&text, lines_text(lines, line), line)
				      : text_add(&text, lines_text(lines, line)))
				?: text_add(&text, "\n");
	}
	if (!error)
		error = out_write(table->out, &text) ?: out_flush(table->out);
	buffer_free(&text);
	return error;
}

static int add_title(struct lines *lines, const struct row *const *rows, size_t count)
{
	size_t stalls = 0;
	int error = lines_count(lines) ? lines_add(lines, LINE_PLAIN, "") : 0;

	for (size_t i = 0; i < count; i++)
		stalls += fold_count(rows[i]);
	if (!error)
		error = lines_begin(lines, LINE_TITLE) ?: summary_count(&lines->text, rows[0]->type, stalls);
	if (!error && stalls > count)
		error = text_printf(&lines->text, " in %zu row%s (--no-fold shows each)", count, count == 1 ? "" : "s");
	return error ?: lines_end(lines);
}

static int add_table(const struct table_emitter *table, struct lines *lines, const struct row *const *from,
		     size_t from_count, enum row_type type, const struct row **rows)
{
	size_t count = 0;

	for (size_t i = 0; i < from_count; i++) {
		if (from[i]->type == type && from[i]->event != STALL_CLOSE)
			rows[count++] = from[i];
	}
	if (!count)
		return 0;
	rows_sort(rows, count);
	if (type == ROW_THREAD && table->groups && thread_groups_are_known(rows, count))
		return thread_groups_add(lines, rows, count, table->width, table->detail == DETAIL_STACKS);
	return add_title(lines, rows, count) ?: table_add(lines, rows, count, table->width, table->detail);
}

static int table_open(void **state, const struct options *options, FILE *out)
{
	struct table_emitter *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->out = out;
	table->command = options->scope.command;
	table->all = options->scope.all || options->sinks.no_fold;
	table->detail = options->scope.stacks ? DETAIL_STACKS : DETAIL_ADVICE;
	table->groups = !table->all && !options->scope.verbose;
	table->width = out_width(out);
	table->color = out_has_color(options->sinks.no_color, out);
	*state = table;
	return 0;
}

static int table_record(void *state, const struct row *row)
{
	struct table_emitter *table = state;
	struct lines lines = {0};
	int error;

	if (row->type != ROW_LOST)
		return 0;
	error = lines_begin(&lines, LINE_PLAIN) ?: summary_lost(&lines.text, row) ?: lines_end(&lines) ?:
		write_lines(table, &lines);
	lines_free(&lines);
	return error;
}

static int add_tables(const struct table_emitter *table, struct lines *lines, const struct row *const *from,
		      size_t count)
{
	const struct row **rows = calloc(count + 1, sizeof(*rows));
	int error = rows ? 0 : -ENOMEM;

	for (enum row_type type = 0; type < ROW_TYPES && !error; type++)
		error = add_table(table, lines, from, count, type, rows);
	free(rows);
	return error;
}

/* The causes with what hangs on them, and tables of the rest; of all, where each stall was asked for. */
static int add_causes(const struct table_emitter *table, struct lines *lines, const struct causes *causes)
{
	size_t first = table->all ? 0 : causes->first_other;
	int error = cause_summary(lines, causes);

	for (size_t i = 0; i < causes->cause_count && !error; i++)
		error = lines_add(lines, LINE_PLAIN, "") ?: cause_lines(lines, &causes->items[i], table->width);
	return error ?: add_tables(table, lines, causes->rows + first, causes->count - first);
}

static int add_look(const struct table_emitter *table, struct lines *lines, const struct report *report)
{
	const struct row **rows = calloc(report->count + 1, sizeof(*rows));
	struct causes causes = {0};
	int error = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->count && rows; i++)
		rows[i] = &report->rows[i];
	if (!error && table->command == COMMAND_OVERVIEW)
		error = causes_collect(&causes, rows, report->count)
				?: (causes.cause_count ? add_causes(table, lines, &causes)
						       : add_tables(table, lines, rows, report->count));
	else if (!error)
		error = add_tables(table, lines, rows, report->count);
	causes_free(&causes);
	free(rows);
	return error;
}

static int table_look(void *state, const struct report *report, const struct look *look)
{
	struct table_emitter *table = state;
	struct lines lines = {0};
	int error = add_look(table, &lines, report);

	if (!error && !lines_count(&lines))
		error = lines_begin(&lines, LINE_PLAIN) ?:
			summary_nothing(&lines.text, table->command, look->head->namespaces) ?:
			lines_end(&lines);
	if (!error)
		error = write_lines(table, &lines);
	lines_free(&lines);
	return error;
}

static void table_close(void *state)
{
	free(state);
}

const struct emitter_kind emit_table = {
	.name = "table",
	.open = table_open,
	.record = table_record,
	.look = table_look,
	.close = table_close,
};
