/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/closing.h"

#include "base/array.h"
#include "base/wording.h"
#include "look/signs.h"
#include "look/timers.h"
#include "rules/phrases.h"
#include "rules/reader.h"
#include "rules/verdicts.h"
#include "system/address.h"
#include "system/tcp_states.h"

static __u64 ago(const struct closing_evidence *evidence, __u64 then_ns)
{
	return evidence->now_ns > then_ns ? evidence->now_ns - then_ns : 0;
}

static bool fin_is_out(const struct socket_record *socket)
{
	return socket->name.state == STATE_FIN_WAIT1 || socket->name.state == STATE_CLOSING ||
	       socket->name.state == STATE_LAST_ACK;
}

static bool fin_has_come(const struct socket_record *socket)
{
	return socket->name.state == STATE_CLOSE_WAIT || socket->name.state == STATE_CLOSING ||
	       socket->name.state == STATE_LAST_ACK;
}

__u64 closing_bytes_received(const struct socket_record *socket)
{
	return socket->bytes_received - (socket->bytes_received && fin_has_come(socket));
}

__u64 closing_since(const struct socket_record *socket, __u64 now_ns)
{
	__u64 closed = signs_window_closed_since(socket, now_ns);

	if (socket->flags & SOCKET_TIMEWAIT)
		return socket->entered_ns;
	if (timers_in_flight(socket) && socket->retransmits)
		return socket->first_sent_ns;
	if (closed)
		return closed;
	/* tcp_ack() stamps every segment with an acknowledgement, which a FIN is. */
	return fin_is_out(socket) ? 0 : socket->last_ack_ns;
}

/* ---- Evidence ---- */

static bool data_is_unanswered(const struct closing_evidence *evidence)
{
	return signs_data_unanswered(evidence->socket, evidence->now_ns);
}

static bool window_is_unanswered(const struct closing_evidence *evidence)
{
	return signs_window_unanswered(evidence->socket, evidence->now_ns);
}

static bool window_is_closed(const struct closing_evidence *evidence)
{
	return signs_window_closed_since(evidence->socket, evidence->now_ns);
}

static __u64 quiet_ns(const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	__u64 last = signs_last_heard(socket);

	return ago(evidence, socket->last_sent_ns > last ? socket->last_sent_ns : last);
}

/* The kernel's own timer for it may be late by an eighth. */
static bool entry_is_old(const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return socket->entered_ns &&
	       ago(evidence, socket->entered_ns) >= evidence->patience_ns + evidence->patience_ns / 4;
}

static bool peer_stays(const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	if (socket->name.state != STATE_FIN_WAIT2)
		return false;
	return socket->flags & SOCKET_TIMEWAIT ? entry_is_old(evidence) : quiet_ns(evidence) >= evidence->patience_ns;
}

static bool is_quiet_close_wait(const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return socket->name.state == STATE_CLOSE_WAIT && !socket->unacked_bytes && !socket->unsent_bytes &&
	       quiet_ns(evidence) >= evidence->patience_ns;
}

static bool end_is_not_read(const struct closing_evidence *evidence)
{
	return is_quiet_close_wait(evidence) && !(evidence->socket->flags & SOCKET_EOF_READ);
}

/* A proxy has passed the end of file on, and the server behind it keeps its side open: so must the proxy. */
static bool is_passed_on(const struct closing_evidence *evidence)
{
	return is_quiet_close_wait(evidence) && evidence->passed_on;
}

/* Without the FIN, which the kernel counts as a byte; and it has covered up the order of what came within a tick. */
static struct socket_record before_fin(const struct socket_record *socket)
{
	struct socket_record before = *socket;

	before.bytes_received = closing_bytes_received(socket);
	before.acked_after_received = 0;
	return before;
}

/* A process that has answered what it was asked, or was asked nothing, owes the peer only the close. */
static bool owes_only_close(const struct closing_evidence *evidence)
{
	struct socket_record before = before_fin(evidence->socket);

	return is_quiet_close_wait(evidence) && reader_speaker(&before, evidence->tick_ns) != SPEAKER_PEER;
}

/*
 * Both spoke within two ticks, and the end of file was read: most servers answer that fast. A server whose greeting met
 * a question looks the same.
 */
static bool most_likely_answered(const struct closing_evidence *evidence)
{
	struct socket_record before = before_fin(evidence->socket);

	return is_quiet_close_wait(evidence) && before.bytes_sent && before.bytes_received &&
	       before.last_received_ns <= before.last_sent_ns + 2 * evidence->tick_ns;
}

