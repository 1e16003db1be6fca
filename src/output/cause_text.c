/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/cause_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "output/advice.h"
#include "output/cell.h"
#include "output/summary.h"
#include "rows/fold.h"

#define INDENT	      2
#define MEMBER_INDENT 4
#define MEMBERS_MOST  10

static bool has(const char *key, const struct row *row)
{
	const struct column *column = column_find(key, row->type);

	return column && cell_known(column, row);
}

static int add_known(struct buffer *out, const char *before, const char *key, const struct row *row)
{
	return has(key, row) ? text_add(out, before) ?: cell_add_key(out, key, row) : 0;
}

/* ---- The cause ---- */

static int add_waiters(struct buffer *out, const struct cause *cause)
{
	int error = 0;

	if (cause->waiters)
		error = text_printf(out, ": %" PRIu64 " wait%s", cause->waiters, cause->waiters == 1 ? "s" : "");
	if (error || isnan(cause->oldest_s))
		return error;
	return text_add(out, !cause->waiters	   ? ": for "
			     : cause->waiters == 1 ? ", for "
						   : ", the oldest for ")
		       ?: text_duration(out, cause->oldest_s);
}

int cause_who(struct buffer *out, const struct cause *cause)
{
	const struct row *row = cause->items[0];

	return cell_add_key(out, "comm", row) ?: add_known(out, "  ", "local_addr", row) ?: add_waiters(out, cause);
}

/* In a chain's sentence the part behind the last semicolon is about its end; in a listener's, the first part is. */
int cause_why(struct buffer *out, const struct row *row)
{
	const char *at = row->why ?: "", *next;

	if (row->type == ROW_LISTENER && (next = strstr(at, "; ")))
		return buffer_append(out, at, (size_t)(next - at));
	while (row->type == ROW_CHAIN && (next = strstr(at, "; ")))
		at = next + strlen("; ");
	return text_add(out, at);
}

static int add_sentence(struct lines *lines, const struct buffer *raw, size_t width)
{
	struct buffer text = {0};
	int error = text_printable(&text, raw->data) ?: buffer_append(&text, "", 1) ?:
		    lines_add_wrapped(lines, text.data, INDENT, INDENT, width);

	buffer_free(&text);
	return error;
}

static int add_why(struct lines *lines, const struct row *row, size_t width)
{
	struct buffer raw = {0};
	int error = cause_why(&raw, row) ?: buffer_append(&raw, "", 1);

	if (!error && *raw.data)
		error = add_sentence(lines, &raw, width);
	buffer_free(&raw);
	return error;
}

static int add_title(struct lines *lines, const struct cause *cause)
{
	int error = lines_begin(lines, LINE_TITLE);

	lines_mark_from(lines);
	error = error ?: cell_add_key(&lines->text, "verdict", cause->items[0]);
	lines_mark_to(lines);
	lines_ink(lines, cell_ink(cause->items[0]));
	return error ?: text_spaces(&lines->text, 2) ?: cause_who(&lines->text, cause) ?: lines_end(lines);
}

/* ---- What hangs on it ---- */

/* Found of the same process: what it has to say is its own sentence. */
static bool is_about_process(const struct row *row)
{
	return row->type == ROW_CHAIN || row->type == ROW_LISTENER || row->type == ROW_SERVICE || row->type == ROW_LOOP;
}

static int add_finding(struct buffer *out, const struct row *row)
{
	struct buffer raw = {0};
	int error = cause_why(&raw, row) ?: buffer_append(&raw, "", 1) ?: text_add(out, "; ") ?:
		    text_printable(out, raw.data);

	buffer_free(&raw);
	return error;
}

static int add_wait(struct buffer *out, const struct row *row)
{
	const char *arrow = text_locale_is_utf8() ? " \xe2\x86\x92 " : " -> ";
	int error = add_known(out, " for ", "age_s", row);

	return error || row_is_handshake_of(row, "server")
		       ? error
		       : add_known(out, arrow, "peer_addr", row) ?: add_known(out, " ", "peer_name", row);
}

/* Without "×4 (4 pids)" of a cell: in a sentence that is at its beginning. */
static int add_process(struct buffer *out, const struct row *row)
{
	size_t processes = fold_processes(row);

	if (processes <= 1)
		return has("comm", row) && row->pid != NOT_KNOWN
			       ? text_add(out, " of ") ?: cell_add_host(out, row) ?: text_printable(out, row->comm ?: "?") ?:
				 text_printf(out, "/%" PRId64, row->pid)
			       : 0;
	return text_add(out, " of ") ?: cell_add_host(out, row) ?: text_printable(out, row->comm ?: "?") ?:
	       text_printf(out, ", %zu processes", processes);
}

int cause_member(struct buffer *out, const struct row *row)
{
	return summary_count(out, row->type, fold_count(row)) ?: add_process(out, row) ?:
	       add_known(out, ": ", "verdict", row) ?: (is_about_process(row) ? add_finding : add_wait)(out, row);
}

static int add_member(struct lines *lines, const struct row *row, size_t width)
{
	struct buffer text = {0};
	int error = cause_member(&text, row) ?: buffer_append(&text, "", 1) ?:
		    lines_add_wrapped(lines, text.data, MEMBER_INDENT, MEMBER_INDENT, width);

	buffer_free(&text);
	return error;
}

