/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Keeps what is known of a stall. One look may miss what the previous one found: between two waits a loop is in no
 * socket, and the owner of a connection is unknown once its process has closed it. Pure.
 */
#ifndef SOCKSTALL_HISTORY_STALL_KNOWN_H
#define SOCKSTALL_HISTORY_STALL_KNOWN_H

#include "base/buffer.h"
#include "rows/row.h"

/*
 * Fills in fields that this look does not know from the row of the previous look: the process, the socket and its
 * descriptor, the process of the peer, and what a loop was blocked in. Known fields stay as they are. Nothing is taken
 * over from another process or another socket. Counts, queues and times change from look to look and stay unknown.
 * Texts are copied to the arena.
 */
void stall_keep_known(struct row *row, const struct row *last, struct arena *arena);

#endif
