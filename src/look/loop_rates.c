/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/loop_rates.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "look/look.h"

/* A thread is a loop after this many waits, or after fewer in a short time. */
#define LOOP_WAITS	 100
#define LOOP_WAITS_LEAST 10
#define LOOP_WAITS_PER_S 3

/* What may spin: so many waits, and as brief. */
#define SPIN_WAITS	 100
#define SPIN_WAITS_PER_S 1000
#define SPIN_WAIT_NS	 10000

/* Counters only grow; a recording that says otherwise gets 0. */
static __u64 difference(__u64 now, __u64 before)
{
	return now > before ? now - before : 0;
}

static void subtract_buckets(__u32 *out, const __u32 *now, const __u32 *before)
{
	int i;

	for (i = 0; i < LOOP_BUCKETS; i++)
		out[i] = now[i] - before[i];
}

/*
 * wait_ns sums whole waits, of those that ended. Take off the part before the interval, and add the wait that still
 * goes on.
 */
static __u64 time_in_waits(const struct loop_record *now, __u64 seen_ns, const struct loop_record *before,
			   __u64 start_ns)
{
	__u64 in_wait = difference(now->wait_ns, before->wait_ns);

	if (before->waiting && before->entered_ns && now->waits > before->waits)
		in_wait = difference(in_wait, difference(start_ns, before->entered_ns));
	if (now->waiting)
		in_wait += difference(seen_ns, now->entered_ns > start_ns ? now->entered_ns : start_ns);
	return in_wait;
}

bool loop_lag_is_split(const struct thread_record *thread)
{
	return thread->flags & THREAD_FAIR && thread->last_arrival && !(thread->flags & THREAD_AT_LEAST);
}

/* ---- The parts of the lag ---- */

struct lag {
	__u64 all_ns, cpu_ns, runqueue_ns; /* since the thread's first wait */
};

/* The moment of the look on the scheduler's clock. */
static __u64 sched_now(const struct loop_moment *moment)
{
	return moment->thread->seen_ns - (__u64)moment->head->sched_offset_ns;
}

/* CPU time that the thread has used in its life: what the kernel has booked, and the slice that goes on. */
static __u64 cpu_used(const struct loop_moment *moment)
{
	const struct thread_record *thread = moment->thread;

	if (thread->flags & (THREAD_SLEEPING | THREAD_STOPPED) || thread->last_queued)
		return thread->cpu_ns;
	return thread->cpu_ns - thread->slice_ns + difference(sched_now(moment), thread->last_arrival);
}

static __u64 run_delay(const struct loop_moment *moment)
{
	const struct thread_record *thread = moment->thread;

	if (!thread->last_queued)
		return thread->run_delay_ns;
	return thread->run_delay_ns + difference(sched_now(moment), thread->last_queued);
}

static __u64 at_most(__u64 value, __u64 limit)
{
	return value < limit ? value : limit;
}

/* The lag that goes on now. Without the offset of the scheduler's clock it is taken as blocked. */
static void add_lag_under_way(struct lag *lag, const struct loop_moment *moment)
{
	const struct loop_record *loop = moment->loop;
	__u64 all = difference(moment->thread->seen_ns, loop->returned_ns), cpu = 0, runqueue;
	__u64 used_before = loop->returned_cpu_base + loop->returned_ns - (__u64)moment->head->sched_offset_ns;

	if (moment->head->sched_offset_valid)
		cpu = at_most(difference(cpu_used(moment), used_before), all);
	runqueue = at_most(difference(run_delay(moment), loop->returned_run_delay), all - cpu);
	lag->all_ns += all;
	lag->cpu_ns += cpu;
	lag->runqueue_ns += runqueue;
}

__u64 loop_runqueue_ns(const struct loop_moment *moment)
{
	__u64 all = difference(moment->thread->seen_ns, moment->loop->returned_ns);

	if (!moment->head->sched_offset_valid || !loop_lag_is_split(moment->thread))
		return 0;
	return at_most(difference(run_delay(moment), moment->loop->returned_run_delay), all);
}

