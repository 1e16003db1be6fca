/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/sleeping.h"

#include <string.h>

#include "base/array.h"
#include "system/tcp_states.h"

bool sleeping_in(const struct thread_view *view, enum syscall_kind kind)
{
	return view->socket && view->thread->flags & THREAD_SLEEPING && view->thread->syscall_kind == kind;
}

static __u64 least_age(const struct look *previous, const struct thread_view *view, enum syscall_kind kind)
{
	const struct thread_record *now = view->thread, *before;
	const struct thread_view *last = previous ? look_thread(previous, now->pid, now->tid) : NULL;

	if (!last || !sleeping_in(last, kind))
		return 0;
	before = last->thread;
	if (before->start_ns != now->start_ns || before->voluntary != now->voluntary ||
	    before->involuntary != now->involuntary || before->syscall != now->syscall || before->fd != now->fd)
		return 0;
	return now->seen_ns > before->seen_ns ? now->seen_ns - before->seen_ns : 0;
}

struct sleeping sleeping_since(const struct look *look, const struct look *previous, const struct thread_view *view,
			       enum syscall_kind kind)
{
	struct sleeping sleeping = {.since_ns = look_asleep_since(look, view->thread)};
	__u64 now = look->head->seen_ns;

	if (!sleeping.since_ns)
		sleeping.least_age_ns = least_age(previous, view, kind);
	else
		sleeping.least_age_ns = now > sleeping.since_ns ? now - sleeping.since_ns : 0;
	return sleeping;
}

__u64 threads_asleep_since(const struct look *look, size_t first, size_t count)
{
	__u64 last = 0;

	for (size_t i = first; i < first + count; i++) {
		__u64 since = look_asleep_since(look, look->threads.items[i].thread);

		if (!since)
			return 0;
		last = since > last ? since : last;
	}
	return last;
}

/*
 * last_arrival is when the thread last got a CPU: it stays as it is while it sleeps, and no two sleeps of
 * a thread have the same. Where it is not known, the number of switches does as well.
 */
const char *sleeping_id(struct arena *arena, const char *type, const struct thread_record *thread)
{
	unsigned long long nap = thread->last_arrival ? thread->last_arrival : thread->voluntary;

	return arena_printf(arena, "%s-%u-%u-%llx-%d-%d", type, thread->pid, thread->tid, nap, thread->syscall,
			    thread->fd);
}

static bool fin_is_sent(const struct socket_record *socket)
{
	switch (socket->name.state) {
	case STATE_FIN_WAIT1:
	case STATE_FIN_WAIT2:
	case STATE_CLOSING:
	case STATE_LAST_ACK:
		return true;
	}
	return false;
}

/*
 * Our SYN was acknowledged as a byte that no one wrote (tcp_ack()). Where the other end sent the SYN, the socket was
 * made when our SYN-ACK had been acknowledged already (tcp_create_openreq_child()).
 */
static bool syn_was_ours(const struct socket_record *socket)
{
	return socket->bytes_acked + socket->unacked_bytes == socket->bytes_sent + 1 + fin_is_sent(socket);
}

/* A port that bind() was left to choose, as by a client that names no more than its address, leaves no flag. */
bool socket_is_client(const struct socket_record *socket)
{
	if (socket->flags & SOCKET_PORT_BOUND)
		return true;
	if (socket->flags & SOCKET_LISTENER_CHILD)
		return false;
	return socket->flags & SOCKET_AUTOBOUND || syn_was_ours(socket);
}

bool thread_asleep_in(const struct thread_record *thread, const char *const *calls, size_t count)
{
	size_t i;

	for (i = 0; i < count && thread->flags & THREAD_SLEEPING; i++)
		if (!strcmp(thread->syscall_name, calls[i]))
			return true;
	return false;
}

bool thread_in_loop(const struct thread_record *thread)
{
	static const char *const calls[] = {"poll", "ppoll", "select", "pselect6", "io_uring_enter"};

	if (!(thread->flags & THREAD_SLEEPING))
		return false;
	return thread->syscall_kind == SYSCALL_WAITS_EPOLL || thread_asleep_in(thread, calls, COUNT_OF(calls));
}
