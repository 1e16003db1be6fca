/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Commands that run when a stall is reported: --exec. Each command gets the record as one JSON line on stdin; our
 * stderr as stdout and stderr; no other descriptors; PATH and SOCKSTALL_* as its environment; default signals; its own
 * process group; the caller's rights and working directory. No shell is used unless asked for.
 *
 * At most EXEC_AT_ONCE commands run at a time, and at most `limit` start in a minute. More are left out and counted.
 * Commands that still run when sockstall ends are left running.
 *
 * A separate process starts them: see exec_helper.h. sockstall only writes to a socket that it opened before it gave up
 * its rights, and never waits for it.
 */
#ifndef SOCKSTALL_ACT_EXEC_H
#define SOCKSTALL_ACT_EXEC_H

#include <stdbool.h>

#include "act/exec_helper.h"
#include "base/messages.h"
#include "rows/row.h"

struct exec;

/*
 * Starts the helper with the current rights. Call it while there is one thread. The command must be one that
 * command_line_split() accepts, or a line for the shell. Returns 0 or a negative errno.
 */
int exec_open(struct exec **exec, const char *command, bool shell, unsigned int limit);

/* Starts the command if the limits allow it. An error gives one message. */
void exec_run(struct exec *exec, const struct row *row, struct messages *messages);

/* NULL is allowed. Waits at most two seconds for the last messages of the helper, which ends in any case. */
void exec_close(struct exec *exec);

#endif
