/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every verdict, by kind of report: its name, and what code may ask of it. The rule tables and the column table, and so
 * JSON, schema, metrics and pages, are made from these lists. A rule cannot give a verdict that is not listed, and a
 * listed verdict that no rule gives does not compile. The order is that of the schema.
 */
#ifndef SOCKSTALL_RULES_VERDICTS_H
#define SOCKSTALL_RULES_VERDICTS_H

#include "rules/verdict.h"

/* clang-format off */
#define HANDSHAKE_VERDICTS(V) \
	V(peer_silent,       IS_FAULT) \
	V(accept_queue_full, IS_FAULT) \
	V(deferred,          IS_FAULT) \
	V(no_answer,         IS_FAULT) \
	V(not_accepted,      IS_FAULT) \
	V(young,             IS_NORMAL)

#define LISTENER_VERDICTS(V) \
	V(ok,                IS_NORMAL) \
	V(accept_queue_full, IS_FAULT) \
	V(dropping,          IS_FAULT) \
	V(syn_flood,         IS_ATTACK) \
	V(not_accepting,     IS_FAULT)

#define READER_VERDICTS(V) \
	V(peer_dead,         PEER_IS_DEAD) \
	V(no_dns_answer,     OWES_REPLY) \
	V(awaiting_reply,    OWES_REPLY) \
	V(reply_stopped,     OWES_REST) \
	V(no_request,        OWES_REQUEST) \
	V(request_stopped,   OWES_REQUEST) \
	V(maybe_dead,        OWES_NOTHING) \
	V(idle,              OWES_NOTHING) \
	V(waiting,           OWES_NOTHING)

#define WRITER_VERDICTS(V) \
	V(peer_dead,         PEER_IS_DEAD) \
	V(no_answer,         NOT_REACHED) \
	V(window_zero,       OWES_READ) \
	V(not_read,          OWES_READ) \
	V(network_loss,      NOT_REACHED) \
	V(waiting,           OWES_NOTHING) \
	V(sending,           OWES_NOTHING)

/*
 * Verdicts on connections without a sleeping thread. Those that are reported as readers and as writers are in their
 * lists, too.
 */
#define HELD_VERDICTS(V) \
	V(peer_dead,         PEER_IS_DEAD) \
	V(no_answer,         NOT_REACHED) \
	V(window_zero,       OWES_READ) \
	V(network_loss,      NOT_REACHED) \
	V(not_read,          OWES_NOTHING) \
	V(awaiting_reply,    OWES_REPLY)

/* Readers that only these rules find. */
#define HELD_READER_VERDICTS(V) V(not_read, OWES_NOTHING)

/*
 * Waits of event loops for an answer, of connect(), for a lock, and for a child or a thread to end. No report shows
 * them alone: they are links of chains.
 */
#define WAIT_VERDICTS(V) \
	V(lock,              OWES_LOCK) \
	V(waiting,           OWES_NOTHING) \
	V(peer_dead,         PEER_IS_DEAD) \
	V(no_answer,         NOT_REACHED) \
	V(awaiting_reply,    OWES_REPLY)

#define CLOSING_VERDICTS(V) \
	V(not_closed,        IS_FAULT) \
	V(not_read,          IS_FAULT) \
	V(peer_not_closed,   IS_FAULT) \
	V(window_zero,       IS_FAULT) \
	V(unanswered,        IS_FAULT) \
	V(half_closed,       IS_NORMAL) \
	V(under_way,         IS_NORMAL)

#define CHAIN_VERDICTS(V) \
	V(deadlock,          END_IS_DEADLOCK) \
	V(peer_dead,         END_IS_STUCK) \
	V(accept_queue_full, END_IS_QUEUE) \
	V(not_accepted,      END_IS_QUEUE) \
	V(stopped,           END_IS_STUCK) \
	V(blocked,           END_IS_BLOCKED) \
	V(running,           END_IS_RUNNING) \
	V(waiting,           END_IS_IDLE) \
	V(remote,            END_IS_REMOTE) \
	V(unknown,           END_IS_UNKNOWN)

#define SERVICE_VERDICTS(V) \
	V(ok,                IS_NORMAL) \
	V(not_answering,     IS_FAULT) \
	V(not_read,          IS_FAULT)

/* Verdicts on the holder of a lock that somebody waits for. */
#define LOCK_VERDICTS(V) \
	V(deadlock,          IS_FAULT) \
	V(stopped,           IS_FAULT) \
	V(blocked,           IS_FAULT) \
	V(running,           IS_FAULT) \
	V(held,              IS_FAULT) \
	V(turns,             IS_NORMAL) \
	V(join,              IS_NORMAL) \
	V(no_owner,          IS_NORMAL)

#define LOOP_VERDICTS(V) \
	V(ok,                IS_NORMAL) \
	V(stalled,           IS_FAULT) \
	V(blocked_in_read,   IS_FAULT) \
	V(spinning,          IS_FAULT) \
	V(throttled,         IS_FAULT) \
	V(saturated,         IS_FAULT) \
	V(near_limit,        IS_FAULT) \
	V(select_limit,      IS_FAULT) \
	V(edge_stall,        IS_FAULT) \
	V(dead_watches,      IS_FAULT)

/* Processes that cannot be looked at. */
#define PROCESS_VERDICTS(V) \
	V(unreadable,        IS_FAULT) \
	V(slow_to_read,      IS_NORMAL)
/* clang-format on */

/* For a rule table: READER_VERDICTS(VERDICT_OF_RULE) declares what it may give. */
#define VERDICT_OF_RULE(name_, is_)                                       \
	_Static_assert((is_) != 0, "verdict " #name_ " has no property"); \
	static const struct verdict name_ = {.name = #name_, .is = (is_)};

/* For a list of names: {READER_VERDICTS(VERDICT_NAME) NULL} */
#define VERDICT_NAME(name_, is_) #name_,

#endif
