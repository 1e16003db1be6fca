/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Verdicts. Each kind of report has its rules in one table, verdict_<report>.c: evidence, verdict, how
 * bad, why, advice. The first rule whose evidence is there gives the verdict, so the order within a
 * table is from the strongest evidence to the weakest. Rules see evidence only, and change nothing.
 */
#ifndef SOCKSTALL_VERDICT_H
#define SOCKSTALL_VERDICT_H

#include <stdbool.h>

/* How bad a verdict is, across all reports: the overview puts the worst first. */
enum severity {
	SEVERITY_NONE = 0,     /* normal: ok, idle, waiting, young */
	SEVERITY_SUSPECT = 10, /* maybe: maybe_dead, saturated */
	SEVERITY_UNFINISHED =
		20,	       /* one peer's fault, most likely: peer_silent, deferred, no_request, request_stopped */
	SEVERITY_WAITING = 30, /* for an answer that may still come: awaiting_reply, reply_stopped, no_answer */
	SEVERITY_STARVED = 40, /* served too late or not at all: not_accepted, not_accepting, dropping, spinning */
	SEVERITY_FULL = 50,    /* nobody gets in: accept_queue_full, syn_flood */
	SEVERITY_STALLED = 60, /* a whole loop stands still: stalled, blocked_in_read */
	SEVERITY_DEAD = 70,    /* and can only be ended: peer_dead */
};

/* Everything that is not normal counts as stuck, once it is old enough. */
static inline bool severity_is_stuck(enum severity severity)
{
	return severity > SEVERITY_NONE;
}

#endif
