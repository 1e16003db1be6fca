/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads asleep in a syscall on a socket or a pipe: since when, and what each such sleep is called. */
#ifndef SOCKSTALL_LOOK_SLEEPING_H
#define SOCKSTALL_LOOK_SLEEPING_H

#include <stdbool.h>

#include "look/look.h"

struct sleeping {
	__u64 since_ns; /* when it fell asleep; 0: not known */
	__u64 least_age_ns; /* it has slept for at least this long */
};

/* Whether the thread is asleep in a syscall of this kind, and where it leads to is known. */
bool sleeping_in(const struct thread_view *view, enum syscall_kind kind);

/*
 * Where the kernel does not tell when a thread fell asleep (no CONFIG_SCHED_INFO), the look before (or NULL) does:
 * a thread that has not been switched since has slept all the time.
 */
struct sleeping sleeping_since(const struct look *look, const struct look *previous, const struct thread_view *view,
			       enum syscall_kind kind);

/*
 * When the last of these threads, which are next to each other in the look, fell asleep or was stopped. 0: one is
 * neither, or that is not known.
 */
__u64 threads_asleep_since(const struct look *look, size_t first, size_t count);

/* An id that no other sleep has; begins with the name of the type of record. */
const char *sleeping_id(struct arena *arena, const char *type, const struct thread_record *thread);

/*
 * Whether this end called connect(). An accepted socket never has a port that bind() named, and has its listener's
 * backlog; and its SYN was not counted among what was acknowledged. In doubt it is a server: a server's verdicts claim
 * less.
 */
bool socket_is_client(const struct socket_record *socket);

/* Whether the thread is asleep in one of these system calls. */
bool thread_asleep_in(const struct thread_record *thread, const char *const *calls, size_t count);

/* Whether the thread is asleep in its event loop's wait. */
bool thread_in_loop(const struct thread_record *thread);

#endif
