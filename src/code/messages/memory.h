/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Memory of the process whose stack is unwound, for who reads a language's frames. The copy of the stack is there from
 * the start; the rest is asked for in chunks, and kept until the next stack. All of it is as hostile as the process
 * likes: only the amount is limited here. Pure: who brings chunks is told at the start.
 */
#ifndef SOCKSTALL_CODE_MESSAGES_MEMORY_H
#define SOCKSTALL_CODE_MESSAGES_MEMORY_H

#include "code/messages/message.h"

/*
 * Copies those of these chunks (CODE_CHUNKS of them at most) that can be read to `bytes`, one behind the other. Returns
 * a bit for each.
 */
typedef __u64 (*memory_source)(const __u64 *addresses, size_t count, char *bytes);

/*
 * A stack begins: what was read of others is forgotten. The copy is not made here. source NULL: there is no other
 * memory.
 */
void memory_begin(__u64 stack, const char *copy, size_t size, memory_source source);

/*
 * These bytes are going to be read: the next that has to ask asks for them as well. For many reads in few round trips.
 */
void memory_want(__u64 address, size_t size);

/* False: not all of it can be read, or so much of other memory was read that there is no more. */
bool memory_read(__u64 address, void *to, size_t size);

/* Both, of one aligned word. */
bool memory_read_word(__u64 address, __u64 *word);

/* Whether anything beside the stack's copy was read. */
bool memory_was_asked(void);

#endif