/* A client may send its request, close its side, and wait for an answer that takes its time. */
static bool answer_is_not_coming(const struct closing_evidence *evidence)
{
	return is_quiet_close_wait(evidence) && quiet_ns(evidence) >= evidence->long_idle_ns;
}

static bool is_close_wait(const struct closing_evidence *evidence)
{
	return evidence->socket->name.state == STATE_CLOSE_WAIT;
}

static bool always(const struct closing_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- Why ---- */

/*
 * With SO_LINGER, close() waits for the peer that long, and only then is the connection an orphan, which the kernel
 * gives fewer retransmissions. How long it has waited is not known.
 */
bool closing_lingers(const struct socket_record *socket)
{
	return socket->linger_ns && fin_is_out(socket) && !(socket->flags & SOCKET_DEAD);
}

/* What will end it: the last part of every sentence. */
static const char *say_end(struct arena *arena, const struct closing_evidence *evidence)
{
	if (!evidence->owner && closing_lingers(evidence->socket))
		return arena_printf(
			arena,
			"close() returns after at most %s (SO_LINGER); soon after that the kernel drops the connection",
			say_duration(arena, evidence->socket->linger_ns));
	if (evidence->ends_ns != TIMERS_NEVER)
		return arena_printf(arena, "the kernel drops the connection in %s%s",
				    say_until(arena, evidence->now_ns, evidence->ends_ns),
				    evidence->socket->flags & SOCKET_TIMEWAIT ? "" : " if nothing answers");
	return evidence->socket->flags & SOCKET_DEAD ? "it is not known when the kernel drops the connection"
						     : "this does not end by itself";
}

static const char *say_since_at_least(struct arena *arena, const struct closing_evidence *evidence)
{
	__u64 since = closing_since(evidence->socket, evidence->now_ns);

	return since ? arena_printf(arena, "%s ago or more", say_since(arena, evidence->now_ns, since))
		     : "not long ago";
}

static const char *say_owner(const struct closing_evidence *evidence)
{
	if (evidence->owner)
		return evidence->owner;
	return evidence->socket->flags & SOCKET_DEAD ? "our application (it no longer has a descriptor)"
						     : "our application";
}

static const char *say_more(struct arena *arena, const struct closing_evidence *evidence)
{
	if (evidence->connections < 2)
		return "";
	return arena_printf(arena, " (the oldest of %s like this)",
			    say_count(arena, evidence->connections, "connections"));
}

static const char *why_unanswered(struct arena *arena, const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	const char *what = fin_is_out(socket) ? "our FIN" : "our data";
	const char *where = socket->snd_wnd ? "cannot be sent" : "waits because the peer's window is closed";
	const char *heard = say_since(arena, evidence->now_ns, signs_last_heard(socket));

	if (socket->flags & SOCKET_PROBE_TIMER)
		return arena_printf(arena, "%s %s; %s without an answer; last heard from the peer %s ago; %s", what,
				    where, say_count(arena, socket->probes_out, "window probes"), heard,
				    say_end(arena, evidence));
	return arena_printf(arena, "%s was retransmitted %s without an ACK; last heard from the peer %s ago; %s", what,
			    say_count(arena, socket->retransmits, "times"), heard, say_end(arena, evidence));
}

static const char *why_window(struct arena *arena, const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;

	return arena_printf(
		arena,
		"the peer's window has been closed for %s: its application does not read, so %s cannot be sent%s; %s",
		say_since(arena, evidence->now_ns, signs_window_closed_since(socket, evidence->now_ns)),
		say_count(arena, socket->unsent_bytes, "bytes"), fin_is_out(socket) ? ", nor our FIN" : "",
		say_end(arena, evidence));
}

static const char *why_peer(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena,
			    "%s closed this side %s; the peer's kernel acknowledged it, but its application has not "
			    "closed its side; %s%s",
			    say_owner(evidence), say_since_at_least(arena, evidence), say_end(arena, evidence),
			    say_more(arena, evidence));
}

static const char *why_not_read(struct arena *arena, const struct closing_evidence *evidence)
{
	const struct socket_record *socket = evidence->socket;
	const char *bytes = "";

	if (socket->unread_bytes)
		bytes = arena_printf(arena, "%s and ", say_count(arena, socket->unread_bytes, "bytes"));
	return arena_printf(arena, "the peer closed %s, but %s has not read %sthe end of file; %s%s",
			    say_since_at_least(arena, evidence), say_owner(evidence), bytes, say_end(arena, evidence),
			    say_more(arena, evidence));
}

