/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Locks of files, as /proc/locks and /proc/PID/fdinfo/FD have them (fs/locks.c: lock_get_status()). Pure. */
#ifndef SOCKSTALL_SYSTEM_FILE_LOCKS_H
#define SOCKSTALL_SYSTEM_FILE_LOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct file_lock {
	char kind[8]; /* "FLOCK", "POSIX" (of fcntl), "OFDLCK", … */
	__s64 pid; /* the process that took it, or that waits; -1: the kernel does not tell */
	__u32 major, minor;
	__u64 inode;
	bool waits; /* for the lock before it that does not */
	__u64 number; /* they have this in common */
};

/* Reads one line, without its newline and without "lock:\t". Returns false for what is no such line. */
bool file_lock_parse(struct file_lock *lock, const char *line, size_t length);

/*
 * Finds in the text of /proc/locks the lock that keeps this process waiting for one of this kind. Returns false if it
 * waits for none, or for several.
 */
bool file_locks_find(struct file_lock *holder, const char *text, size_t size, __u32 pid, const char *kind);

/* Whether the text of a descriptor's fdinfo has a lock of this kind, on the same file. */
bool file_locks_has(const char *fdinfo, size_t size, const struct file_lock *lock);

#endif
