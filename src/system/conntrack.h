/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What conntrack translates, in the network namespace that the caller is in. */
#ifndef SOCKSTALL_PROBE_CONNTRACK_H
#define SOCKSTALL_PROBE_CONNTRACK_H

#include "base/buffer.h"
#include "look_record.h"

/*
 * Adds a record of each TCP connection whose addresses or ports are translated. Returns 0 also where conntrack is not
 * there or may not be asked: then such connections are not followed; or -ENOMEM. Where there are more than it reads, which
 * it does not count, 1 is added to *lost.
 */
int probe_conntrack_add(struct buffer *buffer, __u32 netns, __u64 *lost);

#endif
