/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/chain.h"

#include "base/array.h"
#include "base/wording.h"
#include "look/sleeping.h"
#include "rules/phrases.h"
#include "rules/verdicts.h"
#include "system/address.h"
#include "system/tcp_states.h"

#define UNINTERRUPTIBLE 2 /* TASK_UNINTERRUPTIBLE */

/* ---- Evidence ---- */

static bool has_no_end(const struct chain_evidence *evidence)
{
	return evidence->cycle;
}

static bool peer_is_dead(const struct chain_evidence *evidence)
{
	return evidence->last->verdict->is & PEER_IS_DEAD;
}

static bool waits_for_unix_room(const struct chain_evidence *evidence)
{
	const struct wait *last = evidence->last;

	return last->socket->name.kind == SOCKET_KIND_UNIX && last->view &&
	       last->view->thread->syscall_kind == SYSCALL_CONNECTS;
}

static bool queue_is_full(const struct chain_evidence *evidence)
{
	const struct wait *last = evidence->last;

	return last->found == FOUND_QUEUE &&
	       (last->socket->name.state == STATE_SYN_SENT || waits_for_unix_room(evidence));
}

static bool lies_in_queue(const struct chain_evidence *evidence)
{
	return evidence->last->found == FOUND_QUEUE;
}

static bool is_stopped(const struct chain_evidence *evidence)
{
	return evidence->doing && evidence->doing->thread->flags & THREAD_STOPPED;
}

static bool is_frozen(const struct chain_evidence *evidence)
{
	return evidence->doing && evidence->doing->thread->flags & THREAD_FROZEN;
}

/* Asleep in something that is no wait for events, and no other thread is in such a wait. */
static bool is_blocked(const struct chain_evidence *evidence)
{
	const struct thread_record *thread = evidence->doing ? evidence->doing->thread : NULL;

	if (!thread || !(thread->flags & THREAD_SLEEPING))
		return false;
	if (evidence->polls)
		return true;
	if (thread_in_loop(thread))
		return false;
	return !evidence->in_loop || thread->state & UNINTERRUPTIBLE;
}

static bool is_running(const struct chain_evidence *evidence)
{
	return evidence->doing && !(evidence->doing->thread->flags & (THREAD_SLEEPING | THREAD_STOPPED));
}

static bool is_idle(const struct chain_evidence *evidence)
{
	return evidence->doing;
}

static bool is_elsewhere(const struct chain_evidence *evidence)
{
	return evidence->last->found == FOUND_REMOTE;
}

static bool always(const struct chain_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- Why ---- */

static const char *say_doubt(const struct chain_evidence *evidence)
{
	return evidence->sure ? "" : " (most likely, by the times at which the waits began)";
}

static const char *say_doing(struct arena *arena, const struct chain_evidence *evidence)
{
	if (!evidence->doing)
		return arena_printf(arena, "it is not known what %s is doing", evidence->who);
	if (evidence->doing->thread->flags & THREAD_FROZEN)
		return arena_printf(arena, "%s is frozen with its control group", evidence->who);
	if (!evidence->in || !evidence->in_for)
		return arena_printf(arena, "%s is not asleep", evidence->who);
	if (evidence->doing->thread->threads > 1 && !evidence->in_loop && !evidence->last->holder)
		return arena_printf(arena,
				    "%s has %u threads, none of them in an event loop, and one has been in %s for %s",
				    evidence->who, evidence->doing->thread->threads, evidence->in, evidence->in_for);
	return arena_printf(arena, "%s has been in %s for %s", evidence->who, evidence->in, evidence->in_for);
}

static const char *why_deadlock(struct arena *arena, const struct chain_evidence *evidence)
{
	if (evidence->last->lock && evidence->last->lock->holder_tid == evidence->last->tid)
		return arena_printf(arena, "%s: it cannot continue", evidence->chain);
	if (evidence->last->peer_pid == evidence->last->pid && !evidence->last->lock)
		return arena_printf(arena, "%s%s: its only thread cannot continue", evidence->chain,
				    say_doubt(evidence));
	return arena_printf(arena, "%s%s: none of them can continue%s", evidence->chain, say_doubt(evidence),
			    evidence->limited ? ", unless one has set a time limit" : "");
}

static const char *why_dead(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s; %s does not answer", evidence->chain, say_doubt(evidence),
			    say_peer(arena, &evidence->last->socket->name));
}

