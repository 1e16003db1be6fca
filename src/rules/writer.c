/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/writer.h"

#include "base/array.h"
#include "base/wording.h"
#include "look/signs.h"
#include "look/untaken.h"
#include "rules/phrases.h"
#include "rules/verdicts.h"
#include "system/address.h"
#include "system/tcp_states.h"

/* ---- Evidence ---- */

static bool is_not_tcp(const struct writer_evidence *evidence)
{
	return evidence->socket->name.kind != SOCKET_KIND_TCP;
}

static bool is_pipe(const struct writer_evidence *evidence)
{
	return evidence->socket->name.kind == SOCKET_KIND_PIPE;
}

/*
 * Programs at the two ends of a pipe work at their own pace. It is normal that a writer waits for a reader that
 * computes, runs a program for each line (xargs), or shows a page to a person.
 */
static bool reader_is_at_work(const struct writer_evidence *evidence)
{
	return is_pipe(evidence) && evidence->reader && evidence->reader->flags & (OWNER_AT_WORK | OWNER_HAS_TERMINAL);
}

/* A reader may take large pieces and send each on: it gets time for that. */
#define PIPE_NS (5 * NS_PER_S)

static bool nothing_is_taken(const struct writer_evidence *evidence)
{
	__u64 now = evidence->now_ns;

	if (!is_not_tcp(evidence) || !evidence->untaken_since_ns || evidence->untaken_since_ns + UNTAKEN_NS > now)
		return false;
	return !is_pipe(evidence) || evidence->slept_since_ns + PIPE_NS <= now;
}

/* A datagram to an address (sendto(2)). Its reader is not known. Each datagram that is read wakes a writer. */
static bool no_datagram_is_taken(const struct writer_evidence *evidence)
{
	const struct socket_name *name = &evidence->socket->name;

	return name->kind == SOCKET_KIND_UNIX && name->state == STATE_CLOSE && evidence->slept_since_ns &&
	       evidence->slept_since_ns + PIPE_NS <= evidence->now_ns;
}

/* A SYN is in flight: it is not known whether the peer is there at all. */
static bool is_connecting(const struct writer_evidence *evidence)
{
	return evidence->socket->name.state == STATE_SYN_SENT;
}

static bool data_is_unanswered(const struct writer_evidence *evidence)
{
	return signs_data_unanswered(evidence->socket, evidence->now_ns);
}

static bool window_is_unanswered(const struct writer_evidence *evidence)
{
	return signs_window_unanswered(evidence->socket, evidence->now_ns);
}

static bool window_is_closed(const struct writer_evidence *evidence)
{
	return evidence->closed_since_ns;
}

/* A timeout that is not yet answered: the segment or its acknowledgement was lost. */
static bool segments_are_lost(const struct writer_evidence *evidence)
{
	return timers_in_flight(evidence->socket) && evidence->socket->retransmits;
}

/* sk_stream_memory_free(): then it is not the peer that it waits for; sendfile may wait for a disk. */
static bool buffer_has_room(const struct writer_evidence *evidence)
{
	return evidence->socket->queued_bytes < evidence->socket->send_buffer;
}

