/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/cell.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "rows/fold.h"
#include "rows/links.h"
#include "rules/severity.h"

#define BAR_HEIGHTS 8

/* Each step down is half as many, so that one among thousands is seen too. */
static unsigned int bar_height(uint32_t count, uint32_t most)
{
	unsigned int height = BAR_HEIGHTS;

	for (uint64_t twice = (uint64_t)count * 2; twice <= most && height > 1; twice *= 2)
		height--;
	return height;
}

static int add_histogram(struct buffer *out, const struct histogram *histogram)
{
	uint32_t most = 0;
	int error = 0;

	for (uint32_t i = 0; i < histogram->bars; i++)
		most = histogram->counts[i] > most ? histogram->counts[i] : most;
	for (uint32_t i = 0; i < histogram->bars && !error; i++) {
		unsigned int height = histogram->counts[i] ? bar_height(histogram->counts[i], most) : 0;

		if (!height)
			error = text_add(out, " ");
		else if (text_locale_is_utf8()) /* U+2581 to U+2588 */
			error = text_printf(out, "\xe2\x96%c", (char)(0x80 + height));
		else
			error = text_printf(out, "%c", "_.-:=+*#"[height - 1]);
	}
	return error;
}

int cell_add_host(struct buffer *out, const struct row *row)
{
	return row->with_others && row->host ? text_printable(out, row->host) ?: text_add(out, ":") : 0;
}

static int add_link(struct buffer *out, const struct link *link, bool with_others)
{
	int error = with_others && link->host ? text_printable(out, link->host) ?: text_add(out, ":") : 0;

	if (!error)
		error = link->comm ? text_printable(out, link->comm) : text_add(out, "?");

	if (!error && link->pid != NOT_KNOWN)
		error = text_printf(out, "/%" PRId64, link->pid);
	if (!error && link->tid != NOT_KNOWN && link->tid != link->pid)
		error = text_printf(out, "/%" PRId64, link->tid);
	return error;
}

/* Who waits for whom: curl/12 → nginx/34 → java/56 */
static int add_links(struct buffer *out, const char *links, bool with_others)
{
	const char *separator = "", *arrow = text_locale_is_utf8() ? " \xe2\x86\x92 " : " -> ";
	struct arena arena = {0};
	struct link link;
	int error = 0;

	while (!error && links_next(&links, &arena, &link)) {
		error = text_add(out, separator) ?: add_link(out, &link, with_others);
		separator = arrow;
	}
	arena_free(&arena);
	return error;
}

/* On one line, as a stack is written: a < b < c */
static int add_lines(struct buffer *out, const char *lines)
{
	const char *separator = "", *line;
	struct arena arena = {0};
	size_t length;
	int error = 0;

	while (!error && (line = text_line(&lines, &length))) {
		const char *text = arena_printf(&arena, "%.*s", (int)length, line);

		error = text_add(out, separator) ?: text_printable(out, text);
		separator = " < ";
	}
	arena_free(&arena);
	return error;
}

static int add_known(struct buffer *out, const struct column *column, const struct row *row)
{
	const void *field = column_field(column, row);

	switch (column->kind) {
	case COLUMN_VERSION:
		return text_add(out, "1");
	case COLUMN_TYPE:
		return text_add(out, row_type_names[row->type]);
	case COLUMN_EVENT:
		return text_add(out, stall_event_names[row->event]);
	case COLUMN_TEXT:
	case COLUMN_PIDS:
		return text_printable(out, *(const char *const *)field);
	case COLUMN_LINES:
		return add_lines(out, *(const char *const *)field);
	case COLUMN_COUNT:
		return text_printf(out, "%" PRId64, *(const int64_t *)field);
	case COLUMN_SECONDS:
		return text_duration(out, *(const double *)field);
	case COLUMN_NUMBER:
		return text_rate(out, *(const double *)field);
	case COLUMN_BOOL:
		return text_add(out, *(const int *)field ? "yes" : "no");
	case COLUMN_TIME:
		return text_time(out, *(const uint64_t *)field, TEXT_MICROSECONDS);
	case COLUMN_COOKIE:
		return text_printf(out, "%" PRIu64, *(const uint64_t *)field);
	case COLUMN_LINKS:
		return add_links(out, *(const char *const *)field, row->with_others);
	case COLUMN_HISTOGRAM:
		return add_histogram(out, field);
	}
	return 0;
}

/* Where a row stands for several, only what they have in common is shown. */
static bool is_known(const struct column *column, const struct row *row)
{
	return column && column_known(column, row) && !fold_differs(row, column->offset);
}

static int add_value(struct buffer *out, const struct column *column, const struct row *row)
{
	size_t before = out->size;
	int error = 0;

	if (is_known(column, row))
		error = add_known(out, column, row);
	if (!error && out->size == before)
		error = text_add(out, "-");
	return error;
}

