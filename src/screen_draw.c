/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The screen as lines: a title, counts, the pages, and below them a list, the evidence or the help. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "screen_internal.h"
#include "summary.h"
#include "table.h"
#include "text.h"

/* A smaller screen has no room for the line that names the pages, and none for the hints below. */
#define HEIGHT_FOR_PAGES 9

/* Where the selected row's sentences would leave the list less than this, they stay away. */
#define LIST_LEAST 4

#define WIDTH_OF_HOST 24

int screen_add_line(struct lines *lines, enum line_style style, const char *text, size_t width)
{
	return lines_begin(lines, style) ?: text_fit(&lines->text, text, width, CUT_END) ?: lines_end(lines);
}

int screen_add_wrapped(struct lines *lines, const char *text, size_t indent, size_t width)
{
	size_t room = width > 2 * indent ? width - indent : width;
	int error = 0;

	if (room == width)
		indent = 0;
	while (*text && !error) {
		size_t next, size = text_wrap(text, room, &next);

		error = lines_begin(lines, LINE_PLAIN) ?: text_spaces(&lines->text, indent) ?:
			buffer_append(&lines->text, text, size) ?: lines_end(lines);
		text += next;
	}
	return error;
}

/* ---- The title ---- */

static int add_interval(struct buffer *out, const struct look_record *head)
{
	int error = text_add(out, "  every ") ?: text_duration(out, (double)head->interval_ns / 1e9);

	if (!error && head->stretched_ns)
		error = text_add(out, ", stretched to ") ?: text_duration(out, (double)head->stretched_ns / 1e9);
	return error;
}

/* How long before the newest look it was. */
static int add_past(const struct screen *screen, struct buffer *out)
{
	const struct look_record *newest = &history_at(&screen->history, 0)->head;
	const struct look_record *shown = &screen_moment(screen)->head;

	if (!screen->back || newest->realtime_ns <= shown->realtime_ns)
		return 0;
	return text_add(out, "  -") ?: text_duration(out, (double)(newest->realtime_ns - shown->realtime_ns) / 1e9);
}

static int add_filter(const struct screen *screen, struct buffer *out)
{
	if (!*screen->filter && !screen->typing)
		return 0;
	return text_add(out, "  /") ?: text_printable(out, screen->filter) ?: text_add(out, screen->typing ? "_" : "/");
}

static int add_order(const struct screen *screen, struct buffer *out)
{
	const struct screen_place *place = &screen->places[screen->page];

	if (place->sort)
		return text_printf(out, "  by %s%s", screen_heading(screen, place->sort),
				   place->reverse ? ", reversed" : "");
	return place->reverse ? text_add(out, "  reversed") : 0;
}

/* What is not as it was in the beginning. */
static int add_states(const struct screen *screen, struct buffer *out)
{
	return (screen->paused ? text_add(out, "  paused") : 0) ?:
	       (screen->ended ? text_add(out, "  end of the recording") : 0) ?:
	       (screen->history.count ? add_past(screen, out) : 0) ?:
	       add_filter(screen, out) ?:
	       (screen->all && screen_pages[screen->page].only_stuck ? text_add(out, "  all") : 0) ?:
	       add_order(screen, out);
}

static int add_name(const struct screen *screen, struct buffer *out)
{
	const struct moment *moment = screen_moment(screen);
	int error = text_add(out, "sockstall");

	if (!error && screen->host.size > 1)
		error = text_add(out, "  ") ?: text_fit(out, screen->host.data, WIDTH_OF_HOST, CUT_END);
	if (!error && moment)
		error = text_add(out, "  ") ?: text_time(out, moment->head.realtime_ns, 0);
	return error;
}

