/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/service_words.h"

#include "base/wording.h"
#include "look/service_dates.h"
#include "rules/phrases.h"

static const char *say_ago(struct arena *arena, const struct service_evidence *evidence, __u64 then_ns)
{
	return say_since(arena, evidence->now_ns, then_ns);
}

/* "1 request waits", "3 requests wait" */
static const char *say_waiting(struct arena *arena, __u64 count)
{
	return arena_printf(arena, "%s %s", say_count(arena, count, "requests"), count == 1 ? "waits" : "wait");
}

/* First, because on a small screen the rest is cut off. */
static const char *say_cause(struct arena *arena, const struct service_evidence *evidence)
{
	return evidence->doing ? arena_printf(arena, "%s; ", evidence->doing) : "";
}

static const char *say_queue(struct arena *arena, const struct service_evidence *evidence)
{
	if (!evidence->accept_queue)
		return "";
	return arena_printf(arena, "; %s", say_accept_queue(arena, evidence->accept_queue, evidence->accept_queue_max));
}

static const char *say_connections(struct arena *arena, __u64 count)
{
	return count == 1 ? "its connection"
			  : arena_printf(arena, "any of its %s", say_count(arena, count, "connections"));
}

const char *service_why_silent(struct arena *arena, const struct service_evidence *evidence)
{
	const struct service_record *service = evidence->service;

	return arena_printf(arena, "%s%s for an answer, the oldest for %s; nothing has gone out on %s for %s%s",
			    say_cause(arena, evidence), say_waiting(arena, service->pending),
			    say_ago(arena, evidence, service->oldest_pending_ns),
			    say_connections(arena, service->connections),
			    say_ago(arena, evidence, service->answered_ns), say_queue(arena, evidence));
}

const char *service_why_longer(struct arena *arena, const struct service_evidence *evidence)
{
	const struct service_record *service = evidence->service;

	return arena_printf(
		arena,
		"%s%s for an answer, the oldest for %s: longer than ever since sockstall was started; nothing has gone "
		"out on %s for %s",
		say_cause(arena, evidence), say_waiting(arena, service->pending),
		say_ago(arena, evidence, service->oldest_pending_ns), say_connections(arena, service->connections),
		say_ago(arena, evidence, service->answered_ns));
}

const char *service_why_queued(struct arena *arena, const struct service_evidence *evidence)
{
	return arena_printf(arena, "%s%s has not accepted the oldest connection in its queue for %s; %s",
			    say_cause(arena, evidence), say_listener_owner(evidence->owner),
			    say_ago(arena, evidence, evidence->oldest_queued_ns),
			    say_accept_queue(arena, evidence->accept_queue, evidence->accept_queue_max));
}

const char *service_why_unread(struct arena *arena, const struct service_evidence *evidence)
{
	return arena_printf(arena, "%s%s has not read what came %s ago on one of its %s", say_cause(arena, evidence),
			    say_listener_owner(evidence->owner), say_ago(arena, evidence, service_unread(evidence)),
			    say_count(arena, evidence->service->connections, "connections"));
}

static const char *say_pending(struct arena *arena, const struct service_evidence *evidence)
{
	const struct service_record *service = evidence->service;

	if (!service->pending)
		return "no request waits";
	return arena_printf(arena, "%s, the oldest for %s", say_waiting(arena, service->pending),
			    say_ago(arena, evidence, service->oldest_pending_ns));
}

const char *service_why_ok(struct arena *arena, const struct service_evidence *evidence)
{
	const struct service_record *service = evidence->service;
	const char *connections;

	if (!service)
		return say_accept_queue(arena, evidence->accept_queue, evidence->accept_queue_max);
	connections = say_count(arena, service->connections, "connections");
	if (!service->answered_ns)
		return arena_printf(arena, "%s; it has not been seen to send anything", connections);
	return arena_printf(arena, "%s; %s; it last sent something %s ago", connections, say_pending(arena, evidence),
			    say_ago(arena, evidence, service->answered_ns));
}

const char *service_advise(struct arena *arena, const struct service_evidence *evidence)
{
	switch (evidence->cause) {
	case CAUSE_STOPPED:
		return arena_printf(arena, "resume it: kill -CONT %s",
				    evidence->owner_pids ? evidence->owner_pids : "PID");
	case CAUSE_FROZEN:
		return SAY_THAW;
	case CAUSE_PEER:
		return arena_printf(arena, "look at the service that it waits for: %s", evidence->awaits.peer);
	default:
		return say_look_at(arena, evidence->owner, evidence->owner_pids);
	}
}
