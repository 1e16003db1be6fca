/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/service_cause.h"

#include <string.h>

#include "base/sorted.h"
#include "base/wording.h"
#include "look/service_dates.h"
#include "look/sleeping.h"
#include "reports/loop_case.h"
#include "reports/service_awaits.h"
#include "rules/phrases.h"

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
	const struct far_ends *ends;
	size_t first, count; /* its threads, which stand together in the look */
	__u64 since_ns; /* since then an answer may be owed */
	bool is_queue; /* no answer is owed, but connections lie in its queue */
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

/* A debugger may stop one thread of many. */
static bool all_have(const struct suspect *suspect, __u32 flag)
{
	for (size_t i = 0; i < suspect->count; i++)
		if (!(thread_at(suspect, i)->thread->flags & flag))
			return false;
	return suspect->count;
}

static void set(const struct suspect *suspect, enum service_cause cause, bool certain, const char *doing)
{
	suspect->evidence->cause = cause;
	suspect->evidence->certain = certain;
	suspect->evidence->doing = doing;
}

/* The clients that asked about when it last answered must all wait for this: else some of them may just have acknowledged. */
static void set_near(const struct suspect *suspect, size_t certain, size_t likely)
{
	const struct service_record *service = suspect->evidence->service;
	__u32 count = service->near_since_ns ? service_near_count(service) : 0;

	if (count && certain >= count)
		suspect->evidence->near_since_ns = service->near_since_ns;
	else if (count && likely >= count)
		suspect->evidence->near_likely_ns = service->near_since_ns;
}

/* It cannot read, and what they sent lies unread. */
static void set_near_unread(const struct suspect *suspect)
{
	const struct service_record *service = suspect->evidence->service;

	if (service && service->near_since_ns && service_near_unread(service))
		suspect->evidence->near_since_ns = service->near_since_ns;
}

/* It was stopped as soon as they spoke. Had it gone on for longer, these were acknowledgements. */
static void set_near_kept(const struct suspect *suspect)
{
	const struct service_record *service = suspect->evidence->service;
	__u64 since = threads_asleep_since(suspect->look, suspect->first, suspect->count);

	set_near_unread(suspect);
	if (service && service->near_since_ns && since && since <= service_near_newest(service) + SERVICE_NEAR_NS)
		suspect->evidence->near_since_ns = service->near_since_ns;
}

/* A state that has lasted for less is a part of normal work, and no reason for such a wait. */
static __u64 least_wait(const struct service_evidence *evidence)
{
	return evidence->min_age_ns / 2;
}

/* ---- Its event loop ---- */

struct loops {
	size_t count, stalled;
	const char *doing; /* of the first that is stalled; NULL: none is */
};

static void see_loop(struct loops *loops, const struct suspect *suspect, size_t i, const struct loop_record *loop)
{
	const struct thread_view *view = thread_at(suspect, i);
	struct arena *arena = &suspect->report->arena;
	struct loop_case one = {
		.report = suspect->report,
		.look = suspect->look,
		.at = suspect->first + i,
		.view = view,
		.thread = view->thread,
		.loop = loop,
	};

	if (!loop_case_find(&one, suspect->previous, suspect->scope))
		return;
	loops->count++;
	if (!loop_is_stalled(&one.evidence))
		return;
	loops->stalled++;
	if (!loops->doing)
		loops->doing = arena_printf(arena, "its event loop has been %s for %s", one.evidence.doing,
					    say_duration(arena, one.evidence.outside_ns));
}

/* If another loop goes on, these connections may be that one's. */
static bool find_loop(const struct suspect *suspect)
{
	struct loops loops = {0};

	for (size_t i = 0; i < suspect->count; i++) {
		const struct thread_view *view = thread_at(suspect, i);

		for (size_t j = 0; j < view->loop_count; j++)
			see_loop(&loops, suspect, i, &view->loops[j]);
		if (!view->loop_count)
			see_loop(&loops, suspect, i, NULL);
	}
	if (loops.stalled)
		set(suspect, CAUSE_LOOP, loops.stalled == loops.count, loops.doing);
	if (loops.stalled && loops.stalled == loops.count)
		set_near_unread(suspect);
	return loops.stalled;
}

/* ---- A lock ---- */

/* Asleep since after the question came: an idle worker has been for longer, and a busy one is not for long. */
static bool began_with_it(const struct suspect *suspect, const struct thread_record *thread)
{
	__u64 since = look_asleep_since(suspect->look, thread);

	return since && since + SERVICE_SLACK_NS >= suspect->since_ns &&
	       since + least_wait(suspect->evidence) <= suspect->evidence->now_ns;
}

