/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that asks the kernel, for chains, which addresses a network namespace has and what conntrack translates
 * there. That takes CAP_NET_ADMIN: nfnetlink_rcv_msg() wants it of who opened the socket and of who asks, so it does
 * not do to open the socket and give the capability up. This process reads nothing that another process wrote, and is
 * handed the namespace as a descriptor: it has no use for files.
 */
#ifndef SOCKSTALL_APART_ADDRESS_HELPER_H
#define SOCKSTALL_APART_ADDRESS_HELPER_H

#include "apart/apart.h"
#include "base/buffer.h"
#include "look_record.h"

/* While there is one thread. Returns 0 or a negative errno. apart_end() ends it. */
int address_helper_start(struct apart *helper);

/*
 * Adds a record of each address, and of each TCP connection that is translated. netns_fd: the namespace, of this inode.
 * Records that do not fit, or do not come within two seconds, add to *lost; then the helper is not asked again. Returns
 * 0 or -ENOMEM.
 */
int address_helper_ask(struct apart *helper, int netns_fd, __u32 netns, struct buffer *buffer, __u64 *lost);

#endif