static bool always(const struct writer_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- Why ---- */

/* How the write will end: the last part of every sentence. */
static const char *say_end(struct arena *arena, const struct writer_evidence *evidence)
{
	const char *in = say_until(arena, evidence->now_ns, evidence->end.at_ns), *unless = "if the peer is gone, ";

	switch (evidence->end.by) {
	case WRITE_END_SNDTIMEO:
		return arena_printf(arena, "its send timeout ends the write in %s", in);
	case WRITE_END_PROTOCOL:
		if (is_connecting(evidence))
			unless = "";
		else if (evidence->socket->user_timeout_ns && !evidence->socket->snd_wnd)
			unless = "if its window stays closed, ";
		return arena_printf(arena, "%sthe kernel gives up in %s", unless, in);
	case WRITE_END_NEVER:
		break;
	}
	return is_pipe(evidence) ? "this write can wait forever" : "no send timeout: this write can wait forever";
}

static const char *say_unsent(struct arena *arena, const struct socket_record *socket)
{
	return say_count(arena, (__u64)socket->unsent_bytes + socket->unacked_bytes, "bytes");
}

static const char *say_heard(struct arena *arena, const struct writer_evidence *evidence)
{
	return say_since(arena, evidence->now_ns, signs_last_heard(evidence->socket));
}

static const char *why_other(struct arena *arena, const struct writer_evidence *evidence)
{
	if (evidence->end.by == WRITE_END_SNDTIMEO)
		return arena_printf(
			arena,
			"it waits for buffer space: the other end does not read, or reads more slowly than this end writes; %s",
			say_end(arena, evidence));
	return "it waits for buffer space: the other end does not read, or reads more slowly than this end writes";
}

static const char *say_other_end(struct arena *arena, const struct writer_evidence *evidence)
{
	const char *what = is_pipe(evidence) ? "pipe" : "unix socket";

	if (!evidence->reader)
		return arena_printf(arena, "the process at the other end of the %s", what);
	return arena_printf(arena, "%.16s (pid %u), at the other end of the %s,", evidence->reader->comm,
			    evidence->reader->pid, what);
}

static const char *why_at_work(struct arena *arena, const struct writer_evidence *evidence)
{
	return arena_printf(arena, "the write is blocked: %s %s", say_other_end(arena, evidence),
			    evidence->reader->flags & OWNER_AT_WORK
				    ? "is at work"
				    : "has a terminal: most likely a person reads there");
}

/* The sleep began earlier than the looks that saw nothing taken. */
static const char *why_not_read(struct arena *arena, const struct writer_evidence *evidence)
{
	const char *slept = say_since(arena, evidence->now_ns, evidence->slept_since_ns);
	const char *untaken = say_since(arena, evidence->now_ns, evidence->untaken_since_ns);
	const char *waited = evidence->slept_since_ns ? arena_printf(arena, "the write has been blocked for %s", slept)
						      : "the write is blocked";

	return arena_printf(arena, "%s: %s does not read (nothing read for at least %s); %s", waited,
			    say_other_end(arena, evidence), untaken, say_end(arena, evidence));
}

static const char *why_datagram(struct arena *arena, const struct writer_evidence *evidence)
{
	return arena_printf(arena,
			    "the write has been blocked for %s: the process that the datagram is for does not read; %s",
			    say_since(arena, evidence->now_ns, evidence->slept_since_ns), say_end(arena, evidence));
}

static const char *why_connecting(struct arena *arena, const struct writer_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "not connected: no answer to our SYN for %s, retransmitted %s; %s",
			    say_since(arena, evidence->now_ns, socket->first_sent_ns),
			    say_count(arena, socket->retransmits, "times"), say_end(arena, evidence));
}

static const char *why_data(struct arena *arena, const struct writer_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena,
		"%s in the send queue, retransmitted %s without an ACK; nothing received from the peer for %s; %s",
		say_unsent(arena, socket), say_count(arena, socket->retransmits, "times"), say_heard(arena, evidence),
		say_end(arena, evidence));
}

static const char *why_probes(struct arena *arena, const struct writer_evidence *evidence)
{
	return arena_printf(
		arena, "%s in the send queue; %s without an answer; nothing received from the peer for %s; %s",
		say_unsent(arena, evidence->socket), say_count(arena, evidence->socket->probes_out, "window probes"),
		say_heard(arena, evidence), say_end(arena, evidence));
}

static const char *why_window(struct arena *arena, const struct writer_evidence *evidence)
{
	return arena_printf(arena,
			    "the peer's window has been closed for %s: its kernel answers (last %s ago), but its "
			    "application does not read; %s in the send queue; %s",
			    say_since(arena, evidence->now_ns, evidence->closed_since_ns), say_heard(arena, evidence),
			    say_unsent(arena, evidence->socket), say_end(arena, evidence));
}

static const char *why_loss(struct arena *arena, const struct writer_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena,
		"segments are lost: %s in the send queue, retransmitted %s (%u in total); last heard from the peer %s ago; %s",
		say_unsent(arena, socket), say_count(arena, socket->retransmits, "times"), socket->total_retrans,
		say_heard(arena, evidence), say_end(arena, evidence));
}

static const char *why_room(struct arena *arena, const struct writer_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "its send buffer has room, so the peer is not to blame";
}

static const char *why_sending(struct arena *arena, const struct writer_evidence *evidence)
{
	return arena_printf(
		arena,
		"its send buffer is full, but the peer takes data: %s in the send queue, last heard from the peer %s ago",
		say_unsent(arena, evidence->socket), say_heard(arena, evidence));
}

