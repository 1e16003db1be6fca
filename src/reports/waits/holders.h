/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which of the processes that hold a socket is the one that is waited for. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_HOLDERS_H
#define SOCKSTALL_REPORTS_WAITS_HOLDERS_H

#include <stdbool.h>

#include "reports/waits/processes.h"

struct holder {
	const struct owner_record *owner; /* NULL: nobody else holds it */
	__u32 count; /* processes that do */
	bool alone; /* the others, if there are any, only wait for children or signals */
};

/*
 * Chooses among owners that are sorted by pid. A process that does work comes first: before one that only waits for
 * children or signals (a master, a shell), and before the master of workers with the same listener. If any holder could
 * serve (an accept queue), a stopped one comes first; otherwise stopped ones come last. Then the lowest pid. The
 * process `except` is left out; 0: none.
 */
struct holder holders_choose(const struct processes *processes, const struct owner_record *const *owners, size_t count,
			     __u32 except, bool stopped_first);

#endif
