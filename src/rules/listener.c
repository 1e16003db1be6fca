/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/listener.h"

#include "base/array.h"
#include "base/wording.h"
#include "look/listeners.h"
#include "rules/phrases.h"
#include "rules/verdicts.h"
#include "system/address.h"

/* ---- Evidence ---- */

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

/* ---- Why ---- */

static const char *say_counts(struct arena *arena, const struct listener_evidence *evidence)
{
	__u64 waiting = evidence->stuck[HANDSHAKE_NOT_ACCEPTED], kept_out = evidence->stuck[HANDSHAKE_QUEUE_FULL];

	if (evidence->listener->name.kind == SOCKET_KIND_UNIX)
		return arena_printf(arena, "%u connected but not accepted, %llu found no room",
				    evidence->listener->accept_queue, kept_out);
	return arena_printf(arena, "%llu connected but not accepted, %llu found no room, %llu half-open", waiting,
			    kept_out, evidence->half_open);
}

static const char *why_stays_full(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena, "%s: %s does not empty it; %s; the oldest has waited for %s",
			    say_listener_queue(arena, evidence->listener), say_listener_owner(evidence->owner),
			    say_counts(arena, evidence),
			    say_since(arena, evidence->now_ns, evidence->oldest_complete_ns));
}

static const char *why_dropping(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena, "%.1f drops a second, and the accept queue has been full for %s; now %s",
			    evidence->drops_per_s,
			    say_since(arena, evidence->now_ns, evidence->listener->full_since_ns),
			    say_listener_queue(arena, evidence->listener));
}

static const char *why_flooded(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(
		arena,
		"%llu half-open connections; %llu of the %llu peers that were checked have not answered our SYN-ACK, "
		"the oldest for %s",
		evidence->half_open, evidence->silent, evidence->requests,
		say_since(arena, evidence->now_ns, evidence->oldest_silent_ns));
}

static const char *why_not_accepting(struct arena *arena, const struct listener_evidence *evidence)
{
	/* Not that it has not called accept: it may do so too slowly. */
	return arena_printf(arena, "%s has not accepted the oldest connection in its queue for %s: %s",
			    say_listener_owner(evidence->owner),
			    say_since(arena, evidence->now_ns, evidence->oldest_complete_ns),
			    say_counts(arena, evidence));
}

static const char *why_defers_many(struct arena *arena, const struct listener_evidence *evidence)
{
	return arena_printf(arena, "%llu peers have sent their ACK, but not the data that TCP_DEFER_ACCEPT waits for",
			    evidence->stuck[HANDSHAKE_DEFERRED]);
}

static const char *why_ok(struct arena *arena, const struct listener_evidence *evidence)
{
	if (evidence->listener->name.kind == SOCKET_KIND_UNIX)
		return say_listener_queue(arena, evidence->listener);
	return arena_printf(arena, "%s; %llu half-open", say_listener_queue(arena, evidence->listener),
			    evidence->half_open);
}

/* ---- Advice ---- */

static const char *advise_backlog(struct arena *arena, const struct listener_evidence *evidence)
{
	return say_full(arena, evidence->owner, evidence->owner_pids, evidence->listener);
}

static const char *advise_flooded(struct arena *arena, const struct listener_evidence *evidence)
{
	if (!evidence->listener->syncookies)
		return "sysctl -w net.ipv4.tcp_syncookies=1; then see whether the peers are real and the path back to "
		       "them is open";
	return arena_printf(
		arena,
		"see whether the peers of port %u are real and the path back to them is open; tcp_syncookies is on",
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

LISTENER_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct listener_rule listener_rules[] = {
	/* evidence          verdict             how bad           since            why                advice */
	{ stays_full,        &accept_queue_full, SEVERITY_FULL,    oldest_complete, why_stays_full,    advise_backlog },
	{ was_full_for_many, &accept_queue_full, SEVERITY_FULL,    oldest_complete, why_stays_full,    advise_backlog },
	{ is_flooded,        &syn_flood,         SEVERITY_FULL,    oldest_silent,   why_flooded,       advise_flooded },
	{ drops_when_full,   &dropping,          SEVERITY_STARVED, full_since,      why_dropping,      advise_backlog },
	{ does_not_accept,   &not_accepting,     SEVERITY_STARVED, oldest_complete, why_not_accepting, advise_not_accepting },
	{ defers_many,       &syn_flood,         SEVERITY_FULL,    NULL,            why_defers_many,   advise_defers_many },
	{ listener_always,   &ok,                SEVERITY_NONE,    NULL,            why_ok,            NULL },
};
/* clang-format on */

const size_t listener_rule_count = COUNT_OF(listener_rules);

const struct listener_rule *listener_verdict(const struct listener_evidence *evidence)
{
	const struct listener_rule *rule = listener_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
