/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One row with all that is known of it: the sentences, then every field under its name in JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "output/cell.h"
#include "output/screen/internal.h"

#define INDENT	     2
#define KEY_WIDTH    22
#define MEAN_WIDTH   16 /* of a value, where its description follows on the line */
#define DESCRIBED_AT (INDENT + KEY_WIDTH + MEAN_WIDTH)
#define BAR_WIDTH    40

#define FRAME_SEPARATOR " < "

struct evidence {
	struct lines *lines;
	size_t width;
	const struct row *row;
	bool shown[512]; /* by place in the table of columns */
};

/* ---- The row ---- */

static const struct row *find(const struct moment *moment, uint64_t id, enum row_type type)
{
	for (size_t i = 0; i < moment->count; i++) {
		const struct row *row = &moment->rows[i];

		if ((type == ROW_TYPES || row->type == type) && screen_row_id(row) == id)
			return row;
	}
	return NULL;
}

const struct row *screen_evidence_row(const struct screen *screen, const struct moment **when)
{
	const struct row *row = NULL;

	for (size_t back = screen->back; !row && (*when = history_at(&screen->history, back)); back++)
		row = find(*when, screen->evidence.id, ROW_TYPES);
	return row;
}

/* The row of this thread in a look that was asked for threads. */
static const struct row *thread_of(const struct moment *moment, const struct row *row)
{
	for (size_t i = 0; i < moment->count && row->type != ROW_THREAD; i++) {
		const struct row *thread = &moment->rows[i];

		if (thread->type == ROW_THREAD && thread->host_at == row->host_at && thread->pid == row->pid &&
		    thread->tid == row->tid)
			return thread;
	}
	return NULL;
}

/* Lets the timers of a stall go on between looks. Nobody knows what else has happened meanwhile. */
static void let_pass(struct row *row, double seconds)
{
	for (size_t i = 0; i < column_count; i++) {
		double *value = (double *)(void *)((char *)row + columns[i].offset);

		if (!columns[i].ticks || !(columns[i].types & ROW_BIT(row->type)) || !column_known(&columns[i], row))
			continue;
		*value += columns[i].ticks * seconds;
		if (*value < 0)
			*value = 0;
	}
}

/* ---- Lines ---- */

static int add_section(struct evidence *evidence, const char *title)
{
	return lines_add(evidence->lines, LINE_PLAIN, "")
		       ?: screen_add_line(evidence->lines, LINE_SECTION, title, evidence->width);
}

static int add_sentence(struct evidence *evidence, const char *key, size_t indent)
{
	const struct column *column = column_find(key, evidence->row->type);
	struct buffer text = {0};
	int error = 0;

	if (!column)
		return 0;
	evidence->shown[column - columns] = true;
	if (column_known(column, evidence->row))
		error = cell_add(&text, column, evidence->row) ?: buffer_append(&text, "", 1) ?:
			lines_add_wrapped(evidence->lines, text.data, indent, indent, evidence->width);
	buffer_free(&text);
	return error;
}

static int add_commands(struct evidence *evidence)
{
	const struct column *column = evidence->row->commands ? column_find("commands", evidence->row->type) : NULL;

	if (!column)
		return 0;
	evidence->shown[column - columns] = true;
	return add_section(evidence, "commands: to be copied")
		       ?: screen_add_commands(evidence->lines, evidence->row->commands, evidence->width);
}

/* The column alone, without those that it joins in a table. */
static int add_value(struct buffer *out, const struct column *column, const struct row *row)
{
	struct column alone = *column;

	alone.shape = SHAPE_ALONE;
	return cell_add(out, &alone, row);
}

static int add_field(struct evidence *evidence, const struct column *column)
{
	struct buffer text = {0};
	size_t used;
	int error = text_spaces(&text, INDENT) ?: text_printf(&text, "%-*s ", KEY_WIDTH, column->key);

	evidence->shown[column - columns] = true;
	if (!error)
		error = add_value(&text, column, evidence->row) ?: buffer_append(&text, "", 1);
	used = error ? 0 : text_width(text.data);
	/* All descriptions begin in one column: that of a long value is on the line below. */
	if (!error && used > DESCRIBED_AT) {
		error = screen_add_line(evidence->lines, LINE_PLAIN, text.data, evidence->width);
		buffer_reset(&text);
		used = 0;
	} else if (!error) {
		text.size--;
	}
	if (!error)
		error = text_spaces(&text, DESCRIBED_AT + 1 - used) ?: text_printable(&text, column->description) ?:
			buffer_append(&text, "", 1) ?:
			screen_add_line(evidence->lines, LINE_PLAIN, text.data, evidence->width);
	buffer_free(&text);
	return error;
}

