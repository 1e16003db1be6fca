/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's clocks as one number. */
#ifndef SOCKSTALL_CLOCK_H
#define SOCKSTALL_CLOCK_H

#include <time.h>

#include <linux/types.h>

/* In ns. The clocks that are asked for are there on every kernel, so it does not fail. */
static inline __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec;
}

#endif
