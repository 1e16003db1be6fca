/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The lines above everything: a title with what is not as usual, counts, and the pages. */
#include <errno.h>

#include "base/text.h"
#include "output/cause_text.h"
#include "output/cell.h"
#include "output/screen/internal.h"
#include "output/summary.h"

/* A smaller screen has no room for the line that names the pages. */
#define HEIGHT_FOR_PAGES 9

#define WIDTH_OF_HOST 24

/* ---- The title ---- */

static int add_interval(struct buffer *out, const struct look_record *head)
{
	int error = text_add(out, "  every ") ?: text_duration(out, (double)head->interval_ns / 1e9);

	if (!error && head->stretched_ns)
		error = text_add(out, ", stretched to ") ?: text_duration(out, (double)head->stretched_ns / 1e9);
	if (!error && head->put_off)
		error = text_printf(out, ", sockets of %u namespace%s less often", head->put_off,
				    head->put_off > 1 ? "s" : "");
	return error;
}

/* Where this look has no chains, those of an earlier one are still shown: how long ago that was. */
static int add_age_of_causes(const struct screen *screen, struct buffer *out)
{
	const struct moment *shown = screen_moment(screen), *with = shown;

	for (size_t back = screen->back; with && !with->has_chains; back++)
		with = history_at(&screen->history, back + 1);
	if (!shown || !with || with == shown || !shown->total[ROW_CHAIN] ||
	    shown->head.realtime_ns <= with->head.realtime_ns)
		return 0;
	return text_add(out, ", causes seen ") ?:
	       text_duration(out, (double)(shown->head.realtime_ns - with->head.realtime_ns) / 1e9) ?:
	       text_add(out, " ago");
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
	bool typing = screen->typing == TYPING_FILTER;

	if (!*screen->filter && !typing)
		return 0;
	return text_add(out, "  /") ?: text_printable(out, screen->filter) ?: text_add(out, typing ? "_" : "/");
}

static int add_search(const struct screen *screen, struct buffer *out)
{
	bool typing = screen->typing == TYPING_SEARCH;

	if (!*screen->search && !typing)
		return 0;
	return text_add(out, "  search: ") ?: text_printable(out, screen->search) ?: text_add(out, typing ? "_" : "");
}

static int add_order(const struct screen *screen, struct buffer *out)
{
	const struct screen_place *place = &screen->places[screen->page];

	if (place->sort)
		return text_printf(out, "  by %s%s", screen_heading(screen, place->sort),
				   place->reverse ? ", reversed" : "");
	return place->reverse ? text_add(out, "  reversed") : 0;
}

