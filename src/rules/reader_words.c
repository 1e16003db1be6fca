/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/reader_words.h"

#include "base/wording.h"
#include "look/signs.h"
#include "look/timers.h"
#include "rules/phrases.h"
#include "system/address.h"

/* ---- Why ---- */

/* How the kernel will end the wait by itself. */
static const char *say_kernel_end(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	const char *in = say_until(arena, evidence->now_ns, evidence->end.at_ns);

	switch (evidence->end.by) {
	case READ_END_RCVTIMEO:
		return arena_printf(arena, "its receive timeout ends the read in %s", in);
	case READ_END_RETRIES:
		return arena_printf(arena, "if the peer is gone, retransmission gives up in %s (tcp_retries2 %u)", in,
				    socket->retries2);
	case READ_END_USER_TIMEOUT:
		return arena_printf(arena, "%s, TCP_USER_TIMEOUT ends it in %s",
				    socket->snd_wnd ? "if the peer is gone" : "if the peer's window stays closed", in);
	case READ_END_KEEPALIVE:
		return arena_printf(arena, "if the peer is gone, keepalive ends it in %s", in);
	case READ_END_CONNECT:
		return arena_printf(arena, "the kernel gives up in %s", in);
	case READ_END_WINDOW_PROBES:
		return arena_printf(arena, "if the peer is gone, window probes give up in %s", in);
	case READ_END_NEVER:
		break;
	}
	if (socket->flags & SOCKET_KEEPALIVE)
		return "no receive timeout, and keepalive is not running: this read can wait forever";
	return "no receive timeout, no keepalive: this read can wait forever";
}

/* How the read will end: the last part of every sentence. */
static const char *say_end(struct arena *arena, const struct reader_evidence *evidence)
{
	const char *in = say_until(arena, evidence->now_ns, evidence->thread->alarm_ns);

	if (!reader_alarm_is_set(evidence))
		return say_kernel_end(arena, evidence);
	if (evidence->end.by == READ_END_NEVER)
		return arena_printf(arena, "only its own alarm (SIGALRM in %s) can end this read", in);
	return arena_printf(arena, "%s; its own alarm (SIGALRM) interrupts it in %s", say_kernel_end(arena, evidence),
			    in);
}

static const char *say_ago(struct arena *arena, const struct reader_evidence *evidence, __u64 then_ns)
{
	return say_since(arena, evidence->now_ns, then_ns);
}

/* How far the peer's kernel has taken what we sent. */
static const char *say_acknowledged(struct arena *arena, const struct socket_record *socket)
{
	if (socket->unacked_bytes)
		return arena_printf(arena, "%s not yet acknowledged", say_count(arena, socket->unacked_bytes, "bytes"));
	if (socket->unsent_bytes)
		return arena_printf(arena, "%s not yet sent%s", say_count(arena, socket->unsent_bytes, "bytes"),
				    socket->snd_wnd ? "" : ": the peer's window is closed");
	return "the peer acknowledged all of it";
}

static const char *say_tries(struct arena *arena, const struct reader_evidence *evidence)
{
	if (evidence->tries < 2)
		return "";
	return arena_printf(arena, "; this is at least try %u", evidence->tries);
}

const char *reader_why_dns(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	const char *server = say_peer(arena, &socket->name);

	if (!(socket->flags & SOCKET_NEVER_HEARD))
		return arena_printf(arena, "the DNS server %s has not answered for %s%s", server,
				    say_ago(arena, evidence, evidence->since_ns), say_tries(arena, evidence));
	return arena_printf(arena, "the DNS server %s has not answered for %s; nothing ever came on this socket%s",
			    server, say_ago(arena, evidence, evidence->since_ns), say_tries(arena, evidence));
}

const char *reader_why_in_queue(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(arena,
			    "our connection is still in the listener's accept queue: no process has accepted it; %s",
			    say_end(arena, evidence));
}

const char *reader_why_waiting(struct arena *arena, const struct reader_evidence *evidence)
{
	if (evidence->end.by == READ_END_RCVTIMEO || reader_alarm_is_set(evidence))
		return arena_printf(arena, "it waits for data; %s", say_end(arena, evidence));
	return "it waits for data; it cannot be seen whether any is due";
}

const char *reader_why_connecting(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "not connected: no answer to our SYN for %s, retransmitted %s; %s",
			    say_ago(arena, evidence, socket->first_sent_ns),
			    say_count(arena, socket->retransmits, "times"), say_end(arena, evidence));
}

const char *reader_why_data_is_there(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(arena,
			    "data is here (%s unread), so the peer is not to blame: the process may be frozen, or it "
			    "waits for room in a pipe or for the rest of a TLS record",
			    say_count(arena, evidence->socket->unread_bytes, "bytes"));
}