static bool is_in_futex(const struct suspect *suspect, const struct thread_record *thread)
{
	const char *name = look_syscall(thread);

	return thread->flags & THREAD_SLEEPING && name && !strcmp(name, "futex") && began_with_it(suspect, thread);
}

static bool is_mutex(const struct thread_record *thread)
{
	return (thread->args[1] & FUTEX_COMMANDS) == FUTEX_WAIT_OP && (__u32)thread->args[2] == MUTEX_AWAITED;
}

/* Else it may be an idle worker, which has slept since it gave the last answer. */
static bool began_after_all(const struct suspect *suspect, const struct thread_record *thread)
{
	return look_asleep_since(suspect->look, thread) > service_near_newest(suspect->evidence->service);
}

static bool is_at_work(const struct suspect *suspect, const struct thread_record *thread)
{
	return suspect->evidence->service->owed_since_ns || is_mutex(thread) || began_after_all(suspect, thread);
}

static size_t count_at(const struct suspect *suspect, __u64 address)
{
	size_t count = 0;

	for (size_t i = 0; i < suspect->count; i++) {
		const struct thread_record *thread = thread_at(suspect, i)->thread;

		count += is_in_futex(suspect, thread) && thread->args[0] == address && is_at_work(suspect, thread);
	}
	return count;
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
		set_near(suspect, is_mutex(thread) ? count : 0, 0);
		return true;
	}
	return false;
}

/* Threads that wait for others of the process, or for a connection of its pool. */
static size_t count_in_futex(const struct suspect *suspect)
{
	size_t count = 0;

	for (size_t i = 0; i < suspect->count; i++)
		count += is_in_futex(suspect, thread_at(suspect, i)->thread) &&
			 began_after_all(suspect, thread_at(suspect, i)->thread);
	return count;
}

/* ---- Another service ---- */

static bool is_of_one_thread(const struct suspect *suspect)
{
	return suspect->count == 1 && thread_at(suspect, 0)->thread->threads <= 1;
}

/* So many must wait there: as many as wait for it, else one that is left might have answered, or accepted. */
static __u64 least_certain(const struct suspect *suspect)
{
	__u32 owed = suspect->is_queue ? 0 : service_owed_count(suspect->evidence->service);

	if (suspect->is_queue && is_of_one_thread(suspect))
		return 1;
	return owed > 2 ? owed : 2;
}

static bool find_peer(const struct suspect *suspect, const struct owner_record *owner)
{
	struct service_evidence *evidence = suspect->evidence;
	struct arena *arena = &suspect->report->arena;
	struct awaiting awaiting = {
		.look = suspect->look,
		.previous = suspect->previous,
		.ends = suspect->ends,
		.first = suspect->first,
		.count = suspect->count,
		.pid = owner->pid,
		.owed_since_ns = suspect->since_ns,
		.is_held_up = suspect->is_queue && is_of_one_thread(suspect),
		.least_ns = least_wait(evidence),
	};
	size_t beside;
	bool certain;

	evidence->awaits = service_awaits_find(&awaiting, arena);
	if (!evidence->awaits.count)
		return false;
	certain = evidence->awaits.certain >= least_certain(suspect);
	beside = suspect->is_queue ? 0 : count_in_futex(suspect);
	if (!suspect->is_queue && evidence->awaits.likely >= 2)
		set_near(suspect, evidence->awaits.certain >= 2 ? evidence->awaits.certain + beside : 0,
			 evidence->awaits.likely + beside);
	set(suspect, CAUSE_PEER, certain,
	    arena_printf(arena, "%sit waits for an answer on %s to %s, the oldest for %s",
			 certain ? "" : "most likely because ", say_count(arena, evidence->awaits.count, "connections"),
			 evidence->awaits.peer, say_since(arena, evidence->now_ns, evidence->awaits.oldest_ns)));
	return true;
}

/* ---- The CPU ---- */

/* Since the look before, if there was one, it has been on a CPU, or waited for one, for half of the time. */
static bool computes(const struct suspect *suspect, const struct thread_record *thread)
{
	const struct thread_view *before =
		suspect->previous ? look_thread(suspect->previous, thread->pid, thread->tid) : NULL;

	if (thread->flags & (THREAD_SLEEPING | THREAD_STOPPED))
		return false;
	if (!before || before->thread->start_ns != thread->start_ns)
		return true;
	return (thread->cpu_ns + thread->run_delay_ns - before->thread->cpu_ns - before->thread->run_delay_ns) * 2 >=
	       thread->seen_ns - before->thread->seen_ns;
}

