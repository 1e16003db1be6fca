/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/held.h"

#include "base/array.h"
#include "look/signs.h"
#include "rules/held_words.h"
#include "rules/verdicts.h"
#include "system/tcp_states.h"

/* ---- Evidence ---- */

static bool is_connecting(const struct held_evidence *evidence)
{
	return evidence->socket->name.state == STATE_SYN_SENT;
}

static bool data_is_unanswered(const struct held_evidence *evidence)
{
	return signs_data_unanswered(evidence->socket, evidence->now_ns);
}

/* More waits behind it: the application is writing, and not only waiting for an answer. */
static bool more_is_unanswered(const struct held_evidence *evidence)
{
	return evidence->socket->unsent_bytes && data_is_unanswered(evidence);
}

static bool keepalive_is_unanswered(const struct held_evidence *evidence)
{
	return signs_keepalive_unanswered(evidence->socket);
}

static bool window_is_unanswered(const struct held_evidence *evidence)
{
	return signs_window_unanswered(evidence->socket, evidence->now_ns);
}

static bool window_is_closed(const struct held_evidence *evidence)
{
	return evidence->closed_since_ns;
}

/* One timeout may be a lost segment, and on a slow path last for seconds. If nothing was heard since, it may yet turn out dead. */
static bool segments_are_lost(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return timers_in_flight(socket) && socket->retransmits >= 2 && socket->first_sent_ns &&
	       signs_last_heard(socket) > socket->first_sent_ns;
}

/* ---- Since when ---- */

static __u64 since_connect(const struct held_evidence *evidence)
{
	return evidence->socket->first_sent_ns;
}

static __u64 since_data(const struct held_evidence *evidence)
{
	return signs_sent(evidence->socket);
}

static __u64 since_keepalive(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	__u64 last = timers_keepalive_probe_sent(socket),
	      before = (socket->probes_out - 1) * socket->keepalive_intvl_ns;

	return last > before ? last - before : signs_last_heard(socket);
}

static __u64 since_window(const struct held_evidence *evidence)
{
	return evidence->closed_since_ns ?: timers_window_closed_since(evidence->socket);
}

/* ---- The table ---- */

HELD_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct held_rule held_rules[] = {
	/* evidence                verdict        how bad           writes patience      since            why                 advice */
	{ is_connecting,           &no_answer,    SEVERITY_WAITING, true,  HELD_AT_ONCE, since_connect,   held_why_connect,   held_advise_connect },
	{ more_is_unanswered,      &peer_dead,    SEVERITY_DEAD,    true,  HELD_AT_ONCE, since_data,      held_why_data,      held_advise_path },
	{ data_is_unanswered,      &peer_dead,    SEVERITY_DEAD,    false, HELD_AT_ONCE, since_data,      held_why_data,      held_advise_path },
	{ keepalive_is_unanswered, &peer_dead,    SEVERITY_DEAD,    false, HELD_AT_ONCE, since_keepalive, held_why_keepalive, held_advise_path },
	{ window_is_unanswered,    &peer_dead,    SEVERITY_DEAD,    true,  HELD_AT_ONCE, since_window,    held_why_probes,    held_advise_path },
	{ window_is_closed,        &window_zero,  SEVERITY_WAITING, true,  HELD_WINDOW,  since_window,    held_why_window,    held_advise_peer },
	{ segments_are_lost,       &network_loss, SEVERITY_WAITING, true,  HELD_AT_ONCE, since_data,      held_why_loss,      held_advise_loss },
};
/* clang-format on */

const size_t held_rule_count = COUNT_OF(held_rules);

struct held_evidence held_evidence_of(const struct look *look, const struct held_view *view)
{
	const struct look_record *head = look->head;

	return (struct held_evidence){
		.held = view->held,
		.socket = view->socket,
		.now_ns = head->seen_ns,
		.closed_since_ns = signs_window_closed_since(view->socket, head->seen_ns),
		.ends_ns = timers_protocol_ends(view->socket, head->tick_ns).at_ns,
	};
}

const struct held_rule *held_verdict(const struct held_evidence *evidence)
{
	size_t i;

	for (i = 0; i < held_rule_count; i++)
		if (held_rules[i].applies(evidence))
			return &held_rules[i];
	return NULL;
}
