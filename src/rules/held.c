/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/held.h"

#include "base/array.h"
#include "look/signs.h"
#include "look/sleeping.h"
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

/*
 * One timeout may be a lost segment, and on a slow path last for seconds. If nothing was heard since, it may yet turn
 * out dead.
 */
static bool segments_are_lost(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return timers_in_flight(socket) && socket->retransmits >= 2 && socket->first_sent_ns &&
	       signs_last_heard(socket) > socket->first_sent_ns;
}

/* So much unread may be a sender that is held back by a slow reader: then only time tells. */
#define SLOW_BYTES 32768
#define SLOW_NS	   (30 * NS_PER_S)

static bool is_not_read(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	__u64 lain = evidence->now_ns - socket->last_received_ns;

	if (socket_is_client(socket) || !socket->unread_bytes || socket->unread_bytes < socket->rcvlowat ||
	    evidence->read_on)
		return false;
	return socket->unread_bytes < SLOW_BYTES || lain >= SLOW_NS;
}

/* All that we said is with the peer, and somebody waits. */
static bool waits_for_more(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return socket_is_client(socket) && evidence->held->flags & HELD_WAITED && !socket->unread_bytes &&
	       !socket->unsent_bytes && reader_speaker(socket, evidence->tick_ns) == SPEAKER_WE;
}

/* And the peer has spoken before. */
static bool may_await(const struct held_evidence *evidence)
{
	return waits_for_more(evidence) && evidence->socket->bytes_received;
}

/*
 * A thread in poll for this connection alone waits as one that reads with a limit (SO_TIMEOUT of JDBC, settimeout() of
 * Python). If another thread sent something while it already waited, that is not its request.
 */
static bool is_polled_for(const struct held_evidence *evidence)
{
	return waits_for_more(evidence) && evidence->polled_since_ns &&
	       evidence->polled_since_ns + 2 * evidence->tick_ns >= signs_sent(evidence->socket);
}

/*
 * Earlier questions that were answered, before the lack of an answer means anything; and how much longer than those it
 * may take.
 */
#define TURNS_LEAST  3
#define TURNS_FACTOR 5

/*
 * We began this turn, as we began earlier ones, and all of those were answered. The slowest answer does not count: one
 * real stall would make this rule deaf. A program that often speaks twice before an answer does not wait for answers.
 */
static bool waits_longer_than_ever(const struct held_evidence *evidence)
{
	const struct held_record *held = evidence->held;
	__u64 waited = evidence->now_ns - signs_sent(evidence->socket);

	return may_await(evidence) && held->flags & HELD_TURNS && held->turn == TURN_BEGAN && held->bursts <= 2 &&
	       held->answered >= TURNS_LEAST && held->twice * 4 <= held->answered &&
	       waited >= TURNS_FACTOR * held->second_ns;
}

/*
 * All that it has said it said at once, or as soon as it was connected: till something comes, last_received_ns is when
 * it was.
 */
static bool has_said_one_thing(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return evidence->held->bursts <= 2 &&
	       (socket->data_segs_out <= 2 || socket->last_sent_ns <= socket->last_received_ns + NS_PER_S);
}

/*
 * Its first question of all, while other connections of its process to this server were answered. Who has spoken more
 * often asks for nothing.
 */
static bool is_unlike_siblings(const struct held_evidence *evidence)
{
	const struct held_record *held = evidence->held;
	__u64 waited = evidence->now_ns - signs_sent(evidence->socket);

	return waits_for_more(evidence) && !evidence->socket->bytes_received && held->flags & HELD_FIRST &&
	       held->siblings && held->flags & HELD_TURNS && has_said_one_thing(evidence) &&
	       waited >= TURNS_FACTOR * held->siblings_slowest_ns;
}

/* One that was answered may have been asked for something else. */
static bool is_unlike_many_siblings(const struct held_evidence *evidence)
{
	return is_unlike_siblings(evidence) && evidence->held->siblings >= TURNS_LEAST;
}

/*
 * Requests at once after each answer, before that means anything; and what the peer may have sent that is to be
 * acknowledged.
 */
#define AT_ONCE_LEAST 5
#define AT_ONCE_BYTES 16384

/* It used to ask again at once after each answer. But acknowledgements of what a peer sends look the same. */
static bool has_asked_at_once(const struct held_evidence *evidence)
{
	const struct held_record *held = evidence->held;
	__u64 waited = evidence->now_ns - signs_sent(evidence->socket);

	return may_await(evidence) && held->flags & HELD_TURNS && !(held->flags & HELD_TALKS) &&
	       held->turn == TURN_AT_ONCE && held->bursts <= 2 && held->at_once >= AT_ONCE_LEAST &&
	       held->pongs * 2 < held->at_once && held->peer_burst < AT_ONCE_BYTES &&
	       waited >= TURNS_FACTOR * held->second_ns;
}

