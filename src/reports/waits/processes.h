/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The activity of each process of a look, by all of its threads: worked out once, asked for each wait. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_PROCESSES_H
#define SOCKSTALL_REPORTS_WAITS_PROCESSES_H

#include <stdbool.h>

#include "look/look.h"

struct process_view {
	__u32 pid;
	size_t threads; /* of it in the look */
	const struct thread_view
		*doing; /* the one that tells what it does: a stopped one, the only one, or the busiest */
	bool one_thread; /* it waits for what that is asleep in */
	bool in_loop; /* a thread of it is in its event loop's wait, or was a moment ago */
	bool stopped; /* a thread of it */
	bool looks_after; /* all that it does is wait for children, or for signals */
	bool is_awaited; /* somebody waits for it, so its waits for children are known (children.c) */
};

struct processes {
	struct process_view *items; /* sorted by pid */
	size_t count;
};

/* Returns 0 or -ENOMEM. */
int processes_collect(struct processes *processes, const struct look *look);
void processes_free(struct processes *processes);

/* NULL: none of its threads was seen. */
const struct process_view *processes_find(const struct processes *processes, __u32 pid);

/* A process with one thread: it waits for what that is asleep in. */
bool processes_has_one_thread(const struct processes *processes, __u32 pid);

/* Whether the second has started the first, or a process that did, as far as these were seen. */
bool processes_descends(const struct processes *processes, __u32 pid, __u32 from);

#endif
