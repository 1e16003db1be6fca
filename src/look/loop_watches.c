/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/loop_watches.h"

#include <string.h>

#include "look/watch_facts.h"

static const struct instance_record *find_instance(const struct look *look, const struct thread_record *thread, int fd)
{
	size_t i;

	for (i = 0; i < look->instances.count; i++) {
		const struct instance_record *instance = look->instances.items[i];

		if (instance->pid == thread->pid && instance->fd == fd &&
		    instance->process_start_ns == thread->process_start_ns)
			return instance;
	}
	return NULL;
}

static void take_watch(struct loop_watches *watches, const struct watch_view *view)
{
	if (watch_is_missed(view->watch, view->socket) &&
	    (!watches->missed || view->watch->unread_since_ns < watches->missed->watch->unread_since_ns))
		watches->missed = view;
	if (view->watch->flags & WATCH_IDLE_UNBOUNDED && view->socket &&
	    (!watches->idle || watch_idle_ns(view->socket) > watch_idle_ns(watches->idle->socket)))
		watches->idle = view;
	if (watches->instance->ready == (__u32)view->watch->fd + 1)
		watches->ready = view;
}

/* Whichever thread was woken for the data may be at work on it. */
static bool is_busy_elsewhere(const struct look *look, size_t at, int fd)
{
	const struct thread_view *items = look->threads.items;
	__u32 pid = items[at].thread->pid;
	size_t i = at;

	while (i && items[i - 1].thread->pid == pid)
		i--;
	for (; i < look->threads.count && items[i].thread->pid == pid; i++) {
		const struct loop_record *loop = items[i].loop;

		if (i != at && loop && loop->epoll_fd == fd && !loop->waiting)
			return true;
	}
	return false;
}

bool thread_waits_endlessly(const struct thread_record *thread)
{
	const char *name = look_syscall(thread);

	if (thread->syscall_kind != SYSCALL_WAITS_EPOLL || !name)
		return false;
	return strcmp(name, "epoll_pwait2") ? (int)thread->args[3] < 0 : !thread->args[3];
}

static bool is_endless(const struct thread_view *view)
{
	return view->loop ? view->loop->timeout_ns == LOOP_TIMEOUT_INFINITE : thread_waits_endlessly(view->thread);
}

void loop_watches_find(struct loop_watches *watches, const struct look *look, size_t at, int fd)
{
	const struct thread_view *view = &look->threads.items[at];
	size_t i;

	*watches = (struct loop_watches){.instance = find_instance(look, view->thread, fd)};
	if (!watches->instance)
		return;
	watches->endless = is_endless(view);
	for (i = 0; i < look->watches.count; i++)
		if (look->watches.items[i].instance == watches->instance)
			take_watch(watches, &look->watches.items[i]);
	if (watches->missed)
		watches->busy_elsewhere = is_busy_elsewhere(look, at, fd);
}
