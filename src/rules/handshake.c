/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/handshake.h"

#include "base/array.h"
#include "base/wording.h"
#include "look/listeners.h"
#include "rules/phrases.h"
#include "rules/verdicts.h"
#include "system/address.h"

/* ---- Evidence ---- */

/* An age that is not known is young until a timer has run out. */
static bool is_young(const struct handshake_evidence *evidence)
{
	if (evidence->since_ns)
		return evidence->now_ns < evidence->since_ns + evidence->min_age_ns;
	if (evidence->request)
		return !evidence->request->num_timeout;
	return !evidence->socket->retransmits;
}

static bool is_client(const struct handshake_evidence *evidence)
{
	return evidence->stage == STAGE_SYN_SENT;
}

static bool waits_for_room(const struct handshake_evidence *evidence)
{
	return evidence->stage == STAGE_CONNECT;
}

static bool is_not_accepted(const struct handshake_evidence *evidence)
{
	return evidence->stage == STAGE_ACCEPT_QUEUE;
}

static bool has_no_room(const struct handshake_evidence *evidence)
{
	return evidence->listener && listener_is_full(evidence->listener);
}

/*
 * tcp_check_req() drops a bare ACK for as many timeouts as TCP_DEFER_ACCEPT is for, whatever the queue holds. A request
 * that came with data and found no room looks the same. The listener's own finding reports the full queue.
 */
static bool awaits_data(const struct handshake_evidence *evidence)
{
	return evidence->request->acked && evidence->request->num_timeout < evidence->request->defer_accept;
}

static bool is_acked_and_full(const struct handshake_evidence *evidence)
{
	return evidence->request->acked && has_no_room(evidence);
}

static bool is_deferred(const struct handshake_evidence *evidence)
{
	return evidence->request->acked && evidence->request->defer_accept;
}

/* tcp_check_req() has no other reason to keep an acknowledged request. */
static bool is_acked(const struct handshake_evidence *evidence)
{
	return evidence->request->acked;
}

static bool always(const struct handshake_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- Why ---- */

static const char *say_age(struct arena *arena, const struct handshake_evidence *evidence)
{
	if (!evidence->since_ns)
		return "an unknown time";
	return arena_printf(arena, "%s%s", evidence->at_least ? "at least " : "",
			    say_since(arena, evidence->now_ns, evidence->since_ns));
}

static const char *say_waiting(struct arena *arena, const struct socket_record *socket)
{
	if (socket->flags & SOCKET_UNREAD_CUT && !socket->unread_bytes)
		return "";
	return arena_printf(arena, ", %s%s unread", socket->flags & SOCKET_UNREAD_CUT ? "more than " : "",
			    say_count(arena, socket->unread_bytes, "bytes"));
}

static const char *say_gives_up(struct arena *arena, const struct handshake_evidence *evidence)
{
	if (evidence->ends_ns == TIMERS_NEVER)
		return "";
	return arena_printf(arena, "; the kernel gives up in %s",
			    say_until(arena, evidence->now_ns, evidence->ends_ns));
}

static const char *why_young(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "under way for %s", say_age(arena, evidence));
}

static const char *why_no_answer(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "no answer to our SYN for %s, retransmitted %s%s", say_age(arena, evidence),
			    say_count(arena, evidence->socket->retransmits, "times"), say_gives_up(arena, evidence));
}

static const char *why_not_accepted(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "connected for %s%s; %s has not accepted it; %s", say_age(arena, evidence),
			    say_waiting(arena, evidence->socket), say_listener_owner(evidence->owner),
			    say_listener_queue(arena, evidence->listener));
}

/* unix_wait_for_peer() sleeps only where the queue is full. */
static const char *why_no_room(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(
		arena, "connect has been blocked for %s: no room in the accept queue%s%s; %s does not empty it; %s%s",
		say_age(arena, evidence), evidence->path ? " of " : "", evidence->path ?: "",
		say_listener_owner(evidence->owner), say_listener_queue(arena, evidence->listener),
		say_gives_up(arena, evidence));
}

static const char *why_full(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "half-open for %s: the peer's ACK came, but the accept queue was full; now %s%s",
			    say_age(arena, evidence), say_listener_queue(arena, evidence->listener),
			    say_gives_up(arena, evidence));
}

static const char *why_deferred(struct arena *arena, const struct handshake_evidence *evidence)
{
	if (has_no_room(evidence))
		return arena_printf(arena,
				    "half-open for %s: the peer's ACK came, and the listener waits for data "
				    "(TCP_DEFER_ACCEPT); now %s%s",
				    say_age(arena, evidence), say_listener_queue(arena, evidence->listener),
				    say_gives_up(arena, evidence));
	return arena_printf(arena,
			    "half-open for %s: the peer's ACK came, but not the data that the listener waits for "
			    "(TCP_DEFER_ACCEPT)%s",
			    say_age(arena, evidence), say_gives_up(arena, evidence));
}

