/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/service_cause.h"

#include <string.h>

#include "base/sorted.h"
#include "base/wording.h"
#include "look/service_dates.h"
#include "look/signs.h"
#include "look/sleeping.h"
#include "reports/loop_case.h"
#include "system/address.h"

/* futex(2): a mutex of glibc that others wait for has the value 2. */
#define FUTEX_WAIT_OP  0
#define FUTEX_COMMANDS 127
#define MUTEX_AWAITED  2

/* The process on its way to a cause. */
struct suspect {
	struct service_evidence *evidence;
	struct report *report;
	const struct look *look, *previous;
	const struct scope *scope;
	size_t first, count; /* its threads, which stand together in the look */
};

static const struct thread_view *thread_at(const struct suspect *suspect, size_t i)
{
	return &suspect->look->threads.items[suspect->first + i];
}

static void find_threads(struct suspect *suspect, const struct owner_record *owner)
{
	const struct look *look = suspect->look;
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < owner->pid);

	suspect->first = i;
	for (; i < look->threads.count && look->threads.items[i].thread->pid == owner->pid; i++)
		if (look->threads.items[i].thread->process_start_ns == owner->process_start_ns)
			suspect->count++;
}

static bool has_flag(const struct suspect *suspect, __u32 flag)
{
	for (size_t i = 0; i < suspect->count; i++)
		if (thread_at(suspect, i)->thread->flags & flag)
			return true;
	return false;
}

static void set(const struct suspect *suspect, enum service_cause cause, bool certain, const char *doing)
{
	suspect->evidence->cause = cause;
	suspect->evidence->certain = certain;
	suspect->evidence->doing = doing;
}

/* ---- Its event loop ---- */

static bool is_stalled(const struct suspect *suspect, size_t i, const struct loop_record *loop, const char **doing)
{
	const struct thread_view *view = thread_at(suspect, i);
	struct loop_case one = {
		.report = suspect->report,
		.look = suspect->look,
		.at = suspect->first + i,
		.view = view,
		.thread = view->thread,
		.loop = loop,
	};

	if (!loop_case_find(&one, suspect->previous, suspect->scope) || !loop_is_stalled(&one.evidence))
		return false;
	*doing = arena_printf(&suspect->report->arena, "its event loop has been %s for %s", one.evidence.doing,
			      say_duration(&suspect->report->arena, one.evidence.outside_ns));
	return true;
}

static bool find_loop(const struct suspect *suspect)
{
	const char *doing = NULL;

	for (size_t i = 0; i < suspect->count && !doing; i++) {
		const struct thread_view *view = thread_at(suspect, i);

		for (size_t j = 0; j < view->loop_count && !doing; j++)
			is_stalled(suspect, i, &view->loops[j], &doing);
		if (!view->loop_count && !doing)
			is_stalled(suspect, i, NULL, &doing);
	}
	if (doing)
		set(suspect, CAUSE_LOOP, true, doing);
	return doing;
}

/* ---- A lock ---- */

/* Asleep since after the question came: an idle worker has been for longer. */
static bool began_with_it(const struct suspect *suspect, const struct thread_record *thread)
{
	__u64 since = look_asleep_since(suspect->look, thread);

	return since && since + SERVICE_SLACK_NS >= suspect->evidence->service->owed_since_ns;
}

static bool is_in_futex(const struct suspect *suspect, const struct thread_record *thread)
{
	const char *name = look_syscall(thread);

	return thread->flags & THREAD_SLEEPING && name && !strcmp(name, "futex") && began_with_it(suspect, thread);
}

static size_t count_at(const struct suspect *suspect, __u64 address)
{
	size_t count = 0;

	for (size_t i = 0; i < suspect->count; i++)
		count += is_in_futex(suspect, thread_at(suspect, i)->thread) &&
			 thread_at(suspect, i)->thread->args[0] == address;
	return count;
}

static bool is_mutex(const struct thread_record *thread)
{
	return (thread->args[1] & FUTEX_COMMANDS) == FUTEX_WAIT_OP && (__u32)thread->args[2] == MUTEX_AWAITED;
}

