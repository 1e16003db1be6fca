/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Facts about a service that the kernel does not keep, but successive looks tell. They say when it last answered on a
 * connection that is gone by now. They say since when somebody has waited while it sent nothing, and how long others
 * had to wait before. Pure.
 */
#ifndef SOCKSTALL_LOOK_SERVICE_DATES_H
#define SOCKSTALL_LOOK_SERVICE_DATES_H

#include <stddef.h>

#include "base/buffer.h"
#include "service_record.h"

/* Two moments from the same stamp of the kernel's are at most this far apart: a tick, twice. */
#define SERVICE_SLACK_NS 25000000ULL

/* A service, by its place. */
struct service_dates {
	__u8 address[16];
	__u32 netns;
	__u16 port;
	__u16 missed; /* looks in a row that did not have it */
	__u32 answers;
	__u64 answered_ns, owed_since_ns, near_since_ns, seen_ns;
	__u64 pauses_ns[2];
};

struct service_history {
	struct service_dates *items; /* sorted by place */
	size_t count;
};

/* Completes the services in the buffer, and keeps what the next look has to know of them. Returns 0 or -ENOMEM. */
int service_history_write(struct service_history *history, struct buffer *buffer);
void service_history_free(struct service_history *history);

/*
 * Since when somebody waits for an answer, where nothing was sent since then: what came after the last answer, at the
 * earliest. Mere acknowledgements of what was sent do not count. 0: nobody does.
 */
__u64 service_owed_since(const struct service_record *service);

/* Likewise of those that wait because what they sent lies unread. */
__u64 service_unread_since(const struct service_record *service);

/*
 * Since when those wait that spoke at most SERVICE_NEAR_NS before its last answer, or later. Clients that ask again at
 * once all did so when a busy service stops; but so does whoever acknowledges what was sent. So it takes a cause, too.
 * 0: nobody does.
 */
#define SERVICE_NEAR_NS 500000000ULL
__u64 service_near_since(const struct service_record *service);

/* How many those are, at most; and of how many of them bytes lie unread, at most. */
__u32 service_near_count(const struct service_record *service);
__u32 service_near_unread(const struct service_record *service);

/* When the last of them spoke, as far as that is known. */
__u64 service_near_newest(const struct service_record *service);

/* How many have waited since the last answer. */
__u32 service_owed_count(const struct service_record *service);

#endif
