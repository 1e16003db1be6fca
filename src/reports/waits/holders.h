/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which of the processes that hold a socket is the one that is waited for. Pure. */
#ifndef SOCKSTALL_HOLDERS_H
#define SOCKSTALL_HOLDERS_H

#include <stdbool.h>

#include "reports/waits/processes.h"

struct holder {
	const struct owner_record *owner; /* NULL: nobody else holds it */
	__u32 count; /* processes that do */
	bool alone; /* the others, if there are any, only wait for children or signals */
};

/*
 * Of owners in the order of their pids: whoever only waits for children or signals (a master, a shell) comes after those
 * that do something. Of these a stopped one comes first where anybody would do, as in an accept queue of which nobody
 * takes; else last, for another may well go on. Then the lowest pid.
 * The process `except` is left out; 0: none.
 */
struct holder holders_choose(const struct processes *processes, const struct owner_record *const *owners,
			     size_t count, __u32 except, bool stopped_first);

#endif