static int add_title(const struct screen *screen, struct lines *lines, size_t width)
{
	const struct moment *moment = screen_moment(screen);
	struct buffer text = {0}, states = {0};
	int error = add_name(screen, &text) ?: add_states(screen, &states) ?: buffer_append(&states, "", 1);

	if (!error && moment && states.size == 1)
		error = add_interval(&text, &moment->head);
	if (!error)
		error = buffer_append(&text, "", 1) ?: lines_begin(lines, LINE_TITLE) ?:
			text_fit(&lines->text, text.data, width, CUT_END);
	if (!error && text_width(text.data) < width) {
		lines_mark_from(lines);
		error = text_fit(&lines->text, states.data, width - text_width(text.data), CUT_END);
		lines_mark_to(lines);
	}
	buffer_free(&text);
	buffer_free(&states);
	return error ?: lines_end(lines);
}

static int add_counts(const struct screen *screen, struct lines *lines, size_t width)
{
	const struct moment *moment = screen_moment(screen);
	struct buffer out = {0};
	size_t stuck = 0, total = 0;
	int error;

	for (enum row_type type = 0; type < ROW_TYPES && moment; type++) {
		stuck += moment->stuck[type];
		total += moment->total[type];
	}
	if (!moment)
		error = text_add(&out, screen->ended ? "the recording has no looks" : "looking");
	else if (stuck)
		error = summary_stuck(&out, moment->stuck);
	else if (screen->command == COMMAND_THREADS && total)
		error = text_printf(&out, "%zu shown", total);
	else
		error = summary_nothing(&out, screen->command, moment->head.namespaces);
	if (!error && screen->lost)
		error = text_printf(&out, "  lost: %lld", (long long)screen->lost);
	if (!error)
		error = buffer_append(&out, "", 1) ?: screen_add_line(lines, LINE_TITLE, out.data, width);
	buffer_free(&out);
	return error;
}

/* ---- The pages ---- */

enum page_text {
	PAGE_COUNTED,
	PAGE_NAMED,
	PAGE_NUMBERED, /* the name of the present one alone */
	PAGE_TEXTS,
};

static int add_page(const struct screen *screen, struct buffer *out, size_t page, size_t number, enum page_text how)
{
	const struct moment *moment = screen_moment(screen);
	size_t stuck = 0;
	int error = text_printf(out, "%zu", number);

	for (enum row_type type = 0; type < ROW_TYPES && moment; type++)
		stuck += screen_pages[page].types & ROW_BIT(type) ? moment->stuck[type] : 0;
	if (!error && (how != PAGE_NUMBERED || page == screen->page))
		error = text_printf(out, " %s", screen_pages[page].name);
	if (!error && how == PAGE_COUNTED && stuck)
		error = text_printf(out, " (%zu)", stuck);
	return error;
}

static int add_pages_as(const struct screen *screen, struct lines *lines, enum page_text how)
{
	int error = lines_begin(lines, LINE_PAGES);

	for (size_t page = 0, number = 0; page < screen_page_count && !error; page++) {
		if (!screen_has_page(screen, page))
			continue;
		if (number++)
			error = text_add(&lines->text, "  ");
		if (page == screen->page)
			lines_mark_from(lines);
		if (!error)
			error = add_page(screen, &lines->text, page, number, how);
		if (page == screen->page)
			lines_mark_to(lines);
	}
	return error ?: lines_end(lines);
}

/* With as much as there is room for. */
static int add_pages(const struct screen *screen, struct lines *lines, size_t width)
{
	size_t start = lines_count(lines);

	for (enum page_text how = PAGE_COUNTED; how < PAGE_TEXTS; how++) {
		int error = add_pages_as(screen, lines, how);

		if (error || text_width(lines_text(lines, lines_at(lines, start))) <= width)
			return error;
		lines_cut(lines, start);
	}
	return screen_add_line(lines, LINE_PAGES, screen_pages[screen->page].name, width);
}

/* ---- The list ---- */

