/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Finds what the process at the other end waits for in turn. A process with one thread waits for whatever that thread
 * sleeps in. We follow a pipe only to a single-threaded process, and from a thread of several only to a program that is
 * younger than the request (outputs.c). For a process with several threads, or an event loop,
 * we take the first wait that began after the request reached it. If the request has not been accepted, we take the
 * first of a thread that began before.
 */
#include "base/array.h"
#include "base/sorted.h"
#include "look/sleeping.h"
#include "reports/waits/outputs.h"
#include "reports/waits/waits.h"

static bool is_before(const struct wait *wait, __u32 pid, __u64 since_ns)
{
	return wait->pid < pid || (wait->pid == pid && wait_may_owe(wait) && wait->since_ns < since_ns);
}

/* The first wait of a process by which something may be due, and that began then or later. */
static size_t first_since(const struct waits *waits, __u32 pid, __u64 since_ns)
{
	return LOWER_BOUND(waits->count, at, is_before(&waits->items[at], pid, since_ns));
}

static bool is_of(const struct waits *waits, size_t i, __u32 pid)
{
	return i < waits->count && waits->items[i].pid == pid;
}

static bool is_place_before(const struct wait_place *place, __u32 pid, __u32 tid)
{
	return place->pid < pid || (place->pid == pid && place->tid < tid);
}

/* The first of this thread of a process. */
static size_t wait_of_thread(const struct waits *waits, __u32 pid, __u32 tid)
{
	const struct wait_place *places = waits->by_thread;
	size_t i = LOWER_BOUND(waits->count, at, is_place_before(&places[at], pid, tid));

	return i < waits->count && places[i].pid == pid && places[i].tid == tid ? places[i].at : WAITS_NONE;
}

/* That of a thread of the process, whichever it is. */
static size_t wait_of_a_thread(const struct waits *waits, __u32 pid)
{
	const struct wait_place *places = waits->by_thread;
	size_t i = LOWER_BOUND(waits->count, at, is_place_before(&places[at], pid, 1));

	return i < waits->count && places[i].pid == pid ? places[i].at : WAITS_NONE;
}

/* That of the only thread of a process; WAITS_NONE: it has more, or sleeps in a loop, or not on a socket. */
static size_t only_thread_wait(const struct waits *waits, __u32 pid)
{
	const struct process_view *process = processes_find(&waits->processes, pid);
	size_t i = first_since(waits, pid, 0);

	if (!process || !process->one_thread)
		return WAITS_NONE;
	/* In poll for one connection it is in no loop, whatever it was in before. */
	if (process->in_loop && is_of(waits, i, pid) && !waits->items[i].tid)
		return wait_of_a_thread(waits, pid);
	return is_of(waits, i, pid) ? i : WAITS_NONE;
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
	bool is_unix = wait->socket->name.kind == SOCKET_KIND_UNIX;
	__u64 inode = is_unix ? wait->socket->peer_inode : wait->peer ? wait->peer->name.inode : 0;

	/* A connection that is not accepted has no number, and nor has what is no socket. */
	return inode && other->socket->name.inode == inode;
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

/*
 * When it was asked: the last data that came, or the connection itself, if there is none (icsk_ack.lrcvtime). A unix
 * socket has no times: who reads from it asked right before, or earlier. 0: not known.
 */
static __u64 asked_at(const struct waits *waits, const struct wait *wait)
{
	__u64 slack = WAITS_SLACK_TICKS * waits->look->head->tick_ns;
	__u64 asked = wait->peer ? wait->peer->last_received_ns : wait->since_ns;

	return asked > slack ? asked - slack : 0;
}

/* Since when a connection has lain in the accept queue, or has had no room there. On it nothing was sent (lsndtime). */
static __u64 queued_at(const struct waits *waits, const struct wait *wait)
{
	__u64 slack = WAITS_SLACK_TICKS * waits->look->head->tick_ns;
	__u64 queued = wait->peer ? wait->peer->last_sent_ns : wait->since_ns;

	return queued ? queued + slack : 0;
}

bool wait_is_collecting(const struct wait *wait)
{
	__u32 kind = wait->view ? wait->view->thread->syscall_kind : SYSCALL_OTHER;

	return wait_is_for_child(wait) && (kind == SYSCALL_WAITS || kind == SYSCALL_WAITS_EPOLL);
}

/* An instance on which nobody waits, rather one with something to read; NULL: there is none. */
static const struct epoll_record *left_alone(const struct look *look, __u32 pid)
{
	const struct epoll_record *found = NULL;
	size_t i, count;
	const struct epoll_record *const *epolls = look_epolls(look, pid, &count);

	for (i = 0; i < count; i++)
		if (epolls[i]->fd >= 0 && !epolls[i]->waiters && (!found || epolls[i]->unread))
			found = epolls[i];
	return found;
}

/*
 * It is at work, reads from somebody, waits for events elsewhere than on the instance left alone, or fell asleep later.
 */
static bool takes_events(const struct look *look, const struct thread_record *thread, const struct epoll_record *left,
			 __u64 since_ns)
{
	if (!(thread->flags & THREAD_SLEEPING) || thread->syscall_kind == SYSCALL_READS)
		return true;
	if (thread_in_loop(thread))
		return !left || (thread->syscall_kind == SYSCALL_WAITS_EPOLL && (int)thread->args[0] == left->fd);
	return left && look_asleep_since(look, thread) > since_ns;
}

/* Whether another thread of the process may serve who asks it, while this one waits for its child. */
static bool another_may_serve(const struct look *look, const struct wait *next, const struct epoll_record *left)
{
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < next->pid);

	for (; i < look->threads.count && look->threads.items[i].thread->pid == next->pid; i++) {
		const struct thread_record *thread = look->threads.items[i].thread;

		if (thread->tid != next->tid && takes_events(look, thread, left, next->since_ns))
			return true;
	}
	return false;
}

