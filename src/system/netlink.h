/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one way to ask the kernel over netlink(7). A user who is root in a network namespace of their own may send to
 * every netlink port in it. So an answer counts only if the kernel itself sent it: the socket is connected to the
 * kernel, so it refuses other senders, and the sender, port and sequence number of each message are checked all the
 * same. Functions return 0 (or a descriptor) or a negative errno.
 */
#ifndef SOCKSTALL_SYSTEM_NETLINK_H
#define SOCKSTALL_SYSTEM_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>

/* It tells of the network namespace that the caller is in. protocol: NETLINK_SOCK_DIAG and so on. */
int netlink_open(int protocol);

/*
 * Sends a request. It begins with its header; length and sequence number are filled in here. Calls each() for every
 * message of this type in the answer, if each() is not NULL. If each() returns something else than 0, the walk stops
 * and that is returned. -EAGAIN: the kernel has been silent for a second.
 */
int netlink_ask(int fd, struct nlmsghdr *request, size_t size, __u16 type,
		int (*each)(void *context, const struct nlmsghdr *header), void *context);

#endif
