/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the process at the other end waits for in turn. A process with one thread waits for what that thread is asleep
 * in. Through pipes only such a process is followed. Of a process with many, and of an event loop, the wait that began next after it was asked is the most likely.
 */
#include "waits.h"

/* Times of sockets are as coarse as a tick, and a wait begins a little after the question came. */
#define SLACK_TICKS 3

static size_t first_of(const struct waits *waits, __u32 pid)
{
	size_t low = 0, high = waits->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (waits->items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many other processes hold the socket with this inode. */
static bool is_shared(const struct look *look, __u64 inode, __u32 pid)
{
	size_t i;

	for (i = 0; i < look->owners_by_inode.count; i++)
		if (look->owners_by_inode.items[i]->inode == inode && look->owners_by_inode.items[i]->pid != pid)
			return true;
	return false;
}

/* The same connection from its other end: each reads what the other would have to write. */
static bool is_other_end(const struct wait *wait, const struct wait *other)
{
	if (wait->socket->name.kind == SOCKET_KIND_UNIX)
		return other->socket->name.inode == wait->socket->peer_inode;
	return wait->peer && other->socket->name.inode == wait->peer->name.inode;
}

/* That nobody writes is certain only where nobody else could: no other thread, and no other process. */
static bool both_are_alone(const struct waits *waits, const struct wait *wait, const struct wait *other)
{
	const struct look *look = waits->look;

	return waits_has_one_thread(look, wait->pid) && waits_has_one_thread(look, other->pid) &&
	       !is_shared(look, wait->socket->name.inode, wait->pid) &&
	       !is_shared(look, other->socket->name.inode, other->pid);
}

static __u64 asked_at(const struct waits *waits, const struct wait *wait)
{
	__u64 slack = SLACK_TICKS * waits->look->head->tick_ns;

	if (!wait->peer || wait->found != FOUND_PROCESS || !wait->peer->bytes_received)
		return 0;
	return wait->peer->last_received_ns > slack ? wait->peer->last_received_ns - slack : 0;
}

/* A thread that has been busy with another question for longer keeps ours waiting all the same. */
static bool is_candidate(const struct waits *waits, const struct wait *wait, const struct wait *other, __u64 asked)
{
	if (is_other_end(wait, other) || other == wait)
		return false;
	if (other->tid && waits_has_one_thread(waits->look, other->pid))
		return true;
	/* A pipe tells nothing of who was asked when: among many waits none is more likely. */
	if (wait->socket->name.kind == SOCKET_KIND_PIPE)
		return false;
	/* Nothing tells that a unix reader among many threads is awaited. */
	return other->severity != SEVERITY_NONE && (!other->since_ns || other->since_ns >= asked);
}

static size_t nearest(const struct waits *waits, const struct wait *wait, size_t *candidates)
{
	__u64 asked = asked_at(waits, wait);
	size_t i, found = WAITS_NONE;

	*candidates = 0;
	for (i = first_of(waits, wait->peer_pid); i < waits->count && waits->items[i].pid == wait->peer_pid; i++) {
		const struct wait *other = &waits->items[i];

		if (!is_candidate(waits, wait, other, asked))
			continue;
		(*candidates)++;
		if (found == WAITS_NONE || other->since_ns < waits->items[found].since_ns)
			found = i;
	}
	return found;
}

static void find_next(struct waits *waits, struct wait *wait)
{
	size_t i, candidates;

	if (wait->found != FOUND_PROCESS && wait->found != FOUND_QUEUE)
		return;
	for (i = first_of(waits, wait->peer_pid); i < waits->count && waits->items[i].pid == wait->peer_pid; i++) {
		if (!is_other_end(wait, &waits->items[i]) || !both_are_alone(waits, wait, &waits->items[i]))
			continue;
		wait->next = i;
		wait->sure = true;
		return;
	}
	wait->next = nearest(waits, wait, &candidates);
	wait->sure = candidates == 1 && wait->peer_alone;
}

void waits_find_next(struct waits *waits)
{
	size_t i;

	for (i = 0; i < waits->count; i++)
		find_next(waits, &waits->items[i]);
}

const struct thread_view *waits_doing(const struct look *look, const struct wait *last)
{
	const struct thread_view *found = NULL, *threads;
	size_t i, count;

	if (last->found != FOUND_PROCESS && last->found != FOUND_QUEUE)
		return NULL;
	threads = waits_threads(look, last->peer_pid, &count);
	for (i = 0; i < count; i++) {
		const struct thread_record *thread = threads[i].thread;

		if (thread->flags & THREAD_STOPPED)
			return &threads[i];
		if (!found || (found->thread->flags & THREAD_SLEEPING &&
			       (!(thread->flags & THREAD_SLEEPING) || (thread->state & 2 && !(found->thread->state & 2)))))
			found = &threads[i];
	}
	return found;
}
