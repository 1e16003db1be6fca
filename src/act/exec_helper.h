/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that runs the commands of --exec, so that sockstall itself can give up what it does not need: a command
 * has the rights of who started sockstall, which a seccomp filter or no_new_privs would take away for good.
 *
 * What it runs was settled before it was set apart; a message (exec_message.h) only brings the record. It does nothing
 * else: it keeps the limits, reaps what it started, and says what fails. It ends with sockstall: when the other end of
 * the socket is closed, or with SIGKILL when sockstall dies.
 */
#ifndef SOCKSTALL_EXEC_HELPER_H
#define SOCKSTALL_EXEC_HELPER_H

#include <sys/types.h>

#define EXEC_AT_ONCE 4

/*
 * In a child of `parent`; does not return. words: the command, and a NULL behind the last; limit: how many may start in a
 * minute; requests: a SOCK_SEQPACKET socket, all other descriptors but stderr are closed.
 */
_Noreturn void exec_helper(char *const *words, unsigned int limit, int requests, pid_t parent);

#endif
