/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "screen.h"
#include "summary.h"
#include "table.h"
#include "text.h"

static int take_host(struct screen *screen, const char *host)
{
	buffer_reset(&screen->host);
	return text_printable(&screen->host, host) ?: buffer_append(&screen->host, "", 1);
}

int screen_record(struct screen *screen, const struct row *row)
{
	if (row->type == ROW_LOST && row->lost.count != NOT_KNOWN)
		screen->lost += row->lost.count;
	if (row->type == ROW_START && row->start.host)
		return take_host(screen, row->start.host);
	return 0;
}

/* The table of columns knows where a row has text. */
static int copy_row(struct screen *screen, struct row *to, const struct row *from)
{
	*to = *from;
	for (size_t i = 0; i < column_count; i++) {
		const char **text = (const char **)(void *)((char *)to + columns[i].offset);
		char *copy;
		size_t size;

		if (!(columns[i].types & ROW_BIT(from->type)) || columns[i].kind != COLUMN_TEXT || !*text)
			continue;
		size = strlen(*text) + 1;
		copy = arena_alloc(&screen->arena, size);
		if (!copy)
			return -ENOMEM;
		*text = memcpy(copy, *text, size);
	}
	return 0;
}

static void forget_rows(struct screen *screen)
{
	free(screen->rows);
	arena_free(&screen->arena);
	screen->rows = NULL;
	screen->kept = screen->total = 0;
	memset(screen->stuck, 0, sizeof(screen->stuck));
}

static int keep_rows(struct screen *screen, const struct row *const *rows)
{
	size_t count = screen->total < SCREEN_ROWS ? screen->total : SCREEN_ROWS;
	int error = 0;

	screen->rows = calloc(count + 1, sizeof(*screen->rows));
	if (!screen->rows)
		return -ENOMEM;
	for (; screen->kept < count && !error; screen->kept++)
		error = copy_row(screen, &screen->rows[screen->kept], rows[screen->kept]);
	return error;
}

int screen_look(struct screen *screen, const struct report *report, const struct look_record *head)
{
	const struct row **rows = calloc(report->count + 1, sizeof(*rows));
	int error;

	if (!rows)
		return -ENOMEM;
	forget_rows(screen);
	for (size_t i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		if (row->event == STALL_CLOSE)
			continue;
		screen->stuck[row->type] += row->stuck;
		rows[screen->total++] = row;
	}
	table_sort(rows, screen->total);
	error = keep_rows(screen, rows);
	free(rows);
	if (error)
		forget_rows(screen);
	screen->head = *head;
	screen->looked = true;
	return error;
}

static int add_interval(struct buffer *out, const struct look_record *head)
{
	int error = text_add(out, "  every ") ?: text_duration(out, (double)head->interval_ns / 1e9);

	if (!error && head->stretched_ns)
		error = text_add(out, ", stretched to ") ?: text_duration(out, (double)head->stretched_ns / 1e9);
	return error;
}

static int add_head(const struct screen *screen, struct buffer *out)
{
	const char *host = screen->host.size > 1 ? screen->host.data : NULL;

	return text_add(out, "sockstall") ?:
	       (host ? text_add(out, "  ") ?: text_add(out, host) : 0) ?:
	       (screen->looked ? text_add(out, "  ") ?:
				 text_time(out, screen->head.realtime_ns, 0) ?:
				 add_interval(out, &screen->head) :
				 0);
}

static int add_counts(const struct screen *screen, struct buffer *out)
{
	size_t stuck = 0;
	int error;

	for (enum row_type type = 0; type < ROW_TYPES; type++)
		stuck += screen->stuck[type];
	if (!screen->looked)
		error = text_add(out, "looking");
	else if (stuck)
		error = summary_stuck(out, screen->stuck);
	else if (screen->total)
		error = text_printf(out, "nothing is stuck, %zu shown", screen->total);
	else
		error = summary_nothing(out, screen->command, screen->head.namespaces);
	if (!error && screen->lost)
		error = text_printf(out, "  lost: %lld", (long long)screen->lost);
	return error;
}

static int add_header_line(const struct screen *screen, struct lines *lines, size_t width,
			   int (*add)(const struct screen *screen, struct buffer *out))
{
	struct buffer text = {0};
	int error = add(screen, &text) ?: buffer_append(&text, "", 1) ?: lines_begin(lines, LINE_TITLE) ?:
		    text_fit(&lines->text, text.data, width, CUT_END) ?: lines_end(lines);

	buffer_free(&text);
	return error;
}

static int add_more(struct lines *lines, size_t missing, size_t width)
{
	char text[32];

	snprintf(text, sizeof(text), "+%zu more", missing);
	return lines_begin(lines, LINE_PLAIN) ?: text_fit(&lines->text, text, width, CUT_END) ?: lines_end(lines);
}

/* Where not all rows fit, the last line tells how many are missing. */
static int add_some_rows(const struct screen *screen, struct lines *lines, const struct row **rows, size_t width,
			 size_t height)
{
	size_t shown;
	int error = 0;

	if (height < 2) /* no room for a heading */
		return add_more(lines, screen->total, width);
	shown = height - 2 < screen->kept ? height - 2 : screen->kept;
	if (shown)
		error = table_add(lines, rows, shown, width, DETAIL_NONE);
	return error ?: add_more(lines, screen->total - shown, width);
}

/* As much detail as there is room for with all rows. */
static int add_rows(const struct screen *screen, struct lines *lines, const struct row **rows, size_t width,
		    size_t height)
{
	bool all_kept = screen->kept == screen->total;
	size_t start = lines_count(lines);

	for (int detail = DETAIL_ADVICE; detail >= DETAIL_NONE && all_kept && screen->total < height; detail--) {
		int error = table_add(lines, rows, screen->total, width, (enum table_detail)detail);

		if (error || lines_count(lines) - start <= height)
			return error;
		lines_cut(lines, start);
	}
	return add_some_rows(screen, lines, rows, width, height);
}

int screen_draw(const struct screen *screen, struct lines *lines, size_t width, size_t height)
{
	size_t start = lines_count(lines);
	const struct row **rows = calloc(screen->kept + 1, sizeof(*rows));
	int error = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < screen->kept && !error; i++)
		rows[i] = &screen->rows[i];
	if (!error)
		error = add_header_line(screen, lines, width, add_head)
				?: add_header_line(screen, lines, width, add_counts);
	if (!error && screen->kept && height > 2)
		error = add_rows(screen, lines, rows, width, height - 2);
	lines_cut(lines, start + height);
	free(rows);
	return error;
}

void screen_free(struct screen *screen)
{
	forget_rows(screen);
	buffer_free(&screen->host);
}
