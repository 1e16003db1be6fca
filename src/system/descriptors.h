/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who has a socket open, as /proc/PID/fd tells. All return a number of a descriptor, or -1: none that can be seen. */
#ifndef SOCKSTALL_HELD_SOCKET_H
#define SOCKSTALL_HELD_SOCKET_H

#include <linux/types.h>

/* Of this process. */
int held_by(__u32 pid, __u64 inode);

/* The side of a pseudoterminal (pty(7)) that stands for the person: sshd and tmux have one open. */
int held_terminal(__u32 pid);

/* Of the first process that has it open; that is set too. */
int held_find(__u64 inode, __u32 *pid);

#endif
