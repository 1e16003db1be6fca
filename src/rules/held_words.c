/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/held_words.h"

#include "base/wording.h"
#include "look/signs.h"
#include "rules/phrases.h"
#include "system/address.h"

/* ---- Why ---- */

static const char *say_waiter(struct arena *arena, const struct held_evidence *evidence)
{
	const char *in = evidence->syscall ? arena_printf(arena, " in %s", evidence->syscall) : "";

	switch (evidence->waiter) {
	case WAITER_LOOP:
		return arena_printf(arena, "an event loop waits on the connection%s", in);
	case WAITER_THREAD:
		return arena_printf(arena, "a thread waits on the connection%s", in);
	case WAITER_NOBODY:
		break;
	}
	return "nobody has noticed: no thread and no event loop waits on the connection";
}

/* The last part of every sentence: who waits, and what will end it. */
static const char *say_end(struct arena *arena, const struct held_evidence *evidence)
{
	const char *waiter = say_waiter(arena, evidence);

	if (evidence->ends_ns == TIMERS_NEVER)
		return arena_printf(arena, "%s; the kernel never gives up", waiter);
	return arena_printf(arena, "%s; if the peer is gone, the kernel gives up in %s", waiter,
			    say_until(arena, evidence->now_ns, evidence->ends_ns));
}

static const char *say_heard(struct arena *arena, const struct held_evidence *evidence)
{
	return say_since(arena, evidence->now_ns, signs_last_heard(evidence->socket));
}

/* The data in flight, and the data queued behind it. */
static const char *say_data(struct arena *arena, const struct socket_record *socket)
{
	const char *flight = say_count(arena, socket->unacked_bytes, "bytes");

	if (!socket->unsent_bytes)
		return arena_printf(arena, "%s in flight", flight);
	return arena_printf(arena, "%s in flight and %s unsent", flight,
			    say_count(arena, socket->unsent_bytes, "bytes"));
}

const char *held_why_connect(struct arena *arena, const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "not connected: no answer to our SYN for %s, retransmitted %s; %s",
			    say_since(arena, evidence->now_ns, socket->first_sent_ns),
			    say_count(arena, socket->retransmits, "times"), say_end(arena, evidence));
}

const char *held_why_data(struct arena *arena, const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	if (socket->first_sent_ns && signs_last_heard(socket) > socket->first_sent_ns)
		return arena_printf(arena,
				    "%s, retransmitted %s; the peer sent something %s ago, but does not acknowledge "
				    "our data: the path to it may be blocked; %s",
				    say_data(arena, socket), say_count(arena, socket->retransmits, "times"),
				    say_heard(arena, evidence), say_end(arena, evidence));
	return arena_printf(arena, "%s, retransmitted %s without an ACK; nothing received from the peer for %s; %s",
			    say_data(arena, socket), say_count(arena, socket->retransmits, "times"),
			    say_heard(arena, evidence), say_end(arena, evidence));
}

const char *held_why_keepalive(struct arena *arena, const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "%s unanswered, the last sent %s ago; nothing received from the peer for %s; %s",
			    say_count(arena, socket->probes_out, "keepalive probes"),
			    say_since(arena, evidence->now_ns, timers_keepalive_probe_sent(socket)),
			    say_heard(arena, evidence), say_end(arena, evidence));
}

static const char *say_queued(struct arena *arena, const struct socket_record *socket)
{
	return say_count(arena, (__u64)socket->unsent_bytes + socket->unacked_bytes, "bytes");
}

const char *held_why_probes(struct arena *arena, const struct held_evidence *evidence)
{
	return arena_printf(
		arena, "%s in the send queue; %s without an answer; nothing received from the peer for %s; %s",
		say_queued(arena, evidence->socket), say_count(arena, evidence->socket->probes_out, "window probes"),
		say_heard(arena, evidence), say_end(arena, evidence));
}

const char *held_why_window(struct arena *arena, const struct held_evidence *evidence)
{
	return arena_printf(arena,
			    "the peer's window has been closed for %s: its kernel answers (last %s ago), but its "
			    "application does not read; %s in the send queue; %s",
			    say_since(arena, evidence->now_ns, evidence->closed_since_ns), say_heard(arena, evidence),
			    say_queued(arena, evidence->socket), say_end(arena, evidence));
}

const char *held_why_loss(struct arena *arena, const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena, "segments are lost: %s, retransmitted %s (%u in total); last heard from the peer %s ago; %s",
		say_data(arena, socket), say_count(arena, socket->retransmits, "times"), socket->total_retrans,
		say_heard(arena, evidence), say_end(arena, evidence));
}

const char *held_why_unread(struct arena *arena, const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena, "%s has not read %s from the peer, the last received %s ago; %s",
			    evidence->owner ? evidence->owner : "the process",
			    say_count(arena, socket->unread_bytes, "bytes"),
			    say_since(arena, evidence->now_ns, socket->last_received_ns),
			    evidence->waiter == WAITER_NOBODY ? "no thread and no event loop waits on the connection"
							      : say_waiter(arena, evidence));
}

