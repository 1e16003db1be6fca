/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "look/sleeping.h"

static bool waits_for_children(const struct thread_record *thread)
{
	static const char *const calls[] = {"wait4", "waitid", "rt_sigsuspend", "rt_sigtimedwait", "pause"};

	return thread_asleep_in(thread, calls, COUNT_OF(calls));
}

/* Running comes before uninterruptible sleep, and that before any other. */
static bool is_busier(const struct thread_record *thread, const struct thread_record *than)
{
	if (!(than->flags & THREAD_SLEEPING))
		return false;
	return !(thread->flags & THREAD_SLEEPING) || (thread->state & 2 && !(than->state & 2));
}

static void add_thread(struct process_view *process, const struct thread_view *view)
{
	const struct thread_record *thread = view->thread;

	if (!process->threads++) {
		process->pid = thread->pid;
		process->looks_after = true;
	}
	process->one_thread = process->threads == 1 && thread->threads <= 1;
	process->in_loop |= thread_in_loop(thread);
	process->looks_after &= waits_for_children(thread);
	if (process->stopped)
		return;
	process->stopped = thread->flags & THREAD_STOPPED;
	if (process->stopped || !process->doing || is_busier(thread, process->doing->thread))
		process->doing = view;
}

int processes_collect(struct processes *processes, const struct look *look)
{
	struct process_view *process = NULL;
	size_t i;

	processes->items = calloc(look->threads.count + 1, sizeof(*processes->items));
	if (!processes->items)
		return -ENOMEM;
	/* A look's threads are sorted by pid. */
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];

		if (!process || process->pid != view->thread->pid)
			process = &processes->items[processes->count++];
		add_thread(process, view);
	}
	return 0;
}

void processes_free(struct processes *processes)
{
	free(processes->items);
	*processes = (struct processes){0};
}

const struct process_view *processes_find(const struct processes *processes, __u32 pid)
{
	size_t i = LOWER_BOUND(processes->count, at, processes->items[at].pid < pid);

	return i < processes->count && processes->items[i].pid == pid ? &processes->items[i] : NULL;
}

bool processes_has_one_thread(const struct processes *processes, __u32 pid)
{
	const struct process_view *process = processes_find(processes, pid);

	return process && process->one_thread;
}
