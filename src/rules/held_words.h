/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* `why` and `advice` of the rules about connections without a sleeping thread. */
#ifndef SOCKSTALL_RULES_HELD_WORDS_H
#define SOCKSTALL_RULES_HELD_WORDS_H

#include "rules/held.h"

const char *held_why_connect(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_data(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_keepalive(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_probes(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_window(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_loss(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_unread(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_turns(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_polled(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_balance(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_siblings(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_sibling(struct arena *arena, const struct held_evidence *evidence);
const char *held_why_at_once(struct arena *arena, const struct held_evidence *evidence);

const char *held_advise_connect(struct arena *arena, const struct held_evidence *evidence);
const char *held_advise_path(struct arena *arena, const struct held_evidence *evidence);
const char *held_advise_peer(struct arena *arena, const struct held_evidence *evidence);
const char *held_advise_process(struct arena *arena, const struct held_evidence *evidence);
const char *held_advise_server(struct arena *arena, const struct held_evidence *evidence);
const char *held_advise_loss(struct arena *arena, const struct held_evidence *evidence);

#endif
