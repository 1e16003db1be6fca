/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/timer_math.h"

/* ---- half-open: reqsk_timer_handler() ---- */

static __u64 request_timeout(const struct request_record *request, __u32 num_timeout)
{
	__u64 first = request->timeout_ns ? request->timeout_ns : RTO_INIT_NS;

	return shift_ns(first, num_timeout, rto_max_or_default(request->rto_max_ns));
}

__u64 timers_request_fires(const struct request_record *request, __u64 tick_ns)
{
	if (!request->timer_ns)
		return TIMERS_NEVER;
	return later(request->timer_ns, 0, 0) + lateness(request_timeout(request, request->num_timeout), tick_ns);
}

/* With the SYN queue more than half full of old requests, the kernel gives up on them earlier. */
static __u32 request_retries(const struct request_record *request, const struct listener_record *listener)
{
	__u32 retries = request->synack_retries;
	__u64 room, young;

	if (!listener)
		return retries;
	room = listener->accept_queue_max > 8 ? listener->accept_queue_max : 8;
	if ((__u64)listener->syn_queue * 2 <= room)
		return retries;
	young = (__u64)listener->syn_queue_young * 2;
	while (retries > 2 && listener->syn_queue >= young) {
		retries--;
		young = shift_ns(young, 1, 1ULL << 40);
	}
	return retries;
}

/* syn_ack_recalc() */
static int request_expires(const struct request_record *request, __u32 num_timeout, __u32 retries)
{
	if (num_timeout < retries)
		return 0;
	return !request->defer_accept || !request->acked || num_timeout >= request->defer_accept;
}

__u64 timers_request_ends(const struct request_record *request, const struct listener_record *listener, __u64 tick_ns)
{
	__u32 retries = request_retries(request, listener);
	__u64 at = timers_request_fires(request, tick_ns);
	__u32 expiries;
	__u32 n = request->num_timeout;

	for (expiries = 0; expiries < MAX_EXPIRIES && at != TIMERS_NEVER; expiries++) {
		/* A request whose listener has been closed is dropped at the next expiry, whatever the count. */
		if (request->orphaned || request_expires(request, n, retries))
			return at;
		n++;
		at = later(at, request_timeout(request, n), tick_ns);
	}
	return TIMERS_NEVER;
}
