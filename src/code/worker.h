/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The process that unwinds stacks: see unwinder.h. What it reads can be anything, and it has no rights to lose. */
#ifndef SOCKSTALL_CODE_WORKER_H
#define SOCKSTALL_CODE_WORKER_H

#include "code/message.h"

/* Answers what comes in at the socket until that is closed. */
void code_worker_serve(int socket);

/*
 * For who unwinds: asks sockstall for a file of the module, or for the debug file of a build id. Returns a descriptor, which is the
 * caller's, or a negative errno.
 */
int code_worker_need(enum code_kind kind, __u32 module, const void *build_id, size_t size);

/* Adds a frame to the answer. False: there is no room for more. Texts are cut at CODE_TEXT. */
bool code_worker_add(__u64 address, const char *name, const char *file, __u32 line);

#endif
