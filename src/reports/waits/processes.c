/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/sorted.h"
#include "look/sleeping.h"

/* The handlers of one turn of a healthy loop take less. */
#define TURN_NS (100 * NS_PER_MS)

/* Further up nobody has started it for what it does. */
#define GENERATIONS_MOST 8

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

/*
 * Or it has just come from there: a busy loop is rarely met in its wait, and goes on all the same. In turns that last
 * longer it waits for nothing but itself.
 */
static bool is_in_a_turn(const struct thread_view *view)
{
	const struct thread_record *thread = view->thread;
	size_t i;

	if (thread->flags & (THREAD_STOPPED | THREAD_FROZEN))
		return false;
	for (i = 0; i < view->loop_count; i++)
		if (view->loops[i].returned_ns && view->loops[i].waiting == LOOP_OUTSIDE &&
		    thread->seen_ns < view->loops[i].returned_ns + TURN_NS)
			return true;
	return false;
}

static void add_thread(struct process_view *process, const struct thread_view *view)
{
	const struct thread_record *thread = view->thread;

	if (!process->threads++) {
		process->pid = thread->pid;
		process->looks_after = true;
	}
	process->one_thread = process->threads == 1 && thread->threads <= 1;
	process->in_loop |= thread_in_loop(thread) || is_in_a_turn(view);
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

bool processes_descends(const struct processes *processes, __u32 pid, __u32 from)
{
	const struct process_view *process = processes_find(processes, pid);

	for (int i = 0; i < GENERATIONS_MOST && process && process->doing; i++) {
		__u32 parent = process->doing->thread->parent_pid;

		if (!parent || parent == process->pid)
			return false;
		if (parent == from)
			return true;
		process = processes_find(processes, parent);
	}
	return false;
}
