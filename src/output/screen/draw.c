/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The screen as lines: the head, and below it a list, the evidence, an action or the help. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "output/screen/internal.h"
#include "output/table.h"

/* Where the selected row's sentences would leave the list less than this, they stay away. */
#define LIST_LEAST 4

int screen_add_line(struct lines *lines, enum line_style style, const char *text, size_t width)
{
	return lines_begin(lines, style) ?: text_fit(&lines->text, text, width, CUT_END) ?: lines_end(lines);
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

/* How many lines each row takes; NULL: no memory. */
static size_t *measure(const struct screen_rows *rows, const struct table_style *style)
{
	size_t *heights = calloc(rows->count + 1, sizeof(*heights)), sentences;
	int error = heights ? 0 : -ENOMEM;

	for (size_t i = 0; i < rows->count && !error; i++) {
		bool own = i == style->selected || (style->causes && rows->items[i]->fold.heads);

		sentences = 0;
		if (own && (style->detail != DETAIL_NONE || style->causes))
			error = count_sentences(rows->items[i], style, &sentences);
		heights[i] = 1 + sentences;
	}
	if (!error)
		return heights;
	free(heights);
	return NULL;
}

/* How many rows from this one on have room. */
static size_t count_fitting(const size_t *heights, size_t from, size_t count, size_t room)
{
	size_t used = 0, at = from;

	while (at < count && used + heights[at] <= room)
		used += heights[at++];
	return at - from;
}

/* The first row that is shown: as before, if the selected one is among them then, and no room is left below. */
static size_t find_top(const size_t *heights, size_t before, size_t selected, size_t count, size_t room)
{
	size_t top = before < selected ? before : selected;

	while (top < selected && top + count_fitting(heights, top, count, room) <= selected)
		top++;
	while (top && top - 1 + count_fitting(heights, top - 1, count, room) == count)
		top--;
	return top;
}

/* A part of the rows, with the selected one in it, and its sentences. */
static int add_some_rows(struct screen *screen, const struct screen_rows *rows, struct lines *lines,
			 struct table_style *style, size_t height)
{
	struct screen_place *place = &screen->places[screen->page];
	size_t at = style->selected, room = height - 1, sentences, *heights;
	int error;

	style->only_selected = true;
	style->detail = DETAIL_ADVICE;
	error = count_sentences(rows->items[at], style, &sentences);
	if (error)
		return error;
	if (sentences + LIST_LEAST > room) {
		style->detail = DETAIL_NONE;
		style->causes = false;
	}
	heights = measure(rows, style);
	if (!heights)
		return -ENOMEM;
	place->top = find_top(heights, place->top, at, rows->count, room);
	screen->height = count_fitting(heights, place->top, rows->count, room);
	free(heights);
	style->selected = at - place->top;
	return table_add_styled(lines, rows->items + place->top, screen->height, style);
}

static int add_nothing(const struct screen *screen, const struct screen_rows *rows, struct lines *lines, size_t width)
{
	char text[160] = "";

	if (rows->unfiltered)
		snprintf(text, sizeof(text), "none of %zu rows contains this (Esc: all rows)", rows->unfiltered);
	else if (!screen_moment(screen))
		;
	else if (screen_pages[screen->page].types & ROW_BIT(ROW_THREAD) && screen->threads_of)
		snprintf(text, sizeof(text), "this look has no threads of process %u%s", screen->threads_of,
			 screen->replay	  ? ": they were not recorded"
			 : screen->paused ? " (space: back to now)"
					  : "");
	else if (screen_pages[screen->page].types & ROW_BIT(ROW_THREAD) && screen->command != COMMAND_THREADS)
		snprintf(text, sizeof(text),
			 "select a row on another page first: its process's threads are shown here");
	else if (screen->chain_of && (screen_moment(screen)->has_chains || screen_moment(screen)->total[ROW_CHAIN]))
		snprintf(text, sizeof(text), "no chain goes through process %u (Esc: all chains)", screen->chain_of);
	else if (screen_pages[screen->page].on_demand && !screen_moment(screen)->has_chains)
		snprintf(text, sizeof(text), "this look has no chains%s",
			 screen->replay	  ? ""
			 : screen->paused ? " (space: back to now)"
					  : ": the next one has them");
	else if (screen->page)
		snprintf(text, sizeof(text), "%s",
			 screen_pages[screen->page].only_stuck && !screen->all
				 ? "nothing is stuck here (a: show what is normal, too)"
				 : "nothing here");
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
		.causes = rows->causes.cause_count,
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

/* Nothing can be ended in a recording, or with --read-only. */
static unsigned int can_end(const struct screen *screen, unsigned int rank)
{
	return screen->replay || screen->read_only ? HINT_NEVER : rank;
}

/* Which rows are shown, where that is not all; and some keys. */
static int add_foot(const struct screen *screen, const struct screen_rows *rows, struct lines *lines, size_t width)
{
	const struct screen_place *place = &screen->places[screen->page];
	size_t last = place->top + screen->height;
	const struct row *row = place->at < rows->count ? rows->items[place->at] : NULL;
	bool folded = row && fold_count(row) > 1, open = folded && screen_is_open(screen, row);
	const struct hint keys[] = {
		{2, open     ? "Enter fold"
		    : folded ? "Enter open"
			     : "Enter evidence"},
		{can_end(screen, 4), "e end it"},
		{5, "/ filter"},
		{8, "t threads"},
		{9, "c chain"},
		{7, "< > sort"},
		{6, "space pause"},
		{1, "? help"},
		{3, "q quit"},
	};
	const struct hint typing[] = {
		{3, "type the text to look for"},
		{1, "Enter done"},
		{2, screen->typing == TYPING_SEARCH ? "Esc no search" : "Esc all rows"},
	};
	struct buffer text = {0};
	int error = 0;

	if (rows->count > screen->height)
		error = text_printf(&text, "%zu-%zu of %zu  ", place->top + 1, last, rows->count);
	if (!error && rows->not_kept)
		error = text_printf(&text, "+%zu more  ", rows->not_kept);
	if (!error)
		error = buffer_append(&text, "", 1);
	if (!error)
		error = screen->typing ? screen_add_foot(lines, text.data, typing, COUNT_OF(typing), width)
				       : screen_add_foot(lines, text.data, keys, COUNT_OF(keys), width);
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
	const struct screen_rows *rows = screen_rows(screen);
	int error = rows ? 0 : -ENOMEM;

	/* A small screen has a foot only where it tells that there is more. */
	if (!error && !foot && height > 2 && rows->count + 1 > height)
		foot = true;
	room -= foot;
	screen->height = 0;
	if (!error)
		error = rows->count ? add_rows(screen, rows, lines, width, room)
				    : add_nothing(screen, rows, lines, width);
	if (!error && foot)
		error = fill_up(lines, start + room) ?: add_foot(screen, rows, lines, width);
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
	const struct hint keys[] = {
		{2, "Esc back"},	{screen_evidence_cause(screen) ? 2 : HINT_NEVER, "Enter its cause"},
		{5, "up, down scroll"}, {can_end(screen, 4), "e end it"},
		{7, "[ ] time"},	{6, "space pause"},
		{1, "? help"},		{3, "q quit"},
	};
	struct lines all = {0};
	bool foot = start > 2 && height > 2;
	int error = screen_add_evidence(screen, &all, width, elapsed_ns);

	height -= foot;
	count = lines_count(&all);
	if (screen->evidence.scroll + height > count)
		screen->evidence.scroll = count > height ? count - height : 0;
	screen->height = height;
	if (!error)
		error = add_window(lines, &all, screen->evidence.scroll, height);
	if (!error && foot)
		error = fill_up(lines, start + height) ?: screen_add_foot(lines, "", keys, COUNT_OF(keys), width);
	lines_free(&all);
	return error;
}

int screen_draw(struct screen *screen, struct lines *lines, size_t width, size_t height, uint64_t elapsed_ns)
{
	size_t start = lines_count(lines), used;
	int error = 0;

	if (screen->mode == MODE_HELP) {
		error = screen_add_help(lines, width, height);
		lines_cut(lines, start + height);
		return error;
	}
	error = screen_add_head(screen, lines, width, height);
	used = lines_count(lines) - start;
	if (!error && height > used)
		error = screen->mode == MODE_EVIDENCE ? add_evidence(screen, lines, width, height - used, elapsed_ns)
			: screen->mode == MODE_ACTION ? screen_add_action(screen, lines, width, height - used)
						      : add_list(screen, lines, width, height - used);
	lines_cut(lines, start + height);
	return error;
}
