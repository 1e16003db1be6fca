/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A TCP connection, as looks remember it. The kernel keeps only the time of the last data each way. So it forgets who
 * spoke last if both spoke within a tick and a keepalive probe was answered since. And it forgets how long the peer was
 * silent as soon as the peer speaks again. Looks write both into the records, so recordings have them, too.
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
