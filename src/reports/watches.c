/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The watches of a process's epoll instances: for --watches. */
#include <errno.h>

#include "look/watch_facts.h"
#include "reports/fill.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "system/tcp_states.h"

static void fill_events(struct row *row, struct arena *arena, __u32 events)
{
	row->watch.events = watch_events(arena, events);
	row->watch.edge = !!(events & WATCH_EDGE);
	row->watch.oneshot = !!(events & WATCH_ONESHOT);
	row->watch.exclusive = !!(events & WATCH_EXCLUSIVE);
	row->watch.rdhup = !!(events & WATCH_RDHUP);
}

static void fill_tcp(struct row *row, const struct look *look, const struct watch_record *watch,
		     const struct socket_record *socket)
{
	row->watch.state = tcp_state_name(socket->name.state);
	if (socket->name.state == STATE_LISTEN) {
		row->peer_addr = NULL;
		row->peer_port = NOT_KNOWN;
		return;
	}
	if (socket->bytes_received)
		row->watch.last_received_s = fill_since(socket->seen_ns, socket->last_received_ns);
	if (socket->bytes_sent)
		row->watch.last_sent_s = fill_since(socket->seen_ns, socket->last_sent_ns);
	row->watch.unread_bytes = socket->unread_bytes;
	if (watch->unread_since_ns)
		row->watch.unread_s = fill_since(socket->seen_ns, watch->unread_since_ns);
	row->watch.keepalive = !!(socket->flags & SOCKET_KEEPALIVE);
	row->watch.ends_by_s = fill_until(socket->seen_ns, watch_ends(socket, look->head->tick_ns));
	row->watch.idle_unbounded = !!(watch->flags & WATCH_IDLE_UNBOUNDED);
}

/* A thread of the process: the first, where the look has it. */
static const struct thread_view *find_process(const struct look *look, __u32 pid)
{
	const struct thread_view *view = look_thread(look, pid, pid);
	size_t i;

	for (i = 0; !view && i < look->threads.count; i++)
		if (look->threads.items[i].thread->pid == pid)
			view = &look->threads.items[i];
	return view;
}

static int add_watch(struct report *report, const struct look *look, const struct watch_view *view)
{
	struct row *row = report_add(report, look, ROW_WATCH);
	const struct thread_view *process;

	if (!row)
		return -ENOMEM;
	process = find_process(look, view->instance->pid);
	row->pid = view->instance->pid;
	if (process) {
		fill_thread(row, report, look, process->thread);
		row->comm = row->process_comm;
		row->tid = NOT_KNOWN;
	}
	row->fd = view->watch->fd;
	row->order = (__u64)view->instance->fd;
	row->watch.epoll_fd = view->instance->fd;
	row->watch.kind = watch_kind(view->watch, view->socket);
	fill_events(row, &report->arena, view->watch->events);
	if (!view->socket)
		return 0;
	fill_socket(row, report, &view->socket->name);
	if (view->socket->name.kind == SOCKET_KIND_TCP)
		fill_tcp(row, look, view->watch, view->socket);
	return 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	(void)previous;
	for (i = 0; scope->watches && i < look->watches.count && !err; i++)
		err = add_watch(report, look, &look->watches.items[i]);
	return err;
}

const struct report_kind report_watches = {
	.name = "watches",
	.commands = 1u << COMMAND_EPOLL,
	.run = run,
};
