/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's own counts of the sockets of a network namespace. */
#ifndef SOCKSTALL_SYSTEM_SOCKET_COUNTS_H
#define SOCKSTALL_SYSTEM_SOCKET_COUNTS_H

#include <stdbool.h>

/*
 * Whether a namespace has no socket at all, from its files /proc/net/sockstat and sockstat6 (empty: there is no IPv6).
 * Pure. False where that is not to be told.
 *
 * A half-open connection is in no count, but holds its listener, which counts as a socket until then, also when it was
 * closed. Nobody holds what is in TIME_WAIT, or in the FIN_WAIT2 that the kernel keeps as such: that has a count of its
 * own. The kernel's own sockets are no sockets there ("used"), but TCP's.
 */
bool socket_counts_are_zero(const char *sockstat, const char *sockstat6);

/*
 * Whether the caller's namespace has none. The kernel's sum over the CPUs may be wrong while a socket is made on one
 * CPU and goes on another. So the kernel is asked twice.
 */
bool socket_counts_none_here(void);

#endif
