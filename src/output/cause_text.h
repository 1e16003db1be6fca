/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Causes and what hangs on them, as a person reads them. All functions return 0 or -ENOMEM. */
#ifndef SOCKSTALL_OUTPUT_CAUSE_TEXT_H
#define SOCKSTALL_OUTPUT_CAUSE_TEXT_H

#include "base/lines.h"
#include "rows/causes.h"

/* "3 causes, and 24 stalls hang on them; 2 stalls hang on no known cause": one line. */
int cause_summary(struct lines *lines, const struct causes *causes);

/*
 * The cause in three lines: who, how many wait and for how long; why; what to do. Then a line for each kind of what
 * hangs on it.
 */
int cause_lines(struct lines *lines, const struct cause *cause, size_t width);

/*
 * For a table, below the cause's row: how many wait and why, and what to do if there is room; two lines at most. Takes
 * how many wait from row->fold.
 */
int cause_brief(struct lines *lines, const struct row *row, size_t indent, size_t width);

/* ---- Pieces of these ---- */

/* "python3/3414  10.0.0.1:9090: 7 wait, the oldest for 8.5s" */
int cause_who(struct buffer *out, const struct cause *cause);

/* The end of a chain, without the links that lead there: a sentence as it is in row->why, and not printable yet. */
int cause_why(struct buffer *out, const struct row *row);

/* "4 handshakes of python3, 4 processes: no_answer for 8.5s -> 10.0.0.1:9090" */
int cause_member(struct buffer *out, const struct row *row);

#endif
