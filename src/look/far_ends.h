/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The other ends of TCP connections that are on this machine: sorted once, then searched. Pure. */
#ifndef SOCKSTALL_LOOK_FAR_ENDS_H
#define SOCKSTALL_LOOK_FAR_ENDS_H

#include <stdbool.h>

#include "look/look.h"

struct far_ends {
	const struct socket_record **items;
	size_t count;
};

/* Of all TCP sockets of the look, which must outlive this. Returns 0 or -ENOMEM. */
int far_ends_collect(struct far_ends *ends, const struct look *look);
void far_ends_free(struct far_ends *ends);

/*
 * The first socket whose addresses and ports are those of the connection's other end; *count is how many follow it,
 * itself included. Several namespaces may have one: far_ends_may_reach() tells which it cannot be.
 */
const struct socket_record *const *far_ends_find(const struct far_ends *ends, const struct socket_name *name,
						 size_t *count);

/* Whether a connection of this name may have its other end in that network namespace, as far as is known. */
bool far_ends_may_reach(const struct look *look, const struct socket_name *name, __u32 netns);

#endif