/* A chain of two links: the other lines tell both. */
static bool has_way(const struct row *row)
{
	size_t links = 0;

	for (const char *at = row->type == ROW_CHAIN ? row->chain.links : NULL; at && (at = strchr(at, '\n')); at++)
		links++;
	return links > 2;
}

/* Who leads there: "chain: curl/5 -> nginx/6 -> java/7". */
static int add_way(struct lines *lines, const struct row *row, size_t width)
{
	struct buffer text = {0};
	int error = 0;

	if (has_way(row))
		error = text_add(&text, "chain: ") ?: cell_add_key(&text, "links", row) ?: buffer_append(&text, "", 1) ?:
			lines_add_wrapped(lines, text.data, MEMBER_INDENT, MEMBER_INDENT, width);
	buffer_free(&text);
	return error;
}

static int add_members(struct lines *lines, const struct cause *cause, size_t width)
{
	int error = 0;

	for (size_t i = 1; i < cause->count && i <= MEMBERS_MOST && !error; i++)
		error = add_member(lines, cause->items[i], width);
	if (error || cause->count - 1 <= MEMBERS_MOST)
		return error;
	return lines_begin(lines, LINE_PLAIN) ?: text_spaces(&lines->text, MEMBER_INDENT) ?:
	       text_printf(&lines->text, "and %zu more", cause->count - 1 - MEMBERS_MOST) ?: lines_end(lines);
}

int cause_lines(struct lines *lines, const struct cause *cause, size_t width)
{
	return add_title(lines, cause) ?: add_why(lines, cause->items[0], width) ?:
	       advice_add(lines, cause->items[0], INDENT, width) ?: add_way(lines, cause->items[0], width) ?:
	       add_members(lines, cause, width);
}

/* ---- In a table ---- */

/* Adds the text in this many lines at most; what does not fit is cut. */
static int add_cut(struct lines *lines, const char *text, size_t most, size_t indent, size_t width)
{
	size_t room = width > 2 * indent ? width - indent : width;
	int error = 0;

	for (; *text && most && !error; most--) {
		size_t next, size = text_wrap(text, room, &next);
		bool last = most == 1;

		error = lines_begin(lines, LINE_PLAIN) ?: text_spaces(&lines->text, width - room) ?:
			(last ? text_fit(&lines->text, text, room, CUT_END)
			      : buffer_append(&lines->text, text, size)) ?: lines_end(lines);
		text += next;
	}
	return error;
}

static int write_brief(struct buffer *out, const struct row *row)
{
	struct buffer why = {0};
	int error = cause_why(&why, row) ?: buffer_append(&why, "", 1);

	if (!error && row->fold.waiting)
		error = text_printf(out, "%" PRIu64 " wait%s", row->fold.waiting, row->fold.waiting == 1 ? "s" : "")
				?: text_add(out, *why.data ? "; " : "");
	error = error ?: text_printable(out, why.data) ?: buffer_append(out, "", 1);
	buffer_free(&why);
	return error;
}

/* What to do, in one line: the first command, which tells more than the beginning of a sentence. */
static int add_brief_advice(struct lines *lines, const struct row *row, size_t indent, size_t width)
{
	const char *commands = row->commands;
	struct buffer advice = {0};
	size_t length;
	int error;

	if (commands && text_line(&commands, &length) && length + indent <= width)
		return advice_add_command(lines, row->commands, length, indent, width);
	error = text_printable(&advice, row->advice) ?: buffer_append(&advice, "", 1) ?:
		add_cut(lines, advice.data, 1, indent, width);
	buffer_free(&advice);
	return error;
}

int cause_brief(struct lines *lines, const struct row *row, size_t indent, size_t width)
{
	size_t start = lines_count(lines);
	struct buffer text = {0};
	int error = write_brief(&text, row) ?: add_cut(lines, text.data, 2, indent, width);

	if (!error && lines_count(lines) - start < 2 && row->advice)
		error = add_brief_advice(lines, row, indent, width);
	buffer_free(&text);
	return error;
}

/* ---- All of them ---- */

static size_t count_stalls(const struct row *const *rows, size_t count)
{
	size_t stalls = 0;

	for (size_t i = 0; i < count; i++)
		stalls += rows[i]->stuck && rows[i]->event != STALL_CLOSE ? fold_count(rows[i]) : 0;
	return stalls;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static const char *hangs(size_t count)
{
	return count == 1 ? "hangs" : "hang";
}

int cause_summary(struct lines *lines, const struct causes *causes)
{
	size_t hanging = count_stalls(causes->rows, causes->first_other) - causes->cause_count;
	size_t others = count_stalls(causes->rows + causes->first_other, causes->count - causes->first_other);
	int error =
		lines_begin(lines, LINE_PLAIN)
			?: text_printf(&lines->text, "%zu cause%s", causes->cause_count, plural(causes->cause_count));

	if (!error && hanging)
		error = text_printf(&lines->text, ", and %zu stall%s %s on %s", hanging, plural(hanging),
				    hangs(hanging), causes->cause_count == 1 ? "it" : "them");
	if (!error && others)
		error = text_printf(&lines->text, "; %zu stall%s %s on no known cause", others, plural(others),
				    hangs(others));
	return error ?: lines_end(lines);
}
