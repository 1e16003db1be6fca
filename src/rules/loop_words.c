/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/loop_words.h"

#include "base/clock.h"
#include "base/wording.h"
#include "look/watch_facts.h"
#include "rules/phrases.h"
#include "system/address.h"
#include "system/tcp_states.h"

/* ---- Why ---- */

/* Where the loop waits: "its last wait on epoll descriptor 3". */
static const char *say_wait(struct arena *arena, const struct loop_record *loop)
{
	switch (loop->interface) {
	case LOOP_POLL:
		return "in poll";
	case LOOP_SELECT:
		return "in select";
	case LOOP_IO_URING:
		return arena_printf(arena, "on io_uring descriptor %d", loop->epoll_fd);
	}
	return arena_printf(arena, "on epoll descriptor %d", loop->epoll_fd);
}

static double per_second(const struct loop_rates *rates, __u64 count)
{
	return (double)count * 1e9 / (double)rates->interval_ns;
}

const char *loop_why_stalled(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena, "its last wait %s ended %s ago, and it has not returned (%s seen before); now %s",
			    say_wait(arena, evidence->loop), say_duration(arena, evidence->outside_ns),
			    say_count(arena, evidence->loop->waits, "waits"), evidence->doing);
}

static const char *at_least(const struct loop_evidence *evidence)
{
	return evidence->age_at_least || evidence->thread->flags & THREAD_AT_LEAST ? "at least " : "";
}

/* Which thread of several has left it is a guess: that nobody fetches them is none. */
const char *loop_why_unseen(struct arena *arena, const struct loop_evidence *evidence)
{
	const char *age = say_duration(arena, evidence->outside_ns);

	if (evidence->guessed)
		return arena_printf(
			arena,
			"epoll descriptor %d has events waiting, and none of the %u threads waits for them; "
			"most likely this one should: it has been %s for %s%s",
			evidence->unserved_fd, evidence->thread->threads, evidence->doing, at_least(evidence), age);
	return arena_printf(arena, "epoll descriptor %d has events waiting, but %s has been %s for %s%s",
			    evidence->unserved_fd,
			    evidence->thread->threads == 1 ? "the only thread" : "the thread that serves it",
			    evidence->doing, at_least(evidence), age);
}

const char *loop_why_spinning(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return arena_printf(arena, "%.0f waits a second %s, %.1f %% of them without an event, each %.1f us long",
			    per_second(rates, rates->waits), say_wait(arena, evidence->loop),
			    100.0 * (double)rates->empty / (double)rates->waits, (double)rates->mean_wait_ns / 1e3);
}

const char *loop_why_spins_on(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;
	const struct watch_view *ready = evidence->watches.ready;
	const char *kind = watch_kind(ready->watch, ready->socket);

	return arena_printf(arena,
			    "%.0f waits a second %s return at once, each with an event, and nothing is read or "
			    "written: descriptor %d (%s) is always ready, because %s",
			    per_second(rates, rates->waits), say_wait(arena, evidence->loop), ready->watch->fd,
			    kind ? kind : "closed", watch_repeats(ready->watch, ready->socket));
}

const char *loop_why_throttled(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return arena_printf(arena,
			    "the CPU quota of its cgroup (%s) kept it from running for %s of the last %s (%s of that "
			    "while it was outside its wait)",
			    say_quota(arena, evidence->thread), say_duration(arena, rates->throttled_ns),
			    say_duration(arena, rates->interval_ns), say_duration(arena, rates->lag_throttled_ns));
}

const char *loop_why_saturated(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_rates *rates = &evidence->rates;

	return arena_printf(arena, "%llu of %s on descriptor %d returned the maximum of %u events", rates->full,
			    say_count(arena, rates->waits, "waits"), evidence->loop->epoll_fd,
			    evidence->loop->max_events);
}

static const char *say_endpoints(struct arena *arena, const struct watch_view *view)
{
	return arena_printf(arena, "descriptor %d (%s -> %s)", view->watch->fd, say_local(arena, &view->socket->name),
			    say_peer(arena, &view->socket->name));
}

static bool is_listener(const struct watch_view *view)
{
	return view->socket->name.state == STATE_LISTEN;
}

const char *loop_why_lost(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct watch_view *missed = evidence->watches.missed;
	__u64 since_ns = watch_missed_since(missed->watch, missed->socket);

	if (is_listener(missed))
		return arena_printf(arena,
				    "%s been in the accept queue of descriptor %d (%s) for %s; the loop watches it "
				    "edge-triggered, has had its event, and waits for another",
				    missed->watch->queue == 1
					    ? "1 connection has"
					    : arena_printf(arena, "%u connections have", missed->watch->queue),
				    missed->watch->fd, say_local(arena, &missed->socket->name),
				    say_since(arena, missed->socket->seen_ns, since_ns));
	return arena_printf(
		arena,
		"data came %s ago and is unread (%s) in %s; the loop watches it edge-triggered, has had its event, "
		"and waits for another",
		say_since(arena, missed->socket->seen_ns, since_ns),
		say_count(arena, missed->socket->unread_bytes, "bytes"), say_endpoints(arena, missed));
}

const char *loop_why_dead(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct loop_watches *watches = &evidence->watches;

	return arena_printf(arena,
			    "it waits without a timeout; %u of %s %s idle, and nothing would notice a dead peer (no "
			    "keepalive, nothing in flight); the longest: %s, for %s",
			    watches->instance->idle_unbounded,
			    say_count(arena, watches->instance->watches, "descriptors"),
			    watches->instance->idle_unbounded == 1 ? "is" : "are", say_endpoints(arena, watches->idle),
			    say_duration(arena, watch_idle_ns(watches->idle->socket)));
}