const char *reader_why_end_is_there(struct arena *arena, const struct reader_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "the end of file is here, so the peer is not to blame: the process may be frozen";
}

/* Data that the peer sends after our first retransmission does not answer ours. */
static const char *say_heard(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	const char *ago_text = say_ago(arena, evidence, signs_last_heard(socket));

	if (socket->first_sent_ns && signs_last_heard(socket) > socket->first_sent_ns)
		return arena_printf(arena,
				    "the peer sent something %s ago, but does not acknowledge our data: the path to it "
				    "may be blocked",
				    ago_text);
	return arena_printf(arena, "nothing received from the peer for %s", ago_text);
}

const char *reader_why_data(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "%s in flight, retransmitted %s without an ACK; %s; %s",
			    say_count(arena, socket->unacked_bytes, "bytes"),
			    say_count(arena, socket->retransmits, "times"), say_heard(arena, evidence),
			    say_end(arena, evidence));
}

const char *reader_why_keepalive(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "%s unanswered, the last sent %s ago; nothing received from the peer for %s; %s",
			    say_count(arena, socket->probes_out, "keepalive probes"),
			    say_ago(arena, evidence, timers_keepalive_probe_sent(socket)),
			    say_ago(arena, evidence, signs_last_heard(socket)), say_end(arena, evidence));
}

const char *reader_why_window(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	/* The same timer serves where nothing can be sent at all: the window is open, the way is not. */
	if (socket->snd_wnd)
		return arena_printf(arena,
				    "%s unsent, retried %s: this host has no path to the peer (interface or route); "
				    "nothing received for %s; %s",
				    say_count(arena, socket->unsent_bytes, "bytes"),
				    say_count(arena, socket->probes_out, "times"),
				    say_ago(arena, evidence, signs_last_heard(socket)), say_end(arena, evidence));
	return arena_printf(arena, "the peer's window is closed, %s unanswered; nothing received for %s; %s",
			    say_count(arena, socket->probes_out, "window probes"),
			    say_ago(arena, evidence, signs_last_heard(socket)), say_end(arena, evidence));
}

const char *reader_why_order_is_lost(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(
		arena,
		"both ends sent data %s ago, within one tick of the kernel's clock, so it is not known who spoke "
		"last and whether data is due; %s",
		say_ago(arena, evidence, evidence->socket->last_received_ns), say_end(arena, evidence));
}

const char *reader_why_no_greeting(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(arena, "connected %s ago; neither the server nor we have sent a byte; %s",
			    say_ago(arena, evidence, evidence->socket->last_received_ns), say_end(arena, evidence));
}

const char *reader_why_no_reply(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	const char *sent = say_ago(arena, evidence, socket->last_sent_ns);
	const char *end = say_end(arena, evidence);

	if (!socket->bytes_received && socket->unacked_bytes + socket->unsent_bytes == 0)
		return arena_printf(arena,
				    "we sent %s %s ago; the peer acknowledged all of it, but has not replied; %s",
				    say_count(arena, socket->bytes_sent, "bytes"), sent, end);
	if (!socket->bytes_received)
		return arena_printf(arena, "we sent %s, the last %s ago; the peer has not replied; %s; %s",
				    say_count(arena, socket->bytes_sent, "bytes"), sent,
				    say_acknowledged(arena, socket), end);
	return arena_printf(arena, "we sent last, %s ago (%s in total); %s; the peer's last data came %s ago; %s", sent,
			    say_count(arena, socket->bytes_sent, "bytes"), say_acknowledged(arena, socket),
			    say_ago(arena, evidence, socket->last_received_ns), end);
}

const char *reader_why_reply_stopped(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena,
		"the peer sent %s, the last %s ago; %s of them are here, but too few for this read, which waits for more; %s",
		say_count(arena, socket->bytes_received, "bytes"), say_ago(arena, evidence, socket->last_received_ns),
		arena_printf(arena, "%u", socket->unread_bytes), say_end(arena, evidence));
}

const char *reader_why_by_design(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(
		arena,
		"we sent last, %s ago; the server serves others meanwhile, and may answer this request only when "
		"there is something (BLPOP); %s",
		say_ago(arena, evidence, evidence->socket->last_sent_ns), say_end(arena, evidence));
}

/* Only bytes that are here and do not do for the read tell that the peer has more to say. */
const char *reader_why_peer_spoke(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena,
			    "the peer spoke last, %s ago (%s in total); it cannot be seen whether more is due: a "
			    "subscriber waits like this, too; %s",
			    say_ago(arena, evidence, socket->last_received_ns),
			    say_count(arena, socket->bytes_received, "bytes"), say_end(arena, evidence));
}

const char *reader_why_listens(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena,
		"it was already reading when another thread sent the last data, %s ago; it cannot be seen whether "
		"an answer is due; %s",
		say_ago(arena, evidence, signs_sent(socket)), say_end(arena, evidence));
}

