/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_ACT_ENVIRONMENT_H
#define SOCKSTALL_ACT_ENVIRONMENT_H

#include "base/buffer.h"
#include "rows/column.h"

/*
 * A known value as JSON would have it, without quotes: seconds as a number, times as RFC 3339. Text is made
 * printable: it may be another process's own. Returns 0 or -ENOMEM.
 */
int field_text(struct buffer *out, const struct column *column, const struct row *row);

/*
 * The environment of a command that gets this row: SOCKSTALL_PID=… and one variable for every other field that is known
 * and has a single value. PATH is not in it. Returns a NULL-terminated array; it and its strings live in the arena.
 * NULL: no memory.
 */
char **field_environment(struct arena *arena, const struct row *row);

#endif
