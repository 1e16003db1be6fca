/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * TCP sockets of one network namespace, as sock_diag(7) has them: to find one, to see whether it is still what
 * it was, and to end it. Functions return 0 or a negative errno.
 *
 * Rights: none to look; CAP_NET_ADMIN in the namespace to end.
 */
#ifndef SOCKSTALL_SYSTEM_DIAG_H
#define SOCKSTALL_SYSTEM_DIAG_H

#include <linux/netlink.h>
#include <stdbool.h>

#include "socket_record.h"

/* name.state is TCP_SYN_RECV for a half-open request too: sock_diag tells no more. */
struct diag_socket {
	struct socket_name name;
	__u32 interface; /* that it is bound to; 0: none */
	bool has_info; /* false: half-open, or time-wait */
	__u64 bytes_received;
	__u32 unacked; /* segments in flight */
};

/* Takes a message of the kernel apart. false: it is too short to be one. */
bool diag_take(struct diag_socket *socket, const struct nlmsghdr *header);

/* A socket that talks to the namespace of netns_fd. */
int diag_open(int netns_fd);

/* The socket with exactly these addresses and ports, and this cookie if it is not 0. -ENOENT: there is none. */
int diag_get(int diag, const struct socket_name *name, __u32 interface, struct diag_socket *found);

/* All TCP sockets but listeners, until each() returns something else than 0: that is returned. */
int diag_walk(int diag, int (*each)(void *context, const struct diag_socket *socket), void *context);

/* Has the kernel tell of all listeners, and nobody listen: each of them gets a cookie by that. */
int diag_touch_listeners(int diag);

/*
 * SOCK_DESTROY, by address and cookie: the kernel compares the cookie itself. -ENOENT: it is gone, or is another.
 * What tcp_abort() then does: a half-open request is taken from its listener, without a word to the peer; all
 * others are closed with ECONNABORTED, and the peer gets a RST where tcp_need_reset() says so.
 */
int diag_destroy(int diag, const struct diag_socket *socket);

/* Whether this kernel has CONFIG_INET_DIAG_DESTROY: asked with a socket that cannot exist. */
bool diag_can_destroy(int diag);

/*
 * Whether SOCK_DESTROY ends a connection that no process has open any more. Before Linux 6.11 (bac76cf89816)
 * tcp_abort() only takes away its data, and with that its timer, so that it stays for ever. Tried on a connection of
 * our own, on the loopback of the caller's namespace; false also where that cannot be had.
 */
bool diag_ends_orphans(void);

#endif
