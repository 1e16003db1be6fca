/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * When threads fell asleep, on a kernel that does not record it (CONFIG_SCHED_INFO off): at the latest when a look
 * first saw them there, if they have not been switched out since. So ages are lower bounds.
 */
#ifndef SOCKSTALL_LOOK_SLEEP_DATES_H
#define SOCKSTALL_LOOK_SLEEP_DATES_H

#include <stddef.h>

#include "base/buffer.h"

struct sleeper;

/* Zeroed to begin with. */
struct sleeps {
	struct sleeper *items; /* of the look before, by thread */
	size_t count;
};

/*
 * For each sleeping thread record from offset on, sets last_arrival to the time at which we first saw it asleep
 * (CLOCK_MONOTONIC; slice_ns = 0), and marks it THREAD_AT_LEAST. Returns 0 or -ENOMEM.
 */
int sleeps_date(struct sleeps *sleeps, struct buffer *buffer, size_t offset);

void sleeps_free(struct sleeps *sleeps);

#endif
