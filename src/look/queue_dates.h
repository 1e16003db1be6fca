/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Since when connections over unix sockets lie in an accept queue, and UDP sockets wait for an answer. The kernel keeps
 * no time of that: it is at least as long as looks have seen them there.
 */
#ifndef SOCKSTALL_LOOK_QUEUE_DATES_H
#define SOCKSTALL_LOOK_QUEUE_DATES_H

#include <stddef.h>

#include <linux/types.h>

#include "base/buffer.h"

struct queue_date;

/* Zeroed to begin with. */
struct queue_dates {
	struct queue_date *items; /* sorted */
	size_t count;
};

/*
 * Writes into the records of such connections when a look first saw each (SOCKET_FIRST_SEEN). One that a look does not
 * bring along is kept in mind for a while; now_ns: of the
 * look. Returns 0 or -ENOMEM.
 */
int queue_dates_write(struct queue_dates *dates, struct buffer *buffer, __u64 now_ns);
void queue_dates_free(struct queue_dates *dates);

#endif
