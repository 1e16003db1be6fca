/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Follows each wait to the next, until one has no next or they form a cycle. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_PATH_H
#define SOCKSTALL_REPORTS_WAITS_PATH_H

#include "reports/waits/waits.h"

/* Longer chains are cut off. */
#define CHAIN_LINKS_MOST 64

/* Where the chain that begins at a wait leads. */
struct chain_path {
	size_t last; /* its last wait; of a cycle, the first that was met of it */
	size_t depth; /* waits up to and with that one */
	bool cycle, sure;
	bool limited; /* a cycle: some process of it may have a time limit of its own */
	bool evident; /* some wait of it is stuck by evidence of its own */
	bool blocked; /* some wait of it is a thread's, not only loops' */
	bool asked; /* something is due to one before the last: the last is for its sake */
	bool due; /* something is due to its first wait, or to one before that: it is no normal state, as a helper's is */
	bool on_way; /* others wait for its process, which waits for their sake: they are who suffers */
	bool process_on_way; /* only of the first wait of a process */
	__u64 oldest_ns; /* of the waits on it; 0: not known */
};

/*
 * Removes false steps: to a process reading a pipe that nobody is expected to write to, and uncertain steps inside a
 * cycle.
 */
void chain_cut_false_steps(struct waits *waits);

/* Does that, and finds one path for each wait; the caller frees them. Returns 0 or -ENOMEM. */
int chain_find_paths(struct waits *waits, struct chain_path **paths);

/* The earlier of two times, of which each may be 0: not known. */
__u64 chain_older(__u64 a, __u64 b);

#endif
