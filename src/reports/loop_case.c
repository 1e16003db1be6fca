/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/loop_case.h"

#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "look/loop_rates.h"
#include "look/unserved.h"
#include "options/ages.h"
#include "reports/now_in.h"
#include "system/runtime.h"

/* The freezer takes a thread out of its system call, but its record may still show it waiting. */
bool is_asleep_in(const struct thread_record *thread, enum syscall_kind kind)
{
	return thread->flags & THREAD_SLEEPING && !(thread->flags & THREAD_FROZEN) && thread->syscall_kind == kind;
}

/* ---- The interval ---- */

static const struct thread_view *view_before(const struct look *previous, const struct thread_record *thread)
{
	const struct thread_view *view = previous ? look_thread(previous, thread->pid, thread->tid) : NULL;

	return view && view->thread->start_ns == thread->start_ns ? view : NULL;
}

/* When the thread was made, on CLOCK_MONOTONIC. 0: before the machine slept, or not known. */
static __u64 monotonic_start(const struct look_record *head, const struct thread_record *thread)
{
	__u64 age = head->boottime_ns > thread->start_ns ? head->boottime_ns - thread->start_ns : 0;

	return head->seen_ns > age ? head->seen_ns - age : 0;
}

static void find_rates(struct loop_case *one, const struct look *previous)
{
	const struct thread_view *before = view_before(previous, one->thread);
	const struct look_record *head = one->look->head;
	struct loop_moment now = {head, one->thread, one->loop}, then = {0};

	if (before) {
		one->start_ns = before->thread->seen_ns;
	} else if (head->previous_ns) {
		one->start_ns = monotonic_start(head, one->thread);
		if (one->start_ns < head->previous_ns)
			one->start_ns = head->previous_ns;
	}
	if (!one->loop)
		return;
	if (before)
		then = (struct loop_moment){previous->head, before->thread, look_loop(before, one->loop->interface)};
	loop_rates(&one->evidence.rates, &now, &then, one->start_ns);
}

/* ---- Where it is now ---- */

/* The instance that it waits on, or has waited on last. */
static int instance_now(const struct loop_case *one)
{
	return one->loop ? one->loop->epoll_fd : (int)one->thread->args[0];
}

static void find_now(struct loop_case *one)
{
	const struct thread_record *thread = one->thread;
	struct loop_evidence *evidence = &one->evidence;

	if (evidence->waiting) {
		one->now = "waiting";
	} else if (evidence->abandoned) {
		one->now = "blocked";
		one->now_in = loop_now_nested(&one->report->arena, one->look, thread, instance_now(one));
		evidence->doing = arena_printf(&one->report->arena, "waiting in %s", one->now_in);
	} else if (thread->flags & THREAD_STOPPED) {
		one->now = "blocked";
		one->now_in = "stopped";
		evidence->doing = "stopped by a signal or a debugger";
	} else if (thread->flags & THREAD_FROZEN) {
		one->now = "blocked";
		one->now_in = "frozen";
		evidence->doing = "frozen with its control group";
	} else if (thread->flags & THREAD_SLEEPING) {
		one->now = "blocked";
		one->now_in = loop_now_in(&one->report->arena, one->look, thread, evidence->socket);
		evidence->doing =
			one->now_in ? arena_printf(&one->report->arena, "asleep in %s", one->now_in) : "asleep";
	} else {
		one->now = "running";
		evidence->doing = "running";
	}
}

/* The time away from the loop: time spent computing or blocked. Waiting for a CPU is the machine's fault. */
static __u64 own_time_outside(const struct loop_case *one)
{
	struct loop_moment moment = {one->look->head, one->thread, one->loop};
	__u64 outside_ns = one->thread->seen_ns - one->since_ns;

	return one->loop ? outside_ns - loop_runqueue_ns(&moment) : outside_ns;
}

static void find_since(struct loop_case *one)
{
	const struct loop_record *loop = one->loop;
	__u64 seen_ns = one->thread->seen_ns;

	if (loop)
		one->since_ns = one->evidence.waiting ? loop->entered_ns : loop->returned_ns;
	else
		one->since_ns = look_asleep_since(one->look, one->thread);
	if (!one->evidence.waiting && one->since_ns && seen_ns > one->since_ns)
		one->evidence.outside_ns = own_time_outside(one);
}

/* ---- Other threads and other instances of its process ---- */

static bool serves(const struct thread_view *view, const struct loop_record *loop)
{
	const struct loop_record *other = look_loop(view, loop->interface);

	if (loop->epoll_fd < 0)
		return false; /* poll and select: what a thread waits for is its own */
	if (other)
		return other->epoll_fd == loop->epoll_fd && (other->waiting || other->returned_ns > loop->returned_ns);
	return loop->interface == LOOP_EPOLL && is_asleep_in(view->thread, SYSCALL_WAITS_EPOLL) &&
	       (int)view->thread->args[0] == loop->epoll_fd;
}

