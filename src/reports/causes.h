/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which finding each stall hangs on, so that a cause counts once. Pure. */
#ifndef SOCKSTALL_REPORTS_CAUSES_H
#define SOCKSTALL_REPORTS_CAUSES_H

#include "rows/report.h"

/*
 * Sets row->cause of the report's rows from `first` on, which are sorted, the worst first. Returns 0 or -ENOMEM.
 *
 * A stall hangs on the end of the chain that it is a wait of, a handshake on its listener. All findings about one
 * process are one cause: its full accept queue, its silence as a service, its stalled loop, and that chains end at it.
 * All but the worst of these hang on that.
 */
int causes_find(struct report *report, size_t first);

#endif
