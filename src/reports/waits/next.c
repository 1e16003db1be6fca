/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the process at the other end waits for in turn. A process with one thread waits for what that thread is asleep
 * in. We follow a pipe only to a single-threaded process. For a process with several threads, or an event loop, we take
 * the first wait that began after the request reached it.
 */
#include "base/sorted.h"
#include "reports/waits/waits.h"

/* Times of sockets are as coarse as a tick, and a wait begins a little after the question came. */
#define SLACK_TICKS 3

static bool is_before(const struct wait *wait, __u32 pid, __u64 since_ns)
{
	return wait->pid < pid || (wait->pid == pid && wait->severity != SEVERITY_NONE && wait->since_ns < since_ns);
}

/* The first wait of a process that tells that something is due, and began then or later. */
static size_t first_since(const struct waits *waits, __u32 pid, __u64 since_ns)
{
	return LOWER_BOUND(waits->count, at, is_before(&waits->items[at], pid, since_ns));
}

static bool is_of(const struct waits *waits, size_t i, __u32 pid)
{
	return i < waits->count && waits->items[i].pid == pid;
}

/* That of the only thread of a process; WAITS_NONE: it has more, or sleeps in a loop, or not on a socket. */
static size_t only_thread_wait(const struct waits *waits, __u32 pid)
{
	const struct process_view *process = processes_find(&waits->processes, pid);
	size_t i = first_since(waits, pid, 0);

	return process && process->one_thread && !process->in_loop && is_of(waits, i, pid) ? i : WAITS_NONE;
}

/* How many other processes hold the socket with this inode. */
static bool is_shared(const struct look *look, __u64 inode, __u32 pid)
{
	size_t i, count;
	const struct owner_record *const *owners = look_owners_of_inode(look, inode, &count);

	for (i = 0; i < count; i++)
		if (owners[i]->pid != pid)
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

	return processes_has_one_thread(&waits->processes, wait->pid) &&
	       processes_has_one_thread(&waits->processes, other->pid) &&
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

struct candidates {
	size_t count; /* 2 stands for more, too */
	size_t first; /* the one that began first, or WAITS_NONE */
};

/* Returns false where no later one counts. */
static bool consider(const struct waits *waits, struct candidates *candidates, const struct wait *wait, size_t i)
{
	const struct wait *other = &waits->items[i];

	if (is_other_end(wait, other) || other == wait)
		return true;
	candidates->count++;
	if (candidates->first == WAITS_NONE || other->since_ns < waits->items[candidates->first].since_ns)
		candidates->first = i;
	return candidates->count < 2;
}

/* Of the waits of a process from the given one on those that tell that something is due; while since is not known, or is. */
static void consider_all(const struct waits *waits, struct candidates *candidates, const struct wait *wait, size_t i,
			 bool known)
{
	for (; is_of(waits, i, wait->peer_pid) && waits->items[i].severity != SEVERITY_NONE; i++)
		if (!waits->items[i].since_ns == known || !consider(waits, candidates, wait, i))
			return;
}

/*
 * The only thread of a process keeps ours waiting even where it has been busy with another question for longer. Of
 * others what began after we asked counts, or may have: of a unix reader among many threads nothing tells that it is awaited.
 */
static struct candidates find_candidates(const struct waits *waits, const struct wait *wait, size_t only)
{
	__u32 pid = wait->peer_pid;
	struct candidates candidates = {.first = WAITS_NONE};

	if (only != WAITS_NONE) {
		consider(waits, &candidates, wait, only);
		return candidates;
	}
	/* A pipe tells nothing of who was asked when: among many waits none is more likely. */
	if (wait->socket->name.kind == SOCKET_KIND_PIPE)
		return candidates;
	consider_all(waits, &candidates, wait, first_since(waits, pid, 0), false);
	consider_all(waits, &candidates, wait, first_since(waits, pid, asked_at(waits, wait) ?: 1), true);
	return candidates;
}

static void find_next(struct waits *waits, struct wait *wait)
{
	struct candidates candidates;
	size_t only;

	if (wait->found != FOUND_PROCESS && wait->found != FOUND_QUEUE)
		return;
	only = only_thread_wait(waits, wait->peer_pid);
	if (only != WAITS_NONE && is_other_end(wait, &waits->items[only]) &&
	    both_are_alone(waits, wait, &waits->items[only])) {
		wait->next = only;
		wait->sure = true;
		return;
	}
	candidates = find_candidates(waits, wait, only);
	wait->next = candidates.first;
	wait->sure = candidates.count == 1 && wait->peer_alone;
}

void waits_find_next(struct waits *waits)
{
	size_t i;

	for (i = 0; i < waits->count; i++)
		find_next(waits, &waits->items[i]);
}

const struct thread_view *waits_doing(const struct waits *waits, const struct wait *last)
{
	const struct process_view *process = processes_find(&waits->processes, last->peer_pid);

	if (last->found != FOUND_PROCESS && last->found != FOUND_QUEUE)
		return NULL;
	return process ? process->doing : NULL;
}
