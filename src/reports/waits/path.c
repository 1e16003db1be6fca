/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/path.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sorted.h"
#include "look/sleeping.h"
#include "rules/chain.h"

__u64 chain_older(__u64 a, __u64 b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* A cycle is noticed by a mark, that is set anew after twice as many steps as before (Brent). */
static struct chain_path find_path(const struct waits *waits, size_t from)
{
	struct chain_path path = {.last = from, .sure = true};
	size_t at = from, mark = WAITS_NONE, steps = 0, most = 1;

	while (at != mark) {
		const struct wait *wait = &waits->items[at];

		path.last = at;
		path.depth++;
		path.evident |= wait->severity > SEVERITY_NONE;
		path.blocked |= wait->tid;
		path.oldest_ns = chain_older(path.oldest_ns, wait->since_ns);
		if (wait->next == WAITS_NONE)
			return path;
		path.sure &= wait->sure;
		path.asked |= (wait->verdict->is & IS_OWED) != 0;
		if (++steps == most) {
			mark = at;
			most *= 2;
			steps = 0;
		}
		at = wait->next;
	}
	path.cycle = true;
	return path;
}

/* All of a cycle know it by its first member. */
static size_t first_of_cycle(const struct waits *waits, size_t in)
{
	size_t at = waits->items[in].next, first = in;

	for (; at != in; at = waits->items[at].next)
		if (at < first)
			first = at;
	return first;
}

static size_t cycle_length(const struct waits *waits, size_t in)
{
	size_t at = waits->items[in].next, length = 1;

	for (; at != in; at = waits->items[at].next)
		length++;
	return length;
}

/*
 * Its parent waits for its end. It has one thread, and waits for nothing else: whether or not it has a loop for that.
 */
static bool must_end(const struct waits *waits, const struct wait *before, size_t at)
{
	const struct wait *wait = &waits->items[at];

	return wait_is_for_child(before) && !wait->tid && processes_has_one_thread(&waits->processes, wait->pid) &&
	       (!at || wait[-1].pid != wait->pid) && (at + 1 == waits->count || wait[1].pid != wait->pid);
}

/* Whether a wait of a cycle keeps its process until it ends. */
static bool binds(const struct waits *waits, size_t before, size_t at)
{
	const struct wait *wait = &waits->items[at];

	return wait->sure && (!wait->goes_on || must_end(waits, &waits->items[before], at));
}

static size_t before_in_cycle(const struct waits *waits, size_t in)
{
	size_t at = in;

	while (waits->items[at].next != in)
		at = waits->items[at].next;
	return at;
}

/*
 * Every step of a cycle must be certain, and none may go on by itself: else nothing is deadlocked, and that step is
 * taken back.
 */
static bool cycle_is_sure(const struct waits *waits, size_t in)
{
	size_t before = before_in_cycle(waits, in), at = in;

	do {
		if (!binds(waits, before, at))
			return false;
		before = at;
		at = waits->items[at].next;
	} while (at != in);
	return true;
}

static bool cycle_is_limited(const struct waits *waits, size_t in)
{
	size_t at = in;

	do {
		if (waits->items[at].goes_on)
			return true;
		at = waits->items[at].next;
	} while (at != in);
	return false;
}

static void cut_cycle(struct waits *waits, size_t in)
{
	size_t before = before_in_cycle(waits, in), at = in, next;

	do {
		next = waits->items[at].next;
		if (!binds(waits, before, at))
			waits->items[at].next = WAITS_NONE;
		before = at;
		at = next;
	} while (at != in && at != WAITS_NONE);
}

/*
 * A process that the reader has started writes because of that. Any other one, often the parent that holds the pipe of
 * its child's commands, may be at work on anything: it keeps the reader waiting only if it has been asleep, frozen or
 * stopped since before.
 */
static bool writer_is_kept(const struct waits *waits, const struct wait *wait, const struct thread_record *thread,
			   bool started)
{
	if (wait->view->thread->syscall_kind != SYSCALL_READS || !thread || started ||
	    thread->flags & (THREAD_STOPPED | THREAD_FROZEN))
		return true;
	return thread->flags & THREAD_SLEEPING && wait->since_ns &&
	       look_asleep_since(waits->look, thread) <=
		       wait->since_ns + WAITS_SLACK_TICKS * waits->look->head->tick_ns;
}

/*
 * The pipe is the standard output of a process that is younger than the reader, but whose parents do not lead there:
 * what started it has gone, and it has stayed. It gets no commands from the reader. The read lasts until it writes, or
 * lets go of the pipe.
 */
static bool was_left_behind(const struct wait *wait)
{
	const struct thread_record *reader = wait->view->thread;

	return reader->syscall_kind == SYSCALL_READS && (wait->peer_fd == 1 || wait->peer_fd == 2) &&
	       reader->process_start_ns && wait->peer_start_ns > reader->process_start_ns;
}

/*
 * Whether whoever has the other end of the pipe is kept from it by something: not if it only waits for events, or
 * reads.
 */
static bool pipe_leads_on(const struct waits *waits, const struct wait *wait)
{
	const struct process_view *process = waits_process(waits, wait);
	struct chain_evidence evidence = {
		.last = wait, .doing = process ? process->doing : NULL, .in_loop = process && process->in_loop};
	const struct thread_record *thread = evidence.doing ? evidence.doing->thread : NULL;
	const struct verdict *verdict = chain_verdict(&evidence)->verdict;
	bool started = processes_descends(&waits->processes, wait->peer_pid, wait->pid);

	if (!started && was_left_behind(wait))
		return !(verdict->is & END_IS_UNKNOWN);
	if (wait->next != WAITS_NONE && (started || !wait_is_collecting(&waits->items[wait->next])))
		return writer_is_kept(waits, wait, thread, started);
	/* Which of several threads would write, or read, cannot be told. */
	if (verdict->is & END_IS_BLOCKED && process && !process->one_thread)
		return false;
	if (thread && thread->syscall_kind == SYSCALL_READS && verdict->is & END_IS_BLOCKED &&
	    !(thread->state & 2 /* TASK_UNINTERRUPTIBLE */))
		return false;
	return !(verdict->is & (END_IS_IDLE | END_IS_UNKNOWN)) && writer_is_kept(waits, wait, thread, started);
}

/* A process that reads a pipe into which nobody has a reason to write is the end itself: it waits for a command. */
static void cut_idle_pipes(struct waits *waits)
{
	size_t rounds, i;
	bool cut = true;

	for (rounds = 0; rounds < CHAIN_LINKS_MOST && cut; rounds++) {
		cut = false;
		for (i = 0; i < waits->count; i++) {
			size_t next = waits->items[i].next;

			/* Those of another host have gone through this there. */
			if (next == WAITS_NONE || waits->items[next].socket->name.kind != SOCKET_KIND_PIPE ||
			    waits->items[next].seen_by || pipe_leads_on(waits, &waits->items[next]))
				continue;
			waits->items[i].next = WAITS_NONE;
			cut = true;
		}
	}
}

static void cut_unsure_cycles(struct waits *waits)
{
	size_t i;

	for (i = 0; i < waits->count; i++) {
		struct chain_path path = find_path(waits, i);

		while (path.cycle && !cycle_is_sure(waits, path.last)) {
			cut_cycle(waits, path.last);
			path = find_path(waits, i);
		}
	}
}

/*
 * A reader of a pipe or of a unix socket may wait for what never comes (a helper that waits for work). A writer has no
 * room, and its reader is to make some.
 */
static bool is_due(const struct wait *wait)
{
	__u8 kind = wait->socket->name.kind;

	if (wait->severity > SEVERITY_NONE)
		return true;
	return (kind == SOCKET_KIND_PIPE || kind == SOCKET_KIND_UNIX) && wait->view &&
	       wait->view->thread->syscall_kind == SYSCALL_WRITES;
}

/* All that such a wait waits for, one behind the other, is for its sake; and a cycle is for that of its members. */
static void mark_due(const struct waits *waits, struct chain_path *paths)
{
	size_t i, at;

	for (i = 0; i < waits->count; i++)
		for (at = is_due(&waits->items[i]) ? i : WAITS_NONE; at != WAITS_NONE && !paths[at].due;
		     at = waits->items[at].next)
			paths[at].due = true;
	for (i = 0; i < waits->count; i++)
		for (at = paths[i].cycle ? paths[i].last : WAITS_NONE; at != WAITS_NONE && !paths[at].due;
		     at = waits->items[at].next)
			paths[at].due = true;
}

static size_t first_of_process(const struct waits *waits, __u32 pid)
{
	return LOWER_BOUND(waits->count, at, waits->items[at].pid < pid);
}

/*
 * A process for which others wait is on their way, with all its waits; of one process a thread is, for which another
 * waits.
 */
static void mark_way(const struct waits *waits, struct chain_path *paths)
{
	size_t i, first = 0;

	for (i = 0; i < waits->count; i++) {
		size_t next = paths[i].due && !paths[i].cycle ? waits->items[i].next : WAITS_NONE;

		if (next == WAITS_NONE)
			continue;
		paths[next].on_way = true;
		if (waits->items[next].pid != waits->items[i].pid)
			paths[first_of_process(waits, waits->items[next].pid)].process_on_way = true;
	}
	for (i = 0; i < waits->count; i++) {
		if (waits->items[i].pid != waits->items[first].pid)
			first = i;
		paths[i].on_way |= paths[first].process_on_way;
	}
}

void chain_cut_false_steps(struct waits *waits)
{
	cut_idle_pipes(waits);
	cut_unsure_cycles(waits);
}

int chain_find_paths(struct waits *waits, struct chain_path **paths)
{
	size_t i;

	*paths = calloc(waits->count + 1, sizeof(**paths));
	if (!*paths)
		return -ENOMEM;
	chain_cut_false_steps(waits);
	for (i = 0; i < waits->count; i++) {
		struct chain_path *path = &(*paths)[i];

		*path = find_path(waits, i);
		if (!path->cycle)
			continue;
		path->last = first_of_cycle(waits, path->last);
		path->depth = cycle_length(waits, path->last);
		path->limited = cycle_is_limited(waits, path->last);
	}
	mark_due(waits, *paths);
	mark_way(waits, *paths);
	return 0;
}
