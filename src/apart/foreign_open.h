/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Files that the process which reads for sockstall opens, and hands on unread: foreign_worker.c. All return a
 * descriptor of a regular file, or a negative errno.
 */
#ifndef SOCKSTALL_APART_FOREIGN_OPEN_H
#define SOCKSTALL_APART_FOREIGN_OPEN_H

#include "apart/foreign_message.h"

/* Any file, without waiting for one that is none. Returns -1 with errno. */
int foreign_open_file(const char *path);

/* FOREIGN_OPEN, FOREIGN_DEBUG and FOREIGN_NAMES (foreign_message.h). */
int foreign_open_mapped(const struct foreign_request *request);
int foreign_open_debug(const struct foreign_request *request);
int foreign_open_names(const struct foreign_request *request);

#endif