/* Too little was seen of what was before: then the numbers of segments tell whether answers used to come. */
static bool knows_little(const struct held_record *held)
{
	return !(held->flags & HELD_TURNS) || held->turn == TURN_UNKNOWN ||
	       (held->turn == TURN_BEGAN && held->answered < TURNS_LEAST && held->bursts <= 2);
}

static bool is_in_balance(const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	__s64 ahead = (__s64)socket->data_segs_out - socket->data_segs_in;

	return may_await(evidence) && knows_little(evidence->held) && socket->data_segs_in >= 4 && ahead >= -2 &&
	       ahead <= 1;
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

static __u64 since_received(const struct held_evidence *evidence)
{
	return evidence->socket->last_received_ns;
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
	/*
	 * evidence                verdict        how bad           writes patience      since            why
	 * advice
	 */
	{ is_connecting,           &no_answer,    SEVERITY_WAITING, true,  HELD_AT_ONCE, since_connect,   held_why_connect,   held_advise_connect },
	{ more_is_unanswered,      &peer_dead,    SEVERITY_DEAD,    true,  HELD_AT_ONCE, since_data,      held_why_data,      held_advise_path },
	{ data_is_unanswered,      &peer_dead,    SEVERITY_DEAD,    false, HELD_AT_ONCE, since_data,      held_why_data,      held_advise_path },
	{ keepalive_is_unanswered, &peer_dead,    SEVERITY_DEAD,    false, HELD_AT_ONCE, since_keepalive, held_why_keepalive, held_advise_path },
	{ window_is_unanswered,    &peer_dead,    SEVERITY_DEAD,    true,  HELD_AT_ONCE, since_window,    held_why_probes,    held_advise_path },
	{ window_is_closed,        &window_zero,  SEVERITY_WAITING, true,  HELD_WINDOW,  since_window,    held_why_window,    held_advise_peer },
	{ segments_are_lost,       &network_loss, SEVERITY_WAITING, true,  HELD_AT_ONCE, since_data,      held_why_loss,      held_advise_loss },
	{ is_not_read,             &not_read,     SEVERITY_STARVED, false, HELD_AT_ONCE, since_received,  held_why_unread,    held_advise_process },
	{ waits_longer_than_ever,  &awaiting_reply, SEVERITY_WAITING, false, HELD_ANSWER, since_data,     held_why_turns,     held_advise_server },
	{ is_polled_for,           &awaiting_reply, SEVERITY_WAITING, false, HELD_ANSWER, since_data,     held_why_polled,    held_advise_server },
	{ is_unlike_many_siblings, &awaiting_reply, SEVERITY_WAITING, false, HELD_ANSWER, since_data,     held_why_siblings,  held_advise_server },
	{ is_unlike_siblings,      &awaiting_reply, SEVERITY_SUSPECT, false, HELD_ANSWER, since_data,     held_why_sibling,   held_advise_server },
	{ has_asked_at_once,       &awaiting_reply, SEVERITY_SUSPECT, false, HELD_LIKELY, since_data,     held_why_at_once,   held_advise_server },
	{ is_in_balance,           &awaiting_reply, SEVERITY_SUSPECT, false, HELD_ANSWER, since_data,     held_why_balance,   held_advise_server },
};
/* clang-format on */

const size_t held_rule_count = COUNT_OF(held_rules);

/* The same bytes: what is received, without what is unread, is where the reader has come to. */
static bool has_read_on(const struct look *previous, const struct socket_record *socket)
{
	const struct held_view *before = previous ? look_held(previous, socket->name.cookie) : NULL;

	return before &&
	       before->socket->rcv_nxt - before->socket->unread_bytes != socket->rcv_nxt - socket->unread_bytes;
}

/* When the thread fell asleep that waits for this connection alone, in poll or select. */
static __u64 polled_since(const struct look *look, const struct held_record *held)
{
	const struct thread_view *waiter;

	if (!(held->flags & HELD_POLL_ALONE) || held->flags & HELD_EPOLL)
		return 0;
	waiter = look_thread(look, held->waiter_pid, held->waiter_tid);
	return waiter ? look_asleep_since(look, waiter->thread) : 0;
}

struct held_evidence held_evidence_of(const struct look *look, const struct look *previous,
				      const struct held_view *view)
{
	const struct look_record *head = look->head;

	return (struct held_evidence){
		.held = view->held,
		.socket = view->socket,
		.now_ns = head->seen_ns,
		.tick_ns = head->tick_ns,
		.polled_since_ns = polled_since(look, view->held),
		.read_on = has_read_on(previous, view->socket),
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

bool held_is_a_read(const struct held_rule *rule)
{
	return rule->applies == is_polled_for;
}
