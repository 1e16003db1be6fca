/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What keys do: from one state of the screen to the next. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/screen/internal.h"

#define FAR 10 /* looks */

static struct screen_place *place(struct screen *screen)
{
	return &screen->places[screen->page];
}

/* ---- Time ---- */

/* Goes to the look that is so many before the newest. At the newest of a live view time goes on. */
static enum screen_answer go_back_to(struct screen *screen, size_t back)
{
	if (!screen->history.count)
		return SCREEN_NOTHING;
	screen->paused = back || screen->replay;
	screen->back = back < screen->history.count ? back : screen->history.count - 1;
	return SCREEN_DRAW;
}

/* Beyond the newest look of a recording there may be another. */
static enum screen_answer go_forward(struct screen *screen, size_t looks)
{
	if (screen->replay && screen->paused && !screen->back && !screen->ended) {
		screen->paused = false;
		screen->stepping = true;
		return SCREEN_STEP;
	}
	return go_back_to(screen, screen->back > looks ? screen->back - looks : 0);
}

static enum screen_answer pause_or_go_on(struct screen *screen)
{
	screen->stepping = false;
	screen->paused = !screen->paused;
	if (!screen->paused)
		screen->back = 0;
	return SCREEN_DRAW;
}

static enum screen_answer time_key(struct screen *screen, uint32_t key)
{
	switch (key) {
	case ' ':
		return pause_or_go_on(screen);
	case '[':
	case SCREEN_LEFT:
		return go_back_to(screen, screen->back + 1);
	case '{':
		return go_back_to(screen, screen->back + FAR);
	case ']':
	case SCREEN_RIGHT:
		return go_forward(screen, 1);
	case '}':
		return go_forward(screen, FAR);
	}
	return SCREEN_NOTHING;
}

/* ---- Pages ---- */

/* The threads are those of the process that one comes from. */
static enum screen_answer go_to_page(struct screen *screen, size_t page)
{
	bool threads = screen_pages[page].types & ROW_BIT(ROW_THREAD);
	const struct row *row = threads && page != screen->page ? screen_selected_row(screen) : NULL;

	if (row && row->pid > 0) {
		screen->threads_of = (uint32_t)row->pid;
		screen->host_of = row->host_at;
	}
	screen->mode = MODE_LIST;
	screen->page = page;
	screen->chain_of = 0;
	return threads || screen_pages[page].on_demand || screen_pages[page].types == ROW_BIT(ROW_SERVICE)
		       ? SCREEN_NEXT_LOOK
		       : SCREEN_DRAW;
}

static enum screen_answer turn_page(struct screen *screen, size_t step)
{
	size_t page = screen->page;

	do
		page = (page + step) % screen_page_count;
	while (!screen_has_page(screen, page));
	return go_to_page(screen, page);
}

static enum screen_answer page_key(struct screen *screen, uint32_t key)
{
	if (key == SCREEN_TAB)
		return turn_page(screen, 1);
	if (key == SCREEN_BACK_TAB)
		return turn_page(screen, screen_page_count - 1);
	if (key >= '1' && key <= '9') {
		size_t page = screen_page_numbered(screen, key - '0');

		return page < SCREEN_PAGES ? go_to_page(screen, page) : SCREEN_NOTHING;
	}
	return SCREEN_NOTHING;
}

/* ---- The list ---- */

size_t screen_moved(uint32_t key, size_t at, size_t count, size_t step)
{
	switch (key) {
	case SCREEN_UP:
	case 'k':
		return at ? at - 1 : 0;
	case SCREEN_DOWN:
	case 'j':
		return at + 1 < count ? at + 1 : at;
	case SCREEN_PAGE_UP:
		return at > step ? at - step : 0;
	case SCREEN_PAGE_DOWN:
		return at + step < count ? at + step : count ? count - 1 : 0;
	case SCREEN_HOME:
	case 'g':
		return 0;
	case SCREEN_END:
	case 'G':
		return count ? count - 1 : 0;
	}
	return SIZE_MAX;
}

void screen_select_at(struct screen *screen, const struct screen_rows *rows, size_t at)
{
	place(screen)->selected = screen_row_id(rows->items[at]);
	place(screen)->at = at;
}

enum screen_answer screen_select(struct screen *screen, uint32_t key)
{
	size_t step = screen->height > 1 ? screen->height - 1 : 1;
	const struct screen_rows *rows = screen_rows(screen);
	size_t at;

	if (!rows)
		return SCREEN_NOTHING;
	at = screen_moved(key, screen_selected(screen, rows), rows->count, step);
	if (at >= rows->count)
		return SCREEN_NOTHING;
	screen_select_at(screen, rows, at);
	return SCREEN_DRAW;
}

static enum screen_answer show_row(struct screen *screen, const struct row *row)
{
	screen->mode = MODE_EVIDENCE;
	screen->evidence = (struct screen_evidence){screen_row_id(row), row->pid, row->tid, 0};
	return SCREEN_NEXT_LOOK;
}

