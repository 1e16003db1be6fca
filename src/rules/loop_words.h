/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The texts `why` and `advice` of the rules about event loops. For loop.c alone. */
#ifndef SOCKSTALL_RULES_LOOP_WORDS_H
#define SOCKSTALL_RULES_LOOP_WORDS_H

#include "rules/loop.h"

#define SELECT_LIMIT 1024 /* FD_SETSIZE */

/* ---- Evidence that the words name ---- */

/* It watches a single connection and is away from its wait: it works on what came there. */
bool loop_serves_one(const struct loop_evidence *evidence);

/* Others watch all that it does, and it is away from its wait: it works on what it took from there. */
bool loop_shares_all(const struct loop_evidence *evidence);

/* The highest descriptor that it passes to select. */
__s64 loop_highest_selected(const struct loop_evidence *evidence);

/* ---- Why ---- */

const char *loop_why_stalled(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_unseen(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_spinning(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_spins_on(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_throttled(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_saturated(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_lost(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_dead(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_near_watches(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_near_files(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_near_limit(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_select(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_why_ok(struct arena *arena, const struct loop_evidence *evidence);

/* ---- Advice ---- */

const char *loop_advise_stalled(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_read(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_spinning(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_spins_on(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_throttled(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_saturated(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_lost(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_dead(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_near_limit(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_near_watches(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_near_files(struct arena *arena, const struct loop_evidence *evidence);
const char *loop_advise_select(struct arena *arena, const struct loop_evidence *evidence);

#endif