/*
 * The kernel's limit is on its timer, and RETRANS counts that; a SYN that comes again is answered by a SYN-ACK, too,
 * and says that the peer was there.
 */
static const char *say_sent_again(struct arena *arena, const struct request_record *request)
{
	const char *times = say_count(arena, request->num_retrans, "times");

	if (request->num_retrans <= request->num_timeout)
		return times;
	return arena_printf(arena, "%s (%u by timer, %u because the SYN came again)", times, request->num_timeout,
			    request->num_retrans - request->num_timeout);
}

static const char *why_silent(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "no ACK to our SYN-ACK for %s, retransmitted %s%s", say_age(arena, evidence),
			    say_sent_again(arena, evidence->request), say_gives_up(arena, evidence));
}

/* ---- Advice ---- */

/* Which process it is, and what it does, rather than whether it is up. */
static const char *say_asked(struct arena *arena, const struct handshake_evidence *evidence)
{
	const struct listener_record *asked = evidence->asked;
	const char *who = arena_printf(arena, "%s listens there, on this machine; its %s",
				       evidence->asked_owner ?: "a process that was not found",
				       say_accept_queue(arena, asked->accept_queue, asked->accept_queue_max));

	if (!listener_is_full(asked))
		return arena_printf(arena, "%s: see whether a filter drops the SYN (nft list ruleset, iptables-save)",
				    who);
	return arena_printf(arena, "%s: %s", who, say_look_at(arena, evidence->asked_owner, evidence->asked_pids));
}

static const char *advise_connect(struct arena *arena, const struct handshake_evidence *evidence)
{
	const struct socket_name *name = &evidence->socket->name;

	if (evidence->asked)
		return say_asked(arena, evidence);
	if (address_peer_is_here(name))
		return say_see_listener(arena, name);
	return arena_printf(arena, "%s, and whether a filter drops the SYN", say_see_listener(arena, name));
}

static const char *advise_accept(struct arena *arena, const struct handshake_evidence *evidence)
{
	return say_look_at(arena, evidence->owner, evidence->owner_pids);
}

static const char *advise_full(struct arena *arena, const struct handshake_evidence *evidence)
{
	return say_full(arena, evidence->owner, evidence->owner_pids, evidence->listener);
}

static const char *advise_defer(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena,
			    "see why %s sends nothing; clients that wait for a greeting need TCP_DEFER_ACCEPT off",
			    say_peer(arena, &evidence->request->name));
}

static const char *advise_path(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "see whether %s is still there and the path back to it is open (routes, filters)",
			    say_peer(arena, &evidence->request->name));
}

/* ---- The table of handshakes ---- */

HANDSHAKE_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct handshake_rule handshake_rules[] = {
	/*
	 * evidence          which                   verdict             how bad              why               advice
	 */
	{ is_young,          HANDSHAKE_YOUNG,        &young,             SEVERITY_NONE,       why_young,        NULL },
	{ waits_for_room,    HANDSHAKE_QUEUE_FULL,   &accept_queue_full, SEVERITY_FULL,       why_no_room,      advise_full },
	{ is_client,         HANDSHAKE_NO_ANSWER,    &no_answer,         SEVERITY_WAITING,    why_no_answer,    advise_connect },
	{ is_not_accepted,   HANDSHAKE_NOT_ACCEPTED, &not_accepted,      SEVERITY_STARVED,    why_not_accepted, advise_accept },
	{ awaits_data,       HANDSHAKE_DEFERRED,     &deferred,          SEVERITY_UNFINISHED, why_deferred,     advise_defer },
	{ is_acked_and_full, HANDSHAKE_QUEUE_FULL,   &accept_queue_full, SEVERITY_FULL,       why_full,         advise_full },
	{ is_deferred,       HANDSHAKE_DEFERRED,     &deferred,          SEVERITY_UNFINISHED, why_deferred,     advise_defer },
	{ is_acked,          HANDSHAKE_QUEUE_FULL,   &accept_queue_full, SEVERITY_FULL,       why_full,         advise_full },
	{ always,            HANDSHAKE_PEER_SILENT,  &peer_silent,       SEVERITY_UNFINISHED, why_silent,       advise_path },
};
/* clang-format on */

const size_t handshake_rule_count = COUNT_OF(handshake_rules);

const struct handshake_rule *handshake_verdict(const struct handshake_evidence *evidence)
{
	const struct handshake_rule *rule = handshake_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
