/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/handshake.h"

#include "look/listeners.h"
#include "base/wording.h"

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

static bool is_not_accepted(const struct handshake_evidence *evidence)
{
	return evidence->stage == STAGE_ACCEPT_QUEUE;
}

static bool has_no_room(const struct handshake_evidence *evidence)
{
	return evidence->listener && listener_is_full(evidence->listener);
}

/*
 * tcp_check_req() drops a bare ACK for as many timeouts as TCP_DEFER_ACCEPT is for, whatever the queue holds. What came with
 * data and found no room looks the same; that the queue is full is the listener's finding.
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
	return say_since(arena, evidence->now_ns, evidence->since_ns);
}

static const char *say_gives_up(struct arena *arena, const struct handshake_evidence *evidence)
{
	if (evidence->ends_ns == TIMERS_NEVER)
		return "";
	return arena_printf(arena, "; the kernel gives up in %s",
			    say_until(arena, evidence->now_ns, evidence->ends_ns));
}

static const char *say_owner(const char *owner)
{
	return owner ? owner : "the application";
}

static const char *say_queue(struct arena *arena, const struct listener_record *listener)
{
	if (!listener)
		return "its listener is not known";
	return arena_printf(arena, "the %s", say_accept_queue(arena, listener->accept_queue, listener->accept_queue_max));
}

static const char *why_young(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "on its way for %s", say_age(arena, evidence));
}

static const char *why_no_answer(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "nothing has answered our SYN for %s, sent again %s%s", say_age(arena, evidence),
			    say_count(arena, evidence->socket->retransmits, "times"), say_gives_up(arena, evidence));
}

static const char *why_not_accepted(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "complete for %s with %s waiting, but %s has not accepted it; %s",
			    say_age(arena, evidence), say_count(arena, evidence->socket->unread_bytes, "bytes"),
			    say_owner(evidence->owner), say_queue(arena, evidence->listener));
}

static const char *why_full(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "half-open for %s: the peer's ACK came, but the accept queue had no room; now %s%s",
			    say_age(arena, evidence), say_queue(arena, evidence->listener),
			    say_gives_up(arena, evidence));
}

static const char *why_deferred(struct arena *arena, const struct handshake_evidence *evidence)
{
	if (has_no_room(evidence))
		return arena_printf(arena,
				    "half-open for %s: the peer's ACK came, and the listener waits for data "
				    "(TCP_DEFER_ACCEPT); now %s%s",
				    say_age(arena, evidence), say_queue(arena, evidence->listener),
				    say_gives_up(arena, evidence));
	return arena_printf(arena,
			    "half-open for %s: the peer's ACK came, but no data, and the listener waits for data "
			    "(TCP_DEFER_ACCEPT)%s",
			    say_age(arena, evidence), say_gives_up(arena, evidence));
}

/*
 * The kernel's limit is on its timer, and RETRANS counts that; a SYN that comes again is answered by a SYN-ACK, too, and says
 * that the peer was there.
 */
static const char *say_sent_again(struct arena *arena, const struct request_record *request)
{
	const char *times = say_count(arena, request->num_retrans, "times");

	if (request->num_retrans <= request->num_timeout)
		return times;
	return arena_printf(arena, "%s (%u by its timer, %u because its SYN came again)", times, request->num_timeout,
			    request->num_retrans - request->num_timeout);
}

static const char *why_silent(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena, "no ACK to our SYN-ACK for %s, sent again %s%s", say_age(arena, evidence),
			    say_sent_again(arena, evidence->request), say_gives_up(arena, evidence));
}

/* ---- Advice ---- */

static const char *advise_connect(struct arena *arena, const struct handshake_evidence *evidence)
{
	return arena_printf(arena,
			    "see whether %s is up, listens, has room in its accept queue, and no filter drops the SYN",
			    say_peer(arena, &evidence->socket->name));
}

/* The limit is the smaller of the two. */
static const char *say_raise(struct arena *arena, const struct listener_record *listener)
{
	if (listener->somaxconn && listener->accept_queue_max >= listener->somaxconn)
		return arena_printf(arena, "net.core.somaxconn (now %u)", listener->somaxconn);
	return arena_printf(arena, "the backlog of its listen call (now %u)", listener->accept_queue_max);
}

static const char *say_look_at(struct arena *arena, const char *owner, const char *owner_pids)
{
	if (owner_pids)
		return arena_printf(arena, "see what the process is doing instead: sockstall threads -p %s", owner_pids);
	if (!owner)
		return "find the process that listens (ss -tlnp) and see what it is doing instead";
	return arena_printf(arena, "%s listens for a service that has not taken its socket over: systemctl list-sockets "
				   "names it, systemctl status says why", owner);
}

