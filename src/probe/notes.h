/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The stacks that some threads of a look tell: a part of the probe. */
#ifndef SOCKSTALL_PROBE_NOTES_H
#define SOCKSTALL_PROBE_NOTES_H

#include "probe/internal.h"

/*
 * The child that the thread in wait4 or waitid waits for, as text; "" if that is not known. Returns 0, -ENOMEM or
 * -ECANCELED.
 */
int probe_child_read(struct probe *probe, const struct thread_record *thread, char *text, size_t size);

/*
 * The last number of the line NSpid of /proc/PID/status: the id in its own namespace of a process, which is what its
 * parent calls it, or of a thread. 0: it has gone, or cannot be asked.
 */
__u32 probe_inner_id(__u32 pid, const char *status, size_t size);

/* The child that the thread has made last, likewise; "" where it has none. */
void probe_child_last(const struct thread_record *thread, char *text, size_t size);

/*
 * Parts of stacks: the kernel's; the program's, with the function that is its own code; the same, but only as it was in
 * the look.
 */
enum { STACKS_KERNEL = 1, STACKS_USER = 2, STACKS_CODE = 4 };

/* Appends these parts of the stacks of these threads. Returns 0, -ENOMEM or -ECANCELED. */
int probe_stacks_add(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads,
		     size_t count, unsigned int parts);

#endif
