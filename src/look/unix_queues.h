/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Unix sockets: since when connections lie in accept queues, and which threads wait in connect() for room in one. Made
 * once for a look.
 */
#ifndef SOCKSTALL_LOOK_UNIX_QUEUES_H
#define SOCKSTALL_LOOK_UNIX_QUEUES_H

#include "look/listeners.h"
#include "look/look.h"

struct unix_queues {
	const struct look *look;
	__u64 *since; /* by place in look->sockets: it is as old as that, or older; 0: not known. NULL: there are none */
	const struct thread_view **connects; /* threads asleep in connect() on a unix socket */
	size_t connect_count;
	const struct socket_record *
		*queued; /* connections in accept queues, sorted by the inode of their client's socket */
	size_t queued_count;
	const struct socket_record **waiters; /* what the scan of listeners found of these; sorted by thread */
	size_t waiter_count;
};

/* Returns 0 or -ENOMEM. */
int unix_queues_collect(struct unix_queues *queues, const struct look *look);
void unix_queues_free(struct unix_queues *queues);

/* When the connection at this place of look->sockets was in its queue, at the latest; 0: not known. */
__u64 unix_queued_since(const struct unix_queues *queues, size_t place);

/* In whose queue the connection of the client's socket with this inode lies; or NULL. */
const struct listener_record *unix_queue_of(const struct unix_queues *queues, const struct listeners *listeners,
					    __u64 inode);

/*
 * Whose queue has no room for this thread. Where the kernel does not tell, it is the only full one in its network
 * namespace. NULL: not known.
 */
const struct listener_record *unix_connect_listener(const struct unix_queues *queues, const struct listeners *listeners,
						    const struct thread_view *view);

#endif
