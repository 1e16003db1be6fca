/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "look/owners.h"
#include "look/signs.h"
#include "look/sleeping.h"
#include "reports/waits/outputs.h"
#include "reports/waits/waits.h"
#include "rules/reader.h"
#include "rules/writer.h"
#include "system/tcp_states.h"

int waits_add_as_it_is(struct waits *waits, const struct wait *wait)
{
	struct wait *items = array_grow(waits->items, waits->count, &waits->capacity, 64, sizeof(*items));

	if (!items)
		return -ENOMEM;
	waits->items = items;
	waits->items[waits->count++] = *wait;
	return 0;
}

int waits_add(struct waits *waits, const struct wait *wait)
{
	struct wait added = *wait;

	added.next = WAITS_NONE;
	added.peer_fd = -1; /* until it is found */
	return waits_add_as_it_is(waits, &added);
}

/* ---- Threads ---- */

static void judge_reader(struct wait *wait, const struct look *look)
{
	struct reader_evidence evidence = reader_evidence_of(look, wait->view, wait->since_ns);
	const struct reader_rule *rule = reader_verdict(&evidence);

	wait->verdict = reader_link_verdict(rule);
	wait->severity = rule->severity;
}

static void judge_writer(struct wait *wait, const struct look *look)
{
	struct writer_evidence evidence = writer_evidence_of(look, wait->view, wait->since_ns);
	const struct writer_rule *rule = writer_verdict(&evidence);

	wait->verdict = rule->verdict;
	wait->severity = rule->severity;
}

static void judge_other(struct wait *wait, const struct look *look)
{
	const struct wait_evidence evidence = {.socket = wait->socket, .now_ns = look->head->seen_ns};
	const struct wait_rule *rule = wait_verdict(&evidence);

	wait->verdict = rule->verdict;
	wait->severity = rule->severity;
}

/*
 * Takes TCP waits that are stuck, and all waits on unix sockets and pipes: those tell less, so the code that follows
 * them decides whether they count.
 */
static bool judge(const struct waits *waits, struct wait *wait)
{
	bool is_queued = wait->socket->flags & SOCKET_PEER_QUEUED;
	bool is_unix = wait->socket->name.kind == SOCKET_KIND_UNIX && (wait->socket->peer_inode || is_queued);
	bool is_pipe = wait->socket->name.kind == SOCKET_KIND_PIPE && wait->socket->peer_inode;
	bool is_local = is_unix || is_pipe;
	bool is_tcp = wait->socket->name.kind == SOCKET_KIND_TCP;

	switch (wait->view->thread->syscall_kind) {
	case SYSCALL_READS:
		judge_reader(wait, waits->look);
		return is_local || (is_tcp && (wait->severity > SEVERITY_SUSPECT || wait->verdict->is & OWES_REST));
	case SYSCALL_WRITES:
		judge_writer(wait, waits->look);
		return is_local || (is_tcp && wait->severity > SEVERITY_SUSPECT);
	case SYSCALL_CONNECTS:
		judge_other(wait, waits->look);
		return wait->socket->name.kind == SOCKET_KIND_UNIX ||
		       (is_tcp && wait->socket->name.state == STATE_SYN_SENT);
	}
	return false;
}

/* SO_RCVTIMEO, SO_SNDTIMEO or an alarm: what comes of it is for the application to say. */
static bool has_limit(const struct wait *wait, const struct look *look)
{
	__u32 kind = wait->view->thread->syscall_kind;

	return (kind == SYSCALL_READS && wait->socket->rcvtimeo_ns) ||
	       (kind == SYSCALL_WRITES && wait->socket->sndtimeo_ns) ||
	       wait->view->thread->alarm_ns > look->head->seen_ns;
}

static int add_thread(struct waits *waits, const struct look *previous, const struct thread_view *view,
		      __u64 min_age_ns)
{
	const struct thread_record *thread = view->thread;
	struct sleeping sleeping;
	struct wait wait = {
		.socket = view->socket,
		.view = view,
		.pid = thread->pid,
		.tid = thread->tid,
		.fd = thread->fd,
		.comm = thread->process_comm,
	};

	if (!sleeping_in(view, thread->syscall_kind))
		return 0;
	sleeping = sleeping_since(waits->look, previous, view, thread->syscall_kind);
	wait.since_ns = sleeping.since_ns;
	if (sleeping.least_age_ns < min_age_ns || !judge(waits, &wait))
		return 0;
	wait.goes_on = has_limit(&wait, waits->look);
	return waits_add(waits, &wait);
}

/* ---- Event loops ---- */

/* A loop waits for an answer only while it is in its wait: else what keeps it is something else. */
static bool has_loop(const struct waits *waits, __u32 pid)
{
	const struct process_view *process = processes_find(&waits->processes, pid);

	return process && process->in_loop;
}

