/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Shared by the files of the screen. */
#ifndef SOCKSTALL_OUTPUT_SCREEN_INTERNAL_H
#define SOCKSTALL_OUTPUT_SCREEN_INTERNAL_H

#include "output/screen/screen.h"
#include "rows/causes.h"
#include "rows/column.h"
#include "rows/fold.h"

/* Whether the page exists now. */
bool screen_has_page(const struct screen *screen, size_t page);

/* The page with the number that a person sees, from 1; SCREEN_PAGES: none. And the number of a page. */
size_t screen_page_numbered(const struct screen *screen, size_t number);

/* The page for rows of this type alone; SCREEN_PAGES: there is none now. */
size_t screen_page_of(const struct screen *screen, enum row_type type);

/* The look that is shown, or NULL. */
const struct moment *screen_moment(const struct screen *screen);

/* The rows of the page, filtered and sorted. */
struct screen_rows {
	const struct row **items;
	size_t count;
	size_t unfiltered; /* so many without the filter */
	struct causes causes; /* of the overview, which begins with them; else empty */
	size_t not_kept; /* rows of the look that there was no room for */
	struct folded folded; /* where the items are, if any of them are folded */
};

/*
 * Worked out once for a look and what a person has chosen: valid until one of them is another. NULL: no memory.
 */
const struct screen_rows *screen_rows(const struct screen *screen);

/*
 * The causes of all that is stuck in the look shown, whatever the page; of a command that looks for them. NULL: no
 * memory.
 */
const struct causes *screen_causes(const struct screen *screen);

/* All that the rows of a page depend on. */
struct rows_key {
	uint64_t looks;
	size_t back, page;
	const char *sort;
	size_t toggled;
	bool reverse, all;
	uint32_t threads_of, chain_of;
	unsigned int host_of;
	char filter[SCREEN_FILTER];
};

struct screen_cache {
	struct rows_key key;
	struct screen_rows rows; /* items NULL: there are none yet */
	uint64_t looks; /* with back: what the causes are of */
	size_t back;
	struct causes causes; /* rows NULL: there are none yet */
};

/* Where both are kept; NULL is allowed to be freed. */
struct screen_cache *screen_cache_new(void);
void screen_cache_free(struct screen_cache *cache);

/* Puts causes in front on the overview, each with what hangs on it. Returns 0 or -ENOMEM. */
int screen_put_causes_first(const struct screen *screen, struct screen_rows *rows);

/* Marks rows that are causes, and those below that hang on them. */
void screen_mark_causes(struct folded *folded, const struct causes *causes);

/* Folds what is alike; of groups that are opened the members follow. */
int screen_fold(const struct screen *screen, struct screen_rows *rows);

bool screen_is_open(const struct screen *screen, const struct row *row);

/* Position of the selected row among the rows of the page: follows its id, or else stays where it was. */
size_t screen_selected(const struct screen *screen, const struct screen_rows *rows);

void screen_select_at(struct screen *screen, const struct screen_rows *rows, size_t at);
enum screen_answer screen_select(struct screen *screen, uint32_t key);

/* Where a key leads from `at` among `count`; SIZE_MAX: it is no such key. */
size_t screen_moved(uint32_t key, size_t at, size_t count, size_t step);

/* Whether a cell of the row has this text in it; every row has the empty one. */
bool screen_row_has(const struct row *row, const char *text);

/* To the next row with the text of the search (step -1: to the one before). */
enum screen_answer screen_find(struct screen *screen, int step);
enum screen_answer screen_begin_search(struct screen *screen);
enum screen_answer screen_typing_key(struct screen *screen, uint32_t key);

/* The column after or before that by which the page is sorted; NULL: as the page does by itself. */
const char *screen_next_sort(const struct screen *screen, int step);

/* The heading of a column on this page. */
const char *screen_heading(const struct screen *screen, const char *key);

/* The row that the evidence is about, as it was last seen at or before the look shown; sets when. NULL: never. */
const struct row *screen_evidence_row(const struct screen *screen, const struct moment **when);

/* The cause that this row hangs on, in the look shown. NULL: none is known, or it is in no row. */
const struct row *screen_evidence_cause(const struct screen *screen);

int screen_add_head(const struct screen *screen, struct lines *lines, size_t width, size_t height);
int screen_add_evidence(const struct screen *screen, struct lines *lines, size_t width, uint64_t elapsed_ns);
int screen_add_help(struct lines *lines, size_t width, size_t height);
int screen_add_action(const struct screen *screen, struct lines *lines, size_t width, size_t height);
enum screen_answer screen_action_key(struct screen *screen, uint32_t key);

/* The links of a chain (links.h), one below the other. */
int screen_add_links(struct lines *lines, const struct row *row, size_t width);

/* Each of these lines from the first column on, so that a terminal selects nothing else with it. */
int screen_add_commands(struct lines *lines, const char *commands, size_t width);

/* A key and what it does. The greater the rank, the sooner it is left out; HINT_NEVER: it is not shown here. */
struct hint {
	unsigned int rank;
	const char *text;
};

#define HINT_NEVER 100

/* The last line: where one is (printable), and as many of the keys as there is room for. */
int screen_add_foot(struct lines *lines, const char *where, const struct hint *hints, size_t count, size_t width);

/* A line cut to the width. */
int screen_add_line(struct lines *lines, enum line_style style, const char *text, size_t width);

#endif
