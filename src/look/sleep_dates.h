/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Since when threads sleep, on a kernel that does not keep it (CONFIG_SCHED_INFO off): at least since the first look that
 * saw them where they are, if they have not been switched out again since. So ages are lower bounds.
 */
#ifndef SOCKSTALL_SLEEPS_H
#define SOCKSTALL_SLEEPS_H

#include <stddef.h>

#include "base/buffer.h"

struct sleeper;

/* Zeroed to begin with. */
struct sleeps {
	struct sleeper *items; /* of the look before, by thread */
	size_t count;
};

/*
 * Writes into the thread records of the buffer, from offset on, when the sleep was first seen, as last_arrival with a
 * slice of 0: on CLOCK_MONOTONIC, so the offset of the scheduler's clock is 0. Marks them THREAD_AT_LEAST. Returns 0 or -ENOMEM.
 */
int sleeps_date(struct sleeps *sleeps, struct buffer *buffer, size_t offset);

void sleeps_free(struct sleeps *sleeps);

#endif
