/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The live view on a terminal, through ncurses. screen.c makes its content; here are only the terminal, its size and
 * its keys.
 */
#define NCURSES_WIDECHAR 1 /* get_wch() */
#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "act/ask.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/out.h"
#include "base/patience.h"
#include "base/signals.h"
#include "output/emit.h"
#include "output/screen/curses.h"
#include "output/screen/screen.h"

#define ESCAPE_WAIT_MS 25 /* how long ncurses waits for the rest of a key's sequence */
#define REDRAW	       0x0c /* Ctrl-L */

/* While something counts down on the screen, it is drawn anew this often. */
#define TICK_NS 500000000ULL

/* One a process: ncurses has one current terminal, and close() may come twice. */
static struct {
	SCREEN *terminal; /* NULL: not open */
	FILE *in;
	int out, nowhere; /* the terminal; and what takes its place where it takes nothing and the end is asked for */
	struct termios settings; /* as they were */
	bool color, gave_up;
	uint64_t look_ns, drawn_ns; /* when the newest look came, and when it was last drawn; CLOCK_MONOTONIC */
	struct screen screen;
	struct files *files; /* make what is written */
	struct act_asker *asker; /* NULL: nothing may be ended */
	struct act_answer answer; /* about what was planned last */
	enum screen_answer owed; /* what a key asked for in the middle of a look; SCREEN_NOTHING: nothing */
	uint64_t owed_row; /* of screen_row_id(): what SCREEN_PLAN is about */
	bool look_soon; /* a key asked for more than the looks hold */
} view;

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
		terminal_init_colors();
	else
		view.color = false;
}

/* All that ncurses writes is between these two. */
static void begin_writing(void)
{
	patience_begin(view.out, view.nowhere);
}

static void end_writing(void)
{
	view.gave_up |= patience_end();
}

static int draw(void)
{
	struct lines lines = {0};
	int height, width, error = 0;

	terminal_follow(view.out);
	getmaxyx(stdscr, height, width);
	view.drawn_ns = clock_ns(CLOCK_MONOTONIC);
	if (height > 0 && width > 0)
		error = screen_draw(&view.screen, &lines, (size_t)width, (size_t)height, view.drawn_ns - view.look_ns);
	erase();
	for (size_t i = 0; i < lines_count(&lines) && !error; i++)
		terminal_show((int)i, lines_text(&lines, lines_at(&lines, i)), lines_at(&lines, i), view.color);
	begin_writing();
	refresh();
	end_writing();
	lines_free(&lines);
	return error;
}

static void close_files(void)
{
	if (view.nowhere >= 0)
		close(view.nowhere);
	fclose(view.in);
}

static void screen_close(void *state)
{
	(void)state;
	if (!view.terminal)
		return;
	/* On a terminal without a second screen the picture stays, and the shell goes on in its last line. */
	move(getmaxy(stdscr) - 1, 0);
	clrtoeol();
	begin_writing();
	refresh();
	endwin();
	end_writing();
	/* Then endwin() had no terminal to restore. */
	if (view.gave_up)
		tcsetattr(fileno(view.in), TCSANOW, &view.settings);
	delscreen(view.terminal);
	close_files();
	act_answer_free(&view.answer);
	screen_free(&view.screen);
	memset(&view, 0, sizeof(view));
}

static int screen_open(void **state, const struct options *options, FILE *out)
{
	memset(&view, 0, sizeof(view));
	view.in = terminal_open_input();
	if (!view.in)
		return -ENOTTY;
	view.asker = options->helpers.acting;
	view.files = options->helpers.files;
	view.out = fileno(out);
	view.nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);
	tcgetattr(fileno(view.in), &view.settings);
	terminal_own_size(view.out);
	view.terminal = terminal_can_draw(view.out) ? newterm(NULL, out, view.in) : NULL;
	if (!view.terminal) {
		close_files();
		return -ENOTTY;
	}
	if (screen_init(&view.screen, options)) {
		endwin();
		close_files();
		return -ENOMEM;
	}
	view.color = out_has_color(options->sinks.no_color, out);
	begin_writing();
	set_up();
	end_writing();
	*state = &view;
	return draw();
}

static int screen_emit_record(void *state, const struct row *row)
{
	(void)state;
	return screen_record(&view.screen, row) ?: (row->type == ROW_END ? draw() : 0);
}

static int screen_emit_look(void *state, const struct report *report, const struct look *look)
{
	(void)state;
	view.look_ns = clock_ns(CLOCK_MONOTONIC);
	return screen_look(&view.screen, report, look->head) ?: draw();
}

static void screen_emit_wants(void *state, struct wants *wants)
{
	(void)state;
	screen_wants(&view.screen, wants);
}

/* ---- Ending a row ---- */

static int show_action(bool performed)
{
	return screen_show_action(&view.screen, &view.answer.reply.record, performed);
}

static int plan(void)
{
	static const char keys[ACT_HOWS] = {
		[ACT_DESTROY] = 'd',
		[ACT_SHUTDOWN] = 's',
		[ACT_KEEPALIVE] = 'k',
		[ACT_PROBE] = 'p',
	};
	const struct row *row = screen_target(&view.screen);
	enum act_how how = ACT_CHOOSE;

	if (!row)
		return 0;
	for (int i = 0; i < ACT_HOWS; i++)
		how = view.screen.action.how && keys[i] == view.screen.action.how ? (enum act_how)i : how;
	act_answer_free(&view.answer);
	act_ask_plan(view.asker, row, how, NULL, &view.answer); /* the record has the error */
	flushinp(); /* a y that was typed before this was seen is none */
	return show_action(false);
}

