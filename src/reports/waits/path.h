/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which way each wait leads, from one to the next, until one has no next or all turn in a cycle. Pure. */
#ifndef SOCKSTALL_CHAIN_PATH_H
#define SOCKSTALL_CHAIN_PATH_H

#include "reports/waits/waits.h"

/* Of a chain that is longer the rest is left out. */
#define CHAIN_LINKS_MOST 64

/* Where the chain that begins at a wait leads. */
struct chain_path {
	size_t last; /* its last wait; of a cycle, the first that was met of it */
	size_t depth; /* waits up to and with that one */
	bool cycle, sure;
	bool evident; /* some wait of it is stuck by evidence of its own */
	bool blocked; /* some wait of it is a thread's, not only loops' */
	bool asked; /* one before the last awaits a reply: the last is for its sake */
	__u64 oldest_ns; /* of the waits on it; 0: not known */
};

/*
 * One for each wait, to be freed; 0 or -ENOMEM. Takes back what leads on by mistake: steps to who reads a pipe that
 * nobody has a reason to write, and those of a cycle that are not certain.
 */
int chain_find_paths(struct waits *waits, struct chain_path **paths);

/* The earlier of two times, of which each may be 0: not known. */
__u64 chain_older(__u64 a, __u64 b);

#endif
