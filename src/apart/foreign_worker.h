/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that makes the reads which another process can hold up: see foreign.h. It reads and hands on, and looks
 * at none of the bytes. To parse hostile bytes (ELF files, stacks) where nothing can be broken, add a kind of request
 * and a function in the table here.
 */
#ifndef SOCKSTALL_APART_FOREIGN_WORKER_H
#define SOCKSTALL_APART_FOREIGN_WORKER_H

/* Answers what comes in at the socket until that is closed. */
void foreign_worker_serve(int socket);

#endif
