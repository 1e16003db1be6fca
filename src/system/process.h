/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_SYSTEM_PROCESS_H
#define SOCKSTALL_SYSTEM_PROCESS_H

#include <stdbool.h>

#include <linux/types.h>

/*
 * When a process began, in clock ticks since boot, and its command name, as /proc/PID/stat has them: with its pid
 * that is who it is. Returns 0 or a negative errno.
 */
int process_start(__u32 pid, __u64 *ticks, char comm[16]);

/* 0: it has none that can be seen, or is gone. */
__u32 process_parent(__u32 pid);

/*
 * Whether it is about to be gone, or is gone: PF_EXITING of include/linux/sched.h, which /proc/PID/stat shows among the
 * flags. Its threads may live on.
 */
bool process_is_ending(__u32 pid);

/* process_start() from the text of /proc/PID/stat. -EBADMSG: that is no such text. */
int process_start_parse(const char *text, __u64 *ticks, char comm[16]);

/* process_is_ending() from that text; false where it is no such text. */
bool process_is_ending_parse(const char *text);

#endif