/* Readable when a key was pressed or a signal asks for the end. -1: nothing ends the wait but its time. */
static int open_cancel(int signals)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd >= 0)
		epoll_ctl(fd, EPOLL_CTL_ADD, fileno(view.in), &event);
	if (fd >= 0 && signals >= 0)
		epoll_ctl(fd, EPOLL_CTL_ADD, signals, &event);
	return fd;
}

/* Only what was shown, and only once: act_perform() looks again whether it still is what it was. */
static int perform(void)
{
	int error = draw(), signals = signals_open(false), cancel = open_cancel(signals);

	if (!error)
		act_ask_perform(view.asker, view.answer.reply.record.action.warning, cancel, &view.answer);
	if (cancel >= 0)
		close(cancel);
	if (signals >= 0)
		close(signals);
	return error ?: show_action(true);
}

static int write_down(void)
{
	int height, width;

	getmaxyx(stdscr, height, width);
	screen_write(&view.screen, view.files, (size_t)width, (size_t)height, clock_ns(CLOCK_MONOTONIC) - view.look_ns);
	return 0;
}

/* Where the size has changed this draws, too. */
static int next_key(wint_t *key)
{
	int status;

	begin_writing();
	status = get_wch(key);
	end_writing();
	return status;
}

/*
 * An action that cannot be done during a look waits for its end. Then the row may be gone, and nothing is planned for
 * another row.
 */
static void owe(enum screen_answer answer)
{
	const struct row *row = answer == SCREEN_PLAN ? screen_target(&view.screen) : NULL;

	view.owed = answer;
	view.owed_row = row ? screen_row_id(row) : 0;
}

static int pay(void)
{
	const struct row *row = screen_target(&view.screen);
	enum screen_answer owed = view.owed;

	if (owed == SCREEN_QUIT)
		return 0; /* for good */
	view.owed = SCREEN_NOTHING;
	if (owed == SCREEN_PERFORM)
		return perform();
	if (owed == SCREEN_WRITE)
		return write_down();
	return owed == SCREEN_PLAN && row && screen_row_id(row) == view.owed_row ? plan() : 0;
}

/*
 * Whether the key is about the terminal itself, not the view: then all is drawn anew. ncurses does not know of text
 * that others wrote there, or that a terminal cut off while it was resized there and back.
 */
static bool is_terminals(int status, wint_t key)
{
	bool is = status == KEY_CODE_YES ? key == KEY_RESIZE : key == REDRAW;

	if (is)
		clearok(curscr, TRUE);
	return is;
}

/* Reads what was typed, up to what is owed; *changed: something on the screen has. Returns 0 or a negative errno. */
static int read_keys(bool busy, bool *changed)
{
	int status, error = 0;
	wint_t key;

	while (!error && !view.owed && (status = next_key(&key)) != ERR) {
		enum screen_answer answer = SCREEN_DRAW;

		if (!is_terminals(status, key))
			answer = screen_key(&view.screen, terminal_key(status, key));
		*changed |= answer != SCREEN_NOTHING;
		if (answer == SCREEN_NEXT_LOOK || answer == SCREEN_STEP)
			view.look_soon = true;
		else if (answer > SCREEN_DRAW)
			owe(answer);
		if (!busy)
			error = pay();
	}
	return error;
}

/* Draws once for all that was typed, and for a new size. Returns an enum emitter_answer, or a negative errno. */
static int answer_keys(bool busy)
{
	bool changed = terminal_follow(view.out);
	int error = busy ? 0 : pay();

	if (!error)
		error = read_keys(busy, &changed);
	if (error || view.owed == SCREEN_QUIT)
		return error ? error : EMITTER_QUIT;
	if (changed || (screen_is_ticking(&view.screen) && clock_ns(CLOCK_MONOTONIC) - view.drawn_ns >= TICK_NS))
		error = draw();
	return error ? error : EMITTER_GO_ON;
}

/* The terminal is gone: without this it would be readable for ever. */
static bool is_gone(const struct pollfd *input)
{
	return input->revents & (POLLHUP | POLLERR | POLLNVAL);
}

static int screen_attend(void *state)
{
	struct pollfd input = {.fd = fileno(view.in), .events = POLLIN};

	(void)state;
	if (view.owed || (poll(&input, 1, 0) <= 0 && !terminal_has_new_size(view.out)))
		return view.owed == SCREEN_QUIT ? EMITTER_QUIT : EMITTER_GO_ON;
	if (is_gone(&input)) {
		owe(SCREEN_QUIT);
		return EMITTER_QUIT;
	}
	return answer_keys(true);
}

/* Returns early when a signal comes: what that asks for is the caller's, but for a new size. */
static int screen_wait(void *state, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / NS_PER_S),
		.tv_nsec = (long)(timeout_ns % NS_PER_S),
	};
	struct pollfd input = {.fd = fileno(view.in), .events = POLLIN};
	int answer, ready = view.owed || view.look_soon ? 0 : ppoll(&input, 1, &timeout, NULL);

	(void)state;
	if (ready < 0 && errno != EINTR)
		return -errno;
	if (ready > 0 && is_gone(&input))
		return EMITTER_QUIT;
	answer = answer_keys(false);
	if (answer != EMITTER_GO_ON)
		return answer;
	if (!view.look_soon)
		return view.screen.paused ? EMITTER_PAUSED : EMITTER_GO_ON;
	view.look_soon = false;
	return EMITTER_NEXT_LOOK;
}

const struct emitter_kind emit_screen = {
	.name = "screen",
	.open = screen_open,
	.record = screen_emit_record,
	.look = screen_emit_look,
	.wait = screen_wait,
	.attend = screen_attend,
	.wants = screen_emit_wants,
	.close = screen_close,
};
