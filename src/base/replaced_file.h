/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_BASE_REPLACED_FILE_H
#define SOCKSTALL_BASE_REPLACED_FILE_H

/*
 * A new file, open for writing, with mode 0600, in the place of what has this name. That may be another user's, who has
 * it open, or may let others read it: so it is not written to. Only a regular file is replaced: the two names are
 * exchanged first (renameat2(2)), and what has been taken away is looked at then; nobody can put something else there
 * in between. Returns a descriptor or a negative errno: -ELOOP for a link, -EEXIST for what is no regular file.
 */
int replaced_file_create(const char *path);

#endif