/* With the sentences of all rows. Adds nothing where there is no room for that. */
static int add_all_rows(const struct screen_rows *rows, struct lines *lines, struct table_style *style, size_t height)
{
	size_t start = lines_count(lines);
	int error = 0;

	style->only_selected = false;
	for (int detail = DETAIL_ADVICE; detail >= DETAIL_WHY && !error; detail--) {
		style->detail = (enum table_detail)detail;
		error = table_add_styled(lines, rows->items, rows->count, style);
		if (!error && lines_count(lines) - start <= height)
			break;
		lines_cut(lines, start);
	}
	return error;
}

/* How many lines the sentences of one row take below it. */
static int count_sentences(const struct row *row, const struct table_style *style, size_t *count)
{
	struct table_style alone = *style;
	struct lines lines = {0};
	int error;

	alone.selected = 0;
	error = table_add_styled(&lines, &row, 1, &alone);
	*count = lines_count(&lines) > 2 ? lines_count(&lines) - 2 : 0;
	lines_free(&lines);
	return error;
}

/* A part of the rows, with the selected one in it, and its sentences. */
static int add_some_rows(struct screen *screen, const struct screen_rows *rows, struct lines *lines,
			 struct table_style *style, size_t height)
{
	struct screen_place *place = &screen->places[screen->page];
	size_t at = style->selected, room = height - 1, sentences;
	int error;

	style->only_selected = true;
	style->detail = DETAIL_ADVICE;
	error = count_sentences(rows->items[at], style, &sentences);
	if (error)
		return error;
	if (sentences + LIST_LEAST > room)
		style->detail = DETAIL_NONE;
	else
		room -= sentences;
	if (place->top > at)
		place->top = at;
	if (place->top + room <= at)
		place->top = at + 1 - room;
	if (place->top + room > rows->count)
		place->top = rows->count > room ? rows->count - room : 0;
	screen->height = room < rows->count - place->top ? room : rows->count - place->top;
	style->selected = at - place->top;
	return table_add_styled(lines, rows->items + place->top, screen->height, style);
}

static int add_nothing(const struct screen *screen, const struct screen_rows *rows, struct lines *lines, size_t width)
{
	char text[160] = "";

	if (rows->unfiltered)
		snprintf(text, sizeof(text), "none of %zu has this in it (Esc: all of them)", rows->unfiltered);
	else if (!screen_moment(screen))
		;
	else if (screen_pages[screen->page].types & ROW_BIT(ROW_THREAD) && screen->threads_of)
		snprintf(text, sizeof(text), "this look does not hold the threads of process %u%s", screen->threads_of,
			 screen->replay ? ": they were not recorded" : screen->paused ? " (space: back to now)" : "");
	else if (screen_pages[screen->page].types & ROW_BIT(ROW_THREAD) && screen->command != COMMAND_THREADS)
		snprintf(text, sizeof(text), "select a row on another page first: its process's threads are shown here");
	else if (screen->page)
		snprintf(text, sizeof(text), "%s", screen_pages[screen->page].only_stuck && !screen->all ?
			 "nothing is stuck here (a: what is normal too)" : "nothing here");
	return *text ? screen_add_line(lines, LINE_PLAIN, text, width) : 0;
}

static int add_rows(struct screen *screen, const struct screen_rows *rows, struct lines *lines, size_t width,
		    size_t height)
{
	const struct screen_page *page = &screen_pages[screen->page];
	struct screen_place *place = &screen->places[screen->page];
	struct table_style style = {
		.width = width,
		.selected = screen_selected(screen, rows),
		.marked = place->sort,
		.favoured = page->favoured,
	};
	size_t start = lines_count(lines);
	int error = 0;

	place->at = style.selected;
	if (rows->count < height)
		error = add_all_rows(rows, lines, &style, height);
	if (error)
		return error;
	if (lines_count(lines) > start) {
		place->top = 0;
		screen->height = rows->count;
		return 0;
	}
	return height > 1 ? add_some_rows(screen, rows, lines, &style, height) : 0;
}