static const char *say_asked(struct arena *arena, const struct held_evidence *evidence, const char *what)
{
	return arena_printf(arena, "it sent %s %s ago", what,
			    say_since(arena, evidence->now_ns, signs_sent(evidence->socket)));
}

const char *held_why_turns(struct arena *arena, const struct held_evidence *evidence)
{
	const struct held_record *held = evidence->held;
	__u64 slowest = held->slowest_ns > evidence->tick_ns ? held->slowest_ns : evidence->tick_ns;

	return arena_printf(arena, "%s; its last %u requests on this connection were answered within %s; %s",
			    say_asked(arena, evidence, "a request"), held->answered, say_duration(arena, slowest),
			    say_end(arena, evidence));
}

static const char *say_siblings(struct arena *arena, const struct held_evidence *evidence, const char *due)
{
	const struct held_record *held = evidence->held;
	__u64 slowest = held->siblings_slowest_ns > evidence->tick_ns ? held->siblings_slowest_ns : evidence->tick_ns;

	return arena_printf(
		arena,
		"%s, and nothing ever came back%s; other connections of its process to this server (%u) were "
		"answered within %s; %s",
		say_asked(arena, evidence, "its first request"), due, held->siblings, say_duration(arena, slowest),
		say_end(arena, evidence));
}

const char *held_why_siblings(struct arena *arena, const struct held_evidence *evidence)
{
	return say_siblings(arena, evidence, "");
}

const char *held_why_sibling(struct arena *arena, const struct held_evidence *evidence)
{
	return say_siblings(arena, evidence, "; most likely a reply is due");
}

const char *held_why_at_once(struct arena *arena, const struct held_evidence *evidence)
{
	return arena_printf(
		arena,
		"%s, and nothing came back; most likely a reply is due: before, it sent something at once after each "
		"reply; %s",
		say_asked(arena, evidence, "data"), say_end(arena, evidence));
}

/* The program's own limit on the wait is not known. */
const char *held_why_polled(struct arena *arena, const struct held_evidence *evidence)
{
	const char *in = evidence->syscall ? arena_printf(arena, " in %s", evidence->syscall) : "", *end = "";

	if (evidence->ends_ns != TIMERS_NEVER)
		end = arena_printf(arena, "; if the peer is gone, the kernel gives up in %s",
				   say_until(arena, evidence->now_ns, evidence->ends_ns));
	return arena_printf(arena, "%s, and nothing came back; a thread waits%s for this connection alone%s",
			    say_asked(arena, evidence, "data"), in, end);
}

const char *held_why_balance(struct arena *arena, const struct held_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(arena,
			    "%s, and nothing came back; most likely a reply is due: it sent %u segments and got %u "
			    "back; %s",
			    say_asked(arena, evidence, "data"), socket->data_segs_out, socket->data_segs_in,
			    say_end(arena, evidence));
}

/* ---- Advice ---- */

/* The option that the program lacks, where nothing would end it. */
static const char *say_missing(struct arena *arena, const struct held_evidence *evidence)
{
	if (evidence->ends_ns != TIMERS_NEVER || !evidence->owner)
		return "";
	return arena_printf(arena, "set a timeout for the answer, or SO_KEEPALIVE, in %s; ", evidence->owner);
}

static const char *advise(struct arena *arena, const struct held_evidence *evidence, const char *first)
{
	return arena_printf(arena, "%s; %sto end the connection now: %s", first, say_missing(arena, evidence),
			    say_ending(arena, &evidence->socket->name, 0));
}

const char *held_advise_connect(struct arena *arena, const struct held_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence,
		      arena_printf(arena, "see whether %s is up, listens, and has room in its accept queue", peer));
}

const char *held_advise_path(struct arena *arena, const struct held_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence, arena_printf(arena, "see whether %s is up and the path to it is open", peer));
}

const char *held_advise_peer(struct arena *arena, const struct held_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence,
		      arena_printf(arena, "see what the application at %s does instead of reading", peer));
}

const char *held_advise_server(struct arena *arena, const struct held_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence, arena_printf(arena, "see what the process at %s is doing", peer));
}

const char *held_advise_process(struct arena *arena, const struct held_evidence *evidence)
{
	return arena_printf(arena,
			    "see what the process does instead: sockstall threads -p %u; to end the connection now: %s",
			    evidence->owner_pid, say_ending(arena, &evidence->socket->name, 0));
}

const char *held_advise_loss(struct arena *arena, const struct held_evidence *evidence)
{
	const char *peer = say_peer(arena, &evidence->socket->name);

	return advise(arena, evidence,
		      arena_printf(arena, "see where segments to %s get lost (filters, path MTU, a full link)", peer));
}
