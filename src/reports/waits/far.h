/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Chains from host to host. A connection between two hosts has the same place in both streams of bytes at both ends,
 * whatever address translation lies between. The waits of all hosts that lead to an end on one of them are put among
 * the waits of that one: behind its own, with pids that no process has. So the rest of the code follows a chain as if
 * it were on one host. Pure.
 */
#ifndef SOCKSTALL_REPORTS_WAITS_FAR_H
#define SOCKSTALL_REPORTS_WAITS_FAR_H

#include "reports/waits/asked.h"
#include "reports/waits/waits.h"

/* More hosts than that are taken each by itself. */
#define FAR_HOSTS_MOST 512

struct far_host {
	struct waits *waits; /* NULL: there is no look with chains */
	const struct chain_asked *asked;
	/* Filled by far_join(): */
	struct far_step *steps; /* for each of its own waits */
	size_t count; /* its own waits */
};

/* Joins the waits of these hosts. Each has had chain_cut_false_steps() applied. Returns 0 or -ENOMEM. */
int far_join(struct far_host *hosts, size_t count);

/* Looks of two hosts that are further apart say nothing of each other. */
bool far_is_of_the_time(const struct look *look, __u64 realtime_ns);

/*
 * The other end among those of another host, if its places in the streams are known: addresses of two hosts may be
 * those of a third and a fourth, too. NULL: there is none.
 */
const struct end *far_find_end(const struct ends *ends, const struct socket_record *socket);

#endif
