/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Lines for stderr that come up while a run goes on. On a screen they are held back until it is restored. */
#ifndef SOCKSTALL_BASE_MESSAGES_H
#define SOCKSTALL_BASE_MESSAGES_H

#include <stdbool.h>

#include "base/buffer.h"

/* Most bytes that are held back; more are dropped. */
#define MESSAGES_HELD 16384

struct messages {
	bool hold;
	struct buffer held;
};

/*
 * One line, "sockstall: " in front of it; made printable. Without memory for that it is cut at 512 bytes, and what is
 * not ASCII is a question mark.
 */
void messages_say(struct messages *messages, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same where nothing is held back: before there is a screen, and after it. */
void messages_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes what was held back, and frees. */
void messages_end(struct messages *messages);

#endif
