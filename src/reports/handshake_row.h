/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A handshake on its way into the report: what handshakes.c and handshake_row.c share. */
#ifndef SOCKSTALL_REPORTS_HANDSHAKE_ROW_H
#define SOCKSTALL_REPORTS_HANDSHAKE_ROW_H

#include "look/listeners.h"
#include "options/options.h"
#include "look/unix_queues.h"
#include "rows/report.h"
#include "rules/handshake.h"
#include "rules/listener.h"

/* The judgement of the handshake at one place; rule NULL: there is none. */
struct judged {
	const struct handshake_rule *rule;
	const struct listener_evidence *tally;
};

/* One run of the report. */
struct scene {
	struct report *report;
	const struct look *look;
	const struct scope *scope;
	struct listeners listeners, before; /* of this look and of the one before */
	struct unix_queues unix_ones;
	struct listener_evidence *tallies; /* one for each of listeners.by_cookie */
	struct judged *judged; /* by place: see handshake_at() */
};

/* One handshake: what it is judged by, and where its listener's tally is, or NULL. */
struct handshake {
	const struct socket_name *name;
	const struct thread_view *view; /* STAGE_CONNECT, else NULL */
	struct handshake_evidence evidence;
	struct listener_evidence *tally;
};

static inline __u64 now_of(const struct scene *scene)
{
	return scene->look->head->seen_ns;
}

/* Fills in the process that is shown as the holder of the socket with this cookie. False: none is known. */
bool handshake_fill_owner(struct row *row, struct scene *scene, __u64 cookie);

/* The id of a listener's row. */
const char *listener_row_id(struct arena *arena, const struct socket_name *name);

/* The row of a handshake. Returns 0 or -ENOMEM. */
int handshake_row_add(struct scene *scene, struct handshake *handshake, const struct handshake_rule *rule);

#endif