const char *reader_why_feed(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena, "we send without being asked (%s, the last %s ago), and the client has never sent a byte",
		say_count(arena, socket->bytes_sent, "bytes"), say_ago(arena, evidence, socket->last_sent_ns));
}

const char *reader_why_stream(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	if (socket->bytes_sent)
		return arena_printf(arena,
				    "the client spoke last, %s ago; it has done so before and got no answer, so it may "
				    "expect none; %s",
				    say_ago(arena, evidence, socket->last_received_ns), say_end(arena, evidence));
	return arena_printf(
		arena,
		"the client sent %s, the last %s ago; we have never answered it: most likely a one-way stream (a log, metrics); %s",
		say_count(arena, socket->bytes_received, "bytes"), say_ago(arena, evidence, socket->last_received_ns),
		say_end(arena, evidence));
}

const char *reader_why_no_request(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	if (socket->bytes_sent)
		return arena_printf(arena, "we sent %s, the last %s ago, but the client has never sent a byte; %s",
				    say_count(arena, socket->bytes_sent, "bytes"),
				    say_ago(arena, evidence, socket->last_sent_ns), say_end(arena, evidence));
	return arena_printf(arena, "the client connected %s ago and has not sent a byte; %s",
			    say_ago(arena, evidence, socket->last_received_ns), say_end(arena, evidence));
}

const char *reader_why_request_stopped(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena,
		"the client sent %s, the last %s ago; we have not answered, and most likely wait for the rest; %s",
		say_count(arena, socket->bytes_received, "bytes"), say_ago(arena, evidence, socket->last_received_ns),
		say_end(arena, evidence));
}

const char *reader_why_maybe_dead(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(arena, "idle for %s since we answered; if the client is gone, nothing will notice: %s",
			    say_duration(arena, reader_idle_ns(evidence)), say_end(arena, evidence));
}

const char *reader_why_idle(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(arena, "between requests: we answered %s ago; %s",
			    say_ago(arena, evidence, evidence->socket->last_sent_ns), say_end(arena, evidence));
}

/* ---- Advice ---- */

static const char *say_end_now(struct arena *arena, const struct reader_evidence *evidence)
{
	const struct socket_name *name = &evidence->socket->name;
	/* The thread's own namespace is meant; and a process whose first thread has exited has none. */
	__u32 tid = evidence->thread->netns == name->netns ? evidence->thread->tid : 0;

	return arena_printf(arena, "to end the connection now: %s", say_ending(arena, name, tid));
}

/* The option that the program lacks, where nothing would end its read. */
static const char *say_missing(struct arena *arena, const struct reader_evidence *evidence)
{
	if (evidence->end.by != READ_END_NEVER || reader_alarm_is_set(evidence))
		return "";
	return arena_printf(arena, "set a receive timeout (SO_RCVTIMEO) or SO_KEEPALIVE in %.16s; ",
			    evidence->thread->process_comm);
}

static const char *advise(struct arena *arena, const struct reader_evidence *evidence, const char *first)
{
	return arena_printf(arena, "%s; %s%s", first, say_missing(arena, evidence), say_end_now(arena, evidence));
}

const char *reader_advise_dns(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(
		arena, "see whether %s is up and answers (dig @%s), and which other servers resolv.conf names",
		say_peer(arena, &evidence->socket->name), say_address(arena, evidence->socket->name.peer_addr));
}

const char *reader_advise_queue(struct arena *arena, const struct reader_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "see which process should accept it: sockstall handshakes";
}

const char *reader_advise_path(struct arena *arena, const struct reader_evidence *evidence)
{
	return advise(arena, evidence, say_see_path(arena, &evidence->socket->name));
}

const char *reader_advise_connect(struct arena *arena, const struct reader_evidence *evidence)
{
	return advise(arena, evidence, say_see_listener(arena, &evidence->socket->name));
}

const char *reader_advise_greeting(struct arena *arena, const struct reader_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence,
		      arena_printf(arena,
				   "see whether %s calls accept: our connection may still be in its accept queue",
				   peer));
}

const char *reader_advise_server(struct arena *arena, const struct reader_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence, arena_printf(arena, "see what the process at %s is doing", peer));
}

const char *reader_advise_limit(struct arena *arena, const struct reader_evidence *evidence)
{
	return advise(arena, evidence,
		      arena_printf(arena, "set a time limit in %.16s for a request to arrive",
				   evidence->thread->process_comm));
}

const char *reader_advise_keepalive(struct arena *arena, const struct reader_evidence *evidence)
{
	return arena_printf(arena, "set SO_KEEPALIVE in %.16s (and TCP_KEEPIDLE: the default is %s); %s",
			    evidence->thread->process_comm, say_duration(arena, evidence->socket->keepalive_time_ns),
			    say_end_now(arena, evidence));
}
