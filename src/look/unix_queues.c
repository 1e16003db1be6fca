/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/unix_queues.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "look/sleeping.h"
#include "system/tcp_states.h"

static bool is_queued(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_UNIX && socket->name.state == STATE_ESTABLISHED &&
	       !(socket->flags & SOCKET_ACCEPTED);
}

static bool is_waiter(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_UNIX && socket->name.state == STATE_SYN_SENT && socket->connect_tid;
}

/* ---- Since when ---- */

/* A thread asleep on a socket, by the socket's inode. */
struct sleeper {
	__u64 inode, since_ns;
};

static int compare_sleepers(const void *left, const void *right)
{
	const struct sleeper *a = left, *b = right;
	int order = COMPARE(a->inode, b->inode);

	return order ? order : COMPARE(a->since_ns, b->since_ns);
}

static size_t collect_sleepers(struct sleeper *sleepers, const struct look *look)
{
	size_t i, count = 0;

	for (i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];
		__u64 since = look_asleep_since(look, view->thread);

		if (view->socket && view->socket->name.kind == SOCKET_KIND_UNIX && since)
			sleepers[count++] = (struct sleeper){view->socket->name.inode, since};
	}
	if (count)
		qsort(sleepers, count, sizeof(*sleepers), compare_sleepers);
	return count;
}

/* Its client may be asleep on it for longer than looks have seen it. */
static __u64 client_asleep_since(const struct sleeper *sleepers, size_t count, __u64 inode)
{
	size_t i = LOWER_BOUND(count, at, sleepers[at].inode < inode);

	return inode && i < count && sleepers[i].inode == inode ? sleepers[i].since_ns : 0;
}

static __u64 earlier_of(__u64 a, __u64 b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* A queue is emptied from its head: none is younger than one behind it. */
static void date_queues(__u64 *since, const struct look *look, const struct sleeper *sleepers, size_t count)
{
	__u64 cookie = 0, oldest = 0;
	size_t i;

	for (i = look->sockets.count; i-- > 0;) {
		const struct socket_record *socket = look->sockets.items[i];

		if (!is_queued(socket))
			continue;
		if (socket->listener_cookie != cookie)
			oldest = 0;
		cookie = socket->listener_cookie;
		oldest = earlier_of(oldest, client_asleep_since(sleepers, count, socket->peer_inode));
		if (socket->flags & SOCKET_FIRST_SEEN)
			oldest = earlier_of(oldest, socket->entered_ns);
		since[i] = oldest;
	}
}

static int date_all(struct unix_queues *queues)
{
	const struct look *look = queues->look;
	struct sleeper *sleepers = calloc(look->threads.count + 1, sizeof(*sleepers));

	queues->since = calloc(look->sockets.count + 1, sizeof(*queues->since));
	if (sleepers && queues->since)
		date_queues(queues->since, look, sleepers, collect_sleepers(sleepers, look));
	free(sleepers);
	return sleepers && queues->since ? 0 : -ENOMEM;
}

__u64 unix_queued_since(const struct unix_queues *queues, size_t place)
{
	return queues->since ? queues->since[place] : 0;
}

/* ---- Whose queue ---- */

static int compare_clients(const void *left, const void *right)
{
	const struct socket_record *a = *(const struct socket_record *const *)left;
	const struct socket_record *b = *(const struct socket_record *const *)right;

	return COMPARE(a->peer_inode, b->peer_inode);
}

static int collect_queued(struct unix_queues *queues, size_t most)
{
	const struct look *look = queues->look;
	size_t i;

	queues->queued = calloc(most + 1, sizeof(*queues->queued));
	if (!queues->queued)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++)
		if (is_queued(look->sockets.items[i]))
			queues->queued[queues->queued_count++] = look->sockets.items[i];
	qsort(queues->queued, queues->queued_count, sizeof(*queues->queued), compare_clients);
	return 0;
}

