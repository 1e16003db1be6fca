/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the live view shows, as lines. Pure: needs no terminal, so that a test can compare it whole.
 * A screen keeps a copy of the worst rows of the last look: it can be laid out again at any size.
 */
#ifndef SOCKSTALL_SCREEN_H
#define SOCKSTALL_SCREEN_H

#include "lines.h"
#include "report.h"

/* More than any terminal has lines. The rest is counted. */
#define SCREEN_ROWS 1000

struct screen {
	enum command command;
	struct buffer host; /* printable, with NUL; or empty */
	int64_t lost;	    /* so far */
	bool looked;
	/* Of the last look: */
	struct look_record head;
	struct row *rows; /* worst first */
	size_t kept, total;
	size_t stuck[ROW_TYPES];
	struct arena arena; /* text of the rows */
};

/* A record outside looks. Returns 0 or -ENOMEM, as all functions here. */
int screen_record(struct screen *screen, const struct row *row);

/* Takes over the rows of a look, which may be freed afterwards. */
int screen_look(struct screen *screen, const struct report *report, const struct look_record *head);

/* Appends at most `height` lines of at most `width` columns. */
int screen_draw(const struct screen *screen, struct lines *lines, size_t width, size_t height);

void screen_free(struct screen *screen);

#endif
