/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that makes the workers of foreign.h and of code/unwinder.h, so that sockstall has neither to fork while
 * it holds BPF's descriptors nor to wait for one that hangs. It never touches another process's data. It ends with
 * sockstall, and the workers with it.
 */
#ifndef SOCKSTALL_APART_FOREIGN_SPAWNER_H
#define SOCKSTALL_APART_FOREIGN_SPAWNER_H

#include <stdbool.h>

#include <sys/types.h>

/* Workers that did not come back: with so many of them there is no new one. */
#define FOREIGN_LEFT_BEHIND 4

/* What is made: names for ps(1), of 15 bytes at most; what gives up rights; and what a worker does at its socket. */
struct spawner_kind {
	const char *spawner_name, *worker_name;
	void (*spawner_rights)(void), (*worker_rights)(void);
	void (*serve)(int socket);
};

/*
 * Runs in a child of `parent`; does not return. For each byte at `control` (a SOCK_SEQPACKET socket) it gives up the
 * current worker and makes a new one. The answer is the new worker's id as a pid_t, with its socket beside it, or a
 * negative errno.
 */
_Noreturn void foreign_spawner(int control, pid_t parent, const struct spawner_kind *kind);

/* Forks one. Returns 0 with its pid and this end of `control`, or a negative errno. */
int foreign_spawner_start(const struct spawner_kind *kind, pid_t *spawner, int *control);

/* A spawner, as who asks its workers has it. */
struct spawned {
	pid_t spawner, worker; /* 0: none */
	int control, socket; /* -1: none */
	bool ordered; /* a worker is; the answer has not come */
};

/* Asks for a worker, unless one is on its way already. */
void spawned_order(struct spawned *spawned);

/* Takes the worker that was ordered. Returns false: there is none. */
bool spawned_receive(struct spawned *spawned);

#endif
