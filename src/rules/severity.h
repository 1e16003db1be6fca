/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * How bad a finding is, from 0 to 100: the one order of the screen, of text, JSON (`severity`), pages and alerts. It
 * measures the harm, not how certain the verdict is. A level is a kind of harm. Within a level it weighs how many wait
 * and for how long, at most SEVERITY_WEIGHT_MOST, so that a finding never leaves its level.
 */
#ifndef SOCKSTALL_RULES_SEVERITY_H
#define SOCKSTALL_RULES_SEVERITY_H

#include <stdbool.h>
#include <stdint.h>

enum severity {
	SEVERITY_NONE = 0, /* normal: ok, idle, waiting, young */
	SEVERITY_SUSPECT = 10, /* it may become a problem: maybe_dead, saturated, near_limit */
	SEVERITY_DEAD = 20, /* one wait for a peer that is gone: certain, but only that wait suffers: peer_dead */
	SEVERITY_UNFINISHED = 30, /* one client's fault, most likely, and it holds a worker: no_request, peer_silent */
	SEVERITY_WAITING =
		40, /* an answer is due and may still come: awaiting_reply, no_answer, window_zero; a chain */
	SEVERITY_STARVED = 50, /* some are served too late or not at all: not_accepting, dropping, spinning */
	SEVERITY_STALLED = 60, /* all connections of a loop stand still: stalled, blocked_in_read */
	SEVERITY_FULL = 70, /* nobody gets in: accept_queue_full, syn_flood */
	SEVERITY_UNANSWERED = 80, /* a service answers nobody, although it did before */
	SEVERITY_DEADLOCK = 90, /* and it never ends by itself */
};

#define SEVERITY_WEIGHT_MOST 9

/* Everything that is not normal counts as stuck, once it is old enough. */
static inline bool severity_is_stuck(int64_t severity)
{
	return severity > SEVERITY_NONE;
}

/*
 * The level of a chain: one that many wait in is as bad as a loop that stands still, and never worse than a full queue.
 */
enum severity severity_of_chain(bool deadlock, uint64_t waiters);

/*
 * A finding's severity: its level and what weighs in it. `waiters`: 0 where it is not known how many; age_s may be NAN.
 */
int64_t severity_weighed(enum severity level, uint64_t waiters, double age_s);

/*
 * For a row that stands for so many: `severity` is the worst of theirs, which how many they are may raise within its
 * level.
 */
int64_t severity_raised(int64_t severity, uint64_t count, double oldest_s);

#endif
