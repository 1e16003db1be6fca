/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The live view on a terminal, through ncurses. What stands on it is screen.c's; here are only the
 * terminal, its size and its keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "out.h"
#include "screen.h"

#define NSEC_PER_SEC   1000000000ULL
#define ESCAPE_WAIT_MS 25 /* how long ncurses waits for the rest of a key's sequence */

enum color_pairs {
	PAIR_STUCK = 1,
};

/* One a process: ncurses has one current terminal, and close() may come twice. */
static struct {
	SCREEN *terminal; /* NULL: not open */
	FILE *in;
	bool color;
	struct screen screen;
} view;

/* Keys come from the terminal also when stdin is something else. */
static FILE *open_input(void)
{
	int fd =
		isatty(STDIN_FILENO) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open("/dev/tty", O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !in)
		close(fd);
	return in;
}

static void set_up(void)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_WAIT_MS);
	curs_set(0);
	if (view.color && has_colors() && start_color() == OK && use_default_colors() == OK)
		init_pair(PAIR_STUCK, COLOR_RED, -1);
	else
		view.color = false;
}

static void show_line(int y, const char *text, const struct line *line)
{
	attr_t style = line->style == LINE_PLAIN ? A_NORMAL : line->style == LINE_HEADING ? A_REVERSE : A_BOLD;
	attr_t mark = view.color ? COLOR_PAIR(PAIR_STUCK) : A_BOLD;

	move(y, 0);
	attrset((int)style);
	addnstr(text, (int)line->mark_from);
	attrset((int)mark);
	addnstr(text + line->mark_from, (int)(line->mark_to - line->mark_from));
	attrset((int)style);
	addstr(text + line->mark_to);
	attrset(A_NORMAL);
}

static int draw(void)
{
	struct lines lines = {0};
	int height = getmaxy(stdscr), width = getmaxx(stdscr);
	int error = 0;

	if (height > 0 && width > 0)
		error = screen_draw(&view.screen, &lines, (size_t)width, (size_t)height);
	erase();
	for (size_t i = 0; i < lines_count(&lines) && !error; i++)
		show_line((int)i, lines_text(&lines, lines_at(&lines, i)), lines_at(&lines, i));
	refresh();
	lines_free(&lines);
	return error;
}

static void screen_close(void *state)
{
	(void)state;
	if (!view.terminal)
		return;
	endwin();
	delscreen(view.terminal);
	fclose(view.in);
	screen_free(&view.screen);
	memset(&view, 0, sizeof(view));
}

static int screen_open(void **state, const struct options *options, FILE *out)
{
	memset(&view, 0, sizeof(view));
	view.in = open_input();
	if (!view.in)
		return -ENOTTY;
	view.terminal = newterm(NULL, out, view.in);
	if (!view.terminal) {
		fclose(view.in);
		return -ENOTTY;
	}
	view.screen.command = options->command;
	view.color = out_has_color(options, out);
	set_up();
	*state = &view;
	return draw();
}

static int screen_emit_record(void *state, const struct row *row)
{
	(void)state;
	return screen_record(&view.screen, row);
}

static int screen_emit_look(void *state, const struct report *report, const struct look *look)
{
	(void)state;
	return screen_look(&view.screen, report, look->head) ?: draw();
}

/* Reads what was typed. Returns 1 for the key that ends, or a negative errno. */
static int read_keys(void)
{
	int key, error = 0;

	while (!error && (key = getch()) != ERR) {
		if (key == 'q' || key == 'Q')
			return 1;
		if (key == KEY_RESIZE)
			error = draw();
	}
	return error;
}

/* Returns early when a signal comes: after SIGWINCH the screen is drawn anew, the rest is the caller's. */
static int screen_wait(void *state, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout_ns % NSEC_PER_SEC),
	};
	struct pollfd input = {.fd = fileno(view.in), .events = POLLIN};
	int ready = ppoll(&input, 1, &timeout, NULL);

	(void)state;
	if (ready < 0 && errno != EINTR)
		return -errno;
	/* The terminal is gone: without this it would be readable for ever. */
	if (ready > 0 && input.revents & (POLLHUP | POLLERR | POLLNVAL))
		return 1;
	return read_keys();
}

const struct emitter_kind emit_screen = {
	.name = "screen",
	.open = screen_open,
	.record = screen_emit_record,
	.look = screen_emit_look,
	.wait = screen_wait,
	.close = screen_close,
};
