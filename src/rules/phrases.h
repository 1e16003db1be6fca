/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Phrases that several rules share in `why` and `advice`. Text belongs to the arena or is constant, and is never NULL.
 */
#ifndef SOCKSTALL_RULES_PHRASES_H
#define SOCKSTALL_RULES_PHRASES_H

#include "base/buffer.h"
#include "socket_record.h"
#include "thread_record.h"

/* How to resume a process that is frozen with its cgroup. */
#define SAY_THAW                                                                                                      \
	"resume it: unpause its container, or thaw its control group (write 0 to its cgroup.freeze; with v1, THAWED " \
	"to its freezer.state)"

/* "accept queue holds 1 (limit 16)", "accept queue is full (3, limit 2)": the kernel lets in one more than the limit.
 */
const char *say_accept_queue(struct arena *arena, __u32 length, __u32 limit);

/*
 * The command that shows how this connection can be ended, and ends it with --yes; and the one without sockstall. tid:
 * a thread in the socket's network namespace, to enter it; 0: there is none.
 */
const char *say_ending(struct arena *arena, const struct socket_name *name, __u32 tid);

/* Where a peer does not answer at all: whether it is there, and what lies between. */
const char *say_see_path(struct arena *arena, const struct socket_name *name);

/* Where a SYN is not answered. */
const char *say_see_listener(struct arena *arena, const struct socket_name *name);

/* The owner's name, or "the application" if it is not known. */
const char *say_listener_owner(const char *owner);

/* How full the listener's accept queue is. */
const char *say_listener_queue(struct arena *arena, const struct listener_record *listener);

/* Where to look at the owner. owner_pids: as -p takes them, or NULL. */
const char *say_look_at(struct arena *arena, const char *owner, const char *owner_pids);

/* Advice for a full accept queue. */
const char *say_full(struct arena *arena, const char *owner, const char *owner_pids,
		     const struct listener_record *listener);

/* "cpu.max 50 ms of each 100 ms" */
const char *say_quota(struct arena *arena, const struct thread_record *thread);

#endif
