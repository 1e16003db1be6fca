/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The addresses of the network namespace that the caller is in, over netlink. Functions return 0 or a negative errno.
 */
#ifndef SOCKSTALL_SYSTEM_INTERFACE_ADDRESSES_H
#define SOCKSTALL_SYSTEM_INTERFACE_ADDRESSES_H

#include <linux/netlink.h>

#include "base/buffer.h"

/* Adds a record of the address that one message of the kernel tells of. Returns 0 or -ENOMEM. */
int interface_addresses_entry(struct buffer *buffer, __u32 netns, const struct nlmsghdr *header);

/* Adds a record of each address, up to 65536. */
int interface_addresses_add(struct buffer *buffer, __u32 netns);

#endif