static const char *advise_accept(struct arena *arena, const struct handshake_evidence *evidence)
{
	return say_look_at(arena, evidence->owner, evidence->owner_pids);
}

static const char *say_full(struct arena *arena, const char *owner, const char *owner_pids,
			    const struct listener_record *listener)
{
	if (!listener)
		return say_look_at(arena, owner, owner_pids);
	return arena_printf(arena, "%s; if it accepts, but has peaks, raise %s", say_look_at(arena, owner, owner_pids),
			    say_raise(arena, listener));
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
	return arena_printf(arena, "see whether %s is still there and the way back to it is open (routes, filters)",
			    say_peer(arena, &evidence->request->name));
}

/* ---- The table of handshakes ---- */

/* clang-format off */
static const struct handshake_rule handshake_rules[] = {
	/* evidence          verdict                                      how bad              why               advice */
	{ is_young,          HANDSHAKE_YOUNG,        "young",             SEVERITY_NONE,       why_young,        NULL },
	{ is_client,         HANDSHAKE_NO_ANSWER,    "no_answer",         SEVERITY_WAITING,    why_no_answer,    advise_connect },
	{ is_not_accepted,   HANDSHAKE_NOT_ACCEPTED, "not_accepted",      SEVERITY_STARVED,    why_not_accepted, advise_accept },
	{ awaits_data,       HANDSHAKE_DEFERRED,     "deferred",          SEVERITY_UNFINISHED, why_deferred,     advise_defer },
	{ is_acked_and_full, HANDSHAKE_QUEUE_FULL,   "accept_queue_full", SEVERITY_FULL,       why_full,         advise_full },
	{ is_deferred,       HANDSHAKE_DEFERRED,     "deferred",          SEVERITY_UNFINISHED, why_deferred,     advise_defer },
	{ is_acked,          HANDSHAKE_QUEUE_FULL,   "accept_queue_full", SEVERITY_FULL,       why_full,         advise_full },
	{ always,            HANDSHAKE_PEER_SILENT,  "peer_silent",       SEVERITY_UNFINISHED, why_silent,       advise_path },
};
/* clang-format on */

const struct handshake_rule *handshake_verdict(const struct handshake_evidence *evidence)
{
	const struct handshake_rule *rule = handshake_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}

/* ---- Listeners: evidence ---- */

bool listener_folds(const struct listener_evidence *evidence, enum handshake_verdict verdict)
{
	return evidence->may_fold && evidence->stuck[verdict] > LISTENER_FOLD;
}

static bool is_old(const struct listener_evidence *evidence, __u64 since_ns)
{
	return since_ns && evidence->now_ns >= since_ns + evidence->min_age_ns;
}

/* A queue that is full for a moment is a peak: one handshake has to have suffered from it. */
static bool stays_full(const struct listener_evidence *evidence)
{
	return listener_is_full(evidence->listener) && is_old(evidence, evidence->oldest_complete_ns);
}

static bool was_full_for_many(const struct listener_evidence *evidence)
{
	return listener_folds(evidence, HANDSHAKE_QUEUE_FULL);
}

static bool does_not_accept(const struct listener_evidence *evidence)
{
	return evidence->stuck[HANDSHAKE_NOT_ACCEPTED] > 0;
}

/*
 * sk_drops counts SYNs for a request that is there already, too: only beside a queue that stays full is it
 * evidence. Connections get through, or stays_full() would apply, but too few.
 */
static bool drops_when_full(const struct listener_evidence *evidence)
{
	return evidence->drops_per_s > 0 && is_old(evidence, evidence->listener->full_since_ns);
}

/* Nearly all that is half-open has been asked twice and not answered. */
static bool is_mostly_silent(const struct listener_evidence *evidence)
{
	return evidence->requests && evidence->silent * 10 >= evidence->requests * 9;
}

static bool is_flooded(const struct listener_evidence *evidence)
{
	__u64 enough = LISTENER_FOLD, room = listeners_syn_room(evidence->listener);

	if (listener_folds(evidence, HANDSHAKE_PEER_SILENT))
		return true;
	/* Half of it when there is room for no more. */
	if (evidence->half_open * 10 >= room * 9)
		enough = LISTENER_FOLD / 2;
	return evidence->half_open > enough && is_mostly_silent(evidence);
}

static bool defers_many(const struct listener_evidence *evidence)
{
	return listener_folds(evidence, HANDSHAKE_DEFERRED);
}

static bool listener_always(const struct listener_evidence *evidence)
{
	(void)evidence;
	return true;
}