/* Enter on what is folded opens it, or folds it again. */
static enum screen_answer show_evidence(struct screen *screen)
{
	const struct row *row = screen_selected_row(screen);

	if (!row)
		return SCREEN_NOTHING;
	if (fold_count(row) > 1) {
		place(screen)->selected = screen_row_id(row);
		screen_toggle(screen, row);
		return SCREEN_DRAW;
	}
	place(screen)->selected = screen_row_id(row);
	return show_row(screen, row);
}

static enum screen_answer sort_by(struct screen *screen, int step)
{
	place(screen)->sort = screen_next_sort(screen, step);
	place(screen)->reverse = false;
	return SCREEN_DRAW;
}

/* Its process's threads; where that page is the process is chosen by where one comes from. */
static enum screen_answer show_threads(struct screen *screen)
{
	size_t page = screen_page_of(screen, ROW_THREAD);

	return page < SCREEN_PAGES && page != screen->page ? go_to_page(screen, page) : SCREEN_NOTHING;
}

/* The chains that the row's process is part of. */
static enum screen_answer show_chain(struct screen *screen)
{
	size_t page = screen_page_of(screen, ROW_CHAIN);
	const struct row *row = screen_selected_row(screen);
	uint32_t pid = row && row->pid > 0 ? (uint32_t)row->pid : 0;
	unsigned int host = row ? row->host_at : 0;

	if (page >= SCREEN_PAGES || page == screen->page || !pid)
		return SCREEN_NOTHING;
	go_to_page(screen, page);
	screen->chain_of = pid;
	screen->host_of = host;
	return SCREEN_NEXT_LOOK;
}

static enum screen_answer list_key(struct screen *screen, uint32_t key)
{
	switch (key) {
	case SCREEN_ENTER:
		return show_evidence(screen);
	case '/':
		screen->typing = TYPING_FILTER;
		return SCREEN_DRAW;
	case SCREEN_SEARCH:
		return screen_begin_search(screen);
	case 'n':
		return screen_find(screen, 1);
	case 'N':
		return screen_find(screen, -1);
	case 't':
		return show_threads(screen);
	case 'c':
		return show_chain(screen);
	case SCREEN_ESCAPE:
		*screen->filter = *screen->search = '\0';
		screen->chain_of = 0;
		return SCREEN_DRAW;
	case '>':
	case '.':
		return sort_by(screen, 1);
	case '<':
	case ',':
		return sort_by(screen, -1);
	case 'r':
		place(screen)->reverse = !place(screen)->reverse;
		return SCREEN_DRAW;
	case 'a':
		screen->all = !screen->all;
		return SCREEN_NEXT_LOOK;
	}
	return screen_select(screen, key);
}

/* ---- The evidence ---- */

static enum screen_answer evidence_key(struct screen *screen, uint32_t key)
{
	size_t to;

	if (key == SCREEN_ENTER && screen_evidence_cause(screen))
		return show_row(screen, screen_evidence_cause(screen));
	if (key == SCREEN_ESCAPE || key == SCREEN_ENTER || key == SCREEN_BACKSPACE) {
		screen->mode = MODE_LIST;
		return SCREEN_DRAW;
	}
	/* How far down it goes is known when it is drawn. */
	to = screen_moved(key, screen->evidence.scroll, SIZE_MAX / 2, screen->height > 1 ? screen->height - 1 : 1);
	if (to == SIZE_MAX)
		return SCREEN_NOTHING;
	screen->evidence.scroll = to;
	return SCREEN_DRAW;
}

/* Each stall is ended by itself: one that is folded is to be chosen first. */
static enum screen_answer plan_end(struct screen *screen)
{
	const struct row *row = screen_target(screen);

	if (fold_count(row) > 1)
		return screen_is_open(screen, row) ? SCREEN_NOTHING : show_evidence(screen);
	screen->action.how = 0;
	return SCREEN_PLAN;
}

enum screen_answer screen_key(struct screen *screen, uint32_t key)
{
	enum screen_answer answer;

	*screen->told = '\0';
	if (screen->mode == MODE_HELP) {
		screen->mode = screen->before;
		return SCREEN_DRAW;
	}
	if (screen->mode == MODE_ACTION)
		return screen_action_key(screen, key);
	if (screen->typing)
		return screen_typing_key(screen, key);
	if (key == 'q' || key == 'Q')
		return SCREEN_QUIT;
	if (key == '?' || key == 'h') {
		screen->before = screen->mode;
		screen->mode = MODE_HELP;
		return SCREEN_DRAW;
	}
	if (key == 'z') {
		screen->local_time = !screen->local_time;
		return SCREEN_DRAW;
	}
	if (key == 'w')
		return SCREEN_WRITE;
	if (key == 'e' && !screen->replay && screen_target(screen))
		return plan_end(screen);
	answer = page_key(screen, key);
	if (answer == SCREEN_NOTHING)
		answer = time_key(screen, key);
	if (answer != SCREEN_NOTHING)
		return answer;
	return screen->mode == MODE_EVIDENCE ? evidence_key(screen, key) : list_key(screen, key);
}
