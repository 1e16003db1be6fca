/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/loop.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/wording.h"
#include "look/loop_rates.h"
#include "look/watch_facts.h"
#include "rules/phrases.h"
#include "rules/verdicts.h"
#include "system/address.h"

/* Spinning: this often, for nothing, and without sleeping. */
#define SPIN_WAITS	 100
#define SPIN_WAITS_PER_S 1000
#define SPIN_EMPTY	 95 /* percent */
#define SPIN_WAIT_NS	 50000

/* near_limit: percent of the limit. */
#define NEAR_LIMIT 90

#define SELECT_LIMIT 1024 /* FD_SETSIZE */

#define SATURATED_WAITS 10
#define SATURATED_FULL	99 /* percent */

/* A stall from before the start has no history: it has to be as plain as this. */
#define UNSEEN_MIN_AGE_NS NS_PER_S

/*
 * Unread for this long: where other threads could still come to it, much longer. And looks this far apart found the
 * same bytes.
 */
#define MISSED_MIN_AGE_NS	 NS_PER_S
#define MISSED_MIN_AGE_SHARED_NS (10 * NS_PER_S)
#define MISSED_SEEN_NS		 (NS_PER_S * 9 / 10)

/* ---- Evidence ---- */

static bool has_one_connection(const struct loop_evidence *evidence)
{
	const struct instance_record *instance = evidence->watches.instance;

	if (evidence->loop->interface == LOOP_POLL)
		return evidence->loop->one_connection;
	return instance && instance->flags & INSTANCE_ONE_CONNECTION && !(instance->flags & INSTANCE_UNREAD);
}

static bool is_in_read(const struct loop_evidence *evidence)
{
	return evidence->socket && evidence->thread->flags & THREAD_SLEEPING &&
	       !(evidence->thread->flags & THREAD_FROZEN) && evidence->thread->syscall_kind == SYSCALL_READS;
}

/*
 * Who watches one connection, as a database's backend does, and is away from its wait, is at work on what came there:
 * nobody waits for it but its client. That something lies there meanwhile can be told for epoll; then somebody does. A
 * blocking read of another connection is no work of its own.
 */
static bool serves_one(const struct loop_evidence *evidence)
{
	return evidence->loop && !evidence->waiting && !evidence->abandoned && !evidence->has_runtime &&
	       has_one_connection(evidence) &&
	       !(is_in_read(evidence) && evidence->socket->name.kind == SOCKET_KIND_TCP);
}

/* It used to come back often, and has not come back. */
static bool does_not_come_back(const struct loop_evidence *evidence)
{
	return evidence->loop && !evidence->waiting && !evidence->abandoned && evidence->loop->returned_ns &&
	       loop_was_looping(evidence->loop) && evidence->outside_ns >= evidence->min_age_ns &&
	       !evidence->taken_over && !evidence->waits_elsewhere && !evidence->ended && !serves_one(evidence);
}

static __u64 unseen_min_age(const struct loop_evidence *evidence)
{
	return evidence->min_age_ns > UNSEEN_MIN_AGE_NS ? evidence->min_age_ns : UNSEEN_MIN_AGE_NS;
}

/* No wait was ever seen, or too few: that its events lie there and nobody else could fetch them has to do. */
static bool leaves_events(const struct loop_evidence *evidence)
{
	if (evidence->loop && !evidence->abandoned && loop_was_looping(evidence->loop))
		return false;
	return !evidence->waiting && evidence->unserved_fd >= 0 &&
	       evidence->thread->flags & (THREAD_SLEEPING | THREAD_STOPPED) &&
	       evidence->outside_ns >= unseen_min_age(evidence);
}

static bool is_reading_seen(const struct loop_evidence *evidence)
{
	return does_not_come_back(evidence) && is_in_read(evidence);
}

static bool is_reading_unseen(const struct loop_evidence *evidence)
{
	return leaves_events(evidence) && is_in_read(evidence);
}

static bool is_spinning(const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return rates->interval_ns && rates->waits >= SPIN_WAITS &&
	       rates->waits * NS_PER_S >= SPIN_WAITS_PER_S * rates->interval_ns &&
	       rates->empty * 100 >= rates->waits * SPIN_EMPTY && rates->mean_wait_ns < SPIN_WAIT_NS;
}

