/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The texts `why` and `advice` of the rules about readers. For reader.c alone. */
#ifndef SOCKSTALL_RULES_READER_WORDS_H
#define SOCKSTALL_RULES_READER_WORDS_H

#include "rules/reader.h"

/* ---- Evidence that the words name ---- */

/* How long nothing has been sent or received. */
__u64 reader_idle_ns(const struct reader_evidence *evidence);

bool reader_alarm_is_set(const struct reader_evidence *evidence);

/* ---- Why ---- */

const char *reader_why_dns(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_in_queue(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_waiting(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_connecting(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_data_is_there(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_end_is_there(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_data(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_keepalive(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_window(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_order_is_lost(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_stream(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_feed(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_listens(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_by_design(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_peer_spoke(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_no_greeting(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_no_reply(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_reply_stopped(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_no_request(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_request_stopped(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_maybe_dead(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_why_idle(struct arena *arena, const struct reader_evidence *evidence);

/* ---- Advice ---- */

const char *reader_advise_dns(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_queue(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_path(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_connect(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_greeting(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_server(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_limit(struct arena *arena, const struct reader_evidence *evidence);
const char *reader_advise_keepalive(struct arena *arena, const struct reader_evidence *evidence);

#endif