static __u64 oldest_complete(const struct listener_evidence *evidence)
{
	return evidence->oldest_complete_ns;
}

static __u64 full_since(const struct listener_evidence *evidence)
{
	return evidence->listener->full_since_ns;
}

static __u64 oldest_silent(const struct listener_evidence *evidence)
{
	return evidence->oldest_silent_ns;
}

/* ---- Listeners: why ---- */

static const char *say_counts(struct arena *arena, const struct listener_evidence *evidence)
{
	__u64 waiting = evidence->stuck[HANDSHAKE_NOT_ACCEPTED], kept_out = evidence->stuck[HANDSHAKE_QUEUE_FULL];

	return arena_printf(arena, "%llu complete and not accepted, %llu kept out, %llu half-open", waiting, kept_out,
			    evidence->half_open);
}

static const char *why_stays_full(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena, "%s, and %s does not empty it: %s, the oldest for %s",
			    say_queue(arena, evidence->listener), say_owner(evidence->owner),
			    say_counts(arena, evidence),
			    say_since(arena, evidence->now_ns, evidence->oldest_complete_ns));
}

static const char *why_dropping(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena, "%.1f drops a second, and the accept queue has been full for %s; now %s",
			    evidence->drops_per_s,
			    say_since(arena, evidence->now_ns, evidence->listener->full_since_ns),
			    say_queue(arena, evidence->listener));
}

static const char *why_flooded(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena,
			    "%llu half-open connections, and %llu of the %llu seen have not answered for %s at most",
			    evidence->half_open, evidence->silent, evidence->requests,
			    say_since(arena, evidence->now_ns, evidence->oldest_silent_ns));
}

static const char *why_not_accepting(struct arena *arena, const struct listener_evidence *evidence)
{
	/* Not that it has not called accept: it may do so too slowly. */
	return arena_printf(arena, "%s has left the oldest in its accept queue for %s: %s", say_owner(evidence->owner),
			    say_since(arena, evidence->now_ns, evidence->oldest_complete_ns),
			    say_counts(arena, evidence));
}

static const char *why_defers_many(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena,
			    "%llu connections are acknowledged and send no data, which TCP_DEFER_ACCEPT waits for",
			    evidence->stuck[HANDSHAKE_DEFERRED]);
}

static const char *why_ok(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena, "%s; %llu half-open", say_queue(arena, evidence->listener), evidence->half_open);
}

/* ---- Listeners: advice ---- */

static const char *advise_backlog(struct arena *arena, const struct listener_evidence *evidence)
{
	return say_full(arena, evidence->owner, evidence->owner_pids, evidence->listener);
}

static const char *advise_flooded(struct arena *arena, const struct listener_evidence *evidence)
{
	if (!evidence->listener->syncookies)
		return "sysctl -w net.ipv4.tcp_syncookies=1; then see whether the peers are real and the way back to "
		       "them is open";
	return arena_printf(
		arena,
		"see whether the peers of port %u are real and the way back to them is open; tcp_syncookies is on",
		evidence->listener->name.local_port);
}

static const char *advise_not_accepting(struct arena *arena, const struct listener_evidence *evidence)
{
	return say_look_at(arena, evidence->owner, evidence->owner_pids);
}

static const char *advise_defers_many(struct arena *arena, const struct listener_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "see whether the peers are real; clients that wait for a greeting need TCP_DEFER_ACCEPT off";
}

/* ---- The table of listeners ---- */

/* clang-format off */
static const struct listener_rule listener_rules[] = {
	/* evidence          verdict              how bad           since            why                advice */
	{ stays_full,        "accept_queue_full", SEVERITY_FULL,    oldest_complete, why_stays_full,    advise_backlog },
	{ was_full_for_many, "accept_queue_full", SEVERITY_FULL,    oldest_complete, why_stays_full,    advise_backlog },
	{ is_flooded,        "syn_flood",         SEVERITY_FULL,    oldest_silent,   why_flooded,       advise_flooded },
	{ drops_when_full,   "dropping",          SEVERITY_STARVED, full_since,      why_dropping,      advise_backlog },
	{ does_not_accept,   "not_accepting",     SEVERITY_STARVED, oldest_complete, why_not_accepting, advise_not_accepting },
	{ defers_many,       "syn_flood",         SEVERITY_FULL,    NULL,            why_defers_many,   advise_defers_many },
	{ listener_always,   "ok",                SEVERITY_NONE,    NULL,            why_ok,            NULL },
};
/* clang-format on */

const struct listener_rule *listener_verdict(const struct listener_evidence *evidence)
{
	const struct listener_rule *rule = listener_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
