/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Commands that are told of a stall: --exec. Each gets the record as a line of JSON on its stdin, an environment of
 * PATH and the record's fields, stderr as its stdout and stderr, no other descriptor, the signals as they are by
 * default, a process group of its own, and sockstall's own rights and folder. There is no shell unless asked for.
 *
 * At most EXEC_AT_ONCE run at a time, and `limit` start in a minute: what is too much is left out and counted. They are
 * reaped at every look. Those that still run when sockstall ends are left to run.
 *
 * Rights: none of its own. A command has what sockstall has at that moment: a seccomp filter would go over to it, and
 * no_new_privs too, so with PRIVILEGE_EXEC nothing is given up. System calls: memfd_create, clone, execve, wait4, pipe2, setpgid, rt_sig*, dup2, close_range.
 */
#ifndef SOCKSTALL_EXEC_H
#define SOCKSTALL_EXEC_H

#include <stdbool.h>

#include "messages.h"
#include "row.h"

#define EXEC_AT_ONCE 4
#define EXEC_LIMIT   6 /* a minute, where --exec-limit says nothing else; */
#define EXEC_LIMIT_MOST 600

struct exec;

/* The command must be one that command_line_split() takes, or a line for the shell. Returns 0 or -ENOMEM. */
int exec_open(struct exec **exec, const char *command, bool shell, unsigned int limit, struct messages *messages);

/* Starts it, if it may. What goes wrong is one line. */
void exec_run(struct exec *exec, const struct row *row);

/* Takes the status of those that have ended; one line for each that failed. */
void exec_reap(struct exec *exec);

/* NULL is allowed. Says how many were left out. */
void exec_close(struct exec *exec);

#endif
