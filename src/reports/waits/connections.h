/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The ends of the connections of a look, indexed by their addresses and by what they have sent. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_CONNECTIONS_H
#define SOCKSTALL_REPORTS_WAITS_CONNECTIONS_H

#include <stddef.h>

#include "look/look.h"

/* An end that was seen, and by whom it is held; pid 0: it lies in an accept queue. */
struct end {
	const struct socket_record *socket;
	__u32 pid;
	__s32 fd;
	const char *comm; /* the kernel's 16 bytes */
};

struct ends {
	const struct look *look;
	struct end *items; /* sorted by their addresses */
	const struct end **by_streams; /* of those that have counters: by what was sent, then received */
	struct ends_translation *translations; /* each in both directions, sorted by the addresses that a socket sees */
	size_t count, streams_count, translation_count;
};

/* Returns 0 or -ENOMEM. The index points into the look. */
int ends_collect(struct ends *ends, const struct look *look);
void ends_free(struct ends *ends);

/* The other end of a connection; NULL: it is not seen, or it may be one of several. */
const struct end *ends_other(const struct ends *ends, const struct socket_record *socket);

/*
 * The translation by which a client with these addresses is led elsewhere; to be called with *at == 0 first, and again
 * for one more. NULL: no more.
 */
const struct translation_record *ends_translation_of_client(const struct ends *ends, const struct socket_name *name,
							    size_t *at);

#endif
