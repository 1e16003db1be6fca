/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The processes at the other ends of connections, where those are on another host that is looked at together. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_FAR_NAMES_H
#define SOCKSTALL_REPORTS_WAITS_FAR_NAMES_H

#include "rows/report.h"

/*
 * Fills in peer_name of rows from `first` on that have none. The two ends of a connection have the same places in both
 * streams of bytes, whatever address translation lies between; without those nothing is joined. Returns 0 or -ENOMEM.
 */
int far_names_fill(struct report *report, size_t first, const struct looks *looks);

#endif
