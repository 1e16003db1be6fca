/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_BASE_OPEN_FILE_H
#define SOCKSTALL_BASE_OPEN_FILE_H

/*
 * Opens a regular file to be read, by a name that somebody else may have given it: what the name leads to is looked at
 * before it is opened, so that no device is opened and no pipe waited for. Links are followed (`ln -s /proc/PID/ns/net
 * /run/netns/NAME` is common). Returns a descriptor or a negative errno (-EINVAL: it is no regular file).
 */
int open_file(const char *path);

#endif
