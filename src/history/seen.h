/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* When the hosts were looked at last. Pure. */
#ifndef SOCKSTALL_HISTORY_SEEN_H
#define SOCKSTALL_HISTORY_SEEN_H

#include "rows/report.h"

struct seen {
	uint64_t *ns; /* CLOCK_MONOTONIC of each host; 0: not yet */
	size_t count;
};

/* Returns 0 or -ENOMEM. */
int seen_make_room(struct seen *seen, size_t hosts);
void seen_free(struct seen *seen);

void seen_remember(struct seen *seen, const struct looks *looks);

/* Seconds between the two looks at the row's host, by the clock that no one sets. */
double seen_passed_s(const struct seen *seen, const struct looks *looks, const struct row *row);

/* The look that a row is from. */
static inline const struct look *seen_look(const struct looks *looks, const struct row *row)
{
	return looks->items[row->host_at].look;
}

#endif