static bool is_saturated(const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return evidence->loop && evidence->loop->max_events > 1 && rates->interval_ns &&
	       rates->waits >= SATURATED_WAITS && rates->full * 100 >= rates->waits * SATURATED_FULL;
}

static __u64 missed_min_age(const struct loop_evidence *evidence)
{
	__u64 least = evidence->thread->threads > 1 ? MISSED_MIN_AGE_SHARED_NS : MISSED_MIN_AGE_NS;

	return evidence->min_age_ns > least ? evidence->min_age_ns : least;
}

/*
 * It waits, nothing is on its ready list, and data lies in a socket that it has been told of. One that does not read on
 * purpose waits for something: mostly until it can send what it has read.
 */
static bool lost_wake_up(const struct loop_evidence *evidence)
{
	const struct loop_watches *watches = &evidence->watches;
	const struct socket_record *socket;

	if (!evidence->waiting || !watches->missed || watches->busy_elsewhere ||
	    watches->instance->flags & (INSTANCE_READY | INSTANCE_SENDING))
		return false;
	socket = watches->missed->socket;
	return socket->seen_ns >= socket->last_received_ns + missed_min_age(evidence) &&
	       socket->seen_ns >= watches->missed->watch->unread_since_ns + MISSED_SEEN_NS;
}

/* A timer among what it watches may well be what looks after them. */
static bool has_dead_watches(const struct loop_evidence *evidence)
{
	const struct loop_watches *watches = &evidence->watches;

	return watches->idle && watches->endless && !(watches->instance->flags & INSTANCE_TIMER) &&
	       !serves_one(evidence) && watch_idle_ns(watches->idle->socket) >= evidence->min_age_ns;
}

static bool is_near(__u64 used, __u64 limit)
{
	return limit && (double)used * 100 >= (double)limit * NEAR_LIMIT;
}

static bool lacks_descriptors(const struct loop_evidence *evidence)
{
	return evidence->open_fds >= 0 && is_near((__u64)evidence->open_fds, evidence->fd_limit);
}

static bool lacks_watches(const struct loop_evidence *evidence)
{
	return evidence->user_watches >= 0 && is_near((__u64)evidence->user_watches, evidence->watch_limit);
}

static bool lacks_files(const struct loop_evidence *evidence)
{
	return is_near(evidence->open_files, evidence->file_limit);
}

/* The highest of the set: what the wait says, but no higher than what is open. */
static __s64 highest_selected(const struct loop_evidence *evidence)
{
	__s64 named = (__s64)evidence->loop->descriptors - 1;

	return evidence->highest_fd >= 0 && evidence->highest_fd < named ? evidence->highest_fd : named;
}

static bool is_beyond_select(const struct loop_evidence *evidence)
{
	return evidence->loop && evidence->loop->interface == LOOP_SELECT &&
	       highest_selected(evidence) >= SELECT_LIMIT;
}

static bool always(const struct loop_evidence *evidence)
{
	(void)evidence;
	return true;
}

bool loop_is_stalled(const struct loop_evidence *evidence)
{
	return does_not_come_back(evidence) || leaves_events(evidence);
}

/* ---- Why ---- */

/* What the loop waits with, as the object of a sentence. */
static const char *say_wait(struct arena *arena, const struct loop_record *loop)
{
	switch (loop->interface) {
	case LOOP_POLL:
		return "poll";
	case LOOP_SELECT:
		return "select";
	case LOOP_IO_URING:
		return arena_printf(arena, "io_uring descriptor %d", loop->epoll_fd);
	}
	return arena_printf(arena, "descriptor %d", loop->epoll_fd);
}

static double per_second(const struct loop_rates *rates, __u64 count)
{
	return (double)count * 1e9 / (double)rates->interval_ns;
}

static const char *why_stalled(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena, "it has not come back to its wait on %s for %s, after %s; now %s",
			    say_wait(arena, evidence->loop), say_duration(arena, evidence->outside_ns),
			    say_count(arena, evidence->loop->waits, "waits"), evidence->doing);
}

static const char *why_unseen(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "an epoll instance (descriptor %d) of this process has events ready that no thread waits "
			    "for, and the thread that could has been %s for %s%s",
			    evidence->unserved_fd, evidence->doing,
			    evidence->thread->flags & THREAD_AT_LEAST ? "at least " : "",
			    say_duration(arena, evidence->outside_ns));
}

