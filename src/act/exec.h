/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Commands that are told of a stall: --exec. Each gets the record as a line of JSON on its stdin, an environment of
 * PATH and the record's fields, stderr as its stdout and stderr, no other descriptor, the signals as they are by
 * default, a process group of its own, and the rights and the folder of who started sockstall. There is no shell unless
 * asked for.
 *
 * At most EXEC_AT_ONCE run at a time, and `limit` start in a minute: what is too much is left out and counted. Those that
 * still run when sockstall ends are left to run.
 *
 * A process of its own starts them: see exec_helper.h. sockstall only writes to a socket that it has from before it gave
 * its rights up, and never waits for it.
 */
#ifndef SOCKSTALL_EXEC_H
#define SOCKSTALL_EXEC_H

#include <stdbool.h>

#include "act/exec_helper.h"
#include "base/messages.h"
#include "rows/row.h"

struct exec;

/*
 * Sets the helper apart, with the rights that there are at this moment; while there is one thread. The command must be one
 * that command_line_split() takes, or a line for the shell. Returns 0 or a negative errno.
 */
int exec_open(struct exec **exec, const char *command, bool shell, unsigned int limit);

/* Starts it, if it may. What goes wrong is one line. */
void exec_run(struct exec *exec, const struct row *row, struct messages *messages);

/* NULL is allowed. Waits until the helper has said what there is to say, two seconds at most: it ends in any case. */
void exec_close(struct exec *exec);

#endif
