/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_OPEN_FILE_H
#define SOCKSTALL_OPEN_FILE_H

/*
 * Opens a regular file to be read, by a name that somebody else may have given it. A link is not followed, a pipe is not
 * waited for, and nothing is done to a device but to open and close it. Returns a descriptor or a negative errno (-EINVAL:
 * it is no regular file).
 */
int open_file(const char *path);

#endif
