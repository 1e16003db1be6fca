/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What looks remember of a TCP connection. The kernel keeps the time of the last data each way, and no more: who spoke last
 * is lost where both spoke within a tick and a keepalive probe was answered since; how long the peer was silent before it
 * spoke again is lost with its next word. Written into the records, so that a recording has it, too.
 */
#ifndef SOCKSTALL_LOOK_SPOKEN_H
#define SOCKSTALL_LOOK_SPOKEN_H

#include <stddef.h>

#include <linux/types.h>

#include "base/buffer.h"

struct spoken;

/* Zeroed to begin with. */
struct spoken_looks {
	struct spoken *items; /* of the look before, by inode */
	size_t count;
};

/*
 * Sets spoke_last, peer_silence_ns and peer_repeats in the records of connected TCP sockets that have an inode, by what
 * earlier calls saw. Returns 0 or -ENOMEM.
 */
int spoken_write(struct spoken_looks *looks, struct buffer *buffer, __u64 tick_ns);

void spoken_free(struct spoken_looks *looks);

#endif
