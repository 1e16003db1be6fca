/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/unserved.h"

#include <string.h>

#include "base/array.h"
#include "base/sorted.h"

/* ---- Who has it ---- */

/* The places of the threads of the process in look->threads: from *first to the result. */
static size_t threads_of(const struct look *look, __u32 pid, size_t *first)
{
	size_t end = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < pid);

	*first = end;
	while (end < look->threads.count && look->threads.items[end].thread->pid == pid)
		end++;
	return end;
}

/* The counters of the thread, if it has waited on the instance with this descriptor. */
static const struct loop_record *loop_on(const struct thread_view *view, int fd)
{
	const struct loop_record *loop = look_loop(view, LOOP_EPOLL);

	return loop && (loop->epoll_fd == fd || loop->epoll_fd_before == (__u32)fd + 1) ? loop : NULL;
}

/* When the thread was last seen in a wait on it, or to leave one; 0: never. */
static __u64 last_wait(const struct thread_view *view, int fd)
{
	const struct loop_record *loop = loop_on(view, fd);

	if (!loop)
		return 0;
	/* For earlier waits only the end is known: the next wait began then, or later. */
	return loop->epoll_fd == fd && !loop->waiting ? loop->returned_ns : loop->entered_ns;
}

static bool is_asleep_on(const struct thread_record *thread, int fd)
{
	return thread->flags & THREAD_SLEEPING && !(thread->flags & THREAD_FROZEN) &&
	       thread->syscall_kind == SYSCALL_WAITS_EPOLL && (int)thread->args[0] == fd;
}

static bool is_in(const struct thread_record *thread, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; look_syscall(thread) && i < count; i++)
		if (!strcmp(look_syscall(thread), names[i]))
			return true;
	return false;
}

/*
 * How likely the instance is this thread's, the least first. Helpers sleep in futex, and so does the first thread of a
 * program that only started others; most loops run in the first thread.
 */
enum rank {
	HAS_WAITED,
	FIRST_THREAD,
	RUNS,
	BLOCKED,
	FIRST_IN_ANOTHER_WAIT,
	IN_ANOTHER_WAIT,
	FIRST_IN_LOCK,
	IN_LOCK,
};

static enum rank rank_of(const struct thread_view *view, int fd)
{
	static const char *const locks[] = {"futex", "futex_waitv"};
	const struct thread_record *thread = view->thread;
	bool first = thread->pid == thread->tid;

	if (loop_on(view, fd))
		return HAS_WAITED;
	if (!(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)))
		return first ? FIRST_THREAD : RUNS;
	if (thread->syscall_kind == SYSCALL_WAITS_EPOLL)
		return first ? FIRST_IN_ANOTHER_WAIT : IN_ANOTHER_WAIT;
	if (is_in(thread, locks, COUNT_OF(locks)))
		return first ? FIRST_IN_LOCK : IN_LOCK;
	return first ? FIRST_THREAD : BLOCKED;
}

/* Prefers the thread that waited on the instance last. */
static bool is_better(const struct thread_view *one, const struct thread_view *other, int fd)
{
	enum rank rank = rank_of(one, fd), best = rank_of(other, fd);

	if (rank == HAS_WAITED && best == HAS_WAITED)
		return last_wait(one, fd) > last_wait(other, fd);
	return rank < best;
}

static bool is_best(const struct look *look, size_t at, int fd)
{
	const struct thread_view *items = look->threads.items;
	size_t i, end = threads_of(look, items[at].thread->pid, &i);

	for (; i < end; i++)
		if (i < at ? !is_better(&items[at], &items[i], fd) : is_better(&items[i], &items[at], fd))
			return false;
	return true;
}

/* ---- Processes that hold the same instance ---- */

/* A process that only waits for children or signals leaves the instance to its children. */
static bool only_waits_for_others(const struct look *look, const struct epoll_record *epoll)
{
	static const char *const waits[] = {"wait4", "waitid", "pause", "rt_sigsuspend", "rt_sigtimedwait"};
	const struct thread_view *view = look_thread(look, epoll->pid, epoll->pid);

	return view && view->thread->flags & THREAD_SLEEPING && is_in(view->thread, waits, COUNT_OF(waits));
}

/* Prefers the process that most likely made the instance, to those that inherited it. */
static bool is_older(const struct look *look, const struct epoll_record *one, const struct epoll_record *other)
{
	bool waits = only_waits_for_others(look, one), other_waits = only_waits_for_others(look, other);

	if (waits != other_waits)
		return other_waits;
	if (one->process_start_ns != other->process_start_ns)
		return one->process_start_ns < other->process_start_ns;
	return one->pid != other->pid ? one->pid < other->pid : one->fd < other->fd;
}

/* The last wait on it that any thread of this holder was counted for. */
static __u64 last_wait_in(const struct look *look, const struct epoll_record *epoll)
{
	size_t i, end = threads_of(look, epoll->pid, &i);
	__u64 last = 0, wait;

	for (; i < end; i++) {
		wait = last_wait(&look->threads.items[i], epoll->fd);
		last = wait > last ? wait : last;
	}
	return last;
}

/* *served_ns: the last wait on the instance that was counted, whoever's. */
static bool is_of_this(const struct look *look, const struct epoll_record *epoll, __u64 *served_ns)
{
	__u64 own = last_wait_in(look, epoll), wait;
	bool mine = true;
	size_t i;

	*served_ns = own;
	for (i = 0; epoll->number && i < look->epolls.count; i++) {
		const struct epoll_record *other = look->epolls.items[i];

		if (other == epoll || other->number != epoll->number)
			continue;
		wait = last_wait_in(look, other);
		*served_ns = wait > *served_ns ? wait : *served_ns;
		mine &= wait != own ? wait < own : is_older(look, epoll, other);
	}
	return mine;
}

/* ---- All of it ---- */

static bool judge(struct unserved *unserved, const struct look *look, size_t at, const struct epoll_record *epoll)
{
	const struct thread_view *view = &look->threads.items[at];
	__u64 served_ns;

	if (epoll->process_start_ns != view->thread->process_start_ns || !epoll->unread || epoll->waiters ||
	    is_asleep_on(view->thread, epoll->fd) || !is_best(look, at, epoll->fd) ||
	    !is_of_this(look, epoll, &served_ns) || served_ns > epoll->seen_ns)
		return false;
	*unserved = (struct unserved){
		.epoll = epoll,
		.since_ns = epoll->unserved_since_ns,
		.counted = !!loop_on(view, epoll->fd),
	};
	if (unserved->since_ns && served_ns > unserved->since_ns)
		unserved->since_ns = served_ns;
	return true;
}

/* Among several instances, the one with the most input from outside wins. */
void unserved_find(struct unserved *unserved, const struct look *look, size_t at)
{
	size_t i, count;
	const struct epoll_record *const *epolls = look_epolls(look, look->threads.items[at].thread->pid, &count);
	struct unserved one;

	*unserved = (struct unserved){0};
	for (i = 0; i < count; i++)
		if (judge(&one, look, at, epolls[i]) && (!unserved->epoll || epolls[i]->input > unserved->epoll->input))
			*unserved = one;
}