static const char *why_spinning(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return arena_printf(arena,
			    "%.0f waits a second on %s, %.1f %% of them for nothing, each %.1f us long",
			    per_second(rates, rates->waits), say_wait(arena, evidence->loop),
			    100.0 * (double)rates->empty / (double)rates->waits, (double)rates->mean_wait_ns / 1e3);
}

static const char *why_saturated(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return arena_printf(arena, "%llu of %s on descriptor %d returned all %u events that it asked for", rates->full,
			    say_count(arena, rates->waits, "waits"), evidence->loop->epoll_fd,
			    evidence->loop->max_events);
}

static const char *say_endpoints(struct arena *arena, const struct watch_view *view)
{
	return arena_printf(arena, "descriptor %d (%s -> %s)", view->watch->fd, say_local(arena, &view->socket->name),
			    say_peer(arena, &view->socket->name));
}

static const char *why_lost(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct watch_view *missed = evidence->watches.missed;

	return arena_printf(
		arena,
		"%s came %s ago and lie unread in %s, which is watched edge-triggered: the wake-up for them is "
		"used up, and the loop waits",
		say_count(arena, missed->socket->unread_bytes, "bytes"),
		say_since(arena, missed->socket->seen_ns, missed->socket->last_received_ns),
		say_endpoints(arena, missed));
}

static const char *why_dead(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_watches *watches = &evidence->watches;

	return arena_printf(
		arena,
		"it waits without a timeout, and of %s %u %s been idle for long with nothing that would notice a "
		"dead peer (no keepalive, nothing in flight); for longest %s, %s",
		say_count(arena, watches->instance->watches, "descriptors"), watches->instance->idle_unbounded,
		watches->instance->idle_unbounded == 1 ? "has" : "have", say_endpoints(arena, watches->idle),
		say_duration(arena, watch_idle_ns(watches->idle->socket)));
}

static const char *why_near_watches(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "the epoll instances of its user watch about %lld descriptors, and may watch %llu "
			    "(fs.epoll.max_user_watches)",
			    (long long)evidence->user_watches, evidence->watch_limit);
}

static const char *why_near_files(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena, "the machine has %llu files open, and may have %llu (fs.file-max)",
			    evidence->open_files, evidence->file_limit);
}

static const char *why_near_limit(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena, "its process has %lld descriptors open, and may have %llu", (long long)evidence->open_fds,
			    evidence->fd_limit);
}

static const char *why_select(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "it waits with select on descriptors up to %lld; an fd_set has room for 0 to %d, and FD_SET() "
			    "above that writes behind it",
			    (long long)highest_selected(evidence), SELECT_LIMIT - 1);
}

static const char *why_ok(struct arena *arena, const struct loop_evidence *evidence)
{
	if (evidence->waiting)
		return "it waits for events";
	if (evidence->waits_elsewhere)
		return arena_printf(arena, "now %s, which is its main wait", evidence->doing);
	if (evidence->taken_over)
		return arena_printf(arena, "now %s, while another thread serves the same epoll instance",
				    evidence->doing);
	if (serves_one(evidence))
		return arena_printf(arena, "now %s; it watches one connection, and nothing else waits for it",
				    evidence->doing);
	return arena_printf(arena, "now %s", evidence->doing);
}

/* ---- Advice ---- */

static const char *advise_stalled(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct thread_record *thread = evidence->thread;

	if (thread->flags & THREAD_STOPPED)
		return arena_printf(arena, "let it go on: kill -CONT %u (or detach its debugger)", thread->pid);
	if (thread->flags & THREAD_FROZEN)
		return SAY_THAW;
	return arena_printf(
		arena,
		"see where thread %u is (gdb -p %u, or its runtime's stack dump) and take that work off the loop",
		thread->tid, thread->pid);
}

static const char *advise_read(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct thread_record *thread = evidence->thread;

	return arena_printf(arena,
			    "read descriptor %d without blocking (O_NONBLOCK), or not in the loop; see what it waits for: "
			    "sockstall readers -p %u",
			    thread->fd, thread->pid);
}

