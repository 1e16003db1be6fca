/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "owners.h"
#include "peer_signs.h"
#include "sleeping.h"
#include "tcp_states.h"
#include "verdict_reader.h"
#include "verdict_writer.h"

static int add(struct waits *waits, const struct wait *wait)
{
	size_t capacity = waits->capacity ? waits->capacity * 2 : 64;
	struct wait *items;

	if (waits->count == waits->capacity) {
		items = reallocarray(waits->items, capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		waits->items = items;
		waits->capacity = capacity;
	}
	waits->items[waits->count] = *wait;
	waits->items[waits->count].next = WAITS_NONE;
	waits->items[waits->count++].peer_fd = -1;
	return 0;
}

const struct thread_view *waits_threads(const struct look *look, __u32 pid, size_t *count)
{
	size_t low = 0, high = look->threads.count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->threads.items[middle].thread->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < look->threads.count && look->threads.items[end].thread->pid == pid; end++)
		;
	*count = end - low;
	return *count ? &look->threads.items[low] : NULL;
}

bool waits_has_one_thread(const struct look *look, __u32 pid)
{
	size_t count;
	const struct thread_view *threads = waits_threads(look, pid, &count);

	return threads && count == 1 && threads->thread->threads <= 1;
}

bool waits_in_loop(const struct thread_record *thread)
{
	static const char *const calls[] = {"poll", "ppoll", "select", "pselect6", "io_uring_enter"};
	size_t i;

	if (!(thread->flags & THREAD_SLEEPING))
		return false;
	if (thread->syscall_kind == SYSCALL_WAITS_EPOLL)
		return true;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(thread->syscall_name, calls[i]))
			return true;
	return false;
}

/* ---- Threads ---- */

static void judge_reader(struct wait *wait, const struct look *look)
{
	const struct look_record *head = look->head;
	struct reader_evidence evidence = {
		.thread = wait->view->thread,
		.socket = wait->socket,
		.now_ns = head->seen_ns,
		.long_idle_ns = head->long_idle_ns,
		.tick_ns = head->tick_ns,
		.client = socket_is_client(wait->socket),
		.spoke_last = reader_speaker(wait->socket, head->tick_ns),
		.end = timers_read_ends(wait->socket, wait->since_ns, head->tick_ns),
	};
	const struct reader_rule *rule = reader_verdict(&evidence);

	wait->verdict = rule->verdict;
	wait->severity = rule->severity;
}

static void judge_writer(struct wait *wait, const struct look *look)
{
	struct writer_evidence evidence = {
		.thread = wait->view->thread,
		.socket = wait->socket,
		.now_ns = look->head->seen_ns,
		.closed_since_ns = signs_window_closed_since(wait->socket, look->head->seen_ns),
		.end = timers_write_ends(wait->socket, wait->since_ns, look->head->tick_ns),
	};
	const struct writer_rule *rule = writer_verdict(&evidence);

	wait->verdict = rule->verdict;
	wait->severity = rule->severity;
}

/* Many a process has a thread that collects what its children write: there nobody waits but that thread. */
static bool is_pipe(const struct wait *wait, const struct look *look)
{
	return wait->socket->name.kind == SOCKET_KIND_PIPE && wait->socket->peer_inode && waits_has_one_thread(look, wait->pid);
}

/* Of TCP what is stuck; of unix sockets and pipes, which tell less, all: whether it counts is for who follows them. */
static bool judge(struct wait *wait, const struct look *look)
{
	bool is_unix = wait->socket->name.kind == SOCKET_KIND_UNIX && wait->socket->peer_inode;
	bool is_local = is_unix || is_pipe(wait, look);
	bool is_tcp = wait->socket->name.kind == SOCKET_KIND_TCP;

	switch (wait->view->thread->syscall_kind) {
	case SYSCALL_READS:
		judge_reader(wait, look);
		return is_local || (is_tcp && wait->severity > SEVERITY_SUSPECT);
	case SYSCALL_WRITES:
		judge_writer(wait, look);
		return is_local || (is_tcp && wait->severity > SEVERITY_SUSPECT);
	case SYSCALL_CONNECTS:
		wait->verdict = "no_answer";
		wait->severity = SEVERITY_WAITING;
		return is_tcp && wait->socket->name.state == STATE_SYN_SENT;
	}
	return false;
}

static int add_thread(struct waits *waits, const struct look *previous, const struct thread_view *view, __u64 min_age_ns)
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
	if (sleeping.least_age_ns < min_age_ns || !judge(&wait, waits->look))
		return 0;
	return add(waits, &wait);
}

/* ---- Event loops ---- */

/* A loop waits for an answer only while it is in its wait: else what keeps it is something else. */
static bool has_loop(const struct look *look, __u32 pid)
{
	size_t i, count;
	const struct thread_view *threads = waits_threads(look, pid, &count);

	for (i = 0; i < count; i++)
		if (waits_in_loop(threads[i].thread))
			return true;
	return false;
}

static bool is_waited_on(const struct waits *waits, const struct socket_record *socket)
{
	size_t i;

	for (i = 0; i < waits->count; i++)
		if (waits->items[i].socket->name.inode == socket->name.inode)
			return true;
	return false;
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
	return socket->last_sent_ns;
}

static int add_connection(struct waits *waits, const struct socket_record *socket, __u64 min_age_ns)
{
	const struct look *look = waits->look;
	__u64 now = look->head->seen_ns, since = unanswered_since(socket, look->head->tick_ns);
	const struct owner_record *owner = owners_main(look, socket->name.cookie);
	struct wait wait = {.socket = socket, .since_ns = since, .severity = SEVERITY_WAITING};

	if (!since || since + min_age_ns > now || !owner || !has_loop(look, owner->pid) ||
	    is_waited_on(waits, socket))
		return 0;
	wait.pid = owner->pid;
	wait.fd = owner->fd;
	wait.comm = owner->comm;
	wait.verdict = socket->name.state == STATE_SYN_SENT ? "no_answer" : "awaiting_reply";
	if (signs_data_unanswered(socket, now) || signs_window_unanswered(socket, now)) {
		wait.verdict = "peer_dead";
		wait.severity = SEVERITY_DEAD;
	}
	return add(waits, &wait);
}

static int compare(const void *left, const void *right)
{
	const struct wait *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

int waits_collect(struct waits *waits, const struct look *look, const struct look *previous, __u64 min_age_ns)
{
	size_t i;
	int err = 0;

	waits->look = look;
	for (i = 0; i < look->threads.count && !err; i++)
		if (look->threads.items[i].socket)
			err = add_thread(waits, previous, &look->threads.items[i], min_age_ns);
	for (i = 0; i < look->sockets.count && !err; i++)
		err = add_connection(waits, look->sockets.items[i], min_age_ns);
	for (i = 0; i < look->connections.count && !err; i++)
		err = add_connection(waits, look->connections.items[i], min_age_ns);
	if (err)
		return err;
	if (waits->count)
		qsort(waits->items, waits->count, sizeof(*waits->items), compare);
	err = waits_find_ends(waits);
	if (!err)
		waits_find_next(waits);
	return err;
}

void waits_free(struct waits *waits)
{
	listeners_free(&waits->listeners);
	free(waits->items);
	free(waits->ends);
	*waits = (struct waits){0};
}
