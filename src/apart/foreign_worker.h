/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that reads for sockstall what another process can make wait: see foreign.h. It reads, and hands on: it
 * looks at none of the bytes. What will have to be parsed where nothing can be broken (ELF files, stacks) becomes one
 * more kind of request, and one more function in the table here.
 */
#ifndef SOCKSTALL_APART_FOREIGN_WORKER_H
#define SOCKSTALL_APART_FOREIGN_WORKER_H

/* Answers what comes in at the socket until that is closed. */
void foreign_worker_serve(int socket);

#endif