static const char *advise_spinning(struct arena *arena, const struct loop_evidence *evidence)
{
	if (evidence->loop->timeout_ns == 0)
		return "it waits with a timeout of 0: give the wait a timeout, or -1";
	if (evidence->loop->timeout_ns == LOOP_TIMEOUT_INFINITE)
		return arena_printf(arena, "see what wakes thread %u without an event: strace -p %u",
				    evidence->thread->tid, evidence->thread->tid);
	return arena_printf(arena, "see which timer of thread %u is always due: its timeout was %s",
			    evidence->thread->tid, say_duration(arena, evidence->loop->timeout_ns));
}

static const char *advise_saturated(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(
		arena, "more is ready than one wait takes: raise maxevents (now %u), or share the load among threads",
		evidence->loop->max_events);
}

static const char *advise_lost(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(
		arena,
		"after an edge-triggered event read descriptor %d until EAGAIN, or watch it without EPOLLET; "
		"EPOLL_CTL_MOD makes it ready again",
		evidence->watches.missed->watch->fd);
}

static const char *advise_dead(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(
		arena,
		"set SO_KEEPALIVE (and TCP_KEEPIDLE) on them, or close what is idle by a timer; sockstall epoll "
		"-p %u --watches lists them",
		evidence->thread->pid);
}

static const char *advise_near_limit(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "see which descriptors it does not close (ls -l /proc/%u/fd), or raise its limit: prlimit -p "
			    "%u --nofile",
			    evidence->thread->pid, evidence->thread->pid);
}

static const char *advise_near_watches(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "see what this user's processes watch (sockstall epoll -p %u --watches), or raise "
			    "fs.epoll.max_user_watches (sysctl)",
			    evidence->thread->pid);
}

static const char *advise_near_files(struct arena *arena, const struct loop_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "see who holds them (lsof, or ls /proc/*/fd), or raise fs.file-max (sysctl)";
}

static const char *advise_select(struct arena *arena, const struct loop_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "use poll or epoll in place of select";
}

/* ---- The table ---- */

LOOP_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct loop_rule loop_rules[] = {
	/* evidence           verdict            how bad           why            advice */
	{ is_reading_seen,    &blocked_in_read,  SEVERITY_STALLED, why_stalled,   advise_read },
	{ does_not_come_back, &stalled,          SEVERITY_STALLED, why_stalled,   advise_stalled },
	{ is_reading_unseen,  &blocked_in_read,  SEVERITY_STALLED, why_unseen,    advise_read },
	{ leaves_events,      &stalled,          SEVERITY_STALLED, why_unseen,    advise_stalled },
	{ is_spinning,        &spinning,         SEVERITY_STARVED, why_spinning,  advise_spinning },
	{ lost_wake_up,       &edge_stall,       SEVERITY_STARVED, why_lost,      advise_lost },
	{ is_beyond_select,   &select_limit,     SEVERITY_SUSPECT, why_select,    advise_select },
	{ lacks_descriptors,  &near_limit,       SEVERITY_SUSPECT, why_near_limit, advise_near_limit },
	{ lacks_watches,      &near_limit,       SEVERITY_SUSPECT, why_near_watches, advise_near_watches },
	{ lacks_files,        &near_limit,       SEVERITY_SUSPECT, why_near_files, advise_near_files },
	{ is_saturated,       &saturated,        SEVERITY_SUSPECT, why_saturated, advise_saturated },
	{ has_dead_watches,   &dead_watches,     SEVERITY_SUSPECT, why_dead,      advise_dead },
	{ always,             &ok,               SEVERITY_NONE,    why_ok,        NULL },
};
/* clang-format on */

const size_t loop_rule_count = COUNT_OF(loop_rules);

const struct loop_rule *loop_verdict(const struct loop_evidence *evidence)
{
	const struct loop_rule *rule = loop_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}

__u64 loop_watches_since(const struct loop_evidence *evidence, const struct loop_rule *rule)
{
	const struct socket_record *socket;

	if (rule->applies == lost_wake_up)
		return evidence->watches.missed->socket->last_received_ns;
	if (rule->applies != has_dead_watches)
		return 0;
	socket = evidence->watches.idle->socket;
	return socket->seen_ns - watch_idle_ns(socket);
}
