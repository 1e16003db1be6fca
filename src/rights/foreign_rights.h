/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rights of the processes that read for sockstall (foreign.h). Each function gives up all others for good; a right that
 * the kernel does not let it give up stays, as in privileges.h.
 */
#ifndef SOCKSTALL_RIGHTS_FOREIGN_RIGHTS_H
#define SOCKSTALL_RIGHTS_FOREIGN_RIGHTS_H

/* The process that makes workers: it may fork, kill its children, hand a socket on, and do what a worker may do. */
void foreign_rights_spawner(void);

/* Of a worker: open for reading, read, process_vm_readv(), and its socket. */
void foreign_rights_worker(void);

/*
 * The same for those that unwind stacks (code/unwinder.h): they read descriptors that are handed to them, and open
 * nothing.
 */
void foreign_rights_unwinder_spawner(void);
void foreign_rights_unwinder(void);

/* System calls that such a worker may make, for `check`. */
int foreign_rights_count(void);
int foreign_rights_unwinder_count(void);

#endif
