/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The lines of /proc/PID/fdinfo/FD of an epoll instance. Pure. */
#ifndef SOCKSTALL_SYSTEM_FDINFO_H
#define SOCKSTALL_SYSTEM_FDINFO_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct fdinfo_watch {
	__u64 inode; /* of the file that is watched */
	__s32 fd; /* that it was added as, in the process that added it */
	__u32 events;
};

/* Reads one line, without its newline. Returns false for any other line than a watch. */
bool fdinfo_watch_parse(struct fdinfo_watch *watch, const char *line, size_t length);

#endif
