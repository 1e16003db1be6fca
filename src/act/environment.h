/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef SOCKSTALL_ACT_ENVIRONMENT_H
#define SOCKSTALL_ACT_ENVIRONMENT_H

#include "base/buffer.h"
#include "rows/column.h"

/*
 * The environment of a command that gets this row: SOCKSTALL_PID=… and one variable for every other field that is known
 * and has a single value. PATH is not in it. Returns a NULL-terminated array; it and its strings live in the arena.
 * NULL: no memory.
 */
char **field_environment(struct arena *arena, const struct row *row);

#endif
