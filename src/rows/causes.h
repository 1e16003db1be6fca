/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Findings in the order in which they are read: causes first, the worst first, each followed by what hangs on it
 * (row->cause_id); then what hangs on no known cause, the worst first. Pure.
 */
#ifndef SOCKSTALL_ROWS_CAUSES_H
#define SOCKSTALL_ROWS_CAUSES_H

#include <stddef.h>

#include "rows/report.h"

/* A cause, and what hangs on it: items[1] up to items[count - 1]. */
struct cause {
	const struct row *const *items; /* items[0]: the cause itself */
	size_t count;
	uint64_t waiters; /* how many wait; a connection counts once; 0: not known */
	double oldest_s; /* of these, or of the cause; NAN: not known */
};

struct causes {
	const struct row **rows; /* all, in that order */
	size_t count;
	struct cause *items;
	size_t cause_count;
	size_t first_other; /* where in rows those begin that are no cause and hang on none */
};

/*
 * Something hangs on it; or it is the end of a chain, a service that does not answer, or a listener that lets nobody
 * in. Rows that are over, or not stuck, are none. Returns 0 or -ENOMEM; causes_free() either way.
 */
int causes_collect(struct causes *causes, const struct row *const *rows, size_t count);
void causes_free(struct causes *causes);

/* Puts the rows of a report in that order. Returns 0 or -ENOMEM. */
int causes_sort(struct report *report);

#endif
