/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The lock that a thread sleeps in, and who has it. Read from user space: BPF knows nothing of this. */
#ifndef SOCKSTALL_LOCK_RECORD_H
#define SOCKSTALL_LOCK_RECORD_H

#include "record.h"

enum lock_kind {
	LOCK_NO_OWNER =
		1, /* a futex of which no owner is known: a condition variable, a semaphore, another library's lock */
	LOCK_MUTEX,
	LOCK_RWLOCK,
	LOCK_PI, /* a mutex with priority inheritance: the kernel itself keeps the owner */
	LOCK_JOIN, /* no lock: the end of a thread is awaited */
	LOCK_FILE, /* flock(2), or of fcntl(2) */
	LOCK_KINDS,
};

enum lock_flag {
	LOCK_TIMED = 1 << 0, /* the wait ends by itself */
};

/* Text follows: the path of a file, else empty; NUL-terminated, padded to 8 bytes. */
struct lock_record {
	struct record_header header;
	__u64 address; /* of the futex's word, in the memory of who waits; 0: a file */
	__u64 inode; /* of a file; */
	__u32 device; /* and its device: major << 20 | minor */
	__u32 kind; /* enum lock_kind */
	__u32 flags; /* enum lock_flag */
	__u32 readers; /* of a rwlock: how many have it; they are not known by name */
	__u32 pid, tid; /* who waits */
	__u32 holder_pid; /* 0: not known */
	__u32 holder_tid; /* 0: not known; files are held by processes */
	char holder_comm[16]; /* of the thread, or of the process that holds a file */
	__u32 path_length; /* without the NUL */
	__u32 pad;
	char path[];
};

_Static_assert(sizeof(struct lock_record) == 80, "lock_record");

#endif