static const struct column *joined(const struct column *column, const struct row *row, size_t i)
{
	return column->joins[i] ? column_find(column->joins[i], row->type) : NULL;
}

/* "×300 (6 pids)" */
static int add_fold(struct buffer *out, const struct row *row)
{
	size_t processes = fold_processes(row);
	int error = text_printf(out, " %s%zu", text_locale_is_utf8() ? "\xc3\x97" : "x", fold_count(row));

	return error || processes < 2 ? error : text_printf(out, " (%zu pids)", processes);
}

/* It stands below what it is a part of, or what it hangs on. */
static int add_branch(struct buffer *out, const struct row *row)
{
	if (!row->fold.member && !row->fold.hangs)
		return 0;
	return text_spaces(out, row->fold.member && row->fold.hangs ? 2 : 0)
		       ?: text_add(out, text_locale_is_utf8() ? "\xe2\x94\x94 " : "- ");
}

static int add_process(struct buffer *out, const struct column *column, const struct row *row)
{
	const struct column *pid = joined(column, row, 0);
	int error;

	error = add_branch(out, row) ?: (column->offset == offsetof(struct row, comm) ? cell_add_host(out, row) : 0) ?:
		add_value(out, column, row);
	if (!error && is_known(pid, row))
		error = text_add(out, "/") ?: add_value(out, pid, row);
	return error || fold_count(row) == 1 ? error : add_fold(out, row);
}

/* The first thread has its process's id. */
static bool is_first_thread(const struct column *tid, const struct row *row)
{
	const struct column *pid = joined(tid, row, 0);

	return is_known(pid, row) && is_known(tid, row) &&
	       *(const int64_t *)column_field(tid, row) == *(const int64_t *)column_field(pid, row);
}

bool cell_known(const struct column *column, const struct row *row)
{
	switch (column->shape) {
	case SHAPE_PROCESS:
	case SHAPE_ENDPOINT:
	case SHAPE_EITHER:
		return is_known(column, row) || is_known(joined(column, row, 0), row) ||
		       is_known(joined(column, row, 1), row);
	case SHAPE_THREAD:
		return is_known(column, row) && !is_first_thread(column, row);
	default:
		return is_known(column, row);
	}
}

static int add_endpoint(struct buffer *out, const struct column *column, const struct row *row)
{
	const char *address = is_known(column, row) ? *(const char *const *)column_field(column, row) : NULL;
	const struct column *port = joined(column, row, 0), *path = joined(column, row, 1);
	bool has_port = is_known(port, row), brackets;

	if (!address && is_known(path, row))
		return add_value(out, path, row);
	brackets = address && has_port && strchr(address, ':');
	return (brackets ? text_add(out, "[") : 0) ?:
	       add_value(out, column, row) ?:
	       (brackets ? text_add(out, "]") : 0) ?:
	       (has_port ? text_add(out, ":") ?: add_value(out, port, row) : 0);
}

static int add_of(struct buffer *out, const struct column *column, const struct row *row)
{
	const struct column *limit = joined(column, row, 0);
	int error = add_value(out, column, row);

	/* An unknown value is shown without its limit: "-/1000" says less than "-". */
	if (!error && is_known(column, row) && is_known(limit, row))
		error = text_add(out, "/") ?: add_value(out, limit, row);
	return error;
}

static int add_at_least(struct buffer *out, const struct column *column, const struct row *row)
{
	const struct column *more = joined(column, row, 0);
	bool at_least = is_known(column, row) && is_known(more, row) && *(const int *)column_field(more, row);

	return (at_least ? text_add(out, text_locale_is_utf8() ? "\xe2\x89\xa5" : ">=") : 0)
		       ?: add_value(out, column, row);
}

enum line_ink cell_ink(const struct row *row)
{
	return row->severity >= SEVERITY_STALLED      ? INK_BAD
	       : row->severity >= SEVERITY_UNFINISHED ? INK_WAITS
						      : INK_SUSPECT;
}

int cell_add(struct buffer *out, const struct column *column, const struct row *row)
{
	if (!cell_known(column, row))
		return text_add(out, "-");
	switch (column->shape) {
	case SHAPE_PROCESS:
		return add_process(out, column, row);
	case SHAPE_ENDPOINT:
		return add_endpoint(out, column, row);
	case SHAPE_EITHER:
		return add_value(out, is_known(column, row) ? column : joined(column, row, 0), row);
	case SHAPE_OF:
		return add_of(out, column, row);
	case SHAPE_AT_LEAST:
		return add_at_least(out, column, row);
	default:
		return add_value(out, column, row);
	}
}

int cell_add_key(struct buffer *out, const char *key, const struct row *row)
{
	const struct column *column = column_find(key, row->type);

	return column ? cell_add(out, column, row) : text_add(out, "-");
}
