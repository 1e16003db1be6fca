/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reactions of a live run when a stall meets a condition: --on-stall with --exec, and --flight with --dump-on. */
#ifndef SOCKSTALL_ACT_REACTIONS_H
#define SOCKSTALL_ACT_REACTIONS_H

#include "options/options.h"
#include "rows/report.h"

struct exec;
struct reactions;

/*
 * *reactions is NULL where the options ask for none: the other functions take that. hold: what is to be said is held
 * back until reactions_close(). start, for what is dumped, and exec, which runs the commands (NULL: none), must outlive
 * them. Returns 0 or -ENOMEM.
 */
int reactions_open(struct reactions **reactions, const struct options *options, const struct row *start,
		   struct exec *exec, bool hold);

/* After each look; after stalls_update(). Takes a struct reactions. */
void reactions_look(void *reactions, const struct report *report, const struct look *look);

/* A person asks for what --flight has kept. */
void reactions_dump(struct reactions *reactions);
void reactions_close(struct reactions *reactions);

#endif
