/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The interactive live view as a model: looks and keys go in, lines come out. Pure: needs no terminal and no clock, so
 * that a test can type at it and compare whole screens. It shows rows and their columns, which are also the JSON
 * records.
 */
#ifndef SOCKSTALL_OUTPUT_SCREEN_SCREEN_H
#define SOCKSTALL_OUTPUT_SCREEN_SCREEN_H

#include "base/lines.h"
#include "options/options.h"
#include "options/wants.h"
#include "output/screen/moments.h"

#define SCREEN_PAGES  16 /* at most */
#define SCREEN_OPENED 16 /* groups that are opened at a time */
#define SCREEN_FILTER 64 /* bytes of a filter, with NUL */
#define SCREEN_TOLD   96 /* of what is told, likewise */

/* A page: the rows of some types, in its own order. */
struct screen_page {
	const char *name, *brief; /* brief: where the line is short; NULL: the name is */
	unsigned int types; /* ROW_BIT()s */
	unsigned int commands; /* bits of those whose looks hold them */
	bool only_stuck; /* without `all` */
	bool only_if_there; /* the page is left out where no look has such rows */
	bool on_demand; /* only while it is shown do looks of the overview hold them */
	int (*compare)(const struct row *a, const struct row *b); /* NULL: worst first */
	const char *const *favoured; /* keys of the columns that matter most */
};

extern const struct screen_page screen_pages[];
extern const size_t screen_page_count;

/* Keys that are no characters. All others are Unicode code points. */
enum screen_special {
	SCREEN_ESCAPE = 27,
	SCREEN_TAB = '\t',
	SCREEN_ENTER = '\n',
	SCREEN_UP = 0x110000,
	SCREEN_DOWN,
	SCREEN_LEFT,
	SCREEN_RIGHT,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
	SCREEN_BACK_TAB,
	SCREEN_BACKSPACE,
	SCREEN_SEARCH, /* F3 */
};

/* The terminal's task after a key: */
enum screen_answer {
	SCREEN_NOTHING,
	SCREEN_DRAW,
	SCREEN_NEXT_LOOK, /* draw; and the next look is wanted soon, because it will hold more */
	SCREEN_PLAN, /* what would ending screen_target() be, in the way action.how? screen_show_action() tells */
	SCREEN_PERFORM, /* do it, and tell */
	SCREEN_WRITE, /* write what is seen to a file, and screen_tell() where, or why not */
	SCREEN_STEP, /* the next look of the recording is wanted, and then a pause */
	SCREEN_QUIT,
};

enum screen_mode {
	MODE_LIST,
	MODE_EVIDENCE,
	MODE_HELP,
	MODE_ACTION, /* what ending a row would be, or was */
};

/* Text that is being typed. */
enum screen_typing {
	TYPING_NOTHING,
	TYPING_FILTER,
	TYPING_SEARCH,
};

/* Where a person is on one page. */
struct screen_place {
	uint64_t selected; /* of screen_row_id(); 0: nothing yet */
	size_t at, top; /* position of the selected row when last drawn, and of the first one shown */
	const char *sort; /* key of a column; NULL: as the page does by itself */
	bool reverse;
};

/* The row that is looked at. */
struct screen_evidence {
	uint64_t id; /* of screen_row_id() */
	int64_t pid, tid; /* its process and thread */
	size_t scroll; /* lines above the screen */
};

/* The plan to end a row, or its outcome. */
struct screen_action {
	struct row record; /* its text lives in the arena */
	struct arena arena;
	char how; /* d, s, k, p: the way that is wanted; 0: whatever there is */
	bool acting; /* it is being done now */
	bool performed; /* it was done, or tried: the record is of that, not of a plan */
};

struct screen_cache;

struct screen {
	enum command command;
	bool replay; /* looks come from a recording */
	bool read_only; /* --read-only: nothing can be ended */
	bool ended; /* and it has no more of them */
	struct buffer host; /* printable, with NUL; or empty */
	struct buffer lost; /* since the last look, by name: "12 notes, 3 sockets", without NUL */
	struct history history;
	size_t back; /* which look is shown: so many before the newest */
	bool paused; /* that look stays where it is while others come */
	bool all; /* what is normal too */
	bool no_fold; /* --no-fold */
	uint64_t opened[SCREEN_OPENED]; /* groups of alike_id() whose members are shown; 0: none */
	size_t toggled; /* how often one was opened or closed */
	bool stepping; /* pause again when the next look has come */
	enum screen_mode mode, before; /* and where help and actions lead back to */
	size_t page; /* in screen_pages */
	struct screen_place places[SCREEN_PAGES];
	char filter[SCREEN_FILTER]; /* empty: none */
	char search[SCREEN_FILTER]; /* empty: none */
	enum screen_typing typing;
	char told[SCREEN_TOLD]; /* in the title, up to the next key; empty: nothing */
	bool local_time; /* the title's time in the zone of TZ, not in UTC */
	uint32_t threads_of; /* whose threads the page shows; 0: all there are */
	uint32_t chain_of; /* the page of chains shows those that this process is part of; 0: all */
	unsigned int host_of; /* of both */
	struct screen_evidence evidence;
	struct screen_action action;
	size_t height; /* rows of the list that were shown last */
	uint64_t looks; /* that have come */
	struct screen_cache *cache; /* of rows.c */
};

/* Returns 0 or -ENOMEM; screen_free() either way. */
int screen_init(struct screen *screen, const struct options *options);
void screen_free(struct screen *screen);

/* A record outside looks. Returns 0 or -ENOMEM, as all functions here that return int. */
int screen_record(struct screen *screen, const struct row *row);

/* Keeps the rows of a look, which may be freed afterwards. */
int screen_look(struct screen *screen, const struct report *report, const struct look_record *head);

enum screen_answer screen_key(struct screen *screen, uint32_t key);

/* The row under the cursor, or NULL. Valid until the next look. */
const struct row *screen_selected_row(const struct screen *screen);

/* Opens the group that this row stands for, or closes it. */
void screen_toggle(struct screen *screen, const struct row *row);

/* The row to end; NULL: none. Valid until the next look. */
const struct row *screen_target(const struct screen *screen);

/* The same for a row through all looks: by its id, or by what it is about. Never 0. */
uint64_t screen_row_id(const struct row *row);

/* Takes over a record of type ROW_ACTION: of a plan, or of what was done. */
int screen_show_action(struct screen *screen, const struct row *record, bool performed);

/*
 * Data that the next look should hold. A page that is opened before the look arrives does not show data it did not ask
 * for.
 */
void screen_wants(struct screen *screen, struct wants *wants);

/*
 * Appends at most `height` lines of at most `width` columns. `elapsed_ns` is the time since the newest look came:
 * timers have gone on since then.
 */
int screen_draw(struct screen *screen, struct lines *lines, size_t width, size_t height, uint64_t elapsed_ns);

/* Says this in the title, printable, up to the next key. */
void screen_tell(struct screen *screen, const char *text);

/*
 * Writes what would be drawn to a new file, and tells where, or why not: that is no reason to end. files: NULL:
 * nowhere.
 */
struct files;
void screen_write(struct screen *screen, struct files *files, size_t width, size_t height, uint64_t elapsed_ns);

/* Something on it changes with the time that passes. */
bool screen_is_ticking(const struct screen *screen);

#endif
