/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The services that a process of a service waits for: those that it asked after it was asked itself. Pure. */
#ifndef SOCKSTALL_REPORTS_SERVICE_AWAITS_H
#define SOCKSTALL_REPORTS_SERVICE_AWAITS_H

#include "look/far_ends.h"
#include "look/look.h"
#include "rules/service.h"

/* The process, and since when it owes an answer. */
struct awaiting {
	const struct look *look, *previous;
	const struct far_ends *ends;
	size_t first, count; /* its threads, which are next to each other in the look */
	__u32 pid;
	__u64 owed_since_ns;
	bool is_held_up; /* by whatever its only thread waits for, however long ago it asked */
	__u64 least_ns; /* what was asked more recently is no reason */
};

/*
 * The address and port from which most of its connections await an answer, held by threads or by event loops. The text
 * is in the arena. With count 0: there is none.
 */
struct service_awaits service_awaits_find(const struct awaiting *awaiting, struct arena *arena);

#endif