/* ---- Sections ---- */

static int add_fields(struct evidence *evidence, const char *title,
		      bool (*belongs)(const struct column *column, const struct row *row))
{
	bool any = false;
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (!(columns[i].types & ROW_BIT(evidence->row->type)) || evidence->shown[i] ||
		    !belongs(&columns[i], evidence->row))
			continue;
		if (!any)
			error = add_section(evidence, title);
		any = true;
		if (!error)
			error = add_field(evidence, &columns[i]);
	}
	return error;
}

static bool is_timer(const struct column *column, const struct row *row)
{
	return column->ticks && column_known(column, row);
}

static bool is_socket_option(const struct column *column, const struct row *row)
{
	(void)row;
	return column->socket_option;
}

static bool is_known(const struct column *column, const struct row *row)
{
	return column_known(column, row) && column->kind != COLUMN_VERSION;
}

/* Their names alone. */
static int add_unknown(struct evidence *evidence)
{
	struct buffer names = {0};
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (!(columns[i].types & ROW_BIT(evidence->row->type)) || evidence->shown[i] ||
		    column_known(&columns[i], evidence->row))
			continue;
		error = text_printf(&names, "%s%s", names.size ? ", " : "", columns[i].key);
	}
	if (!error && names.size)
		error = buffer_append(&names, "", 1) ?: add_section(evidence, "not known, or none") ?:
			lines_add_wrapped(evidence->lines, names.data, INDENT, INDENT, evidence->width);
	buffer_free(&names);
	return error;
}

static int add_stack(struct evidence *evidence, const char *key, const char *title)
{
	const struct column *column = column_find(key, evidence->row->type);
	struct buffer text = {0};
	char *frame, *next;
	int error;

	if (!column || !column_known(column, evidence->row) || evidence->shown[column - columns])
		return 0;
	evidence->shown[column - columns] = true;
	error = cell_add(&text, column, evidence->row) ?: buffer_append(&text, "", 1) ?: add_section(evidence, title);
	for (frame = text.data; frame && !error; frame = next) {
		next = strstr(frame, FRAME_SEPARATOR);
		if (next) {
			*next = '\0';
			next += strlen(FRAME_SEPARATOR);
		}
		error = lines_add_wrapped(evidence->lines, frame, INDENT, 2 * INDENT, evidence->width);
	}
	buffer_free(&text);
	return error;
}

/* ---- The histogram ---- */

/* Where the bar ends, in seconds. */
static double bar_end(uint32_t bar)
{
	return (double)((uint64_t)HISTOGRAM_FIRST_NS << bar) / 1e9;
}

static int add_bar_range(struct buffer *out, const struct histogram *histogram, uint32_t bar)
{
	if (bar + 1 == histogram->bars)
		return text_add(out, "from ") ?: text_duration(out, bar_end(bar - 1));
	return text_add(out, "below ") ?: text_duration(out, bar_end(bar));
}

static int add_bar(struct evidence *evidence, const struct histogram *histogram, uint32_t bar, uint32_t most)
{
	size_t length = (size_t)((uint64_t)histogram->counts[bar] * BAR_WIDTH / most);
	struct buffer text = {0};
	int error = text_spaces(&text, INDENT) ?: add_bar_range(&text, histogram, bar);

	if (!error && text.size < INDENT + 14)
		error = text_spaces(&text, INDENT + 14 - text.size);
	if (!error)
		error = text_printf(&text, "%8u ", histogram->counts[bar]);
	for (size_t i = 0; i < (length ? length : histogram->counts[bar] > 0) && !error; i++)
		error = text_add(&text, text_locale_is_utf8() ? "\xe2\x96\x87" : "#");
	if (!error)
		error = buffer_append(&text, "", 1)
				?: screen_add_line(evidence->lines, LINE_PLAIN, text.data, evidence->width);
	buffer_free(&text);
	return error;
}

