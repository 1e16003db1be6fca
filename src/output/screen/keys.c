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

	if (row && row->pid > 0)
		screen->threads_of = (uint32_t)row->pid;
	screen->mode = MODE_LIST;
	screen->page = page;
	return threads || screen_pages[page].on_demand ? SCREEN_NEXT_LOOK : SCREEN_DRAW;
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

/* Where a key leads from `at` among `count`. */
static size_t moved(uint32_t key, size_t at, size_t count, size_t step)
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

static enum screen_answer select_row(struct screen *screen, uint32_t key)
{
	size_t step = screen->height > 1 ? screen->height - 1 : 1;
	const struct screen_rows *rows = screen_rows(screen);
	size_t at;

	if (!rows)
		return SCREEN_NOTHING;
	at = moved(key, screen_selected(screen, rows), rows->count, step);
	if (at >= rows->count)
		return SCREEN_NOTHING;
	place(screen)->selected = screen_row_id(rows->items[at]);
	place(screen)->at = at;
	return SCREEN_DRAW;
}

static enum screen_answer show_evidence(struct screen *screen)
{
	const struct row *row = screen_selected_row(screen);

	if (!row)
		return SCREEN_NOTHING;
	screen->mode = MODE_EVIDENCE;
	screen->evidence.id = place(screen)->selected = screen_row_id(row);
	screen->evidence.pid = row->pid;
	screen->evidence.tid = row->tid;
	screen->evidence.scroll = 0;
	return SCREEN_NEXT_LOOK;
}

static enum screen_answer sort_by(struct screen *screen, int step)
{
	place(screen)->sort = screen_next_sort(screen, step);
	place(screen)->reverse = false;
	return SCREEN_DRAW;
}

static enum screen_answer list_key(struct screen *screen, uint32_t key)
{
	switch (key) {
	case SCREEN_ENTER:
		return show_evidence(screen);
	case '/':
		screen->typing = true;
		return SCREEN_DRAW;
	case SCREEN_ESCAPE:
		*screen->filter = '\0';
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
	return select_row(screen, key);
}

/* ---- The filter ---- */

static bool add_character(char *text, size_t room, uint32_t code)
{
	char bytes[5] = "";
	size_t used = strlen(text);

	if (code < 0x20 || code == 0x7f || code > 0x10ffff)
		return false;
	if (code < 0x80) {
		bytes[0] = (char)code;
	} else if (code < 0x800) {
		bytes[0] = (char)(0xc0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (code & 0x3f));
	} else {
		bytes[0] = (char)(0xf0 | code >> 18);
		bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[3] = (char)(0x80 | (code & 0x3f));
	}
	if (used + strlen(bytes) >= room)
		return false;
	memcpy(text + used, bytes, strlen(bytes) + 1);
	return true;
}

/* The last character, with all of its bytes. */
static void remove_character(char *text)
{
	size_t used = strlen(text);

	while (used && ((unsigned char)text[used - 1] & 0xc0) == 0x80)
		used--;
	text[used ? used - 1 : 0] = '\0';
}

static enum screen_answer filter_key(struct screen *screen, uint32_t key)
{
	switch (key) {
	case SCREEN_ESCAPE:
		*screen->filter = '\0';
		screen->typing = false;
		return SCREEN_DRAW;
	case SCREEN_ENTER:
		screen->typing = false;
		return SCREEN_DRAW;
	case SCREEN_BACKSPACE:
		remove_character(screen->filter);
		return SCREEN_DRAW;
	}
	if (add_character(screen->filter, sizeof(screen->filter), key))
		return SCREEN_DRAW;
	return key >= SCREEN_UP ? select_row(screen, key) : SCREEN_NOTHING;
}

/* ---- The evidence ---- */

static enum screen_answer evidence_key(struct screen *screen, uint32_t key)
{
	size_t to;

	if (key == SCREEN_ESCAPE || key == SCREEN_ENTER || key == SCREEN_BACKSPACE) {
		screen->mode = MODE_LIST;
		return SCREEN_DRAW;
	}
	/* How far down it goes is known when it is drawn. */
	to = moved(key, screen->evidence.scroll, SIZE_MAX / 2, screen->height > 1 ? screen->height - 1 : 1);
	if (to == SIZE_MAX)
		return SCREEN_NOTHING;
	screen->evidence.scroll = to;
	return SCREEN_DRAW;
}

enum screen_answer screen_key(struct screen *screen, uint32_t key)
{
	enum screen_answer answer;

	if (screen->mode == MODE_HELP) {
		screen->mode = screen->before;
		return SCREEN_DRAW;
	}
	if (screen->mode == MODE_ACTION)
		return screen_action_key(screen, key);
	if (screen->typing)
		return filter_key(screen, key);
	if (key == 'q' || key == 'Q')
		return SCREEN_QUIT;
	if (key == '?' || key == 'h') {
		screen->before = screen->mode;
		screen->mode = MODE_HELP;
		return SCREEN_DRAW;
	}
	if (key == 'e' && !screen->replay && screen_target(screen)) {
		screen->action.how = 0;
		return SCREEN_PLAN;
	}
	answer = page_key(screen, key);
	if (answer == SCREEN_NOTHING)
		answer = time_key(screen, key);
	if (answer != SCREEN_NOTHING)
		return answer;
	return screen->mode == MODE_EVIDENCE ? evidence_key(screen, key) : list_key(screen, key);
}