const char *loop_why_near_watches(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "its user's epoll instances watch about %lld descriptors; the limit is %llu "
			    "(fs.epoll.max_user_watches)",
			    (long long)evidence->user_watches, evidence->watch_limit);
}

const char *loop_why_near_files(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena, "the machine has %llu files open; the limit is %llu (fs.file-max)",
			    evidence->open_files, evidence->file_limit);
}

const char *loop_why_near_limit(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena, "its process has %lld descriptors open; the limit is %llu",
			    (long long)evidence->open_fds, evidence->fd_limit);
}

const char *loop_why_select(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "it calls select on descriptors up to %lld; an fd_set holds only 0 to %d, and FD_SET() "
			    "above that overwrites other memory",
			    (long long)loop_highest_selected(evidence), SELECT_LIMIT - 1);
}

const char *loop_why_ok(struct arena *arena, const struct loop_evidence *evidence)
{
	if (evidence->waiting)
		return "it waits for events";
	if (evidence->waits_elsewhere)
		return arena_printf(arena, "now %s, which is its main wait", evidence->doing);
	if (evidence->taken_over)
		return arena_printf(arena, "now %s, while another thread serves the same epoll instance",
				    evidence->doing);
	if (loop_serves_one(evidence))
		return arena_printf(arena, "now %s; it watches one connection, and nothing else waits for it",
				    evidence->doing);
	if (loop_shares_all(evidence))
		return arena_printf(arena, "now %s; other threads wait for everything that it watches",
				    evidence->doing);
	return arena_printf(arena, "now %s", evidence->doing);
}

/* ---- Advice ---- */

const char *loop_advise_stalled(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct thread_record *thread = evidence->thread;

	if (thread->flags & THREAD_STOPPED)
		return arena_printf(arena, "resume it: kill -CONT %u (or detach its debugger)", thread->pid);
	if (thread->flags & THREAD_FROZEN)
		return SAY_THAW;
	return arena_printf(
		arena, "see where thread %u is and move that work off the loop: gdb -p %u, or its runtime's stack dump",
		thread->tid, thread->pid);
}

const char *loop_advise_read(struct arena *arena, const struct loop_evidence *evidence)
{
	const struct thread_record *thread = evidence->thread;

	return arena_printf(
		arena,
		"read descriptor %d without blocking (O_NONBLOCK), or outside the loop; see what it waits for: "
		"sockstall readers -p %u",
		thread->fd, thread->pid);
}

const char *loop_advise_spinning(struct arena *arena, const struct loop_evidence *evidence)
{
	if (evidence->loop->timeout_ns == 0)
		return "its wait has a timeout of 0: set a longer one, or -1";
	if (evidence->loop->timeout_ns == LOOP_TIMEOUT_INFINITE)
		return arena_printf(arena, "see what wakes thread %u without an event: strace -p %u",
				    evidence->thread->tid, evidence->thread->tid);
	return arena_printf(arena, "see which timer of thread %u is always due: its timeout was %s",
			    evidence->thread->tid, say_duration(arena, evidence->loop->timeout_ns));
}

const char *loop_advise_spins_on(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "handle the event of descriptor %d, or stop watching it (EPOLL_CTL_DEL or close: "
			    "EPOLLHUP and EPOLLERR come whatever the event mask is)",
			    evidence->watches.ready->watch->fd);
}

const char *loop_advise_throttled(struct arena *arena, const struct loop_evidence *evidence)
{
	(void)evidence;
	return arena_printf(
		arena, "raise cpu.max (cpu.cfs_quota_us) of its cgroup, or run less in it: the loop is not to blame");
}

const char *loop_advise_saturated(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(
		arena,
		"more events are ready than one wait returns: raise maxevents (now %u), or share the load among threads",
		evidence->loop->max_events);
}

const char *loop_advise_lost(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "after each event %s descriptor %d until EAGAIN, or watch it without EPOLLET; "
			    "EPOLL_CTL_MOD makes the kernel report the event once more",
			    is_listener(evidence->watches.missed) ? "accept from" : "read",
			    evidence->watches.missed->watch->fd);
}

const char *loop_advise_dead(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(
		arena,
		"set SO_KEEPALIVE (and TCP_KEEPIDLE) on them, or close idle ones by a timer; sockstall loops "
		"-p %u --watches lists them",
		evidence->thread->pid);
}

const char *loop_advise_near_limit(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(
		arena,
		"see which descriptors it does not close (ls -l /proc/%u/fd), or raise its limit: prlimit -p "
		"%u --nofile",
		evidence->thread->pid, evidence->thread->pid);
}

const char *loop_advise_near_watches(struct arena *arena, const struct loop_evidence *evidence)
{
	return arena_printf(arena,
			    "see what this user's processes watch (sockstall loops -p %u --watches), or raise "
			    "fs.epoll.max_user_watches (sysctl)",
			    evidence->thread->pid);
}

const char *loop_advise_near_files(struct arena *arena, const struct loop_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "see which processes hold them (lsof, or ls /proc/*/fd), or raise fs.file-max (sysctl)";
}

const char *loop_advise_select(struct arena *arena, const struct loop_evidence *evidence)
{
	(void)arena;
	(void)evidence;
	return "use poll or epoll in place of select";
}
