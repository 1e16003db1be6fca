/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/reader.h"

#include "base/array.h"
#include "look/signs.h"
#include "look/sleeping.h"
#include "rules/reader_words.h"
#include "rules/verdicts.h"
#include "system/address.h"
#include "system/tcp_states.h"

static __u64 ago(const struct reader_evidence *evidence, __u64 then_ns)
{
	return evidence->now_ns > then_ns ? evidence->now_ns - then_ns : 0;
}

static __u64 later_of(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* ---- Evidence ---- */

static bool is_not_tcp(const struct reader_evidence *evidence)
{
	return evidence->socket->name.kind != SOCKET_KIND_TCP;
}

/* What is in flight is a SYN: the reader waits for the connection first, and its limits are those of connect(). */
static bool is_connecting(const struct reader_evidence *evidence)
{
	return evidence->socket->name.state == STATE_SYN_SENT;
}

static bool data_is_unanswered(const struct reader_evidence *evidence)
{
	return signs_data_unanswered(evidence->socket, evidence->now_ns);
}

static bool keepalive_is_unanswered(const struct reader_evidence *evidence)
{
	return signs_keepalive_unanswered(evidence->socket);
}

static bool window_is_unanswered(const struct reader_evidence *evidence)
{
	return signs_window_unanswered(evidence->socket, evidence->now_ns);
}

static bool data_is_there(const struct reader_evidence *evidence)
{
	return read_has_data(evidence->thread, evidence->socket);
}

static bool end_is_there(const struct reader_evidence *evidence)
{
	return read_has_end(evidence->socket);
}

static bool client_and_nobody_spoke(const struct reader_evidence *evidence)
{
	return evidence->client && evidence->spoke_last == SPEAKER_NOBODY;
}

static bool client_and_we_spoke(const struct reader_evidence *evidence)
{
	return evidence->client && evidence->spoke_last == SPEAKER_WE;
}

static bool client_and_peer_spoke(const struct reader_evidence *evidence)
{
	return evidence->client && evidence->spoke_last == SPEAKER_PEER;
}

static bool client_and_order_lost(const struct reader_evidence *evidence)
{
	return evidence->client && evidence->spoke_last == SPEAKER_UNKNOWN;
}

static bool server_and_order_lost(const struct reader_evidence *evidence)
{
	return !evidence->client && evidence->spoke_last == SPEAKER_UNKNOWN;
}

static bool server_and_peer_silent(const struct reader_evidence *evidence)
{
	return !evidence->client && !evidence->socket->bytes_received;
}

static bool server_and_peer_spoke(const struct reader_evidence *evidence)
{
	return !evidence->client && evidence->spoke_last == SPEAKER_PEER;
}

__u64 reader_idle_ns(const struct reader_evidence *evidence)
{
	return ago(evidence, later_of(evidence->socket->last_sent_ns, evidence->socket->last_received_ns));
}

/* Its handler may end the read, or the program: what it does cannot be seen. */
bool reader_alarm_is_set(const struct reader_evidence *evidence)
{
	return evidence->thread->alarm_ns > evidence->now_ns;
}

static bool server_idle_unwatched(const struct reader_evidence *evidence)
{
	return !evidence->client && evidence->end.by == READ_END_NEVER && !reader_alarm_is_set(evidence) &&
	       !address_peer_is_here(&evidence->socket->name) && reader_idle_ns(evidence) > evidence->long_idle_ns;
}

static bool always(const struct reader_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- The table ---- */

READER_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct reader_rule reader_rules[] = {
	/* evidence                verdict           how bad              why                         advice */
	{ is_not_tcp,              &waiting,         SEVERITY_NONE,       reader_why_waiting,         NULL },
	{ data_is_unanswered,      &peer_dead,       SEVERITY_DEAD,       reader_why_data,            reader_advise_path },
	{ keepalive_is_unanswered, &peer_dead,       SEVERITY_DEAD,       reader_why_keepalive,       reader_advise_path },
	{ window_is_unanswered,    &peer_dead,       SEVERITY_DEAD,       reader_why_window,          reader_advise_path },
	{ is_connecting,           &awaiting_reply,  SEVERITY_WAITING,    reader_why_connecting,      reader_advise_connect },
	{ data_is_there,           &waiting,         SEVERITY_NONE,       reader_why_data_is_there,   NULL },
	{ end_is_there,            &waiting,         SEVERITY_NONE,       reader_why_end_is_there,    NULL },
	{ client_and_order_lost,   &waiting,         SEVERITY_NONE,       reader_why_order_is_lost,   NULL },
	{ client_and_nobody_spoke, &awaiting_reply,  SEVERITY_WAITING,    reader_why_no_greeting,     reader_advise_greeting },
	{ client_and_we_spoke,     &awaiting_reply,  SEVERITY_WAITING,    reader_why_no_reply,        reader_advise_server },
	{ client_and_peer_spoke,   &reply_stopped,   SEVERITY_WAITING,    reader_why_reply_stopped,   reader_advise_server },
	{ server_and_peer_silent,  &no_request,      SEVERITY_UNFINISHED, reader_why_no_request,      reader_advise_limit },
	{ server_and_peer_spoke,   &request_stopped, SEVERITY_UNFINISHED, reader_why_request_stopped, reader_advise_limit },
	{ server_idle_unwatched,   &maybe_dead,      SEVERITY_SUSPECT,    reader_why_maybe_dead,      reader_advise_keepalive },
	{ server_and_order_lost,   &idle,             SEVERITY_NONE,       reader_why_order_is_lost,   NULL },
	{ always,                  &idle,            SEVERITY_NONE,       reader_why_idle,            NULL },
};
/* clang-format on */

const size_t reader_rule_count = COUNT_OF(reader_rules);

struct reader_evidence reader_evidence_of(const struct look *look, const struct thread_view *view, __u64 since_ns)
{
	const struct look_record *head = look->head;

	return (struct reader_evidence){
		.thread = view->thread,
		.socket = view->socket,
		.now_ns = head->seen_ns,
		.long_idle_ns = head->long_idle_ns,
		.tick_ns = head->tick_ns,
		.client = socket_is_client(view->socket),
		.spoke_last = reader_speaker(view->socket, head->tick_ns),
		.end = timers_read_ends(view->socket, since_ns, head->tick_ns),
	};
}

const struct reader_rule *reader_verdict(const struct reader_evidence *evidence)
{
	const struct reader_rule *rule = reader_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
