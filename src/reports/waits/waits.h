/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who waits for whom: the waits of one look, and the other end of each as far as it is on this machine. Pure. */
#ifndef SOCKSTALL_REPORTS_WAITS_WAITS_H
#define SOCKSTALL_REPORTS_WAITS_WAITS_H

#include <stdbool.h>

#include "look/listeners.h"
#include "look/look.h"
#include "look/unix_queues.h"
#include "reports/waits/connections.h"
#include "reports/waits/processes.h"
#include "rules/wait.h"

/* Times of sockets and of sleeps are as coarse as a tick, and a wait begins a little after the question came. */
#define WAITS_SLACK_TICKS 3

/* Where a thread's wait stands among the items. */
struct wait_place {
	__u32 pid, tid;
	size_t at;
};

struct waits {
	const struct look *look;
	struct wait *items; /* sorted by pid; of each first those that tell that something is due, the oldest first */
	size_t count, capacity;
	struct wait_place *by_thread; /* by waits_index_next(): sorted by pid, then tid, then place */
	size_t *outputs; /* likewise: places of those that wait for output (outputs.h) */
	size_t output_count;
	struct processes processes;
	struct ends ends;
	struct listeners listeners;
	struct unix_queues unix_queues;
};

/* Collects what has lasted for min_age_ns, and finds the other ends. Returns 0 or -ENOMEM. */
int waits_collect(struct waits *waits, const struct look *look, const struct look *previous, __u64 min_age_ns);
void waits_free(struct waits *waits);

/* Appends one: its other end is not known, and so is what that waits for; or it is as it is. Returns 0 or -ENOMEM. */
int waits_add(struct waits *waits, const struct wait *wait);
int waits_add_as_it_is(struct waits *waits, const struct wait *wait);

/*
 * For each the other end (ends.c); where that process waits for a child, one more wait (children.c); and what that
 * process waits for (next.c).
 */
int waits_find_ends(struct waits *waits);

/* Indexes what ends are found by, if that has not been done: without any wait it has not. Returns 0 or -ENOMEM. */
int waits_index_ends(struct waits *waits);

/* This is the other end of the wait: fills in who holds it, or in whose accept queue it lies. */
void waits_take_end(const struct waits *waits, struct wait *wait, const struct end *end);

int waits_add_children(struct waits *waits, __u64 min_age_ns);

/* Adds the waits for locks that have lasted for so long, with the threads and processes that have them (locks.c). */
int waits_add_locks(struct waits *waits, __u64 min_age_ns);

/* Indexes the waits as they stand; waits_find_next() does it first. Both return 0 or -ENOMEM. */
int waits_index_next(struct waits *waits);
int waits_find_next(struct waits *waits);

/* The same for one wait, which need not be among them: they are indexed as they stand. */
void waits_find_next_of(const struct waits *waits, struct wait *wait);

/* A child is awaited: no socket, and no lock. */
static inline bool wait_is_for_child(const struct wait *wait)
{
	return wait->socket->name.kind == SOCKET_KIND_NONE && !wait->lock;
}

/* It collects what a child writes, in poll or an event loop, as who runs programs does. */
bool wait_is_collecting(const struct wait *wait);

/* That something is due: for sure, or perhaps, if somebody else waits for what its process does. */
static inline bool wait_may_owe(const struct wait *wait)
{
	return wait->severity != SEVERITY_NONE || wait->verdict->is & OWES_REST;
}

/* The holders of the other end, or of the listener in whose queue it lies, as look_owners() returns them. */
const struct owner_record *const *waits_holders(const struct waits *waits, const struct wait *wait, size_t *count);

/* The process at the other end. NULL: none, or no thread of it was seen. */
const struct process_view *waits_process(const struct waits *waits, const struct wait *last);

/* Which thread tells what the process at the other end does (struct process_view). NULL: none. */
const struct thread_view *waits_doing(const struct waits *waits, const struct wait *last);

/*
 * The same, where no thread is in a loop or on a CPU: the one that fell asleep first after the question had come. A
 * process with many threads has some that have been asleep for long.
 */
const struct thread_view *waits_worker(const struct waits *waits, const struct wait *last);

#endif