/* A condition variable looks the same to many: only of a mutex is it certain. */
static bool find_lock(const struct suspect *suspect)
{
	for (size_t i = 0; i < suspect->count; i++) {
		const struct thread_record *thread = thread_at(suspect, i)->thread;
		size_t count = is_in_futex(suspect, thread) ? count_at(suspect, thread->args[0]) : 0;

		if (count < 2)
			continue;
		set(suspect, CAUSE_LOCK, is_mutex(thread),
		    arena_printf(&suspect->report->arena,
				 "%zu of its %zu threads are in one lock or condition variable", count,
				 suspect->count));
		return true;
	}
	return false;
}

/* ---- Another service ---- */

/* It asked there after it was asked itself. */
static bool awaits(const struct suspect *suspect, const struct thread_view *view)
{
	const struct socket_record *socket = view->socket;

	return socket && view->thread->flags & THREAD_SLEEPING && socket->name.kind == SOCKET_KIND_TCP &&
	       socket_is_client(socket) && reader_speaker(socket, suspect->look->head->tick_ns) == SPEAKER_WE &&
	       socket->last_sent_ns + SERVICE_SLACK_NS >= suspect->evidence->service->owed_since_ns;
}

static void add_awaits(const struct suspect *suspect, const struct socket_name *peer)
{
	struct service_awaits *found = &suspect->evidence->awaits, now = {.port = peer->peer_port};

	for (size_t i = 0; i < suspect->count; i++) {
		const struct thread_view *view = thread_at(suspect, i);

		if (!awaits(suspect, view) || view->socket->name.peer_port != peer->peer_port ||
		    !address_equal(view->socket->name.peer_addr, peer->peer_addr))
			continue;
		now.count++;
		if (!now.oldest_ns || view->socket->last_sent_ns < now.oldest_ns)
			now.oldest_ns = view->socket->last_sent_ns;
	}
	if (now.count <= found->count)
		return;
	*found = now;
	found->addr = say_address(&suspect->report->arena, peer->peer_addr);
	found->peer = say_peer(&suspect->report->arena, peer);
}

/*
 * The peer is the cause only if as many threads wait for it as clients wait here: otherwise a free thread could have
 * answered.
 */
static bool find_peer(const struct suspect *suspect)
{
	struct service_evidence *evidence = suspect->evidence;
	struct arena *arena = &suspect->report->arena;

	for (size_t i = 0; i < suspect->count; i++)
		if (awaits(suspect, thread_at(suspect, i)))
			add_awaits(suspect, &thread_at(suspect, i)->socket->name);
	if (!evidence->awaits.count)
		return false;
	set(suspect, CAUSE_PEER,
	    evidence->awaits.count >= 2 && evidence->awaits.count >= service_owed_count(evidence->service),
	    arena_printf(arena, "most likely because %llu of its threads await a reply from %s, the oldest for %s",
			 evidence->awaits.count, evidence->awaits.peer,
			 say_since(arena, evidence->now_ns, evidence->awaits.oldest_ns)));
	return true;
}

void service_cause_find(struct service_evidence *evidence, struct report *report, const struct look *look,
			const struct look *previous, const struct scope *scope, const struct owner_record *owner)
{
	struct suspect suspect = {
		.evidence = evidence,
		.report = report,
		.look = look,
		.previous = previous,
		.scope = scope,
	};

	find_threads(&suspect, owner);
	if (has_flag(&suspect, THREAD_STOPPED))
		set(&suspect, CAUSE_STOPPED, true,
		    arena_printf(&report->arena, "%s is stopped by a signal or a debugger", evidence->owner));
	else if (has_flag(&suspect, THREAD_FROZEN))
		set(&suspect, CAUSE_FROZEN, true,
		    arena_printf(&report->arena, "%s is frozen with its control group", evidence->owner));
	else if (evidence->service->owed_since_ns && !find_loop(&suspect) && !find_lock(&suspect))
		find_peer(&suspect);
}
