/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Waiting for a process that is set apart, which may hang, without hanging oneself. */
#ifndef SOCKSTALL_APART_WAITING_H
#define SOCKSTALL_APART_WAITING_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

struct apart_wait {
	bool (*asked_to_end)(void);
	__u64 once_ns, all_ns; /* for how long the process may sleep, in one wait and in all together */
	__u64 most_busy_ns; /* for how long it may be runnable, together */
	__u64 slept_ns, busy_ns; /* so far; the caller begins anew */
	bool slept; /* in the last wait, for as long as it may */
};

/* 1: there is something to read. 0: not in time. -ECANCELED: asked to end. */
int apart_wait_for(struct apart_wait *wait, int fd, pid_t process);

bool apart_wait_has_time(const struct apart_wait *wait);

#endif
