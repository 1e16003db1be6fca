/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which processes a read of did not come back: they are left alone for a while, for longer each time. Pure. */
#ifndef SOCKSTALL_APART_FOREIGN_HELD_H
#define SOCKSTALL_APART_FOREIGN_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "time_units.h"

#define HELD_MOST	64
#define HELD_FIRST_NS	(10 * NS_PER_S) /* and twice as long each time, up to: */
#define HELD_LONGEST_NS (10 * NS_PER_MIN)
/*
 * Then it is asked again, if a look comes to it: beside others that make reads wait, one does so only after some looks.
 */
#define HELD_DUE_NS (5 * NS_PER_S)

struct held_process {
	__u32 pid, times;
	__u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	__u64 until_ns; /* CLOCK_MONOTONIC */
	/* The reads that slept too long, one after another. Waiting for a CPU is no evidence. */
	__u64 since_ns, last_ns; /* the first, the last; 0: none */
	__u32 reads; /* those of one look count once */
	__u32 kinds; /* bits by enum foreign_kind */
};

struct held_processes {
	struct held_process items[HELD_MOST]; /* where there are more, the one that is left alone for the shortest time
						 is forgotten */
	size_t count;
	__u64 look_ns, previous_ns; /* when this look began, and the one before; CLOCK_MONOTONIC */
};

/* A look begins. */
void held_begin(struct held_processes *held, __u64 now_ns);

/* Whether it is left alone now. */
bool held_is(const struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns);

/*
 * A read of it has not come back. slept: it slept for as long as a read may, so that the process, or who serves its
 * files, makes it wait.
 */
void held_note(struct held_processes *held, __u32 pid, __u64 start_ns, __u64 now_ns, __u32 kind, bool slept);

/*
 * Whether reads of it slept, the last of them at this look, or so lately that it is left alone at this look or is due.
 */
bool held_is_unread(const struct held_processes *held, const struct held_process *process);

#endif
