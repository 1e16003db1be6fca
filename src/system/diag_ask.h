/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Questions to sock_diag(7), over netlink, and their answers. Functions return 0 or a negative errno. */
#ifndef SOCKSTALL_SYSTEM_DIAG_ASK_H
#define SOCKSTALL_SYSTEM_DIAG_ASK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* A netlink socket: it tells of the network namespace that the caller is in. */
int diag_open_here(void);

/*
 * Sends a request, as netlink_ask() does, and calls each(), if it is not NULL, for every socket in the answer, until it
 * returns something else than 0: that is returned. -ENOENT: there is none.
 */
int diag_ask(int diag, struct nlmsghdr *request, size_t size, int (*each)(void *context, const struct nlmsghdr *header),
	     void *context);

/* A unix socket that listens. */
struct diag_unix {
	__u64 cookie;
	__u32 inode;
	__u32 queued, limit; /* connections that nobody has accepted, and how many there may be before it is full */
	__u16 type; /* SOCK_STREAM or SOCK_SEQPACKET */
	size_t path_length;
	char path[108]; /* sun_path */
	const __u32 *clients; /* the inodes of those connections' other ends, the oldest first; 0: it is closed */
	size_t client_count;
};

/* Calls each() for all of them in the namespace, until it returns something else than 0: that is returned. */
int diag_unix_listeners(int diag, int (*each)(void *context, const struct diag_unix *found), void *context);

/* Takes a message of the kernel apart. false: it is too short to be one. */
bool diag_unix_take(struct diag_unix *found, const struct nlmsghdr *header);

/* The cookie of the unix socket with this inode in that namespace; 0: it is gone, or the kernel has no unix_diag. */
__u64 diag_unix_cookie(int diag, __u64 inode);

#endif
