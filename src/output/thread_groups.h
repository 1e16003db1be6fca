/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads that stand in the same stack, as pstack would show them if it grouped them. Pure. */
#ifndef SOCKSTALL_OUTPUT_THREAD_GROUPS_H
#define SOCKSTALL_OUTPUT_THREAD_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/lines.h"
#include "rows/row.h"

/* Whether a stack of these threads is known: else there are no groups. */
bool thread_groups_are_known(const struct row *const *rows, size_t count);

/*
 * Adds the groups of rows of threads that were folded, in the order that they have: where they are, for how long, and
 * which they are. stacks: with all frames. Returns 0 or -ENOMEM.
 */
int thread_groups_add(struct lines *lines, const struct row *const *rows, size_t count, size_t width, bool stacks);

#endif
