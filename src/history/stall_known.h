/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is known of a stall stays known. One look may miss what the one before found out: between the end of a blocking
 * read and the next wait a loop is in no socket, and who holds a connection is unknown once its process has closed it.
 * Pure.
 */
#ifndef SOCKSTALL_STALL_KNOWN_H
#define SOCKSTALL_STALL_KNOWN_H

#include "base/buffer.h"
#include "rows/row.h"

/*
 * Fills in what this look does not know of the stall, from its row of the look before: the process, the socket and its
 * descriptor, the peer's process, and what a loop was blocked in. What the row itself knows is left alone, and nothing
 * is taken over that belongs to another process or another socket than it names. Counts, queues and times are of the
 * moment and stay unknown. Texts are copied to the arena.
 */
void stall_keep_known(struct row *row, const struct row *last, struct arena *arena);

#endif
