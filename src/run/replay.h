/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What replays of one recording and of several have in common. */
#ifndef SOCKSTALL_RUN_REPLAY_H
#define SOCKSTALL_RUN_REPLAY_H

#include "run/run.h"

/* The end of a replay. */
struct outcome {
	const char *damage; /* what is wrong with a recording, or NULL */
	bool nobody; /* the command line's filters fit nobody in it */
};

/*
 * Between two looks of a replay on a screen, so that a person can follow it, or stop it, or hurry it on. After the
 * last (no timeout) it stays until they have seen enough. Returns 1 when they want to end, or a negative errno.
 */
int replay_pace(const struct session *session, int signals, bool last);

/*
 * The recordings of several hosts through one emitter (NULL: the one that the options ask for). Returns the exit code.
 */
int replay_hosts(const struct options *options, const struct emitter_kind *emitter, FILE *out, struct outcome *outcome);

#endif