/* ---- Advice ---- */

static const char *advise(struct arena *arena, const struct writer_evidence *evidence, const char *first)
{
	const struct socket_name *name = &evidence->socket->name;
	__u32 tid = evidence->thread->netns == name->netns ? evidence->thread->tid : 0;
	const char *missing = "";

	if (evidence->end.by == WRITE_END_NEVER)
		missing = arena_printf(arena, "set a send timeout (SO_SNDTIMEO) in %.16s; ",
				       evidence->thread->process_comm);
	return arena_printf(arena, "%s; %sto end the connection now: %s", first, missing, say_ending(arena, name, tid));
}

static const char *advise_path(struct arena *arena, const struct writer_evidence *evidence)
{
	return advise(arena, evidence, say_see_path(arena, &evidence->socket->name));
}

static const char *advise_connect(struct arena *arena, const struct writer_evidence *evidence)
{
	return advise(arena, evidence, say_see_listener(arena, &evidence->socket->name));
}

static const char *advise_peer(struct arena *arena, const struct writer_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence,
		      arena_printf(arena, "see what the application at %s does instead of reading", peer));
}

static const char *advise_loss(struct arena *arena, const struct writer_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence,
		      arena_printf(arena, "see where segments to %s get lost (filters, path MTU, a full link)", peer));
}

static const char *advise_reader(struct arena *arena, const struct writer_evidence *evidence)
{
	const char *missing = "";

	if (!is_pipe(evidence) && evidence->end.by == WRITE_END_NEVER)
		missing = arena_printf(arena, "; set a send timeout (SO_SNDTIMEO) or O_NONBLOCK in %.16s",
				       evidence->thread->process_comm);
	if (!evidence->reader)
		return arena_printf(
			arena, "see which process has the other end, and what it does: sockstall chains -a -p %u%s",
			evidence->thread->pid, missing);
	return arena_printf(arena, "see what %.16s does instead of reading: sockstall threads -p %u%s",
			    evidence->reader->comm, evidence->reader->pid, missing);
}

/* ---- The table ---- */

WRITER_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct writer_rule writer_rules[] = {
	/* evidence             verdict        how bad           why             advice */
	{ reader_is_at_work,    &waiting,      SEVERITY_NONE,    why_at_work,    NULL },
	{ nothing_is_taken,     &not_read,     SEVERITY_WAITING, why_not_read,   advise_reader },
	{ no_datagram_is_taken, &not_read,     SEVERITY_WAITING, why_datagram,   advise_reader },
	{ is_not_tcp,           &waiting,      SEVERITY_NONE,    why_other,      NULL },
	{ data_is_unanswered,   &peer_dead,    SEVERITY_DEAD,    why_data,       advise_path },
	{ window_is_unanswered, &peer_dead,    SEVERITY_DEAD,    why_probes,     advise_path },
	{ is_connecting,        &no_answer,    SEVERITY_WAITING, why_connecting, advise_connect },
	{ window_is_closed,     &window_zero,  SEVERITY_WAITING, why_window,     advise_peer },
	{ segments_are_lost,    &network_loss, SEVERITY_WAITING, why_loss,       advise_loss },
	{ buffer_has_room,      &waiting,      SEVERITY_NONE,    why_room,       NULL },
	{ always,               &sending,      SEVERITY_NONE,    why_sending,    NULL },
};
/* clang-format on */

const size_t writer_rule_count = COUNT_OF(writer_rules);

struct writer_evidence writer_evidence_of(const struct look *look, const struct thread_view *view, __u64 since_ns)
{
	const struct look_record *head = look->head;

	return (struct writer_evidence){
		.thread = view->thread,
		.socket = view->socket,
		.now_ns = head->seen_ns,
		.closed_since_ns = signs_window_closed_since(view->socket, head->seen_ns),
		.end = timers_write_ends(view->socket, since_ns, head->tick_ns),
		.slept_since_ns = since_ns,
		.untaken_since_ns = untaken_since(view->socket, since_ns),
		.reader = untaken_reader(look, view->socket, view->thread->pid),
	};
}

const struct writer_rule *writer_verdict(const struct writer_evidence *evidence)
{
	const struct writer_rule *rule = writer_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
