/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Since when accept queues are full. The kernel does not keep it, so it is counted from look to look: a
 * queue that is full at one look and at the next may have had room in between, but not for long.
 */
#ifndef SOCKSTALL_LOOK_FULL_DATES_H
#define SOCKSTALL_LOOK_FULL_DATES_H

#include <stddef.h>

#include <linux/types.h>

#include "base/buffer.h"

/* A listener whose accept queue is full, and since which look. */
struct full_listener {
	__u64 cookie, since_ns;
};

struct full_listeners {
	struct full_listener *items;
	size_t count;
};

/* Writes into the records of full listeners since when they have been full at every look. */
int full_dates_write(struct full_listeners *full, struct buffer *buffer);
void full_dates_free(struct full_listeners *full);

#endif
