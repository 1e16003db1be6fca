/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The life of stalls. Pure: compares the rows of this look with those open from the look before.
 */
#ifndef SOCKSTALL_HISTORY_STALLS_H
#define SOCKSTALL_HISTORY_STALLS_H

#include "rows/report.h"

struct stalls;

/* NULL: no memory. */
struct stalls *stalls_new(void);
void stalls_free(struct stalls *stalls);

/*
 * Takes the report of one look. The caller frees it; the texts that it has so far belong to the stalls from here on,
 * and last until the next call or stalls_free(). Sets row->event of every row with an id: STALL_OPEN when the id is
 * new, STALL_CHANGE when its verdict or change_key differs from the last time, STALL_NONE when nothing changed. A stall
 * keeps the since_ns of its first row. Rows that have gone since the last time are appended to the report as they last
 * were, with STALL_CLOSE, this look's time and the current age_s. If the look has put off the network namespace of a
 * stall, or chains were not looked for, the stall goes on: it is added as it last was. Returns 0 or -ENOMEM.
 */
int stalls_update(struct stalls *stalls, struct report *report, const struct look *look);

/* The same for the looks of several hosts: each row's is that of its host_at. */
int stalls_update_all(struct stalls *stalls, struct report *report, const struct looks *looks);

/* How many were ever opened. */
size_t stalls_opened(const struct stalls *stalls);

#endif
