/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that runs the commands of --exec, so that sockstall itself can give up what it does not need: a command
 * has the rights of who started sockstall, which a seccomp filter or no_new_privs would take away for good.
 *
 * What it runs was settled before it was set apart (apart.h); a message (exec_message.h) only brings the record. It does
 * nothing else: it keeps the limits, reaps what it started, and says what fails.
 */
#ifndef SOCKSTALL_EXEC_HELPER_H
#define SOCKSTALL_EXEC_HELPER_H

#define EXEC_AT_ONCE 4

struct exec_plan {
	char *const *words; /* the command, and a NULL behind the last */
	unsigned int limit; /* how many may start in a minute */
};

/* For apart_start(), with a struct exec_plan. */
void exec_helper(int requests, void *context);

#endif
