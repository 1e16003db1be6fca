/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The process that unwinds stacks: see unwinder.h. What it reads can be anything, and it has no rights to lose. */
#ifndef SOCKSTALL_CODE_WORKER_H
#define SOCKSTALL_CODE_WORKER_H

#include "code/messages/message.h"

/* Answers what comes in at the socket until that is closed. */
void code_worker_serve(int socket);

/*
 * For who unwinds: asks sockstall for a file of the module, or for the debug file of a build id. Returns a descriptor,
 * which is the caller's, or a negative errno.
 */
int code_worker_need(enum code_kind kind, __u32 module, const void *build_id, size_t size);

/* For code/messages/memory.h: asks sockstall for memory of the process whose stack it is. */
__u64 code_worker_memory(const __u64 *addresses, size_t count, char *bytes);

/*
 * Adds a frame to the answer: address, line and kind of it are taken. False: there is no room for more. Texts are cut
 * at CODE_TEXT.
 */
bool code_worker_add(const struct code_frame *from, const char *name, const char *file);

#endif