/* Which rows are shown, where that is not all; and some keys. */
static int add_foot(const struct screen *screen, const struct screen_rows *rows, struct lines *lines, size_t width)
{
	const struct screen_place *place = &screen->places[screen->page];
	size_t last = place->top + screen->height;
	struct buffer text = {0};
	int error = 0;

	if (rows->count > screen->height)
		error = text_printf(&text, "%zu-%zu of %zu  ", place->top + 1, last, rows->count);
	if (!error && rows->not_kept)
		error = text_printf(&text, "+%zu more  ", rows->not_kept);
	if (!error)
		error = text_add(&text, screen->typing ?
				 "type what a row must have in it   Enter done   Esc all rows" :
				 "Enter evidence   e end it   / filter   < > sort   space pause   ? help   q quit");
	if (!error)
		error = buffer_append(&text, "", 1) ?: screen_add_line(lines, LINE_FOOT, text.data, width);
	buffer_free(&text);
	return error;
}

/* Fills up with empty lines, so that the foot stands at the bottom. */
static int fill_up(struct lines *lines, size_t count)
{
	int error = 0;

	while (lines_count(lines) < count && !error)
		error = lines_add(lines, LINE_PLAIN, "");
	return error;
}

static int add_list(struct screen *screen, struct lines *lines, size_t width, size_t height)
{
	size_t start = lines_count(lines), room = height;
	bool foot = start > 2 && height > 2;
	struct screen_rows rows;
	int error = screen_rows(screen, &rows);

	/* A small screen has a foot only where it tells that there is more. */
	if (!error && !foot && height > 2 && rows.count + 1 > height)
		foot = true;
	room -= foot;
	screen->height = 0;
	if (!error)
		error = rows.count ? add_rows(screen, &rows, lines, width, room) :
				     add_nothing(screen, &rows, lines, width);
	if (!error && foot)
		error = fill_up(lines, start + room) ?: add_foot(screen, &rows, lines, width);
	free(rows.items);
	return error;
}

/* ---- What is longer than the screen ---- */

static int add_window(struct lines *lines, const struct lines *all, size_t from, size_t height)
{
	int error = 0;

	for (size_t i = from; i < lines_count(all) && i < from + height && !error; i++) {
		const struct line *line = lines_at(all, i);

		error = lines_copy(lines, all, line);
	}
	return error;
}

static int add_evidence(struct screen *screen, struct lines *lines, size_t width, size_t height, uint64_t elapsed_ns)
{
	size_t start = lines_count(lines), count;
	struct lines all = {0};
	bool foot = start > 2 && height > 2;
	int error = screen_add_evidence(screen, &all, width, elapsed_ns);

	height -= foot;
	count = lines_count(&all);
	if (screen->scroll + height > count)
		screen->scroll = count > height ? count - height : 0;
	screen->height = height;
	if (!error)
		error = add_window(lines, &all, screen->scroll, height);
	if (!error && foot)
		error = fill_up(lines, start + height) ?:
			screen_add_line(lines, LINE_FOOT,
					count > height ? "Esc back   up, down scroll   e end it   [ ] time   space pause   ? help" :
							 "Esc back   e end it   [ ] time   space pause   ? help   q quit", width);
	lines_free(&all);
	return error;
}

int screen_draw(struct screen *screen, struct lines *lines, size_t width, size_t height, uint64_t elapsed_ns)
{
	size_t start = lines_count(lines), used;
	int error = 0;

	if (screen->mode == MODE_HELP) {
		error = screen_add_help(lines, width);
		lines_cut(lines, start + height);
		return error;
	}
	error = add_title(screen, lines, width) ?: add_counts(screen, lines, width);
	if (!error && height >= HEIGHT_FOR_PAGES)
		error = add_pages(screen, lines, width);
	used = lines_count(lines) - start;
	if (!error && height > used)
		error = screen->mode == MODE_EVIDENCE ? add_evidence(screen, lines, width, height - used, elapsed_ns) :
			screen->mode == MODE_ACTION   ? screen_add_action(screen, lines, width) :
							add_list(screen, lines, width, height - used);
	lines_cut(lines, start + height);
	return error;
}
