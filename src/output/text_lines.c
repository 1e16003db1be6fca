/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A text line for each stall that opens, changes or closes. Fields are two spaces apart and have
 * one space inside at most, so that awk -F '  +' finds them where cut does not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"
#include "output/cell.h"
#include "output/emit.h"
#include "output/summary.h"
#include "rows/fold.h"

#define MILLISECONDS 3

struct lines_emitter {
	FILE *out;
	struct buffer line;
};

/* Fills up with spaces to `width` columns from `from` on, and two more. */
static int pad(struct buffer *line, size_t from, size_t width)
{
	size_t used;
	int error = buffer_append(line, "", 1);

	if (error)
		return error;
	line->size--;
	used = text_width(line->data + from);
	return text_spaces(line, (used < width ? width - used : 0) + 2);
}

static int add_field(struct buffer *line, const char *label, const char *key, size_t width, const struct row *row)
{
	size_t from = line->size;

	return text_add(line, label) ?: cell_add_key(line, key, row) ?: pad(line, from, width);
}

/* comm/pid, and the thread behind it where it is not the first: on a line there is room. */
static int add_process(struct buffer *line, size_t width, const struct row *row)
{
	const struct column *tid = column_find("tid", row->type);
	size_t from = line->size;
	int error = cell_add_key(line, "comm", row);

	if (!error && tid && cell_known(tid, row))
		error = text_add(line, "/") ?: cell_add(line, tid, row);
	return error ?: pad(line, from, width);
}

/* Which way goes what is to come through: a SYN, or what is written. */
static const char *arrow(const struct row *row)
{
	bool client = row->type == ROW_HANDSHAKE && row->handshake.side && row->handshake.side[0] == 'c';
	bool out = client || row->type == ROW_WRITER;

	if (text_locale_is_utf8())
		return out ? " \xe2\x86\x92 " : " \xe2\x86\x90 ";
	return out ? " -> " : " <- ";
}

static int add_where(struct buffer *line, const struct row *row)
{
	size_t from = line->size;
	int error = cell_add_key(line, "local_addr", row);

	if (!error && (row->peer_addr || row->peer_port != NOT_KNOWN))
		error = text_add(line, arrow(row)) ?: cell_add_key(line, "peer_addr", row);
	if (!error && row->peer_name)
		error = text_add(line, " (") ?: cell_add_key(line, "peer_name", row) ?: text_add(line, ")");
	return error ?: pad(line, from, 32);
}

static int add_stall(struct buffer *line, const struct row *row)
{
	return add_field(line, "", "event", 6, row) ?:
	       add_field(line, "", "type", 9, row) ?:
	       add_field(line, "", "verdict", 17, row) ?:
	       add_process(line, 16, row) ?:
	       add_field(line, "fd ", "fd", 5, row) ?:
	       add_where(line, row) ?:
	       add_field(line, fold_count(row) > 1 ? "oldest " : "age ", "age_s", 9, row) ?:
	       cell_add_key(line, "why", row);
}

static int add_lost(struct buffer *line, const struct row *row)
{
	int error = add_field(line, "", "type", 6, row) ?: add_field(line, "", "where", 9, row) ?:
		    cell_add_key(line, "count", row);

	return error || !row->why ? error : summary_lost_process(line, row);
}

static int write_line(struct lines_emitter *lines, const struct row *row,
		      int (*add)(struct buffer *line, const struct row *row))
{
	buffer_reset(&lines->line);
	return text_time(&lines->line, row->time_ns, MILLISECONDS) ?: text_spaces(&lines->line, 2) ?:
	       add(&lines->line, row) ?: text_add(&lines->line, "\n") ?: out_write(lines->out, &lines->line);
}

static int lines_open(void **state, const struct options *options, FILE *out)
{
	struct lines_emitter *lines = calloc(1, sizeof(*lines));

	(void)options;
	if (!lines)
		return -ENOMEM;
	lines->out = out;
	*state = lines;
	return 0;
}

/* What came of it. */
static int add_result(struct buffer *line, const struct action_fields *action)
{
	if (!strcmp(action->result, "planned"))
		return text_printf(line, "nothing was done; to do it: --yes%s", action->warning ? " --force" : "");
	if (!action->peer)
		return text_add(line, "done");
	if (!strcmp(action->peer, "silent"))
		return text_add(line, "done: the peer is silent");
	if (!strcmp(action->peer, "reset"))
		return text_add(line, "done: the peer does not know this connection, so it has ended");
	return text_add(line, "done: the peer's kernel answers, after ") ?: text_duration(line, action->answer_s);
}

/* The action, planned or done, in sentences. Reasons against it go to stderr. */
static int add_action(struct buffer *line, const struct row *row)
{
	const struct action_fields *action = &row->action;
	int error = 0;

	if (action->error)
		return 0;
	if (action->what)
		error = text_add(line, action->what) ?: text_add(line, "\n");
	if (!error && action->follows)
		error = text_add(line, action->how) ?: text_add(line, ": ") ?: text_add(line, action->follows) ?:
			text_add(line, "\n");
	if (!error && action->warning)
		error = text_add(line, "warning: ") ?: text_add(line, action->warning) ?: text_add(line, "\n");
	return error ?: add_result(line, action) ?: text_add(line, "\n");
}

static int write_action(struct lines_emitter *lines, const struct row *row)
{
	buffer_reset(&lines->line);
	return add_action(&lines->line, row) ?: out_write(lines->out, &lines->line) ?: out_flush(lines->out);
}

static int lines_record(void *state, const struct row *row)
{
	struct lines_emitter *lines = state;

	if (row->type == ROW_ACTION)
		return write_action(lines, row);

	if (row->type != ROW_LOST)
		return 0;
	return write_line(lines, row, add_lost) ?: out_flush(lines->out);
}

static int lines_look(void *state, const struct report *report, const struct look *look)
{
	struct lines_emitter *lines = state;
	int error = 0;

	(void)look;
	for (size_t i = 0; i < report->count && !error; i++) {
		if (report->rows[i].event != STALL_NONE)
			error = write_line(lines, &report->rows[i], add_stall);
	}
	return error ?: out_flush(lines->out);
}

static void lines_close(void *state)
{
	struct lines_emitter *lines = state;

	if (!lines)
		return;
	buffer_free(&lines->line);
	free(lines);
}

const struct emitter_kind emit_lines = {
	.name = "lines",
	.open = lines_open,
	.record = lines_record,
	.look = lines_look,
	.close = lines_close,
};
