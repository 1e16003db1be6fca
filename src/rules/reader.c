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

/* Certain, whatever is due: it is not yet connected to anybody. */
static bool lies_in_queue(const struct reader_evidence *evidence)
{
	return evidence->socket->flags & SOCKET_PEER_QUEUED;
}

#define DNS_PORT 53

/*
 * A socket on which nothing ever came; or that a thread is in poll for, with a limit, and for nothing else. Between
 * questions a program may wait on one that it keeps.
 */
static bool asks_dns(const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return socket->name.kind == SOCKET_KIND_UDP && socket->name.peer_port == DNS_PORT &&
	       (socket->flags & SOCKET_NEVER_HEARD || evidence->only_dns);
}

static bool is_not_tcp(const struct reader_evidence *evidence)
{
	return evidence->socket->name.kind != SOCKET_KIND_TCP;
}

/* A SYN is in flight: the reader waits for the connection first, with the limits of connect(). */
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

/* Bytes are here, and are too few, or were seen and left (MSG_PEEK): it waits for more of the same message. */
static bool part_is_there(const struct reader_evidence *evidence)
{
	return client_and_peer_spoke(evidence) && evidence->socket->unread_bytes;
}

static bool server_and_part_is_there(const struct reader_evidence *evidence)
{
	return !evidence->client && evidence->spoke_last == SPEAKER_PEER && evidence->socket->unread_bytes;
}

static bool client_and_order_lost(const struct reader_evidence *evidence)
{
	return evidence->client && evidence->spoke_last == SPEAKER_UNKNOWN;
}

static bool server_and_order_lost(const struct reader_evidence *evidence)
{
	return !evidence->client && evidence->spoke_last == SPEAKER_UNKNOWN;
}

/* ---- Does anybody owe anything? ---- */

#define SOON_NS		 NS_PER_S /* after the connection was made */
#define BROKE_SILENCE_NS (NS_PER_S / 5) /* who speaks sooner than that after its peer may well answer it */

/* Before the first byte each way, the times of the record are when the connection was made. */
static bool never_answered(const struct socket_record *socket)
{
	return socket->bytes_received && !socket->bytes_sent;
}

bool reader_is_stream(const struct socket_record *socket)
{
	return never_answered(socket) &&
	       (socket->peer_repeats || socket->last_received_ns > socket->last_sent_ns + SOON_NS);
}

/* Another thread sent this, while this one already read: it is there for whatever comes. */
static bool only_listens(const struct reader_evidence *evidence)
{
	return evidence->since_ns && evidence->since_ns + 2 * evidence->tick_ns < signs_sent(evidence->socket);
}

/* We asked after a silence, and each of several earlier questions was answered: as many segments each way. */
static bool is_conversation(const struct socket_record *socket)
{
	__s64 more = (__s64)socket->data_segs_out - socket->data_segs_in;

	return socket->data_segs_in >= 4 && more >= -2 && more <= 1 &&
	       socket->last_sent_ns >= socket->last_received_ns + BROKE_SILENCE_NS;
}

static bool client_and_nothing_due(const struct reader_evidence *evidence)
{
	return client_and_we_spoke(evidence) && only_listens(evidence) && !is_conversation(evidence->socket);
}

/*
 * A request that waits for something to come (BLPOP, reserve). Where questions used to be answered, this one should be,
 * too.
 */
static bool client_of_a_queue(const struct reader_evidence *evidence)
{
	return client_and_we_spoke(evidence) && evidence->served_by_design && !is_conversation(evidence->socket);
}

/* It has spoken again and again without an answer, or waited as long before it did. */
static bool is_talker(const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	__u64 silence = ago(evidence, socket->last_received_ns);

	/* A connection on which far more segments came than went, from one look: it was told more than it answered. */
	return socket->peer_repeats >= 3 || silence <= 2 * socket->peer_silence_ns ||
	       socket->data_segs_in > socket->data_segs_out + 2;
}

/* Nobody can tell whether the first data of a connection wants an answer: it is given time. */
static bool is_first_data(const struct reader_evidence *evidence)
{
	return never_answered(evidence->socket) &&
	       (evidence->beside_streams || ago(evidence, evidence->socket->last_received_ns) < evidence->patience_ns);
}

static bool server_and_nothing_due(const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	if (evidence->client || evidence->spoke_last != SPEAKER_PEER)
		return false;
	return never_answered(socket) ? reader_is_stream(socket) || is_first_data(evidence) : is_talker(evidence);
}

