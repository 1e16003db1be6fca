/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Describes in words what a thread is blocked in. */
#ifndef SOCKSTALL_REPORTS_NOW_IN_H
#define SOCKSTALL_REPORTS_NOW_IN_H

#include "look/look.h"

/*
 * The syscall, and what it works on: a socket with its addresses (socket may be NULL), the path of a file, a child
 * process. NULL: not known. In the arena, or lives as long as the look.
 */
const char *loop_now_in(struct arena *arena, const struct look *look, const struct thread_record *thread,
			const struct socket_record *socket);

/*
 * Likewise of a thread that waits on another epoll instance, the descriptor of which is epoll_fd, than its loop does.
 */
const char *loop_now_nested(struct arena *arena, const struct look *look, const struct thread_record *thread,
			    int epoll_fd);

/* "mutex", "rwlock", "pi", "join", "file"; NULL: no owner is known, so it may be a condition variable. Constant. */
const char *lock_kind_name(const struct lock_record *lock);

/* The same for a sentence: "PI mutex". */
const char *lock_kind_words(const struct lock_record *lock);

#endif