const struct listener_record *unix_queue_of(const struct unix_queues *queues, const struct listeners *listeners,
					    __u64 inode)
{
	const struct socket_record **queued = queues->queued;
	size_t i = LOWER_BOUND(queues->queued_count, at, queued[at]->peer_inode < inode), at;

	if (!inode || i == queues->queued_count || queued[i]->peer_inode != inode)
		return NULL;
	at = listeners_find(listeners, queued[i]->listener_cookie);
	return at == LISTENERS_NONE ? NULL : listeners->by_cookie[at];
}

/* ---- Who waits ---- */

static int compare_waiters(const void *left, const void *right)
{
	const struct socket_record *a = *(const struct socket_record *const *)left;
	const struct socket_record *b = *(const struct socket_record *const *)right;

	return COMPARE(a->connect_tid, b->connect_tid);
}

static int collect_waiters(struct unix_queues *queues, size_t most)
{
	const struct look *look = queues->look;
	size_t i;

	queues->waiters = calloc(most + 1, sizeof(*queues->waiters));
	if (!queues->waiters)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++)
		if (is_waiter(look->sockets.items[i]))
			queues->waiters[queues->waiter_count++] = look->sockets.items[i];
	qsort(queues->waiters, queues->waiter_count, sizeof(*queues->waiters), compare_waiters);
	return 0;
}

static bool waits_in_connect(const struct thread_view *view)
{
	return sleeping_in(view, SYSCALL_CONNECTS) && view->socket->name.kind == SOCKET_KIND_UNIX;
}

static int collect_connects(struct unix_queues *queues)
{
	const struct look *look = queues->look;
	size_t i, count = 0;

	for (i = 0; i < look->threads.count; i++)
		count += waits_in_connect(&look->threads.items[i]);
	queues->connects = calloc(count + 1, sizeof(*queues->connects));
	if (!queues->connects)
		return -ENOMEM;
	for (i = 0; i < look->threads.count; i++)
		if (waits_in_connect(&look->threads.items[i]))
			queues->connects[queues->connect_count++] = &look->threads.items[i];
	return 0;
}

static __u64 told_cookie(const struct unix_queues *queues, const struct thread_record *thread)
{
	const struct socket_record **waiters = queues->waiters;
	size_t i = LOWER_BOUND(queues->waiter_count, at, waiters[at]->connect_tid < thread->tid);

	if (i == queues->waiter_count || waiters[i]->connect_tid != thread->tid ||
	    waiters[i]->connect_pid != thread->pid)
		return 0;
	return waiters[i]->listener_cookie;
}

static const struct listener_record *only_full(const struct look *look, __u32 netns)
{
	const struct listener_record *found = NULL;
	size_t i;

	for (i = 0; i < look->listeners.count; i++) {
		const struct listener_record *listener = look->listeners.items[i];

		if (listener->name.kind != SOCKET_KIND_UNIX || listener->name.netns != netns ||
		    !listener_is_full(listener))
			continue;
		if (found)
			return NULL;
		found = listener;
	}
	return found;
}

const struct listener_record *unix_connect_listener(const struct unix_queues *queues, const struct listeners *listeners,
						    const struct thread_view *view)
{
	size_t at = listeners_find(listeners, told_cookie(queues, view->thread));

	return at == LISTENERS_NONE ? only_full(queues->look, view->socket->name.netns) : listeners->by_cookie[at];
}

/* ---- All of it ---- */

int unix_queues_collect(struct unix_queues *queues, const struct look *look)
{
	size_t i, queued = 0, waiters = 0;
	int err;

	queues->look = look;
	for (i = 0; i < look->sockets.count; i++) {
		queued += is_queued(look->sockets.items[i]);
		waiters += is_waiter(look->sockets.items[i]);
	}
	err = queued ? date_all(queues) : 0;
	if (!err)
		err = collect_queued(queues, queued);
	if (!err)
		err = collect_waiters(queues, waiters);
	return err ? err : collect_connects(queues);
}

void unix_queues_free(struct unix_queues *queues)
{
	free(queues->since);
	free(queues->connects);
	free(queues->queued);
	free(queues->waiters);
}
