/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Setting a process apart: sockstall gives up a right, and a child keeps that one right and uses it on request. The
 * child takes only short messages. An attacker who takes sockstall over gets only what such a message can ask for.
 *
 * The child has no stdin and no stdout, keeps stderr and its end of a SOCK_SEQPACKET socket, and closes all other
 * descriptors. Signals that ask sockstall to end, to stop or to dump do nothing to it: they may go to the whole process
 * group, and sockstall may be waiting for its answer. It ends when the other end of the socket is closed,
 * or with SIGKILL when sockstall dies.
 */
#ifndef SOCKSTALL_APART_APART_H
#define SOCKSTALL_APART_APART_H

#include <stddef.h>
#include <sys/types.h>

struct apart {
	pid_t pid; /* 0: none */
	int fd; /* this end; -1: none */
};

#define APART_NONE ((struct apart){.fd = -1})

/*
 * While there is one thread, and before anything is opened that the child must not have. The child calls serve(), which
 * gives up its rights first, and ends when that returns. name: for ps(1), 15 bytes at most. Returns 0 or a negative
 * errno.
 */
int apart_start(struct apart *apart, const char *name, void (*serve)(int fd, void *context), void *context);

/* One message, and with it a descriptor (-1: none). Neither waits for room. Returns 0 or a negative errno. */
int apart_send(int socket, const void *bytes, size_t size, int fd);

/*
 * Waits for one message of at most this size. *fd: a descriptor that came along, which is the caller's, or -1. Returns
 * how long the message is, 0 where the other side has gone, or a negative errno (-EMSGSIZE: it is longer; -EINTR).
 */
ssize_t apart_receive(int socket, void *bytes, size_t size, int *fd);

/* If it is one; -1 afterwards. */
void apart_close(int *fd);

/* For a child that is set apart in another way: it ignores what apart_start() lets one ignore. */
void apart_ignore_signals(void);

/* Waits until the child has ended, two seconds at most. Does nothing where there is none. */
void apart_end(struct apart *apart);

#endif