static bool same_process(const struct thread_view *view, const struct thread_record *thread)
{
	return view->thread->pid == thread->pid;
}

/* A thread of the process that comes to another instance in turn, where this one watches only what others do. */
static bool takes_turns(const struct thread_view *view, const struct loop_case *one)
{
	const struct loop_record *other = look_loop(view, LOOP_EPOLL);
	const struct instance_record *instance = one->evidence.watches.instance;

	return one->loop->interface == LOOP_EPOLL && instance && instance->flags & INSTANCE_SHARED && other &&
	       (other->waiting || other->returned_ns > one->loop->returned_ns);
}

/* Go, tokio and others: whichever thread is free waits. That one of them is busy is no stall. */
static bool is_taken_over(const struct loop_case *one)
{
	const struct thread_view *items = one->look->threads.items;
	size_t i = one->at;

	while (i && same_process(&items[i - 1], one->thread))
		i--;
	for (; i < one->look->threads.count && same_process(&items[i], one->thread); i++) {
		if (i != one->at && (serves(&items[i], one->loop) || takes_turns(&items[i], one)))
			return true;
	}
	return false;
}

/* Waits that may stand in for the loop's own: any of the first four can watch an epoll instance. */
static bool is_other_wait(const struct thread_record *thread)
{
	static const char *const names[] = {"poll",	      "ppoll",		 "select",	  "pselect6",
					    "io_uring_enter", "rt_sigtimedwait", "rt_sigsuspend", "pause"};
	const char *name = look_syscall(thread);
	size_t i;

	for (i = 0; name && i < COUNT_OF(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return !name;
}

/*
 * The thread waits with another interface which is its main one: a loop around poll that empties an epoll
 * instance in passing, or the other way round.
 */
static bool waits_elsewhere(const struct loop_case *one)
{
	const struct thread_view *view = one->view;
	size_t i;

	if (!(one->thread->flags & THREAD_SLEEPING))
		return false;
	for (i = 0; i < view->loop_count; i++) {
		if (view->loops[i].waiting && view->loops[i].waits >= one->loop->waits)
			return true;
	}
	return !one->loop->timeout_ns && look_syscall(one->thread) &&
	       (is_other_wait(one->thread) || is_asleep_in(one->thread, SYSCALL_WAITS_EPOLL));
}

/* Looks this far apart tell that nobody fetches what lies there. */
#define LEFT_SEEN_NS (NS_PER_S * 9 / 10)

static bool is_unserved(const struct epoll_record *epoll, const struct loop_case *one)
{
	return epoll->pid == one->thread->pid && epoll->process_start_ns == one->thread->process_start_ns &&
	       epoll->unread && !epoll->waiters && one->since_ns < epoll->seen_ns;
}

/* One look: the only thread of the process sleeps where no event of the instance would wake it. */
static void find_unserved(struct loop_case *one, const struct unserved *left)
{
	if (left->epoll && one->thread->threads == 1 && one->since_ns && !is_other_wait(one->thread) &&
	    is_unserved(left->epoll, one))
		one->evidence.unserved_fd = left->epoll->fd;
}

/*
 * Looks agree that this thread has left an instance with something from outside: of a thread that was never seen to
 * wait on it, among others, something for which a client waits.
 */
static bool is_left(const struct loop_case *one, const struct unserved *left)
{
	bool known = left->counted || one->thread->threads == 1;

	return left->epoll && left->since_ns && left->epoll->seen_ns >= left->since_ns + LEFT_SEEN_NS &&
	       left->epoll->input & (known ? EPOLL_FROM_OUTSIDE : EPOLL_FROM_CLIENT);
}

/* Since when: it has slept for longer than looks have seen the events, or else for as long as they have. */
static void take_left(struct loop_case *one, const struct unserved *left)
{
	struct loop_evidence *evidence = &one->evidence;

	evidence->unserved_fd = left->epoll->fd;
	evidence->unserved_ns = left->epoll->seen_ns - left->since_ns;
	evidence->guessed = !left->counted && one->thread->threads > 1;
	evidence->abandoned = evidence->waiting;
	evidence->waiting = false;
	if (!one->since_ns || one->since_ns > left->since_ns) {
		one->since_ns = left->since_ns;
		evidence->age_at_least = true;
	}
	evidence->outside_ns = one->thread->seen_ns - one->since_ns;
}

/* Facts about the whole process are judged once: with the first loop of its first thread that has one. */
static bool is_first_loop(const struct loop_case *one)
{
	return !one->view->after_loop && (!one->loop || one->loop == one->view->loops);
}

static void find_usage(struct loop_case *one)
{
	const struct usage_record *usage = look_usage(one->look, one->thread->pid);
	struct loop_evidence *evidence = &one->evidence;

	evidence->highest_fd = evidence->open_fds = evidence->user_watches = -1;
	if (is_first_loop(one)) {
		evidence->open_files = one->look->head->open_files;
		evidence->file_limit = one->look->head->file_limit;
	}
	if (!usage || usage->process_start_ns != one->thread->process_start_ns)
		return;
	one->usage = usage;
	evidence->has_runtime = usage->runtime[0];
	evidence->fd_limit = usage->fd_limit;
	evidence->highest_fd = usage->highest_fd;
	if (!is_first_loop(one))
		return;
	if (usage->highest_fd >= 0)
		evidence->open_fds = usage->open_fds;
	evidence->user_watches = usage->user_watches;
	evidence->watch_limit = one->look->head->watch_limit;
}

/*
 * A loop within a loop, as a synchronous call of an asynchronous library makes one: the thread waits, but on
 * another instance than before, and what lies ready on that one nobody fetches.
 */
static void find_abandoned(struct loop_case *one)
{
	const struct loop_record *loop = one->loop;
	struct loop_evidence *evidence = &one->evidence;
	size_t i;

	if (!loop || !evidence->waiting || loop->interface != LOOP_EPOLL || !loop->epoll_fd_before)
		return;
	for (i = 0; i < one->look->epolls.count; i++) {
		const struct epoll_record *epoll = one->look->epolls.items[i];

		if (epoll->fd + 1 != (int)loop->epoll_fd_before || !is_unserved(epoll, one))
			continue;
		evidence->abandoned = true;
		evidence->waiting = false;
		evidence->unserved_fd = epoll->fd;
		evidence->outside_ns = one->thread->seen_ns - one->since_ns;
	}
}

/* A loop whose waits were counted and that is away from the very instance: its own counters tell since when. */
static bool is_away_from(const struct loop_case *one, const struct unserved *left)
{
	return one->loop && !one->evidence.waiting && loop_was_looping(one->loop) && left->epoll &&
	       one->loop->epoll_fd == left->epoll->fd;
}

static void find_others(struct loop_case *one)
{
	struct loop_evidence *evidence = &one->evidence;
	struct unserved left = {0};
	bool is_left_for_long;

	find_usage(one);
	find_abandoned(one);
	if (evidence->abandoned)
		return;
	if (!one->loop || one->loop->interface == LOOP_EPOLL)
		unserved_find(&left, one->look, one->at);
	is_left_for_long = is_left(one, &left);
	if (is_left_for_long && !is_away_from(one, &left))
		take_left(one, &left);
	if (evidence->waiting || evidence->abandoned || evidence->outside_ns < evidence->min_age_ns)
		return;
	if (one->loop) {
		evidence->taken_over = is_taken_over(one);
		evidence->waits_elsewhere = !is_left_for_long && waits_elsewhere(one);
		evidence->ended =
			one->loop->interface == LOOP_EPOLL && look_note(one->look, one->thread->tid, NOTE_LOOP_ENDED);
	}
	if (!is_left_for_long && !evidence->taken_over && !evidence->waits_elsewhere)
		find_unserved(one, &left);
}

/* ---- All of it ---- */

static int instance_of(const struct loop_case *one)
{
	if (one->loop)
		return one->loop->interface == LOOP_EPOLL ? one->loop->epoll_fd : -1;
	return one->evidence.waiting ? (int)one->thread->args[0] : one->evidence.unserved_fd;
}

/* Collects the facts that tell whether the thread is a loop at all. */
static void find_role(struct loop_case *one, const struct scope *scope)
{
	struct loop_evidence *evidence = &one->evidence;

	evidence->thread = one->thread;
	evidence->loop = one->loop;
	evidence->socket = one->view->socket;
	evidence->min_age_ns = min_age_of(scope, ROW_LOOP);
	evidence->waiting = one->loop ? !!one->loop->waiting : is_asleep_in(one->thread, SYSCALL_WAITS_EPOLL);
	find_since(one);
	evidence->unserved_fd = -1;
	loop_watches_find(&evidence->watches, one->look, one->at, instance_of(one));
	find_others(one);
}

/*
 * Threads come without counters, too: those that wait, and those that may have stalled before the start. Poll
 * and select are used for much else, so that the few waits of a shell or a resolver make no loop.
 */
static bool is_loop(const struct loop_case *one)
{
	if (one->loop && one->loop->interface != LOOP_EPOLL)
		return loop_was_looping(one->loop);
	return one->loop || one->evidence.waiting || one->evidence.unserved_fd >= 0;
}

bool loop_case_find(struct loop_case *one, const struct look *previous, const struct scope *scope)
{
	find_role(one, scope);
	if (!is_loop(one))
		return false;
	find_rates(one, previous);
	find_now(one);
	loop_watches_find(&one->evidence.watches, one->look, one->at, instance_of(one));
	if (one->usage && runtime_remembers_ready(one->usage->runtime))
		one->evidence.watches.missed = NULL;
	return true;
}