static struct lag lag_until(const struct loop_moment *moment)
{
	const struct loop_record *loop = moment->loop;
	struct lag lag = {0};

	if (!loop)
		return lag;
	lag = (struct lag){loop->lag_ns, loop->lag_cpu_ns, loop->lag_runqueue_ns};
	if (!loop->waiting && loop->returned_ns)
		add_lag_under_way(&lag, moment);
	return lag;
}

static void split_lag(struct loop_rates *rates, const struct loop_moment *now, const struct loop_moment *before)
{
	struct lag last = lag_until(now), first = lag_until(before);

	rates->lag_ns = difference(last.all_ns, first.all_ns);
	rates->lag_cpu_ns = at_most(difference(last.cpu_ns, first.cpu_ns), rates->lag_ns);
	rates->lag_runqueue_ns =
		at_most(difference(last.runqueue_ns, first.runqueue_ns), rates->lag_ns - rates->lag_cpu_ns);
	rates->lag_blocked_ns = rates->lag_ns - rates->lag_cpu_ns - rates->lag_runqueue_ns;
}

/* ---- Durations ---- */

/* Where a bucket begins, in ns: see loop_record.h. */
static double bucket_start(__u64 bucket)
{
	__u64 units = bucket < 4 ? bucket : (4 + bucket % 4) << (bucket / 4 - 1);

	return (double)(units << LOOP_UNIT_SHIFT);
}

/*
 * Waits of which so many are brief are. Where the machine is busy the others may have been kept from the CPU within
 * their call.
 */
#define MOST_PERCENT 95

static __u64 most_wait_ns(const __u32 buckets[LOOP_BUCKETS], __u64 waits)
{
	__u64 below = 0;
	int i;

	for (i = 0; waits && i < LOOP_BUCKETS - 1; i++) {
		below += buckets[i];
		if (below * 100 >= waits * MOST_PERCENT)
			return (__u64)bucket_start((__u64)i + 1);
	}
	return 0;
}

/* A thread that is kept from the CPU within its call looks as if it slept there. */
static void find_mean_wait(struct loop_rates *rates, const struct loop_moment *now, const struct loop_moment *before)
{
	__u64 wait_ns = difference(now->loop->wait_ns, before->loop ? before->loop->wait_ns : 0);

	if (before->thread && loop_lag_is_split(now->thread))
		rates->wait_runqueue_ns =
			at_most(difference(difference(run_delay(now), run_delay(before)), rates->lag_runqueue_ns),
				rates->in_wait_ns);
	if (rates->waits)
		rates->mean_wait_ns = difference(wait_ns, rates->wait_runqueue_ns) / rates->waits;
}

/* ---- The quota ---- */

__u64 thread_throttled_ns(const struct thread_record *now, const struct thread_record *before)
{
	if (!now->quota_ns || !before->quota_ns)
		return 0;
	return at_most(difference(now->throttled_ns, before->throttled_ns),
		       difference(now->run_delay_ns, before->run_delay_ns));
}

bool look_has_throttled(const struct look *look)
{
	size_t i;

	for (i = 0; i < look->threads.count; i++)
		if (look->threads.items[i].thread->quota_ns && look->threads.items[i].thread->throttled_ns)
			return true;
	return false;
}

static void find_throttled(struct loop_rates *rates, const struct thread_record *now,
			   const struct thread_record *before)
{
	if (!before || !before->quota_ns || !now->quota_ns)
		return;
	rates->has_quota = true;
	rates->throttled_ns = at_most(thread_throttled_ns(now, before), rates->interval_ns);
	rates->lag_throttled_ns = at_most(rates->throttled_ns, rates->lag_runqueue_ns);
}

