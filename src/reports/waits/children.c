/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A process whose only thread waits for a child (wait4, waitid) does nothing for others until that ends. The same holds
 * for a thread that sleeps in an event loop for a child alone, as in a synchronous call of an asynchronous library.
 * Only processes that somebody waits for are added: a shell that waits for its command is no news.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "look/loop_watches.h"
#include "look/sleeping.h"
#include "reports/waits/outputs.h"
#include "reports/waits/waits.h"

#define EXITED 0x30 /* EXIT_DEAD | EXIT_ZOMBIE, see wait_task_zombie() */

#define P_PID 1 /* include/uapi/linux/wait.h */

/* The processes of a look by their parents. */
struct family {
	const struct thread_record **items; /* one thread of each, sorted by parent_pid */
	size_t count;
};

static int compare_parents(const void *left, const void *right)
{
	const struct thread_record *a = *(const struct thread_record *const *)left;
	const struct thread_record *b = *(const struct thread_record *const *)right;
	int order = COMPARE(a->parent_pid, b->parent_pid);

	return order ? order : COMPARE(a->pid, b->pid);
}

static int family_collect(struct family *family, const struct look *look)
{
	size_t i;

	family->items = calloc(look->threads.count + 1, sizeof(*family->items));
	if (!family->items)
		return -ENOMEM;
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_record *thread = look->threads.items[i].thread;

		if (thread->state & EXITED || (family->count && family->items[family->count - 1]->pid == thread->pid))
			continue;
		family->items[family->count++] = thread;
	}
	if (family->count)
		qsort(family->items, family->count, sizeof(*family->items), compare_parents);
	return 0;
}

/* The number that the thread asked for; 0: any child will do. */
static __u32 wanted_pid(const struct thread_record *thread)
{
	bool waitid = !strcmp(thread->syscall_name, "waitid");
	__s32 wanted = (__s32)thread->args[waitid ? 1 : 0];

	if (wanted <= 0 || (waitid && thread->args[0] != P_PID))
		return 0;
	return (__u32)wanted;
}

/* The child that is waited for; NULL: it is not seen, or it is one of several. */
static const struct thread_record *find_child(const struct family *family, const struct thread_record *parent)
{
	__u32 wanted = wanted_pid(parent);
	size_t first = LOWER_BOUND(family->count, at, family->items[at]->parent_pid < parent->pid), i;

	for (i = first; i < family->count && family->items[i]->parent_pid == parent->pid; i++)
		if (wanted && family->items[i]->inner_pid == wanted)
			return family->items[i];
	return !wanted && i == first + 1 ? family->items[first] : NULL;
}

/* A wait for events that ends by itself. */
static bool has_timeout(const struct thread_record *thread)
{
	const char *name = thread->syscall_name;

	if (thread->syscall_kind == SYSCALL_WAITS_EPOLL)
		return !thread_waits_endlessly(thread);
	if (thread->syscall_kind != SYSCALL_WAITS)
		return false;
	if (!strcmp(name, "poll"))
		return (int)thread->args[2] >= 0;
	return thread->args[strcmp(name, "ppoll") ? 4 : 2] != 0;
}

/* The wait of that thread for that child, which may be NULL: it is not seen. */
static int add_wait(struct waits *waits, const struct thread_view *view, const struct thread_record *child)
{
	static const struct socket_record no_socket;
	const struct thread_record *parent = view->thread;
	const struct wait_evidence evidence = {.socket = &no_socket, .now_ns = waits->look->head->seen_ns};
	const struct wait_rule *rule = wait_verdict(&evidence);
	struct wait wait = {
		.socket = &no_socket,
		.view = view,
		.pid = parent->pid,
		.tid = parent->tid,
		.fd = -1,
		.comm = parent->process_comm,
		.since_ns = look_asleep_since(waits->look, parent),
		.verdict = rule->verdict,
		.severity = rule->severity,
		.found = FOUND_PROCESS,
		.peer_alone = true,
	};

	if (!child)
		return 0;
	wait.peer_pid = child->pid;
	wait.peer_comm = child->process_comm;
	wait.peer_start_ns = child->process_start_ns;
	wait.goes_on = parent->alarm_ns > waits->look->head->seen_ns || has_timeout(parent);
	return waits_add(waits, &wait);
}