/* Adds the settings that differ from those at the start. */
static int add_states(const struct screen *screen, struct buffer *out)
{
	return (*screen->told ? text_add(out, "  ") ?: text_printable(out, screen->told) : 0) ?:
	       (screen->paused ? text_add(out, "  paused") : 0) ?:
	       (screen->ended ? text_add(out, "  end of the recording") : 0) ?:
	       (screen->history.count ? add_past(screen, out) : 0) ?:
	       (screen->chain_of ? text_printf(out, "  through process %u", screen->chain_of) : 0) ?:
	       add_filter(screen, out) ?:
	       add_search(screen, out) ?:
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
		error = text_add(out, "  ")
				?: (screen->local_time ? text_local_time : text_time)(out, moment->head.realtime_ns, 0);
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
		error = add_age_of_causes(screen, &text);
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

/* The worst cause: who, how many wait, and for how long. */
static int add_cause(struct buffer *out, const struct causes *causes)
{
	size_t others = causes->cause_count - 1;
	int error = cell_add_key(out, "verdict", causes->items[0].items[0]) ?: text_add(out, " ") ?:
		    cause_who(out, &causes->items[0]);

	if (!error && others)
		error = text_printf(out, "; %zu more cause%s", others, others == 1 ? "" : "s");
	return error;
}

/* Causes, and what else is stuck: each counts once. */
static int add_stuck(struct buffer *out, size_t counts[ROW_TYPES], const struct causes *causes)
{
	size_t left = 0;
	int error = causes->cause_count ? add_cause(out, causes) : 0;

	for (size_t i = 0; i < causes->cause_count; i++)
		counts[causes->items[i].items[0]->type]--;
	for (enum row_type type = 0; type < ROW_TYPES; type++)
		left += counts[type];
	if (error || !left)
		return error;
	return (causes->cause_count ? text_add(out, "; ") : 0) ?: summary_stuck(out, counts);
}

/* Counts only rows that the filter has left on this page. */
static int add_filtered(const struct screen *screen, struct buffer *out, size_t stuck)
{
	const struct screen_rows *rows = screen_rows(screen);
	size_t counts[ROW_TYPES] = {0}, count = 0;

	for (size_t i = 0; rows && i < rows->count; i++) {
		const struct row *row = rows->items[i];

		/* Members are counted with the row that stands for them. */
		if (!row->stuck || row->fold.member)
			continue;
		counts[row->type] += fold_count(row);
		count += fold_count(row);
	}
	return (count ? add_stuck(out, counts, &rows->causes) : text_add(out, "nothing stuck has this text"))
		       ?: text_printf(out, " (of %zu)", stuck);
}

static int add_count_of_all(const struct screen *screen, const struct moment *moment, struct buffer *out)
{
	const struct causes *causes = screen_causes(screen);
	size_t counts[ROW_TYPES], stuck = 0, total = 0;

	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		stuck += counts[type] = moment->stuck[type];
		total += moment->total[type];
	}
	if (stuck && *screen->filter)
		return add_filtered(screen, out, stuck);
	if (stuck)
		return causes ? add_stuck(out, counts, causes) : -ENOMEM;
	if (screen->command == COMMAND_THREADS && total)
		return text_printf(out, "%zu shown", total);
	return summary_nothing(out, screen->command, moment->head.namespaces);
}

static int add_counts(const struct screen *screen, struct lines *lines, size_t width)
{
	const struct moment *moment = screen_moment(screen);
	struct buffer out = {0};
	int error = moment ? add_count_of_all(screen, moment, &out)
			   : text_add(&out, screen->ended ? "the recording has no looks" : "looking");

	if (!error && moment && moment->lost)
		error = text_add(&out, "  lost this look: ") ?: text_printable(&out, moment->lost);
	if (!error)
		error = buffer_append(&out, "", 1) ?: screen_add_line(lines, LINE_TITLE, out.data, width);
	buffer_free(&out);
	return error;
}

/* ---- The pages ---- */

enum page_text {
	PAGE_COUNTED,
	PAGE_BRIEF_COUNTED,
	PAGE_BRIEF,
	PAGE_NAMED_STUCK, /* the names of the present one and of those where something is stuck */
	PAGE_NUMBERED, /* the name of the present one alone */
	PAGE_TEXTS,
};

static int add_page(const struct screen *screen, struct buffer *out, size_t page, size_t number, enum page_text how)
{
	const struct moment *moment = screen_moment(screen);
	const char *name = screen_pages[page].name, *brief = screen_pages[page].brief;
	bool named = how < PAGE_NAMED_STUCK || page == screen->page;
	bool counted = how == PAGE_COUNTED || how == PAGE_BRIEF_COUNTED;
	size_t stuck = 0;
	int error = text_printf(out, "%zu", number);

	for (enum row_type type = 0; type < ROW_TYPES && moment; type++)
		stuck += screen_pages[page].types & ROW_BIT(type) ? moment->stuck[type] : 0;
	if (!error && (named || (how == PAGE_NAMED_STUCK && stuck)))
		error = text_printf(out, " %s", how != PAGE_COUNTED && brief ? brief : name);
	if (!error && counted && stuck)
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

int screen_add_head(const struct screen *screen, struct lines *lines, size_t width, size_t height)
{
	int error = add_title(screen, lines, width) ?: add_counts(screen, lines, width);

	return error || height < HEIGHT_FOR_PAGES ? error : add_pages(screen, lines, width);
}