/* We connected, asked, and nothing came back: since when; 0: not so. */
static __u64 unanswered_since(const struct socket_record *socket, __u64 tick_ns)
{
	if (socket->name.kind != SOCKET_KIND_TCP || !(socket->flags & SOCKET_ACCEPTED))
		return 0;
	if (socket->name.state == STATE_SYN_SENT)
		return socket->first_sent_ns;
	if (!socket_is_client(socket) || !socket->bytes_sent || socket->unread_bytes ||
	    (socket->name.state != STATE_ESTABLISHED && socket->name.state != STATE_FIN_WAIT2) ||
	    reader_speaker(socket, tick_ns) != SPEAKER_WE)
		return 0;
	return signs_sent(socket);
}

/* The thread that is in poll or select for this connection alone: it serves nothing else meanwhile. NULL: none. */
static const struct thread_view *find_poller(const struct look *look, const struct socket_record *socket)
{
	const struct held_view *view = look_held(look, socket->name.cookie);

	if (!view || !(view->held->flags & HELD_POLL_ALONE) || view->held->flags & HELD_EPOLL)
		return NULL;
	return look_thread(look, view->held->waiter_pid, view->held->waiter_tid);
}

static void add_poller(const struct waits *waits, struct wait *wait)
{
	const struct thread_view *poller = find_poller(waits->look, wait->socket);

	if (!poller || poller->thread->pid != wait->pid || !(poller->thread->flags & THREAD_SLEEPING))
		return;
	wait->view = poller;
	wait->tid = poller->thread->tid;
}

static int add_connection(struct waits *waits, const struct socket_record *socket, __u64 min_age_ns)
{
	const struct look *look = waits->look;
	__u64 now = look->head->seen_ns, since = unanswered_since(socket, look->head->tick_ns);
	const struct owner_record *owner = owners_main(look, socket->name.cookie);
	struct wait wait = {.socket = socket, .since_ns = since, .goes_on = true};

	if (!since || since + min_age_ns > now || !owner || !has_loop(waits, owner->pid))
		return 0;
	wait.pid = owner->pid;
	wait.fd = owner->fd;
	wait.comm = owner->comm;
	add_poller(waits, &wait);
	judge_other(&wait, look);
	return waits_add(waits, &wait);
}

/* ---- All of them ---- */

static int compare(const void *left, const void *right)
{
	const struct wait *a = left, *b = right;
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(!wait_may_owe(a), !wait_may_owe(b));
	if (!order)
		order = COMPARE(a->since_ns, b->since_ns);
	if (!order)
		order = COMPARE(a->tid, b->tid);
	return order ? order : COMPARE(a->fd, b->fd);
}

/* Of one socket: a thread's wait before that of the loop. */
static int compare_sockets(const void *left, const void *right)
{
	const struct wait *a = left, *b = right;
	int order = COMPARE(a->socket->name.inode, b->socket->name.inode);

	return order ? order : COMPARE(!a->tid, !b->tid);
}

/* A connection on which a thread sleeps is that thread's; and each is seen once. */
static void forget_twice_awaited(struct waits *waits)
{
	size_t i, kept = 0;

	qsort(waits->items, waits->count, sizeof(*waits->items), compare_sockets);
	for (i = 0; i < waits->count; i++) {
		const struct wait *wait = &waits->items[i];

		if (!wait->tid && kept && waits->items[kept - 1].socket->name.inode == wait->socket->name.inode)
			continue;
		waits->items[kept++] = *wait;
	}
	waits->count = kept;
}

int waits_collect(struct waits *waits, const struct look *look, const struct look *previous, __u64 min_age_ns)
{
	size_t i;
	int err = processes_collect(&waits->processes, look);

	waits->look = look;
	for (i = 0; i < look->threads.count && !err; i++)
		if (look->threads.items[i].socket)
			err = add_thread(waits, previous, &look->threads.items[i], min_age_ns);
	for (i = 0; i < look->sockets.count && !err; i++)
		err = add_connection(waits, look->sockets.items[i], min_age_ns);
	for (i = 0; i < look->connections.count && !err; i++)
		err = add_connection(waits, look->connections.items[i], min_age_ns);
	if (err || (!waits->count && !look->locks.count))
		return err;
	if (waits->count)
		forget_twice_awaited(waits);
	err = waits_find_ends(waits);
	if (!err)
		err = waits_add_locks(waits, min_age_ns);
	if (!err)
		err = waits_add_children(waits, min_age_ns);
	if (err || !waits->count)
		return err;
	qsort(waits->items, waits->count, sizeof(*waits->items), compare);
	return waits_find_next(waits) ?: waits_drop_collectors(waits);
}

void waits_free(struct waits *waits)
{
	listeners_free(&waits->listeners);
	unix_queues_free(&waits->unix_queues);
	ends_free(&waits->ends);
	processes_free(&waits->processes);
	free(waits->by_thread);
	free(waits->outputs);
	free(waits->items);
	*waits = (struct waits){0};
}