struct candidates {
	size_t count; /* 2 stands for more, too */
	size_t first; /* the one that began first, or WAITS_NONE */
	bool guessed; /* by a time that is not that of the question */
};

/* Returns false where no later one counts. */
static bool consider(const struct waits *waits, struct candidates *candidates, const struct wait *wait, size_t i)
{
	const struct wait *other = &waits->items[i];

	if (is_other_end(wait, other) || other == wait)
		return true;
	/* That a thread collects what a child writes keeps no other from its work. */
	if (wait_is_collecting(other) && another_may_serve(waits->look, other, left_alone(waits->look, other->pid)))
		return true;
	candidates->count++;
	if (candidates->first == WAITS_NONE || other->since_ns < waits->items[candidates->first].since_ns)
		candidates->first = i;
	return candidates->count < 2;
}

/*
 * Considers the waits of a process from the given one on: those that began between these moments and may owe something.
 */
static void consider_all(const struct waits *waits, struct candidates *candidates, const struct wait *wait, __u64 from,
			 __u64 by)
{
	size_t i = first_since(waits, wait->peer_pid, from);

	for (; is_of(waits, i, wait->peer_pid) && wait_may_owe(&waits->items[i]); i++)
		if (waits->items[i].since_ns > by || !consider(waits, candidates, wait, i))
			return;
}

/* The threads of a process that read what a program writes, which was started after the question came. */
static void consider_outputs(const struct waits *waits, struct candidates *candidates, const struct wait *wait)
{
	const size_t *outputs = waits->outputs;
	size_t i = LOWER_BOUND(waits->output_count, at, waits->items[outputs[at]].pid < wait->peer_pid);

	for (; i < waits->output_count && is_of(waits, outputs[i], wait->peer_pid); i++)
		if (wait_is_output_since(waits, &waits->items[outputs[i]], asked_at(waits, wait)) &&
		    !consider(waits, candidates, wait, outputs[i]))
			return;
}

/* A listener with a connection in its queue ends poll and select at once: so they are for something else. */
static bool waits_for_a_set(const struct process_view *process)
{
	static const char *const calls[] = {"poll", "ppoll", "select", "pselect6"};

	return process && process->one_thread && process->doing &&
	       thread_asleep_in(process->doing->thread, calls, COUNT_OF(calls));
}

/*
 * A thread that has been in its wait since before a connection came has not accepted it for that. An event loop that is
 * in its wait would: what it waits for besides does not keep it from that.
 */
static struct candidates find_who_would_accept(const struct waits *waits, const struct wait *wait)
{
	const struct process_view *process = processes_find(&waits->processes, wait->peer_pid);
	struct candidates candidates = {.first = WAITS_NONE, .guessed = true};

	if (waits_for_a_set(process)) {
		candidates.guessed = false;
		consider_all(waits, &candidates, wait, 1, ~0ULL);
	} else if (!process || !process->in_loop)
		consider_all(waits, &candidates, wait, 1, queued_at(waits, wait));
	return candidates;
}

/*
 * The only thread of a process keeps ours waiting even if it has been busy with an older question. Otherwise only waits
 * count that began, or may have begun, after we asked. A unix reader among many threads may wait for anybody.
 */
static struct candidates find_candidates(const struct waits *waits, const struct wait *wait, size_t only)
{
	struct candidates candidates = {.first = WAITS_NONE, .guessed = !wait->peer};

	if (only != WAITS_NONE) {
		candidates.guessed = false;
		consider(waits, &candidates, wait, only);
		return candidates;
	}
	/* Whatever a child does, its parent waits for its end; and a file is locked until its holder lets go. */
	if (wait->socket->name.kind == SOCKET_KIND_NONE) {
		candidates.guessed = !processes_has_one_thread(&waits->processes, wait->peer_pid);
		consider_all(waits, &candidates, wait, 0, ~0ULL);
		return candidates;
	}
	/* A pipe tells nothing of who was asked when: among many waits none is more likely. */
	if (wait->socket->name.kind == SOCKET_KIND_PIPE)
		return candidates;
	if (wait->found == FOUND_QUEUE)
		return find_who_would_accept(waits, wait);
	consider_all(waits, &candidates, wait, 0, 0);
	if (asked_at(waits, wait))
		consider_all(waits, &candidates, wait, asked_at(waits, wait), ~0ULL);
	consider_outputs(waits, &candidates, wait);
	return candidates;
}