static void find_cpu(const struct suspect *suspect)
{
	struct arena *arena = &suspect->report->arena;
	size_t count = 0;

	for (size_t i = 0; i < suspect->count; i++)
		count += computes(suspect, thread_at(suspect, i)->thread);
	/* In one look alone, a thread that happens to run may be any. */
	if (count && (suspect->previous || !suspect->is_queue || is_of_one_thread(suspect)))
		set(suspect, CAUSE_CPU, false,
		    arena_printf(arena, "most likely because it computes: %zu of its %s on a CPU or waiting for one",
				 count, say_count(arena, suspect->count, "threads")));
}

/* ---- A quota ---- */

/* The same thread at the look before, if the quota was given anew since; or NULL. */
static const struct thread_record *seen_before(const struct suspect *suspect, const struct thread_record *thread)
{
	const struct thread_view *before =
		suspect->previous ? look_thread(suspect->previous, thread->pid, thread->tid) : NULL;

	if (!before || before->thread->start_ns != thread->start_ns ||
	    thread->seen_ns < before->thread->seen_ns + thread->quota_period_ns)
		return NULL;
	return before->thread;
}

/* That it gets on slowly is certain; that this is why it has said nothing at all is not. */
static bool find_quota(const struct suspect *suspect)
{
	struct arena *arena = &suspect->report->arena;

	for (size_t i = 0; i < suspect->count; i++) {
		const struct thread_record *thread = thread_at(suspect, i)->thread;
		const struct thread_record *before = seen_before(suspect, thread);
		__u64 ns = before ? thread_throttled_ns(thread, before) : 0;
		__u64 interval_ns = before ? thread->seen_ns - before->seen_ns : 0;

		if (!ns || ns * 100 < interval_ns * THROTTLED_PERCENT)
			continue;
		set(suspect, CAUSE_THROTTLED, false,
		    arena_printf(
			    arena,
			    "most likely because the CPU quota of its cgroup (%s) keeps it from running: for %s of "
			    "the last %s",
			    say_quota(arena, thread), say_duration(arena, ns), say_duration(arena, interval_ns)));
		return true;
	}
	return false;
}

static void find_of_threads(const struct suspect *suspect, const struct owner_record *owner)
{
	if (!find_loop(suspect) && !find_lock(suspect) && !find_peer(suspect, owner) && !find_quota(suspect))
		find_cpu(suspect);
}

/* It accepts nothing. Which thread would is not known: what it asked before may be another's subscription. */
static void find_of_queue(struct suspect *suspect, const struct owner_record *owner)
{
	suspect->is_queue = true;
	suspect->since_ns = suspect->evidence->oldest_queued_ns;
	if (!find_loop(suspect) && !find_peer(suspect, owner) && !find_quota(suspect))
		find_cpu(suspect);
}

/* Whose connections end with each answer was mostly not seen to answer. */
static bool is_judged_by_its_queue(const struct service_evidence *evidence)
{
	return evidence->oldest_queued_ns && evidence->oldest_queued_ns + evidence->min_age_ns <= evidence->now_ns &&
	       !(evidence->service && evidence->service->answered_ns);
}

static __u64 first_of(__u64 a, __u64 b)
{
	return !a || (b && b < a) ? b : a;
}

void service_cause_find(struct service_evidence *evidence, const struct service_scene *scene,
			const struct owner_record *owner)
{
	struct suspect suspect = {
		.evidence = evidence,
		.report = scene->report,
		.look = scene->look,
		.previous = scene->previous,
		.scope = scene->scope,
		.ends = &scene->ends,
	};

	find_threads(&suspect, owner);
	if (evidence->service)
		suspect.since_ns = first_of(evidence->service->owed_since_ns, evidence->service->near_since_ns);
	if (all_have(&suspect, THREAD_STOPPED))
		set(&suspect, CAUSE_STOPPED, true,
		    arena_printf(&scene->report->arena, "%s is stopped by a signal or a debugger", evidence->owner));
	else if (all_have(&suspect, THREAD_FROZEN))
		set(&suspect, CAUSE_FROZEN, true,
		    arena_printf(&scene->report->arena, "%s is frozen with its control group", evidence->owner));
	else if (is_judged_by_its_queue(evidence))
		find_of_queue(&suspect, owner);
	else if (suspect.since_ns)
		find_of_threads(&suspect, owner);
	if (evidence->cause == CAUSE_STOPPED || evidence->cause == CAUSE_FROZEN)
		set_near_kept(&suspect);
}
