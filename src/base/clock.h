/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's clocks as one number. */
#ifndef SOCKSTALL_BASE_CLOCK_H
#define SOCKSTALL_BASE_CLOCK_H

#include <time.h>

#include <linux/types.h>

#include "time_units.h"

/* In ns. The clocks that are asked for are there on every kernel, so it does not fail. */
static inline __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (__u64)now.tv_sec * NS_PER_S + (__u64)now.tv_nsec;
}

#endif
