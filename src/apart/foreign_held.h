/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which processes a read of did not come back: they are left alone for a while, for longer each time. Pure. */
#ifndef SOCKSTALL_APART_FOREIGN_HELD_H
#define SOCKSTALL_APART_FOREIGN_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define HELD_MOST	64
#define HELD_FIRST_NS	10000000000ULL /* and twice as long each time, up to: */
#define HELD_LONGEST_NS 600000000000ULL

struct held_process {
	__u32 pid, times;
	__u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	__u64 until_ns; /* CLOCK_MONOTONIC */
};

struct held_processes {
	struct held_process items[HELD_MOST]; /* where there are more, the one that is left alone for the shortest time
						 is forgotten */
	size_t count;
};

/* Whether it is left alone now. */
bool held_is(const struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns);

/* A read of it has not come back. */
void held_note(struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns);

#endif
