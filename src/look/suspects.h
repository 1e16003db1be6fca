/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The processes whose threads may tell why a service lets others wait. Pure. */
#ifndef SOCKSTALL_LOOK_SUSPECTS_H
#define SOCKSTALL_LOOK_SUSPECTS_H

#include "base/buffer.h"

/*
 * Calls back for each owner of what somebody waits for: the connection of a service that has waited longest, or its
 * listener; and the listener of a connection that nobody has accepted for a while. A process may come several times.
 * Takes time in proportion to the records, but for sorting. Returns 0 or -ENOMEM.
 */
struct owner_record;
int suspects_find(const struct buffer *records, void (*found)(void *context, const struct owner_record *owner),
		  void *context);

#endif
