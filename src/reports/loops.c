/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What every event-loop thread does, and the loops that stand still or turn for nothing. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/array.h"
#include "base/wording.h"
#include "look/loop_rates.h"
#include "options/ages.h"
#include "reports/fill.h"
#include "reports/now_in.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/loop.h"
#include "system/runtime.h"

/* One thread on its way into the report. */
struct turn {
	struct report *report;
	const struct look *look;
	size_t at; /* in look->threads */
	const struct thread_view *view;
	const struct thread_record *thread;
	const struct loop_record *loop; /* of the interface that this is about; NULL: no wait was seen */
	__u64 start_ns;			/* of the interval; 0: not known */
	__u64 since_ns;			/* in its wait, or outside of it; 0: not known */
	const char *now, *now_in;
	const struct usage_record *usage; /* of its process; NULL: not known */
	struct loop_evidence evidence;
};

/* Who is frozen has been taken out of its wait for that, and may still look as if it were in it. */
static bool is_asleep_in(const struct thread_record *thread, enum syscall_kind kind)
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

static void find_rates(struct turn *turn, const struct look *previous)
{
	const struct thread_view *before = view_before(previous, turn->thread);
	const struct look_record *head = turn->look->head;
	struct loop_moment now = {head, turn->thread, turn->loop}, then = {0};

	if (before) {
		turn->start_ns = before->thread->seen_ns;
	} else if (head->previous_ns) {
		turn->start_ns = monotonic_start(head, turn->thread);
		if (turn->start_ns < head->previous_ns)
			turn->start_ns = head->previous_ns;
	}
	if (!turn->loop)
		return;
	if (before)
		then = (struct loop_moment){previous->head, before->thread, look_loop(before, turn->loop->interface)};
	loop_rates(&turn->evidence.rates, &now, &then, turn->start_ns);
}

/* ---- Where it is now ---- */

static void find_now(struct turn *turn)
{
	const struct thread_record *thread = turn->thread;
	struct loop_evidence *evidence = &turn->evidence;

	if (evidence->waiting) {
		turn->now = "waiting";
	} else if (evidence->abandoned) {
		turn->now = "blocked";
		turn->now_in = arena_printf(&turn->report->arena, "%s on descriptor %d",
					    look_syscall(thread) ? look_syscall(thread) : "epoll_wait",
					    turn->loop->epoll_fd);
		evidence->doing = arena_printf(&turn->report->arena, "waiting on another one (descriptor %d)",
					       turn->loop->epoll_fd);
	} else if (thread->flags & THREAD_STOPPED) {
		turn->now = "blocked";
		turn->now_in = "stopped";
		evidence->doing = "stopped by a signal or a debugger";
	} else if (thread->flags & THREAD_FROZEN) {
		turn->now = "blocked";
		turn->now_in = "frozen";
		evidence->doing = "frozen with its control group";
	} else if (thread->flags & THREAD_SLEEPING) {
		turn->now = "blocked";
		turn->now_in = loop_now_in(&turn->report->arena, turn->look, thread, evidence->socket);
		evidence->doing =
			turn->now_in ? arena_printf(&turn->report->arena, "asleep in %s", turn->now_in) : "asleep";
	} else {
		turn->now = "running";
		evidence->doing = "running";
	}
}

/*
 * What counts as staying away: time in which it computed or was blocked. That it waited for a CPU is the
 * machine's fault.
 */
static __u64 own_time_outside(const struct turn *turn)
{
	struct loop_moment moment = {turn->look->head, turn->thread, turn->loop};
	__u64 outside_ns = turn->thread->seen_ns - turn->since_ns;

	return turn->loop ? outside_ns - loop_runqueue_ns(&moment) : outside_ns;
}

