/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The last looks, as rows with their text: what the screen goes back to. Pure, and bounded: in looks, in bytes, and
 * in rows of each type, of which the worst are kept and the rest is counted.
 */
#ifndef SOCKSTALL_OUTPUT_SCREEN_MOMENTS_H
#define SOCKSTALL_OUTPUT_SCREEN_MOMENTS_H

#include "rows/report.h"

#define HISTORY_LOOKS 600
#define HISTORY_BYTES (16 * 1024 * 1024)
#define HISTORY_ROWS  1000 /* of one type, of one look */

/* A look that is kept. */
struct moment {
	struct look_record head;
	struct row *rows; /* worst first; their text is the moment's own */
	size_t count;
	size_t total[ROW_TYPES], stuck[ROW_TYPES]; /* of all rows of the look */
	size_t bytes;
	bool has_chains; /* they were looked for */
	const char *lost; /* what this look lost, by name: "12 notes, 3 sockets"; NULL: nothing */
	struct arena arena;
};

struct history {
	struct moment *moments; /* a ring of HISTORY_LOOKS */
	size_t first, count;
	size_t bytes;
};

/*
 * Keeps the rows of a look (those of stalls that are over apart) and what it lost, and drops the oldest. Returns 0 or
 * -ENOMEM.
 */
int history_add(struct history *history, const struct report *report, const struct look_record *head, bool has_chains,
		const char *lost);

/* The look that is so many before the newest; NULL: none is kept. */
const struct moment *history_at(const struct history *history, size_t back);

void history_free(struct history *history);

#endif
