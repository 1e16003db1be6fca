/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rates of a loop over one interval, from its counters. */
#ifndef SOCKSTALL_LOOK_LOOP_RATES_H
#define SOCKSTALL_LOOK_LOOP_RATES_H

#include <stdbool.h>

#include "look/histogram.h"
#include "look_record.h"
#include "loop_record.h"
#include "thread_record.h"

struct loop_rates {
	__u64 interval_ns; /* 0: there is none, and nothing below is known */
	__u64 waits, events, empty, full; /* in the interval */
	__u64 in_wait_ns; /* of the interval, at most all of it */
	__u64 wait_runqueue_ns; /* the part of it in which the thread waited for a CPU */
	__u64 mean_wait_ns; /* of the waits that ended in it, without that; 0 where none did */
	__u64 set_bytes; /* copied in it */
	__u64 lag_ns; /* of the interval, outside the wait; and its parts: */
	__u64 lag_cpu_ns, lag_runqueue_ns, lag_blocked_ns;
	bool has_quota; /* the cgroup may use so much CPU time and no more: the two below are known */
	__u64 throttled_ns; /* of the interval, at most: ready to run, and kept from it by the quota; also within a wait */
	__u64 lag_throttled_ns; /* the part of lag_runqueue_ns that is */
	__u32 lag[LOOP_BUCKETS], wait[LOOP_BUCKETS];
};

/* A thread's counters at one look. */
struct loop_moment {
	const struct look_record *head;
	const struct thread_record *thread;
	const struct loop_record *loop; /* NULL: not there yet, all zero */
};

/*
 * The interval from start_ns (0: not known) to `now`. The counters at its begin are those of `before`.
 */
void loop_rates(struct loop_rates *rates, const struct loop_moment *now, const struct loop_moment *before,
		__u64 start_ns);

/* How much of the time since its last return the thread has waited for a CPU. 0 where that is not known. */
__u64 loop_runqueue_ns(const struct loop_moment *moment);

/*
 * How long its quota kept this thread from a CPU since it was seen before, at most: whatever else it waited for a CPU
 * for. The cgroup's account is one of all its threads. 0: there is no quota.
 */
__u64 thread_throttled_ns(const struct thread_record *now, const struct thread_record *before);

struct look;

/*
 * A thread of the look has a quota that has kept its cgroup from running before. How much it does so now only another
 * look tells.
 */
bool look_has_throttled(const struct look *look);

/* The parts of the lag are known for this thread: its class keeps the accounts that they are made of. */
bool loop_lag_is_split(const struct thread_record *thread);

/*
 * The duration in seconds below which this share of the counted durations lie, taken as evenly spread
 * within a bucket. min_ns and max_ns: the shortest and longest of them, where they are known; else 0. NAN: none
 * was counted.
 */
double loop_percentile(const __u32 buckets[LOOP_BUCKETS], double share, __u64 min_ns, __u64 max_ns);

/* The counted durations by powers of two. */
void loop_histogram(struct histogram *histogram, const __u32 buckets[LOOP_BUCKETS]);

/*
 * Whether the thread may spin: it is on a CPU, and its waits were thick, fast and brief. Cheap: so that what it watches
 * is looked at, and the rest can be judged.
 */
bool loop_may_spin(const struct thread_record *thread, const struct loop_record *loop);

/* Whether the thread waits so often that it is a loop: many waits in its life, or fewer thick and fast. */
bool loop_was_looping(const struct loop_record *loop);

#endif
