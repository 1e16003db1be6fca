/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Questions to sock_diag(7), over netlink, and their answers. Functions return 0 or a negative errno. */
#ifndef SOCKSTALL_SYSTEM_DIAG_ASK_H
#define SOCKSTALL_SYSTEM_DIAG_ASK_H

#include <linux/netlink.h>
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

/* The cookie of the unix socket with this inode in that namespace; 0: it is gone, or the kernel has no unix_diag. */
__u64 diag_unix_cookie(int diag, __u64 inode);

#endif