static const char *why_full(struct arena *arena, const struct chain_evidence *evidence)
{
	const struct listener_record *listener = evidence->last->listener;

	return arena_printf(arena, "%s%s; its %s, so %s; %s", evidence->chain, say_doubt(evidence),
			    say_accept_queue(arena, listener->accept_queue, listener->accept_queue_max),
			    waits_for_unix_room(evidence) ? "connect waits for room" : "our SYN is dropped",
			    say_doing(arena, evidence));
}

static const char *why_not_accepted(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s; it has not called accept for this connection; %s", evidence->chain,
			    say_doubt(evidence), say_doing(arena, evidence));
}

static const char *why_stopped(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s; %s was stopped by a signal or a tracer%s%s", evidence->chain,
			    say_doubt(evidence), evidence->who, evidence->in_for ? ", for " : "",
			    evidence->in_for ? evidence->in_for : "");
}

static const char *why_blocked(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s; %s", evidence->chain, say_doubt(evidence), say_doing(arena, evidence));
}

static const char *why_running(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s; %s is running or waiting for a CPU", evidence->chain, say_doubt(evidence),
			    evidence->who);
}

static const char *why_idle(struct arena *arena, const struct chain_evidence *evidence)
{
	if (evidence->unread)
		return arena_printf(arena,
				    "%s%s; %s has not read the request: its event loop does something else, or has "
				    "missed it",
				    evidence->chain, say_doubt(evidence), evidence->who);
	if (evidence->doing->thread->threads > 1)
		return arena_printf(
			arena,
			"%s%s; the event loop of %s is idle; what that or another of its %u threads waits for "
			"cannot be seen",
			evidence->chain, say_doubt(evidence), evidence->who, evidence->doing->thread->threads);
	return arena_printf(arena, "%s%s; %s is idle in its event loop; what it waits for cannot be seen",
			    evidence->chain, say_doubt(evidence), evidence->who);
}

static const char *why_remote(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s, on another machine", evidence->chain, say_doubt(evidence));
}

static const char *why_unknown(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "%s%s, which was not found", evidence->chain, say_doubt(evidence));
}

/* ---- Advice ---- */

static const char *advise_cut(struct arena *arena, const struct chain_evidence *evidence)
{
	const struct wait *last = evidence->last;

	if (last->socket->name.kind != SOCKET_KIND_TCP)
		return arena_printf(arena, "end one of them; sockstall threads -p %u shows what it is doing",
				    last->pid);
	return arena_printf(arena, "end one of the connections: %s", say_ending(arena, &last->socket->name, last->tid));
}

static const char *advise_path(struct arena *arena, const struct chain_evidence *evidence)
{
	if (evidence->last->socket->name.kind != SOCKET_KIND_TCP)
		return arena_printf(arena, "see what it is doing: sockstall threads -p %u", evidence->last->pid);
	return arena_printf(arena, "%s: sockstall readers -p %u", say_see_path(arena, &evidence->last->socket->name),
			    evidence->last->pid);
}

static const char *advise_process(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "see what %s is doing: sockstall threads -p %u", evidence->who,
			    evidence->last->peer_pid);
}

static const char *advise_continue(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "resume it: kill -CONT %u, or detach the tracer", evidence->last->peer_pid);
}

static const char *advise_thaw(struct arena *arena, const struct chain_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return SAY_THAW;
}

static const char *advise_there(struct arena *arena, const struct chain_evidence *evidence)
{
	return arena_printf(arena, "continue on that machine: sockstall chains, at %s",
			    say_peer(arena, &evidence->last->socket->name));
}

/* ---- The table ---- */

CHAIN_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct chain_rule chain_rules[] = {
	/* evidence      verdict             why               advice */
	{ has_no_end,    &deadlock,          why_deadlock,     advise_cut },
	{ peer_is_dead,  &peer_dead,         why_dead,         advise_path },
	{ is_stopped,    &stopped,           why_stopped,      advise_continue },
	{ queue_is_full, &accept_queue_full, why_full,         advise_process },
	{ lies_in_queue, &not_accepted,      why_not_accepted, advise_process },
	{ is_frozen,     &blocked,           why_blocked,      advise_thaw },
	{ is_blocked,    &blocked,           why_blocked,      advise_process },
	{ is_running,    &running,           why_running,      advise_process },
	{ is_idle,       &waiting,           why_idle,         advise_process },
	{ is_elsewhere,  &remote,            why_remote,       advise_there },
	{ always,        &unknown,           why_unknown,      advise_path },
};
/* clang-format on */

const size_t chain_rule_count = COUNT_OF(chain_rules);

const struct chain_rule *chain_verdict(const struct chain_evidence *evidence)
{
	const struct chain_rule *rule = chain_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