/* From the first bar that has something to the last. */
static int add_histogram(struct evidence *evidence, const struct column *column)
{
	const struct histogram *histogram = column_field(column, evidence->row);
	uint32_t first = histogram->bars, last = 0, most = 0;
	int error;

	for (uint32_t i = 0; i < histogram->bars; i++) {
		if (!histogram->counts[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = histogram->counts[i] > most ? histogram->counts[i] : most;
	}
	if (!most)
		return 0;
	error = add_section(evidence, "lag_histogram: times from a return to the next wait, since the previous look");
	for (uint32_t i = first; i <= last && !error; i++)
		error = add_bar(evidence, histogram, i, most);
	return error;
}

static int add_histograms(struct evidence *evidence)
{
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (columns[i].kind != COLUMN_HISTOGRAM || !(columns[i].types & ROW_BIT(evidence->row->type)))
			continue;
		evidence->shown[i] = true;
		error = add_histogram(evidence, &columns[i]);
	}
	return error;
}

/* ---- All together ---- */

/* Who it is about: the verdict, the process and its thread, and where. */
static int add_subject(struct evidence *evidence)
{
	struct buffer text = {0};
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		const struct column *column = column_on_screen(i);

		if (!column->subject || !(column->types & ROW_BIT(evidence->row->type)) ||
		    !cell_known(column, evidence->row))
			continue;
		error = (text.size ? text_add(&text, "  ") : 0) ?:
			(column->shape == SHAPE_THREAD ? text_add(&text, "thread ") : 0) ?:
			cell_add(&text, column, evidence->row);
	}
	if (!error)
		error = buffer_append(&text, "", 1)
				?: screen_add_line(evidence->lines, LINE_HEADING, text.data, evidence->width);
	buffer_free(&text);
	return error;
}

static int add_over(const struct screen *screen, struct evidence *evidence, const struct moment *when)
{
	struct buffer text = {0};
	int error;

	if (when == screen_moment(screen))
		return 0;
	error = text_add(&text, "over, or normal again: last seen ") ?: text_time(&text, when->head.realtime_ns, 0) ?:
		buffer_append(&text, "", 1) ?:
		screen_add_line(evidence->lines, LINE_SECTION, text.data, evidence->width);
	buffer_free(&text);
	return error;
}

static int add_chain(struct evidence *evidence)
{
	const char *links = evidence->row->type == ROW_CHAIN ? evidence->row->chain.links : NULL;
	const struct column *column = column_find("links", evidence->row->type);

	if (!links || !column)
		return 0;
	evidence->shown[column - columns] = true;
	return add_section(evidence, evidence->row->chain.cycle
					     ? "links: each waits for the next, and the last for the first"
					     : "links: each waits for the next")
		       ?: screen_add_links(evidence->lines, evidence->row, evidence->width);
}

static int add_row(struct evidence *evidence)
{
	return add_chain(evidence) ?: add_fields(evidence, "timers", is_timer) ?:
	       add_histograms(evidence) ?:
	       add_fields(evidence, "socket options", is_socket_option) ?:
	       add_stack(evidence, "kernel_stack", "kernel_stack: innermost first") ?:
	       add_stack(evidence, "user_stack", "user_stack: innermost first");
}

static bool knows(const struct row *row, const char *key)
{
	const struct column *column = column_find(key, row->type);

	return column && column_known(column, row);
}

/* Adds facts about the thread that the row itself does not have. */
static int add_thread(struct evidence *evidence, const struct row *thread)
{
	struct evidence other = {.lines = evidence->lines, .width = evidence->width, .row = thread};

	for (size_t i = 0; i < column_count; i++)
		other.shown[i] = knows(evidence->row, columns[i].key);
	return add_stack(&other, "kernel_stack", "kernel_stack of its thread: innermost first") ?:
	       add_stack(&other, "user_stack", "user_stack of its thread: innermost first") ?:
	       add_fields(&other, "its thread", is_known);
}

int screen_add_evidence(const struct screen *screen, struct lines *lines, size_t width, uint64_t elapsed_ns)
{
	const struct moment *when = NULL;
	const struct row *found = screen_evidence_row(screen, &when), *thread;
	struct row row;
	struct evidence evidence = {.lines = lines, .width = width, .row = &row};
	int error;

	_Static_assert(COUNT_OF(evidence.shown) == 512, "shown");
	if (!found)
		return screen_add_line(lines, LINE_PLAIN, "it is in no look that is still kept", width);
	row = *found;
	if (screen_is_ticking(screen) && found->stuck && when == screen_moment(screen))
		let_pass(&row, (double)elapsed_ns / 1e9);
	thread = thread_of(when, found);
	error = add_subject(&evidence) ?: add_over(screen, &evidence, when) ?: add_sentence(&evidence, "why", INDENT) ?:
		add_sentence(&evidence, "advice", INDENT) ?: add_commands(&evidence) ?: add_row(&evidence);
	if (!error && thread)
		error = add_thread(&evidence, thread);
	return error ?: add_fields(&evidence, "fields", is_known) ?: add_unknown(&evidence);
}
