/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whether anybody asked for what an event loop asks another. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_ASKED_H
#define SOCKSTALL_REPORTS_WAITS_ASKED_H

#include "reports/waits/waits.h"

/* Connections that were accepted, and whose peers spoke last. */
struct chain_asked {
	struct asked_socket {
		__u32 pid; /* whose it is */
		const struct socket_record *socket;
	} * items; /* sorted by pid */
	size_t count, capacity;
};

/* Returns 0 or -ENOMEM. */
int chain_asked_collect(struct chain_asked *asked, const struct look *look);
void chain_asked_free(struct chain_asked *asked);

/*
 * Whether one of the `depth` waits from `from` on is for somebody's sake: its process has one of these that was asked
 * before that wait began, other than at the other end of it and of those behind it.
 */
bool chain_was_asked(const struct chain_asked *asked, const struct waits *waits, size_t from, size_t depth);

/* The same of its first wait alone. */
bool chain_is_asked(const struct chain_asked *asked, const struct waits *waits, size_t from, size_t depth);

/* The question lies unread at the other end of this wait, and has for a second. */
bool chain_is_unread(const struct waits *waits, const struct wait *wait);

/* And this, the only thread there, has been in poll or select ever since: so it waits for something else. */
bool chain_slept_unread(const struct waits *waits, const struct wait *wait, const struct thread_record *thread);

#endif