static void find_since(struct turn *turn)
{
	const struct loop_record *loop = turn->loop;
	__u64 seen_ns = turn->thread->seen_ns;

	if (loop)
		turn->since_ns = turn->evidence.waiting ? loop->entered_ns : loop->returned_ns;
	else
		turn->since_ns = look_asleep_since(turn->look, turn->thread);
	if (!turn->evidence.waiting && turn->since_ns && seen_ns > turn->since_ns)
		turn->evidence.outside_ns = own_time_outside(turn);
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

/* Go, tokio and others: whichever thread is free waits. That one of them is busy is no stall. */
static bool is_taken_over(const struct turn *turn)
{
	const struct thread_view *items = turn->look->threads.items;
	size_t i = turn->at;

	while (i && same_process(&items[i - 1], turn->thread))
		i--;
	for (; i < turn->look->threads.count && same_process(&items[i], turn->thread); i++) {
		if (i != turn->at && serves(&items[i], turn->loop))
			return true;
	}
	return false;
}

/* What a thread may well wait in instead: an epoll instance can be watched by any of the first. */
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
static bool waits_elsewhere(const struct turn *turn)
{
	const struct thread_view *view = turn->view;
	size_t i;

	if (!(turn->thread->flags & THREAD_SLEEPING))
		return false;
	for (i = 0; i < view->loop_count; i++) {
		if (view->loops[i].waiting && view->loops[i].waits >= turn->loop->waits)
			return true;
	}
	return !turn->loop->timeout_ns && look_syscall(turn->thread) &&
	       (is_other_wait(turn->thread) || is_asleep_in(turn->thread, SYSCALL_WAITS_EPOLL));
}

static bool is_unserved(const struct epoll_record *epoll, const struct turn *turn)
{
	return epoll->pid == turn->thread->pid && epoll->process_start_ns == turn->thread->process_start_ns &&
	       epoll->unread && !epoll->waiters && turn->since_ns < epoll->seen_ns;
}

/* The instance that only this thread can serve, and does not; -1: none. */
static int find_unserved(const struct turn *turn)
{
	size_t i;

	if (turn->thread->threads != 1 || !turn->since_ns || is_other_wait(turn->thread))
		return -1;
	for (i = 0; i < turn->look->epolls.count; i++) {
		if (is_unserved(turn->look->epolls.items[i], turn))
			return turn->look->epolls.items[i]->fd;
	}
	return -1;
}

/* What is true of the whole process is judged once: with the first loop of its first thread that has one. */
static bool is_first_loop(const struct turn *turn)
{
	const struct thread_view *items = turn->look->threads.items;
	size_t i;

	for (i = turn->at; i && same_process(&items[i - 1], turn->thread); i--) {
		if (items[i - 1].loop_count)
			return false;
	}
	return !turn->loop || turn->loop == turn->view->loops;
}

static void find_usage(struct turn *turn)
{
	const struct usage_record *usage = look_usage(turn->look, turn->thread->pid);
	struct loop_evidence *evidence = &turn->evidence;

	evidence->highest_fd = evidence->open_fds = evidence->user_watches = -1;
	if (is_first_loop(turn)) {
		evidence->open_files = turn->look->head->open_files;
		evidence->file_limit = turn->look->head->file_limit;
	}
	if (!usage || usage->process_start_ns != turn->thread->process_start_ns)
		return;
	turn->usage = usage;
	evidence->has_runtime = usage->runtime[0];
	evidence->fd_limit = usage->fd_limit;
	evidence->highest_fd = usage->highest_fd;
	if (!is_first_loop(turn))
		return;
	if (usage->highest_fd >= 0)
		evidence->open_fds = usage->open_fds;
	evidence->user_watches = usage->user_watches;
	evidence->watch_limit = turn->look->head->watch_limit;
}

/*
 * A loop within a loop, as a synchronous call of an asynchronous library makes one: the thread waits, but on
 * another instance than before, and what lies ready on that one nobody fetches.
 */
static void find_abandoned(struct turn *turn)
{
	const struct loop_record *loop = turn->loop;
	struct loop_evidence *evidence = &turn->evidence;
	size_t i;

	if (!loop || !evidence->waiting || loop->interface != LOOP_EPOLL || !loop->epoll_fd_before)
		return;
	for (i = 0; i < turn->look->epolls.count; i++) {
		const struct epoll_record *epoll = turn->look->epolls.items[i];

		if (epoll->fd + 1 != (int)loop->epoll_fd_before || !is_unserved(epoll, turn))
			continue;
		evidence->abandoned = true;
		evidence->waiting = false;
		evidence->unserved_fd = epoll->fd;
		evidence->outside_ns = turn->thread->seen_ns - turn->since_ns;
	}
}

static void find_others(struct turn *turn)
{
	struct loop_evidence *evidence = &turn->evidence;

	evidence->unserved_fd = -1;
	find_usage(turn);
	find_abandoned(turn);
	if (evidence->waiting || evidence->abandoned || evidence->outside_ns < evidence->min_age_ns)
		return;
	if (turn->loop) {
		evidence->taken_over = is_taken_over(turn);
		evidence->waits_elsewhere = waits_elsewhere(turn);
		evidence->ended = turn->loop->interface == LOOP_EPOLL &&
				  look_note(turn->look, turn->thread->tid, NOTE_LOOP_ENDED);
	}
	if (!turn->loop || (turn->loop->interface == LOOP_EPOLL && !evidence->taken_over && !evidence->waits_elsewhere))
		evidence->unserved_fd = find_unserved(turn);
}

/* ---- The row ---- */

static void fill_last_wait(struct row *row, const struct turn *turn)
{
	static const char *const interfaces[] = {
		[LOOP_EPOLL] = "epoll",
		[LOOP_POLL] = "poll",
		[LOOP_SELECT] = "select",
		[LOOP_IO_URING] = "io_uring",
	};
	const struct loop_record *loop = turn->loop;

	if (loop->interface < COUNT_OF(interfaces))
		row->loop.interface = interfaces[loop->interface];
	if (loop->epoll_fd >= 0)
		row->loop.epoll_fd = loop->epoll_fd;
	if (loop->interface == LOOP_EPOLL)
		row->loop.max_events = loop->max_events;
	if (loop->timeout_ns != LOOP_TIMEOUT_INFINITE)
		row->loop.timeout_s = fill_seconds(loop->timeout_ns);
}

/* Without counters the arguments of the wait it is in tell the same. */
static void fill_this_wait(struct row *row, const struct turn *turn)
{
	const struct thread_record *thread = turn->thread;
	const char *name = look_syscall(thread);
	int timeout_ms = (int)thread->args[3];

	row->loop.interface = "epoll";
	if (!turn->evidence.waiting) {
		row->loop.epoll_fd = turn->evidence.unserved_fd;
		return;
	}
	row->loop.epoll_fd = (int)thread->args[0];
	row->loop.max_events = (int)thread->args[2];
	/* epoll_pwait2 has a pointer there. */
	if (name && strcmp(name, "epoll_pwait2") && timeout_ms >= 0)
		row->loop.timeout_s = timeout_ms / 1e3;
}

/* io_uring_enter() does not say what has come. */
static void fill_events(struct row *row, const struct loop_rates *rates, double interval_s)
{
	row->loop.events_per_s = (double)rates->events / interval_s;
	row->loop.empty_per_s = (double)rates->empty / interval_s;
	row->loop.set_bytes_per_s = (double)rates->set_bytes / interval_s;
	if (rates->waits)
		row->loop.events_per_wait = (double)rates->events / (double)rates->waits;
}

static void fill_lag_parts(struct row *row, const struct loop_rates *rates)
{
	row->loop.lag_cpu_s = fill_seconds(rates->lag_cpu_ns);
	row->loop.lag_runqueue_s = fill_seconds(rates->lag_runqueue_ns);
	row->loop.lag_blocked_s = fill_seconds(rates->lag_blocked_ns);
}

static void fill_rates(struct row *row, const struct turn *turn)
{
	const struct loop_rates *rates = &turn->evidence.rates;
	const struct loop_record *loop = turn->loop;
	double interval_s = fill_seconds(rates->interval_ns);

	if (!rates->interval_ns)
		return;
	row->loop.waits_per_s = (double)rates->waits / interval_s;
	if (loop->interface != LOOP_IO_URING)
		fill_events(row, rates, interval_s);
	row->loop.busy_ratio = 1 - fill_seconds(rates->in_wait_ns) / interval_s;
	if (loop_lag_is_split(turn->thread))
		fill_lag_parts(row, rates);
	row->loop.lag_p50_s = loop_percentile(rates->lag, 0.5, loop->lag_min_ns, loop->lag_max_ns);
	row->loop.lag_p99_s = loop_percentile(rates->lag, 0.99, loop->lag_min_ns, loop->lag_max_ns);
	if (loop->lag_max_ns)
		row->loop.lag_max_s = fill_seconds(loop->lag_max_ns);
	loop_histogram(&row->loop.lag_histogram, rates->lag);
	row->loop.wait_p50_s = loop_percentile(rates->wait, 0.5, loop->wait_min_ns, loop->wait_max_ns);
	row->loop.wait_p99_s = loop_percentile(rates->wait, 0.99, loop->wait_min_ns, loop->wait_max_ns);
}

static void fill_watches(struct row *row, const struct loop_watches *watches)
{
	const struct instance_record *instance = watches->instance;

	if (!instance || instance->flags & INSTANCE_CUT)
		return;
	row->loop.watches = instance->watches;
	row->loop.watches_edge = instance->edge;
	row->loop.watches_oneshot = instance->oneshot;
	if (instance->flags & INSTANCE_SCANNED)
		row->loop.watches_idle_unbounded = instance->idle_unbounded;
}

static void fill_now(struct row *row, const struct turn *turn)
{
	row->loop.now = turn->now;
	row->loop.now_in = turn->now_in;
	row->loop.now_s = fill_since(turn->thread->seen_ns, turn->since_ns);
	if (!turn->evidence.socket || turn->evidence.waiting)
		return;
	fill_socket(row, turn->report, &turn->evidence.socket->name);
	row->fd = turn->thread->fd;
}

static void fill_usage(struct row *row, const struct turn *turn)
{
	const struct usage_record *usage = turn->usage;

	if (turn->look->head->watch_limit)
		row->loop.watch_limit = (int64_t)turn->look->head->watch_limit;
	if (!usage)
		return;
	if (usage->fd_limit)
		row->loop.fd_limit = usage->fd_limit > INT64_MAX ? INT64_MAX : (int64_t)usage->fd_limit;
	if (usage->runtime[0] && runtime_fits(usage->runtime, !turn->loop || turn->loop->interface == LOOP_EPOLL))
		row->loop.runtime = usage->runtime;
	if (usage->user_watches >= 0)
		row->loop.user_watches = usage->user_watches;
	row->loop.process_threads = usage->threads;
	if (usage->highest_fd < 0)
		return;
	row->loop.highest_fd = usage->highest_fd;
	row->loop.open_fds = usage->open_fds;
	row->loop.process_sockets = usage->sockets;
}

static void fill_stacks(struct row *row, const struct turn *turn)
{
	row->loop.kernel_stack = look_note(turn->look, turn->thread->tid, NOTE_KERNEL_STACK);
	row->loop.user_stack = look_note(turn->look, turn->thread->tid, NOTE_USER_STACK);
}

/* A thread has one loop for each of its interfaces. */
static const char *interface_in_id(const struct loop_record *loop)
{
	if (!loop || loop->interface == LOOP_EPOLL)
		return "";
	return loop->interface == LOOP_POLL ? "poll-" : loop->interface == LOOP_SELECT ? "select-" : "io_uring-";
}

/* A stall is known by the return it did not come back from; or else by the nap it is in. */
static void fill_life(struct row *row, const struct turn *turn, const struct loop_rule *rule)
{
	struct arena *arena = &turn->report->arena;
	const struct thread_record *thread = turn->thread;
	unsigned long long key = turn->loop ? turn->loop->returned_ns : thread->last_arrival;
	__u64 since_ns = loop_watches_since(&turn->evidence, rule);
	const char *name = arena_printf(arena, "loop-%s%u-%u", interface_in_id(turn->loop), thread->pid, thread->tid);

	if (!severity_is_stuck(rule->severity))
		return;
	if (loop_is_stalled(&turn->evidence)) {
		row->id = arena_printf(arena, "%s-%llx", name, key);
		fill_age(row, turn->look, thread->seen_ns, turn->since_ns);
		if (!turn->loop && thread->flags & THREAD_AT_LEAST)
			fill_least_age(row, thread->seen_ns - turn->since_ns);
		return;
	}
	row->recurs = true;
	row->id = arena_printf(arena, "%s-%llx-%s", name, (unsigned long long)thread->start_ns, rule->verdict);
	fill_age(row, turn->look, thread->seen_ns, since_ns ? since_ns : turn->start_ns);
}

static int add_row(struct turn *turn, const struct loop_rule *rule)
{
	struct arena *arena = &turn->report->arena;
	struct row *row = report_add(turn->report, turn->look, ROW_LOOP);

	if (!row)
		return -ENOMEM;
	fill_thread(row, turn->report, turn->look, turn->thread);
	if (turn->loop) {
		fill_last_wait(row, turn);
		fill_rates(row, turn);
	} else {
		fill_this_wait(row, turn);
	}
	fill_now(row, turn);
	fill_watches(row, &turn->evidence.watches);
	fill_usage(row, turn);
	fill_stacks(row, turn);
	fill_life(row, turn, rule);
	row->verdict = rule->verdict;
	row->severity = rule->severity;
	row->stuck = severity_is_stuck(rule->severity);
	row->change_key = 0;
	row->why = rule->why(arena, &turn->evidence);
	row->advice = rule->advice ? rule->advice(arena, &turn->evidence) : NULL;
	return 0;
}

/* What tells whether the thread is a loop at all. */
static void find_role(struct turn *turn, const struct options *options)
{
	struct loop_evidence *evidence = &turn->evidence;

	evidence->thread = turn->thread;
	evidence->loop = turn->loop;
	evidence->socket = turn->view->socket;
	evidence->min_age_ns = min_age_of(options, ROW_LOOP);
	evidence->waiting = turn->loop ? !!turn->loop->waiting : is_asleep_in(turn->thread, SYSCALL_WAITS_EPOLL);
	find_since(turn);
	find_others(turn);
}

/*
 * Threads come without counters, too: those that wait, and those that may have stalled before the start. Poll
 * and select are used for much else, so that the few waits of a shell or a resolver make no loop.
 */
static bool is_loop(const struct turn *turn)
{
	if (turn->loop && turn->loop->interface != LOOP_EPOLL)
		return loop_was_looping(turn->loop);
	return turn->loop || turn->evidence.waiting || turn->evidence.unserved_fd >= 0;
}

/*
 * These watch everything edge-triggered and keep in mind themselves what can be read: what lies unread there is what no
 * task has asked for, and no wake-up was lost.
 */
static bool remembers_what_is_ready(const struct turn *turn)
{
	static const char *const names[] = {"go", "tokio", "netty", "nginx", "envoy"};
	size_t i;

	for (i = 0; turn->usage && i < COUNT_OF(names); i++) {
		if (!strcmp(turn->usage->runtime, names[i]))
			return true;
	}
	return false;
}

static int instance_of(const struct turn *turn)
{
	if (turn->loop)
		return turn->loop->interface == LOOP_EPOLL ? turn->loop->epoll_fd : -1;
	return turn->evidence.waiting ? (int)turn->thread->args[0] : turn->evidence.unserved_fd;
}

static int report_turn(struct turn *turn, const struct look *previous, const struct options *options)
{
	bool all = options->all || options->healthy_loops || options->command == COMMAND_EPOLL;
	const struct loop_rule *rule;

	find_role(turn, options);
	if (!is_loop(turn))
		return 0;
	find_rates(turn, previous);
	find_now(turn);
	loop_watches_find(&turn->evidence.watches, turn->look, turn->at, instance_of(turn));
	if (remembers_what_is_ready(turn))
		turn->evidence.watches.missed = NULL;
	rule = loop_verdict(&turn->evidence);
	if (!turn->loop && !turn->evidence.waiting && !severity_is_stuck(rule->severity))
		return 0;
	return severity_is_stuck(rule->severity) || all ? add_row(turn, rule) : 0;
}

/* One row for each of its interfaces. */
static int report_thread(struct report *report, const struct look *look, const struct look *previous, size_t at,
			 const struct options *options)
{
	const struct thread_view *view = &look->threads.items[at];
	struct turn none = {.report = report, .look = look, .at = at, .view = view, .thread = view->thread}, turn;
	size_t i;
	int err = 0;

	for (i = 0; i < view->loop_count && !err; i++) {
		turn = none;
		turn.loop = &view->loops[i];
		err = report_turn(&turn, previous, options);
	}
	if (!err && !view->loop && (!view->loop_count || is_asleep_in(view->thread, SYSCALL_WAITS_EPOLL)))
		err = report_turn(&none, previous, options);
	return err;
}

static int run(struct report *report, const struct look *look, const struct look *previous,
	       const struct options *options)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->threads.count && !err; i++)
		err = report_thread(report, look, previous, i, options);
	return err;
}

const struct report_kind report_loops = {
	.name = "loops",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_EPOLL,
	.run = run,
};
