/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Finding the listener that a connection came through, in an index made for one look. */
#ifndef SOCKSTALL_LOOK_LISTENERS_H
#define SOCKSTALL_LOOK_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "look/look.h"

struct listeners {
	const struct listener_record **by_port; /* sorted by network namespace, then port */
	const struct listener_record **by_cookie;
	size_t count;
};

/* Returns 0 or -ENOMEM. The index points into the look; listeners_free() gives back what it needs itself. */
int listeners_index(struct listeners *listeners, const struct look *look);
void listeners_free(struct listeners *listeners);

/*
 * The number of half-open connections at which it drops SYNs or answers them with cookies: its backlog
 * (inet_csk_reqsk_queue_is_full()). Without cookies it is three quarters of tcp_max_syn_backlog, if that is less: the
 * last quarter is for peers that are known (tcp_conn_request()).
 */
__u64 listeners_syn_room(const struct listener_record *listener);

/* The accept queue has no room: it holds one more than its limit (sk_acceptq_is_full()). */
bool listener_is_full(const struct listener_record *listener);

#define LISTENERS_NONE ((size_t)-1)

/* Where in by_cookie the listener with this cookie stands; LISTENERS_NONE: nowhere, and for cookie 0. */
size_t listeners_find(const struct listeners *listeners, __u64 cookie);

/*
 * The listener that a connection with this name came through: the same namespace and port, and its address rather than
 * a wildcard. If several share it (SO_REUSEPORT), one whose accept queue is not empty. NULL: none.
 */
const struct listener_record *listeners_of(const struct listeners *listeners, const struct socket_name *name);

/* Likewise, a listener for a SYN to this local address whose accept queue is full; or NULL. */
const struct listener_record *listeners_full(const struct listeners *listeners, const struct socket_name *name);

#endif
