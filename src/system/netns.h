/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Network namespaces that a process is in or that `ip netns` has named.
 *
 * Rights: CAP_SYS_PTRACE to open that of a process of another user.
 */
#ifndef SOCKSTALL_SYSTEM_NETNS_H
#define SOCKSTALL_SYSTEM_NETNS_H

#include <stdbool.h>

#include <linux/types.h>

#define NETNS_FOLDER "/run/netns" /* where ip-netns(8) keeps those that have a name */

/* Whether `ip netns` may have given it. Not one of digits only: that is an inode. Pure. */
bool netns_is_name(const char *text);

/*
 * A descriptor of the namespace with this name, or of the caller's own; or a negative errno, -ENOENT where there is
 * none.
 */
int netns_open_name(const char *name);
int netns_open_own(void);

/*
 * Closes what one of these has returned, and sets its inode. Returns 0 or a negative errno; that of fd, if it is one.
 */
int netns_take_inode(int fd, __u32 *inode);

/* Calls each() once for every namespace, until it returns something else than 0: that is returned. */
int netns_walk(int (*each)(void *context, int netns_fd, __u32 inode), void *context);

/* A descriptor of the namespace with this inode, the caller's; or a negative errno, -ENOENT where there is none. */
int netns_open(__u32 inode);

#endif
