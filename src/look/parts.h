/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which records of a scan stand by themselves, and which are part of the one before: where a look is full it is cut
 * between two.
 */
#ifndef SOCKSTALL_LOOK_PARTS_H
#define SOCKSTALL_LOOK_PARTS_H

#include <stdbool.h>

#include <linux/types.h>

/* Zeroed before the first record. */
struct parts {
	bool socket; /* the next may be the socket of what began last */
	bool more; /* and of a thread, loops and a detail come behind it */
};

/* Whether a record of this type, the next of the scan, begins something. */
bool parts_begin(struct parts *parts, __u32 type);

#endif
