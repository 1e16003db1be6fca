/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Finds who has a socket open, by /proc/PID/fd. All return a descriptor number, or -1 if none can be seen. */
#ifndef SOCKSTALL_SYSTEM_DESCRIPTORS_H
#define SOCKSTALL_SYSTEM_DESCRIPTORS_H

#include <linux/types.h>

/* In this process. */
int held_by(__u32 pid, __u64 inode);

/* The side of a pseudoterminal (pty(7)) that stands for the person: sshd and tmux have one open. */
int held_terminal(__u32 pid);

/* In the first process that has it open; *pid is set too. */
int held_find(__u64 inode, __u32 *pid);

#endif
