/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A loop as a row: see loop_case.h. */
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "look/loop_rates.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/loop_case.h"
#include "system/runtime.h"

static void fill_last_wait(struct row *row, const struct loop_case *one)
{
	static const char *const interfaces[] = {
		[LOOP_EPOLL] = "epoll",
		[LOOP_POLL] = "poll",
		[LOOP_SELECT] = "select",
		[LOOP_IO_URING] = "io_uring",
	};
	const struct loop_record *loop = one->loop;

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
static void fill_this_wait(struct row *row, const struct loop_case *one)
{
	const struct thread_record *thread = one->thread;
	const char *name = look_syscall(thread);
	int timeout_ms = (int)thread->args[3];

	row->loop.interface = "epoll";
	if (!one->evidence.waiting) {
		row->loop.epoll_fd = one->evidence.unserved_fd;
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
	if (rates->has_quota)
		row->loop.lag_throttled_s = fill_seconds(rates->lag_throttled_ns);
	row->loop.lag_blocked_s = fill_seconds(rates->lag_blocked_ns);
}

static void fill_rates(struct row *row, const struct loop_case *one)
{
	const struct loop_rates *rates = &one->evidence.rates;
	const struct loop_record *loop = one->loop;
	double interval_s = fill_seconds(rates->interval_ns);

	if (!rates->interval_ns)
		return;
	row->loop.waits_per_s = (double)rates->waits / interval_s;
	if (loop->interface != LOOP_IO_URING)
		fill_events(row, rates, interval_s);
	row->loop.busy_ratio = 1 - fill_seconds(rates->in_wait_ns) / interval_s;
	if (loop_lag_is_split(one->thread))
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

static void fill_now(struct row *row, const struct loop_case *one)
{
	row->loop.now = one->now;
	row->loop.now_in = one->now_in;
	row->loop.now_s = fill_since(one->thread->seen_ns, one->since_ns);
	if (!one->evidence.socket || one->evidence.waiting)
		return;
	fill_socket(row, one->report, &one->evidence.socket->name);
	row->fd = one->thread->fd;
}

static void fill_usage(struct row *row, const struct loop_case *one)
{
	const struct usage_record *usage = one->usage;

	if (one->look->head->watch_limit)
		row->loop.watch_limit = (int64_t)one->look->head->watch_limit;
	if (!usage)
		return;
	if (usage->fd_limit)
		row->loop.fd_limit = usage->fd_limit > INT64_MAX ? INT64_MAX : (int64_t)usage->fd_limit;
	if (usage->runtime[0] && runtime_fits(usage->runtime, !one->loop || one->loop->interface == LOOP_EPOLL))
		row->loop.runtime = arena_printf(&one->report->arena, "%s", usage->runtime);
	if (usage->user_watches >= 0)
		row->loop.user_watches = usage->user_watches;
	row->loop.process_threads = usage->threads;
	if (usage->highest_fd < 0)
		return;
	row->loop.highest_fd = usage->highest_fd;
	row->loop.open_fds = usage->open_fds;
	row->loop.process_sockets = usage->sockets;
}

static void fill_stacks(struct row *row, const struct loop_case *one)
{
	row->loop.kernel_stack = fill_note(one->report, one->look, one->thread->tid, NOTE_KERNEL_STACK);
}

/* A thread has one loop for each of its interfaces. */
static const char *interface_in_id(const struct loop_record *loop)
{
	if (!loop || loop->interface == LOOP_EPOLL)
		return "";
	return loop->interface == LOOP_POLL ? "poll-" : loop->interface == LOOP_SELECT ? "select-" : "io_uring-";
}

/* A stall is known by the return it did not come back from; or else by the nap it is in. */
static void fill_life(struct row *row, const struct loop_case *one, const struct loop_rule *rule)
{
	struct arena *arena = &one->report->arena;
	const struct thread_record *thread = one->thread;
	unsigned long long key = one->evidence.age_at_least ? one->since_ns
				 : one->loop		    ? one->loop->returned_ns
							    : thread->last_arrival;
	__u64 since_ns = loop_watches_since(&one->evidence, rule);
	const char *name = arena_printf(arena, "loop-%s%u-%u", interface_in_id(one->loop), thread->pid, thread->tid);

	if (!severity_is_stuck(rule->severity))
		return;
	if (loop_is_stalled(&one->evidence)) {
		row->id = arena_printf(arena, "%s-%llx", name, key);
		fill_age(row, one->look, thread->seen_ns, one->since_ns);
		if (one->evidence.age_at_least || (!one->loop && thread->flags & THREAD_AT_LEAST))
			fill_least_age(row, thread->seen_ns - one->since_ns);
		return;
	}
	row->recurs = true;
	row->id = arena_printf(arena, "%s-%llx-%s", name, (unsigned long long)thread->start_ns, rule->verdict->name);
	fill_age(row, one->look, thread->seen_ns, since_ns ? since_ns : one->start_ns);
}

/* The sockets that it watches, as far as they were read, are stuck with it. */
static unsigned int fits_of(const struct loop_case *one, const struct scope *scope)
{
	unsigned int fits = filter_thread(&scope->selection, one->look, one->thread);
	const struct look *look = one->look;
	size_t i;

	for (i = 0;
	     one->evidence.watches.instance && !filter_is_met(&scope->selection, fits) && i < look->watches.count; i++)
		if (look->watches.items[i].instance == one->evidence.watches.instance && look->watches.items[i].socket)
			fits |= filter_socket(&scope->selection, look, &look->watches.items[i].socket->name);
	return fits;
}

int loop_row_add(struct loop_case *one, const struct scope *scope, const struct loop_rule *rule)
{
	struct arena *arena = &one->report->arena;
	struct row *row = report_add(one->report, one->look, ROW_LOOP);

	if (!row)
		return -ENOMEM;
	fill_thread(row, one->report, one->look, one->thread);
	row->fits = fits_of(one, scope);
	if (one->loop) {
		fill_last_wait(row, one);
		fill_rates(row, one);
	} else {
		fill_this_wait(row, one);
	}
	fill_now(row, one);
	fill_watches(row, &one->evidence.watches);
	fill_usage(row, one);
	fill_stacks(row, one);
	fill_life(row, one, rule);
	row->verdict = rule->verdict->name;
	row->severity = rule->severity;
	row->stuck = severity_is_stuck(rule->severity);
	row->change_key = 0;
	row->why = rule->why(arena, &one->evidence);
	row->advice = rule->advice ? rule->advice(arena, &one->evidence) : NULL;
	return 0;
}
