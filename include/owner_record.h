/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The processes that hold a socket or an epoll instance open: found by walking the descriptors of all processes. */
#ifndef SOCKSTALL_OWNER_RECORD_H
#define SOCKSTALL_OWNER_RECORD_H

#include "record.h"

enum owner_flag {
	/*
	 * Of a listener: its process runs the program of its parent. So fork() made it, most likely to do the same
	 * work.
	 */
	OWNER_FORKED = 1 << 0,
	/*
	 * By user space: a child has the listener, too, and is OWNER_FORKED. Most likely that accepts, and this one
	 * does not.
	 */
	OWNER_HAS_FORKED = 1 << 1,
	/* Of a pipe's reader: it is on a CPU, or waits for a child to end. */
	OWNER_AT_WORK = 1 << 2,
	/* Of a pipe's reader: its process has a terminal, so most likely a person reads. */
	OWNER_HAS_TERMINAL = 1 << 3,
};

struct owner_record {
	struct record_header header;
	__u64 cookie; /* of the socket; 0: not known. Of a pipe: socket_record's peer_inode */
	__u64 inode; /* of the socket or pipe */
	__u64 process_start_ns; /* CLOCK_BOOTTIME: with pid, the process's identity */
	__u32 pid;
	__s32 fd;
	char comm[16];
	__u32 parent_pid; /* 0: not known */
	__u32 flags; /* enum owner_flag */
};

_Static_assert(sizeof(struct owner_record) == 64, "owner_record");

/* Events that a wait on an epoll instance would return at once. */
enum epoll_input {
	EPOLL_INPUT = 1 << 0, /* something is there to be read */
	EPOLL_FROM_OUTSIDE = 1 << 1, /* among it a socket's data, or a connection to accept */
	EPOLL_FROM_CLIENT = 1 << 2, /* of that, something at the end that was connected to: a client waits for it */
};

struct epoll_record {
	struct record_header header;
	__u64 seen_ns;
	__u64 process_start_ns;
	__u32 pid;
	__s32 fd; /* -1: no instance, but a thread in poll or select that waits for a child alone */
	__u32 ready; /* rdllist is not empty; a level-triggered item stays there until the next wait looks at it */
	__u32 waiters; /* some thread waits: wq is not empty */
	__u32 unread; /* something on rdllist is there to be read: a wait would return at once */
	__u32 input; /* enum epoll_input; not what others wait for, too, as for a listener that they share */
	__u64 number; /* of an instance with something to read and no waiter: the same in all its holders; 0: not known */
	__u64 unserved_since_ns; /* since when scans have found it so, with all waits counted; 0: not known */
	__u32 first_ready; /* the descriptor that is first on the ready list, plus 1; 0: the list is empty */
	/*
	 * Where one thread waits, and all that the instance watches is a child's output and input, and the program's
	 * own:
	 */
	__u32 waiter_tid; /* that thread; 0: not so */
	__u32 child_pid;
	__u32 pad;
};

_Static_assert(sizeof(struct epoll_record) == 80, "epoll_record");

#endif
