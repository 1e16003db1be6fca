/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#define NCURSES_WIDECHAR 1 /* KEY_CODE_YES */
#include "output/screen/curses.h"

#include "base/array.h"
#include "output/screen/screen.h" /* before term.h, which has a macro `lines` */

#include <curses.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

FILE *terminal_open_input(void)
{
	int fd =
		isatty(STDIN_FILENO) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open("/dev/tty", O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !in)
		close(fd);
	return in;
}

bool terminal_can_draw(int fd)
{
	bool can;
	int found;

	if (setupterm(NULL, fd, &found) != OK)
		return false;
	can = cursor_address && clear_screen;
	del_curterm(cur_term);
	return can;
}

static bool get_size(int fd, struct winsize *size)
{
	return !ioctl(fd, TIOCGWINSZ, size) && size->ws_row && size->ws_col;
}

/*
 * LINES and COLUMNS may be what a shell exported before the terminal was resized, and ncurses goes by them first.
 * Without use_env() it would go by terminfo alone: then no change of the size is seen. A serial line knows no size.
 */
void terminal_own_size(int fd)
{
	struct winsize size;

	if (!get_size(fd, &size))
		return;
	unsetenv("LINES");
	unsetenv("COLUMNS");
}

/* SIGWINCH is for the foreground: while sockstall was stopped the shell has got it. */
bool terminal_follow(int fd)
{
	struct winsize size;

	return get_size(fd, &size) && is_term_resized(size.ws_row, size.ws_col) &&
	       resizeterm(size.ws_row, size.ws_col) == OK;
}

bool terminal_has_new_size(int fd)
{
	struct winsize size;

	return get_size(fd, &size) && is_term_resized(size.ws_row, size.ws_col);
}

uint32_t terminal_key(int status, wint_t key)
{
	static const struct {
		int code;
		uint32_t key;
	} keys[] = {
		{KEY_UP, SCREEN_UP},
		{KEY_DOWN, SCREEN_DOWN},
		{KEY_LEFT, SCREEN_LEFT},
		{KEY_RIGHT, SCREEN_RIGHT},
		{KEY_PPAGE, SCREEN_PAGE_UP},
		{KEY_NPAGE, SCREEN_PAGE_DOWN},
		{KEY_HOME, SCREEN_HOME},
		{KEY_END, SCREEN_END},
		{KEY_BTAB, SCREEN_BACK_TAB},
		{KEY_ENTER, SCREEN_ENTER},
		{KEY_BACKSPACE, SCREEN_BACKSPACE},
		{KEY_DC, SCREEN_BACKSPACE},
		{KEY_F(1), '?'}, /* as htop has them */
		{KEY_F(3), SCREEN_SEARCH},
		{KEY_F(4), '/'},
		{KEY_F(6), '>'},
		{KEY_F(9), 'e'},
		{KEY_F(10), 'q'},
	};

	if (status != KEY_CODE_YES) /* what Enter and Backspace send is not the same everywhere */
		return key == '\r' ? SCREEN_ENTER : key == 0x7f || key == '\b' ? SCREEN_BACKSPACE : key;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (keys[i].code == (int)key)
			return keys[i].key;
	}
	return 0;
}

/* How lines look, and what is marked in them. Without colours too they can be told apart. */
static attr_t style_of(const struct line *line)
{
	switch (line->style) {
	case LINE_TITLE:
	case LINE_SECTION:
		return A_BOLD;
	case LINE_HEADING:
		return A_BOLD | A_UNDERLINE;
	case LINE_SELECTED:
		return A_REVERSE;
	default:
		return A_NORMAL;
	}
}

/* The numbers of pairs begin at 1. */
void terminal_init_colors(void)
{
	static const short colors[LINE_INKS] = {
		[INK_BAD] = COLOR_RED,
		[INK_WAITS] = COLOR_YELLOW,
		[INK_SUSPECT] = COLOR_CYAN,
		[INK_COMMAND] = COLOR_GREEN,
	};

	for (int i = 0; i < LINE_INKS; i++)
		init_pair((short)(i + 1), colors[i], -1);
}

static attr_t mark_of(const struct line *line, bool color)
{
	switch (line->style) {
	case LINE_TITLE:
	case LINE_PAGES:
	case LINE_HEADING:
		return A_REVERSE | A_BOLD;
	case LINE_SELECTED:
		return A_REVERSE | A_BOLD | (color ? COLOR_PAIR(line->ink + 1) : A_NORMAL);
	default:
		return color ? COLOR_PAIR(line->ink + 1) : A_BOLD;
	}
}

void terminal_show(int y, const char *text, const struct line *line, bool color)
{
	attr_t style = style_of(line), mark = mark_of(line, color);

	move(y, 0);
	attrset((int)style);
	addnstr(text, (int)line->mark_from);
	attrset((int)mark);
	addnstr(text + line->mark_from, (int)(line->mark_to - line->mark_from));
	attrset((int)style);
	addstr(text + line->mark_to);
	/* The bar goes to the edge. */
	if (line->style == LINE_SELECTED && getcury(stdscr) == y)
		hline(' ' | A_REVERSE, getmaxx(stdscr) - getcurx(stdscr));
	attrset(A_NORMAL);
}