void loop_rates(struct loop_rates *rates, const struct loop_moment *now, const struct loop_moment *before,
		__u64 start_ns)
{
	static const struct loop_record nothing;
	const struct loop_record *last = now->loop, *first = before->loop ? before->loop : &nothing;
	__u64 seen_ns = now->thread->seen_ns;

	memset(rates, 0, sizeof(*rates));
	rates->interval_ns = start_ns ? difference(seen_ns, start_ns) : 0;
	rates->waits = difference(last->waits, first->waits);
	rates->events = difference(last->events, first->events);
	rates->empty = difference(last->empty, first->empty);
	rates->full = difference(last->full, first->full);
	rates->set_bytes = difference(last->set_bytes, first->set_bytes);
	rates->in_wait_ns = at_most(time_in_waits(last, seen_ns, first, start_ns), rates->interval_ns);
	split_lag(rates, now, before);
	find_mean_wait(rates, now, before);
	find_throttled(rates, now->thread, before->thread);
	subtract_buckets(rates->lag, last->lag, first->lag);
	subtract_buckets(rates->wait, last->wait, first->wait);
}

/* ---- Percentiles ---- */

static double within_bucket(int i, double part, __u64 min_ns, __u64 max_ns)
{
	double start = bucket_start((__u64)i), end = bucket_start((__u64)i + 1);

	if ((double)min_ns > start)
		start = (double)min_ns;
	if (max_ns && (double)max_ns < end)
		end = (double)max_ns;
	/* The last bucket has no end: the longest is the end of what it holds. */
	if (i == LOOP_BUCKETS - 1 && (double)max_ns > end)
		end = (double)max_ns;
	if (start > end)
		start = end;
	return (start + (end - start) * part) / 1e9;
}

double loop_percentile(const __u32 buckets[LOOP_BUCKETS], double share, __u64 min_ns, __u64 max_ns)
{
	double total = 0, below = 0;
	int i;

	for (i = 0; i < LOOP_BUCKETS; i++)
		total += buckets[i];
	if (total == 0)
		return NAN;
	for (i = 0; i < LOOP_BUCKETS - 1; i++) {
		if (buckets[i] && below + buckets[i] >= share * total)
			break;
		below += buckets[i];
	}
	if (!buckets[i])
		return within_bucket(i, 0, min_ns, max_ns);
	return within_bucket(i, (share * total - below) / buckets[i], min_ns, max_ns);
}

/* ---- Histogram ---- */

/* Four buckets to each power of two, and the first 16 are below the end of the first bar. */
#define BUCKETS_IN_FIRST_BAR 16

_Static_assert(HISTOGRAM_FIRST_NS == 32 << LOOP_UNIT_SHIFT, "the first bar ends where bucket 16 begins");
_Static_assert((LOOP_BUCKETS - BUCKETS_IN_FIRST_BAR + 3) / 4 + 1 == HISTOGRAM_BARS, "there is a bar for each bucket");

void loop_histogram(struct histogram *histogram, const __u32 buckets[LOOP_BUCKETS])
{
	int i;

	memset(histogram, 0, sizeof(*histogram));
	histogram->bars = HISTOGRAM_BARS;
	for (i = 0; i < LOOP_BUCKETS; i++)
		histogram->counts[i < BUCKETS_IN_FIRST_BAR ? 0 : i / 4 - 3] += buckets[i];
}

bool loop_was_looping(const struct loop_record *loop)
{
	__u64 life_ns = loop->returned_ns > loop->first_ns ? loop->returned_ns - loop->first_ns : 0;

	if (loop->waits >= LOOP_WAITS)
		return true;
	return loop->waits >= LOOP_WAITS_LEAST && loop->waits * NS_PER_S >= LOOP_WAITS_PER_S * life_ns;
}

bool loop_may_spin(const struct thread_record *thread, const struct loop_record *loop)
{
	__u64 life_ns = difference(loop->returned_ns, loop->first_ns), most_ns = most_wait_ns(loop->wait, loop->waits);

	return loop->interface == LOOP_EPOLL && !(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)) &&
	       loop->waits >= SPIN_WAITS && loop->waits * NS_PER_S >= SPIN_WAITS_PER_S * life_ns &&
	       (loop->wait_ns < loop->waits * SPIN_WAIT_NS || (most_ns && most_ns < SPIN_WAIT_NS));
}
