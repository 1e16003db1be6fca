/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/thread_groups.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "rows/fold.h"

#define INDENT 4

/* Threads that are named. */
#define IDS_MOST 12

bool thread_groups_are_known(const struct row *const *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i]->user_stack)
			return true;
	}
	return false;
}

/* ---- Where they are ---- */

/*
 * How long the name of a frame is: "recv /lib/libc.so.6+0x12", "run [anonymous]+0x3", "fetch (app.py:12)"; or all of
 * it.
 */
static size_t name_length(const char *frame, size_t length)
{
	static const char *const ends[] = {" /", " [", " 0x", " ("};
	const char *found = NULL;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends) && !found; i++)
		found = memmem(frame, length, ends[i], strlen(ends[i]));
	return found ? (size_t)(found - frame) : length;
}

static int add_text(struct buffer *out, const char *text, size_t length)
{
	struct buffer copy = {0};
	int error = buffer_append(&copy, text, length) ?: buffer_append(&copy, "", 1) ?: text_printable(out, copy.data);

	buffer_free(&copy);
	return error;
}

/* The same as a person says it. Without a name it is module+offset, whose folders say nothing. */
static const char *name_of(const char *frame, size_t *length)
{
	const char *slash;

	*length = name_length(frame, *length);
	slash = *frame == '/' ? memrchr(frame, '/', *length) : NULL;
	if (!slash)
		return frame;
	*length -= (size_t)(slash + 1 - frame);
	return slash + 1;
}

static bool is_the_code(const char *name, size_t length, const char *code)
{
	return !strncmp(name, code, length) && (!code[length] || code[length] == ' ');
}

/* "recv … fetch_user (app.py:212)": the innermost function, and the program's own. */
static int add_place(struct buffer *out, const struct row *row)
{
	const char *next = row->user_stack, *name;
	size_t length;
	int error;

	name = text_line(&next, &length);
	if (!name || !length)
		return text_printable(out, row->thread.now_in ?: row->thread.state ?: "?");
	name = name_of(name, &length);
	if (row->code && is_the_code(name, length, row->code))
		return text_printable(out, row->code);
	error = add_text(out, name, length);
	if (!error && row->code)
		error = text_add(out, text_locale_is_utf8() ? " \xe2\x80\xa6 " : " ... ")
				?: text_printable(out, row->code);
	return error;
}

/* ---- Since when, and in what ---- */

static int add_range(struct buffer *out, const struct row *row)
{
	const char *least = row->age_at_least != true ? "" : text_locale_is_utf8() ? "\xe2\x89\xa5" : ">=";
	double oldest = row->thread.now_s, youngest = fold_count(row) == 1 ? oldest : row->fold.youngest_s;
	struct buffer first = {0}, last = {0};
	int error;

	if (!isfinite(oldest) || !isfinite(youngest))
		return 0;
	error = text_duration(&first, youngest) ?: buffer_append(&first, "", 1) ?: text_duration(&last, oldest) ?:
		buffer_append(&last, "", 1);
	if (!error && strcmp(first.data, last.data))
		error = text_printf(out, " for %s%s to %s%s", least, first.data, least, last.data);
	else if (!error)
		error = text_printf(out, " for %s%s", least, last.data);
	buffer_free(&first);
	buffer_free(&last);
	return error;
}

/* What they share of it: the call and what it is for, or the call alone. */
static const char *call_of(const struct row *row)
{
	if (row->thread.now_in && !fold_differs(row, offsetof(struct row, thread.now_in)))
		return row->thread.now_in;
	return fold_differs(row, offsetof(struct row, thread.syscall)) ? NULL : row->thread.syscall;
}

static int add_state(struct buffer *out, const struct row *row)
{
	const char *process = row->process_comm ?: row->comm ?: "?", *call = call_of(row);
	bool named = row->comm && strcmp(row->comm, process) && !fold_differs(row, offsetof(struct row, comm));

	return text_printable(out, process) ?: text_printf(out, "/%" PRId64, row->pid) ?:
	       (named ? text_add(out, " (") ?: text_printable(out, row->comm) ?: text_add(out, ")") : 0) ?:
	       text_printf(out, ", %s", row->thread.state ?: "?") ?:
	       add_range(out, row) ?:
	       (call && row->user_stack ? text_add(out, ": ") ?: text_printable(out, call) : 0);
}

static int add_ids(struct buffer *out, const struct row *row)
{
	const char *at = row->fold.tids;
	size_t count = fold_count(row), shown = count > IDS_MOST + 1 ? IDS_MOST : count;
	int error = text_add(out, count == 1 ? "thread " : "threads ");

	if (!at)
		return error ?: text_printf(out, "%" PRId64, row->tid);
	for (size_t i = 0; i < shown && !error; i++) {
		size_t length = strcspn(at, " ");

		error = text_printf(out, "%s%.*s", i ? ", " : "", (int)length, at);
		at += length + (at[length] == ' ');
	}
	return error || shown == count ? error : text_printf(out, " and %zu more", count - shown);
}

/* ---- A group ---- */

static int add_wrapped(struct lines *lines, int (*add)(struct buffer *out, const struct row *row),
		       const struct row *row, size_t width)
{
	struct buffer text = {0};
	int error = add(&text, row) ?: buffer_append(&text, "", 1) ?:
		    lines_add_wrapped(lines, text.data, INDENT, 2 * INDENT, width);

	buffer_free(&text);
	return error;
}

static int add_heading(struct lines *lines, const struct row *row, size_t width)
{
	size_t count = fold_count(row);
	struct buffer text = {0}, fitted = {0};
	int error = text_printf(&text, "%zu thread%s: ", count, count == 1 ? "" : "s") ?: add_place(&text, row) ?:
		    buffer_append(&text, "", 1) ?: text_fit(&fitted, text.data, width, CUT_END) ?:
		    buffer_append(&fitted, "", 1) ?: lines_add(lines, LINE_HEADING, fitted.data);

	buffer_free(&text);
	buffer_free(&fitted);
	return error;
}

static int add_frames(struct lines *lines, const struct row *row, size_t width)
{
	const char *next = row->user_stack, *frame;
	size_t length;
	int error = 0;

	while (!error && (frame = text_line(&next, &length))) {
		struct buffer text = {0};

		error = add_text(&text, frame, length) ?: buffer_append(&text, "", 1) ?:
			lines_add_wrapped(lines, text.data, 2 * INDENT, 3 * INDENT, width);
		buffer_free(&text);
	}
	return error;
}

static int add_title(struct lines *lines, const struct row *const *rows, size_t count)
{
	size_t threads = 0;

	for (size_t i = 0; i < count; i++)
		threads += fold_count(rows[i]);
	return lines_begin(lines, LINE_TITLE) ?:
	       text_printf(&lines->text, "%zu thread%s", threads, threads == 1 ? "" : "s") ?:
	       (threads > count ? text_printf(&lines->text, " in %zu group%s (-v shows each)", count, count == 1 ? "" : "s")
				: 0) ?:
	       lines_end(lines);
}

int thread_groups_add(struct lines *lines, const struct row *const *rows, size_t count, size_t width, bool stacks)
{
	int error = (lines_count(lines) ? lines_add(lines, LINE_PLAIN, "") : 0) ?: add_title(lines, rows, count);

	for (size_t i = 0; i < count && !error; i++) {
		error = add_heading(lines, rows[i], width) ?: add_wrapped(lines, add_state, rows[i], width) ?:
			add_wrapped(lines, add_ids, rows[i], width);
		if (!error && stacks)
			error = add_frames(lines, rows[i], width);
	}
	return error;
}
