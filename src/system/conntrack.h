/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Address translations of conntrack in the network namespace of the caller. */
#ifndef SOCKSTALL_SYSTEM_CONNTRACK_H
#define SOCKSTALL_SYSTEM_CONNTRACK_H

#include <linux/netlink.h>

#include "base/buffer.h"
#include "look_record.h"

/* Adds a record of what one message of the kernel says, if that is a translated TCP connection. Returns 0 or -ENOMEM.
 */
int probe_conntrack_entry(struct buffer *buffer, __u32 netns, const struct nlmsghdr *header);

/*
 * Adds a record of each TCP connection whose addresses or ports are translated. Returns 0 also where conntrack is not
 * there or may not be asked: then such connections are not followed; or -ENOMEM. Where there are more than it reads,
 * which it does not count, 1 is added to *lost.
 */
int probe_conntrack_add(struct buffer *buffer, __u32 netns, __u64 *lost);

#endif