static const char *why_not_closed(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena,
			    "the peer closed %s; %s has read the end of file and has nothing left to answer, but has "
			    "not closed; %s%s",
			    say_since_at_least(arena, evidence), say_owner(evidence), say_end(arena, evidence),
			    say_more(arena, evidence));
}

static const char *why_no_answer(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena,
			    "the peer closed its side %s; %s has read the end of file, but has neither answered nor "
			    "closed since; %s%s",
			    say_since_at_least(arena, evidence), say_owner(evidence), say_end(arena, evidence),
			    say_more(arena, evidence));
}

static const char *why_likely_not_closed(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(
		arena,
		"the peer closed %s; %s has read the end of file and, most likely, answered every request before "
		"it, but has not closed; %s%s",
		say_since_at_least(arena, evidence), say_owner(evidence), say_end(arena, evidence),
		say_more(arena, evidence));
}

static const char *why_passed_on(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(
		arena, "the peer closed its side; %s has passed the end of file on to %s, which has not closed yet",
		say_owner(evidence), say_peer(arena, evidence->passed_on));
}

static const char *why_half_closed(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena, "the peer closed its side; %s may still have something to send",
			    say_owner(evidence));
}

static const char *why_under_way(struct arena *arena, const struct closing_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "it is being closed normally";
}

/* ---- Advice ---- */

static const char *say_end_now(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena, "to end the connection now: %s", say_ending(arena, &evidence->socket->name, 0));
}

static const char *advise_path(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena, "%s; %s", say_see_path(arena, &evidence->socket->name),
			    say_end_now(arena, evidence));
}

static const char *advise_peer_reads(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena, "see what the application at %s does instead of reading; %s",
			    say_peer(arena, &evidence->socket->name), say_end_now(arena, evidence));
}

static const char *advise_peer_closes(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(arena, "see why the application at %s does not close its socket (in CLOSE_WAIT there); %s",
			    say_peer(arena, &evidence->socket->name), say_end_now(arena, evidence));
}

static const char *advise_close(struct arena *arena, const struct closing_evidence *evidence)
{
	return arena_printf(
		arena,
		"%s must close its descriptor when it reads the end of file; until then the connection stays; %s",
		say_owner(evidence), say_end_now(arena, evidence));
}

static const char *advise_read(struct arena *arena, const struct closing_evidence *evidence)
{
	if (!evidence->owner_pid)
		return advise_close(arena, evidence);
	return arena_printf(arena,
			    "see whether it keeps idle connections in a pool, or what it does instead of reading: "
			    "sockstall threads -p %u; %s",
			    evidence->owner_pid, say_end_now(arena, evidence));
}

/* ---- The table ---- */

#define OURS  "application"
#define PEERS "peer_application"
#define PATH  "peer_or_path"

CLOSING_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct closing_rule closing_rules[] = {
	/* evidence             verdict           fault  how bad              why              advice */
	{ data_is_unanswered,   &unanswered,      PATH,  SEVERITY_UNFINISHED, why_unanswered,  advise_path },
	{ window_is_unanswered, &unanswered,      PATH,  SEVERITY_UNFINISHED, why_unanswered,  advise_path },
	{ window_is_closed,     &window_zero,     PEERS, SEVERITY_UNFINISHED, why_window,      advise_peer_reads },
	{ peer_stays,           &peer_not_closed, PEERS, SEVERITY_SUSPECT,    why_peer,        advise_peer_closes },
	{ end_is_not_read,      &not_read,        OURS,  SEVERITY_SUSPECT,    why_not_read,    advise_read },
	{ is_passed_on,         &half_closed,     NULL,  SEVERITY_NONE,       why_passed_on,   NULL },
	{ owes_only_close,      &not_closed,      OURS,  SEVERITY_UNFINISHED, why_not_closed,  advise_close },
	{ answer_is_not_coming, &not_closed,      OURS,  SEVERITY_SUSPECT,    why_no_answer,   advise_close },
	{ most_likely_answered, &not_closed,      OURS,  SEVERITY_SUSPECT,    why_likely_not_closed, advise_close },
	{ is_close_wait,        &half_closed,     NULL,  SEVERITY_NONE,       why_half_closed, NULL },
	{ always,               &under_way,       NULL,  SEVERITY_NONE,       why_under_way,   NULL },
};
/* clang-format on */

const size_t closing_rule_count = COUNT_OF(closing_rules);

const struct closing_rule *closing_verdict(const struct closing_evidence *evidence)
{
	const struct closing_rule *rule = closing_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
