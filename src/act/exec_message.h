/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A message from sockstall to its helper (exec_helper.h): run the command with this record. The helper has rights that
 * sockstall has given up. So a message names neither the command nor PATH, and the helper refuses every message that is
 * not well-formed. Pure.
 */
#ifndef SOCKSTALL_ACT_EXEC_MESSAGE_H
#define SOCKSTALL_ACT_EXEC_MESSAGE_H

#include <stdbool.h>

#include "base/buffer.h"

/* Bytes of a message, and variables in it, at most: many times what the longest record needs. */
#define EXEC_MESSAGE_MOST   131072
#define EXEC_VARIABLES_MOST 512

struct exec_message {
	const char *record; /* a line of JSON, with its newline; no NUL follows */
	size_t record_size;
	char **variables; /* SOCKSTALL_…=…, and a NULL behind the last */
	bool hold; /* what there is to say is to wait for the end: messages.h */
};

/* Appends it to out. Returns 0, -ENOMEM, or -EMSGSIZE: there is more of it than a message may have. */
int exec_message_pack(struct buffer *out, const struct exec_message *message);

/*
 * Its record and its variables stay in bytes, the list of them is in the arena. Returns 0, -ENOMEM, or -EBADMSG for
 * what exec_message_pack() does not make.
 */
int exec_message_unpack(struct exec_message *message, struct arena *arena, char *bytes, size_t size);

#endif
