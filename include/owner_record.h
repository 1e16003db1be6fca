/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who holds a socket or an epoll instance open: found by walking the descriptors of all processes. */
#ifndef SOCKSTALL_OWNER_RECORD_H
#define SOCKSTALL_OWNER_RECORD_H

#include "record.h"

struct owner_record {
	struct record_header header;
	__u64 cookie; /* of the socket; 0: not known. Of a pipe: socket_record's peer_inode */
	__u64 inode; /* of the socket or pipe */
	__u64 process_start_ns; /* CLOCK_BOOTTIME: with pid, the process's identity */
	__u32 pid;
	__s32 fd;
	char comm[16];
};

_Static_assert(sizeof(struct owner_record) == 56, "owner_record");

struct epoll_record {
	struct record_header header;
	__u64 seen_ns;
	__u64 process_start_ns;
	__u32 pid;
	__s32 fd;
	__u32 ready; /* rdllist is not empty; a level-triggered item stays there until the next wait looks at it */
	__u32 waiters; /* some thread waits: wq is not empty */
	__u32 unread; /* something on rdllist is there to be read: a wait would return at once */
	__u32 pad;
};

_Static_assert(sizeof(struct epoll_record) == 48, "epoll_record");

#endif
