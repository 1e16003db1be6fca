/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that runs the commands of --exec. A command has the caller's rights, which a seccomp filter or
 * no_new_privs would take away for good. With this helper sockstall itself can still give up its rights.
 *
 * The command was settled before the helper was set apart (apart.h); a message (exec_message.h) only brings the record.
 * The helper keeps the limits, reaps the commands it started, reports failures, and does nothing else.
 */
#ifndef SOCKSTALL_ACT_EXEC_HELPER_H
#define SOCKSTALL_ACT_EXEC_HELPER_H

#define EXEC_AT_ONCE 4

struct exec_plan {
	char *const *words; /* the command, and a NULL behind the last */
	unsigned int limit; /* how many may start in a minute */
};

/* For apart_start(), with a struct exec_plan. */
void exec_helper(int requests, void *context);

#endif
