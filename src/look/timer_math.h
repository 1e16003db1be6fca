/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sums of times that stop at TIMERS_NEVER, and the timer wheel's coarseness: what the timers*.c share. */
#ifndef SOCKSTALL_LOOK_TIMER_MATH_H
#define SOCKSTALL_LOOK_TIMER_MATH_H

#include "base/clock.h"
#include "look/timers.h"

#define RTO_MIN_NS  (NS_PER_S / 5) /* TCP_RTO_MIN */
#define RTO_INIT_NS NS_PER_S /* TCP_TIMEOUT_INIT, RFC 6298 2.1 */
#define RTO_MAX_NS  (120 * NS_PER_S) /* TCP_RTO_MAX; tcp_rto_max_ms since Linux 6.15 */

/* Every limit of the kernel is an u8, so no timer runs more often than this. A recording may hold any number. */
#define MAX_EXPIRIES 1024

static inline __u64 min_ns(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static inline __u64 max_ns(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

static inline __u64 add_ns(__u64 a, __u64 b)
{
	return a > TIMERS_NEVER - b ? TIMERS_NEVER : a + b;
}

static inline __u64 shift_ns(__u64 ns, unsigned int by, __u64 limit)
{
	if (by >= 64 || ns > limit >> by)
		return limit;
	return ns << by;
}

static inline __u64 elapsed_ns(__u64 now, __u64 start)
{
	return now > start ? now - start : 0;
}

static inline __u64 rto_max_or_default(__u64 rto_max_ns)
{
	return rto_max_ns ? rto_max_ns : RTO_MAX_NS;
}

/*
 * How late a timer that was armed this long ahead fires, on average. calc_wheel_index(): up to 62 ticks ahead it is
 * exact to a tick. Each further level covers 8 times as much and is 8 times as coarse. A timer is never early. At most
 * 12.7 % of the delay.
 */
static inline __u64 lateness(__u64 delay_ns, __u64 tick_ns)
{
	__u64 granule = tick_ns;
	__u64 limit = tick_ns * 63;

	if (!tick_ns || tick_ns > NS_PER_S)
		return 0;
	while (delay_ns >= limit && limit <= (TIMERS_NEVER >> 4)) {
		granule <<= 3;
		limit <<= 3;
	}
	return granule / 2;
}

static inline __u64 later(__u64 from, __u64 delay_ns, __u64 tick_ns)
{
	return add_ns(from, add_ns(delay_ns, lateness(delay_ns, tick_ns)));
}

#endif