/*
 * We send unasked: news, and the read is there to see the client's end. Another thread sends; or what we sent came too
 * late for a greeting. A greeting is given time to be answered.
 */
static bool server_of_a_feed(const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	if (evidence->client || socket->bytes_received || !socket->bytes_sent)
		return false;
	return only_listens(evidence) || socket->last_sent_ns > socket->last_received_ns + SOON_NS ||
	       ago(evidence, socket->last_sent_ns) < evidence->patience_ns;
}

static bool server_and_peer_silent(const struct reader_evidence *evidence)
{
	return !evidence->client && !evidence->socket->bytes_received;
}

/*
 * Browsers and load balancers connect in advance. That holds nobody up while most threads are free for those who ask.
 */
static bool server_with_threads_to_spare(const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return server_and_peer_silent(evidence) && evidence->held_threads && !evidence->others_queue &&
	       evidence->held_threads * 2 < evidence->thread->threads &&
	       ago(evidence, later_of(socket->last_sent_ns, socket->last_received_ns)) <= evidence->long_idle_ns;
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
	{ asks_dns,                &no_dns_answer,   SEVERITY_WAITING,    reader_why_dns,             reader_advise_dns },
	{ lies_in_queue,           &awaiting_reply,  SEVERITY_WAITING,    reader_why_in_queue,        reader_advise_queue },
	{ is_not_tcp,              &waiting,         SEVERITY_NONE,       reader_why_waiting,         NULL },
	{ data_is_unanswered,      &peer_dead,       SEVERITY_DEAD,       reader_why_data,            reader_advise_path },
	{ keepalive_is_unanswered, &peer_dead,       SEVERITY_DEAD,       reader_why_keepalive,       reader_advise_path },
	{ window_is_unanswered,    &peer_dead,       SEVERITY_DEAD,       reader_why_window,          reader_advise_path },
	{ is_connecting,           &awaiting_reply,  SEVERITY_WAITING,    reader_why_connecting,      reader_advise_connect },
	{ data_is_there,           &waiting,         SEVERITY_NONE,       reader_why_data_is_there,   NULL },
	{ end_is_there,            &waiting,         SEVERITY_NONE,       reader_why_end_is_there,    NULL },
	{ client_and_order_lost,   &waiting,         SEVERITY_NONE,       reader_why_order_is_lost,   NULL },
	{ client_and_nobody_spoke, &awaiting_reply,  SEVERITY_WAITING,    reader_why_no_greeting,     reader_advise_greeting },
	{ client_and_nothing_due,  &waiting,         SEVERITY_NONE,       reader_why_listens,         NULL },
	{ client_of_a_queue,       &waiting,         SEVERITY_NONE,       reader_why_by_design,       NULL },
	{ client_and_we_spoke,     &awaiting_reply,  SEVERITY_WAITING,    reader_why_no_reply,        reader_advise_server },
	{ part_is_there,           &reply_stopped,   SEVERITY_WAITING,    reader_why_reply_stopped,   reader_advise_server },
	{ client_and_peer_spoke,   &waiting,         SEVERITY_NONE,       reader_why_peer_spoke,      NULL },
	{ server_of_a_feed,        &idle,            SEVERITY_NONE,       reader_why_feed,            NULL },
	{ server_with_threads_to_spare, &idle,    SEVERITY_NONE,       reader_why_no_request,      NULL },
	{ server_and_peer_silent,  &no_request,      SEVERITY_UNFINISHED, reader_why_no_request,      reader_advise_limit },
	{ server_and_part_is_there, &request_stopped, SEVERITY_UNFINISHED, reader_why_request_stopped, reader_advise_limit },
	{ server_and_nothing_due,  &idle,            SEVERITY_NONE,       reader_why_stream,          NULL },
	{ server_and_peer_spoke,   &request_stopped, SEVERITY_UNFINISHED, reader_why_request_stopped, reader_advise_limit },
	{ server_idle_unwatched,   &maybe_dead,      SEVERITY_SUSPECT,    reader_why_maybe_dead,      reader_advise_keepalive },
	{ server_and_order_lost,   &idle,            SEVERITY_NONE,       reader_why_order_is_lost,   NULL },
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
		.since_ns = since_ns,
	};
}

const struct reader_rule *reader_verdict(const struct reader_evidence *evidence)
{
	const struct reader_rule *rule = reader_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}

const struct verdict *reader_link_verdict(const struct reader_rule *rule)
{
	return rule->applies == client_and_peer_spoke ? &reply_stopped : rule->verdict;
}
