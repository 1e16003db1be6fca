/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which thread has the number that a lock keeps: a part of the probe. */
#ifndef SOCKSTALL_PROBE_LOCKS_HOLDER_H
#define SOCKSTALL_PROBE_LOCKS_HOLDER_H

#include "probe/internal.h"

struct lock_holder {
	__u32 pid, tid; /* tid 0: nobody that is known */
	char comm[16];
};

/* The threads of one process by the numbers that it has for them itself; kept for the next question. */
struct inner_threads {
	__u32 pid;
	struct buffer items; /* struct inner_thread */
};

/*
 * waiter: a thread that waits for the lock at this address. inner_tid: the owner, as the waiter's pid namespace numbers
 * it. shared: it may be of another process that has mapped the same memory. Returns 0, -ENOMEM, or -ECANCELED.
 */
int lock_holder_find(struct probe *probe, struct inner_threads *threads, const struct thread_record *waiter,
		     __u32 inner_tid, __u64 address, bool shared, struct lock_holder *holder);

/* The name of a thread; false: there is no such thread. */
bool lock_holder_name(__u32 pid, __u32 tid, char comm[16]);

/* Adds to `records` the locks of files that threads in the buffer sleep in. Returns 0, -ENOMEM, or -ECANCELED. */
int probe_file_locks_add(struct probe *probe, const struct buffer *buffer, struct buffer *records);

#endif