/*
 * The first thread of a process sleeps in an event loop for a child alone: mostly it has a loop besides, of which that
 * is a synchronous call. What lies there tells; or else that it began after the question came.
 */
static void take_child_of_loop(const struct waits *waits, struct wait *wait)
{
	size_t i = wait_of_thread(waits, wait->peer_pid, wait->peer_pid);
	const struct wait *next = i == WAITS_NONE ? NULL : &waits->items[i];
	const struct epoll_record *left = left_alone(waits->look, wait->peer_pid);
	bool leaves = left && left->unread;

	if (!next || !wait_is_for_child(next) || another_may_serve(waits->look, next, left))
		return;
	if (!leaves && (wait->found == FOUND_QUEUE || !asked_at(waits, wait) || next->since_ns < asked_at(waits, wait)))
		return;
	wait->next = i;
	wait->sure = leaves && wait->peer_alone;
}

/* It has one thread, and nobody else could accept, or answer. A pair of unix sockets a signal handler may write to. */
static bool waits_for_itself(const struct waits *waits, const struct wait *wait, size_t only)
{
	return only != WAITS_NONE && wait == &waits->items[only] && wait->peer_pid == wait->pid && wait->peer_alone &&
	       (wait->socket->name.kind == SOCKET_KIND_TCP || wait->found == FOUND_QUEUE);
}

void waits_find_next_of(const struct waits *waits, struct wait *wait)
{
	struct candidates candidates;
	size_t only;

	if (wait->found != FOUND_PROCESS && wait->found != FOUND_QUEUE)
		return;
	/* No other thread can release a lock. */
	if (wait->lock && wait->lock->holder_tid) {
		wait->next = wait_of_thread(waits, wait->peer_pid, wait->lock->holder_tid);
		wait->sure = true;
		return;
	}
	only = only_thread_wait(waits, wait->peer_pid);
	if (only != WAITS_NONE && is_other_end(wait, &waits->items[only]) &&
	    both_are_alone(waits, wait, &waits->items[only])) {
		wait->next = only;
		wait->sure = true;
		return;
	}
	if (waits_for_itself(waits, wait, only)) {
		wait->next = only;
		wait->sure = true;
		return;
	}
	candidates = find_candidates(waits, wait, only);
	wait->next = candidates.first;
	wait->sure = candidates.count == 1 && wait->peer_alone && !candidates.guessed;
	if (wait->next == WAITS_NONE)
		take_child_of_loop(waits, wait);
}

int waits_find_next(struct waits *waits)
{
	int err = waits_index_next(waits);

	for (size_t i = 0; i < waits->count && !err; i++)
		waits_find_next_of(waits, &waits->items[i]);
	return err;
}

const struct process_view *waits_process(const struct waits *waits, const struct wait *last)
{
	if (last->found != FOUND_PROCESS && last->found != FOUND_QUEUE)
		return NULL;
	return processes_find(&waits->processes, last->peer_pid);
}

const struct thread_view *waits_doing(const struct waits *waits, const struct wait *last)
{
	const struct process_view *process = waits_process(waits, last);

	if (last->lock && last->lock->holder_tid)
		return last->holder;
	return process ? process->doing : NULL;
}

/*
 * Asleep, and not in a loop's wait, nor in what every process with threads has beside its workers: a thread that
 * accepts.
 */
static bool may_serve(const struct thread_view *view)
{
	static const char *const calls[] = {"accept", "accept4"};
	const struct thread_record *thread = view->thread;

	return thread->flags & THREAD_SLEEPING && !thread_in_loop(thread) &&
	       !thread_asleep_in(thread, calls, COUNT_OF(calls));
}

const struct thread_view *waits_worker(const struct waits *waits, const struct wait *last)
{
	const struct process_view *process = waits_process(waits, last);
	const struct thread_view *doing = waits_doing(waits, last), *found = NULL;
	__u64 asked = asked_at(waits, last), first = 0, since;
	size_t i;

	if (!process || !doing || last->holder || process->in_loop || !(doing->thread->flags & THREAD_SLEEPING))
		return doing;
	i = LOWER_BOUND(waits->look->threads.count, at, waits->look->threads.items[at].thread->pid < process->pid);
	for (; i < waits->look->threads.count && waits->look->threads.items[i].thread->pid == process->pid; i++) {
		const struct thread_view *view = &waits->look->threads.items[i];

		since = may_serve(view) ? look_asleep_since(waits->look, view->thread) : 0;
		if (since < asked || !since || (first && since >= first))
			continue;
		first = since;
		found = view;
	}
	return found ? found : doing;
}