static int add_child(struct waits *waits, const struct family *family, const struct thread_view *view)
{
	return add_wait(waits, view, find_child(family, view->thread));
}

static bool is_asleep_there(const struct thread_record *thread, const struct epoll_record *epoll)
{
	if (!(thread->flags & THREAD_SLEEPING))
		return false;
	if (epoll->fd < 0)
		return thread->syscall_kind == SYSCALL_WAITS;
	return thread->syscall_kind == SYSCALL_WAITS_EPOLL && (int)thread->args[0] == epoll->fd;
}

/* A child of this process, which its thread sleeps for in an event loop. */
static int add_child_of_loop(struct waits *waits, const struct epoll_record *epoll, __u64 min_age_ns)
{
	__u64 since;
	const struct thread_view *view = look_thread(waits->look, epoll->pid, epoll->waiter_tid);
	const struct thread_view *child = look_thread(waits->look, epoll->child_pid, epoll->child_pid);

	if (!view || !child || !is_asleep_there(view->thread, epoll))
		return 0;
	since = look_asleep_since(waits->look, view->thread);
	if (!since || since + min_age_ns > waits->look->head->seen_ns)
		return 0;
	return add_wait(waits, view, child->thread);
}

/* The first record of a thread, where others of it name no other child: one is written for each file. */
static bool names_one_child(const struct epoll_record *const *epolls, size_t count, size_t at)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (epolls[i]->fd != epolls[at]->fd || epolls[i]->waiter_tid != epolls[at]->waiter_tid ||
		    !epolls[i]->child_pid)
			continue;
		if (i < at || epolls[i]->child_pid != epolls[at]->child_pid)
			return false;
	}
	return epolls[at]->child_pid;
}

static int add_children_of_loops(struct waits *waits, __u32 pid, __u64 min_age_ns)
{
	size_t i, count;
	const struct epoll_record *const *epolls = look_epolls(waits->look, pid, &count);
	int err = 0;

	for (i = 0; i < count && !err; i++)
		if (names_one_child(epolls, count, i))
			err = add_child_of_loop(waits, epolls[i], min_age_ns);
	return err;
}

static bool waits_for_child(const struct process_view *process)
{
	static const char *const calls[] = {"wait4", "waitid"};

	return process && process->one_thread && process->doing &&
	       thread_asleep_in(process->doing->thread, calls, COUNT_OF(calls));
}

/* True once for each. */
static bool is_news(struct processes *processes, const struct process_view *process)
{
	bool *known;

	if (!process)
		return false;
	known = &processes->items[process - processes->items].is_awaited;
	if (*known)
		return false;
	*known = true;
	return true;
}

/* The thread that has a lock waits for a child: whatever other threads there are. */
static bool holder_waits(const struct waits *waits, const struct wait *wait)
{
	static const char *const calls[] = {"wait4", "waitid"};
	size_t i;

	if (!wait->holder || !thread_asleep_in(wait->holder->thread, calls, COUNT_OF(calls)))
		return false;
	for (i = 0; i < waits->count; i++)
		if (waits->items[i].tid == wait->holder->thread->tid)
			return false;
	return true;
}

/* Adding one wait leads to more: a shell that waits for a shell. */
int waits_add_children(struct waits *waits, __u64 min_age_ns)
{
	struct family family = {.count = 0};
	size_t i;
	int err = family_collect(&family, waits->look);

	for (i = 0; i < waits->count && !err; i++) {
		const struct process_view *process = processes_find(&waits->processes, waits->items[i].peer_pid);

		if (wait_is_for_output(waits, &waits->items[i]))
			continue;
		if (holder_waits(waits, &waits->items[i]))
			err = add_child(waits, &family, waits->items[i].holder);
		if (err || !is_news(&waits->processes, process))
			continue;
		if (waits_for_child(process))
			err = add_child(waits, &family, process->doing);
		else
			err = add_children_of_loops(waits, process->pid, min_age_ns);
	}
	free(family.items);
	return err;
}
