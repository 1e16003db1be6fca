/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Text that is typed: the filter, which leaves rows out, and a search, which goes to the next row that has it. */
#include <string.h>

#include "output/screen/internal.h"

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

/* ---- The search ---- */

/* Without a search the rows that the filter has left are what is gone through. */
enum screen_answer screen_find(struct screen *screen, int step)
{
	const struct screen_rows *rows = screen_rows(screen);
	size_t at, tried;

	if (!rows || !rows->count || (!*screen->search && !*screen->filter))
		return SCREEN_NOTHING;
	at = screen_selected(screen, rows);
	for (tried = 0; tried < rows->count; tried++) {
		at = (at + rows->count + (size_t)step) % rows->count;
		if (screen_row_has(rows->items[at], screen->search)) {
			screen_select_at(screen, rows, at);
			break;
		}
	}
	return SCREEN_DRAW;
}

enum screen_answer screen_begin_search(struct screen *screen)
{
	*screen->search = '\0';
	screen->typing = TYPING_SEARCH;
	return SCREEN_DRAW;
}

/* While it is typed the row stays as long as it fits. */
static void go_to_match(struct screen *screen)
{
	const struct row *row = screen_selected_row(screen);

	if (row && *screen->search && !screen_row_has(row, screen->search))
		screen_find(screen, 1);
}

/* ---- Both ---- */

enum screen_answer screen_typing_key(struct screen *screen, uint32_t key)
{
	bool searching = screen->typing == TYPING_SEARCH;
	char *text = searching ? screen->search : screen->filter;

	if (key == SCREEN_ENTER || key == SCREEN_ESCAPE)
		screen->typing = TYPING_NOTHING;
	if (key == SCREEN_ENTER)
		return SCREEN_DRAW;
	if (key == SCREEN_ESCAPE)
		*text = '\0';
	else if (key == SCREEN_BACKSPACE)
		remove_character(text);
	else if (!add_character(text, SCREEN_FILTER, key))
		return key >= SCREEN_UP && key < SCREEN_BACKSPACE ? screen_select(screen, key) : SCREEN_NOTHING;
	if (searching)
		go_to_match(screen);
	return SCREEN_DRAW;
}
