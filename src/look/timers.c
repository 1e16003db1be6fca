/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/timers.h"

#include <stdbool.h>

#include "look/timer_math.h"
#include "system/tcp_states.h"

/* ---- retransmission: tcp_retransmit_timer() ---- */

/* The retransmission timer as it goes on. start 0: nothing has been retransmitted yet. */
struct retransmission {
	const struct socket_record *socket;
	__u64 tick_ns;
	__u64 at, start, rto, rto_max;
	__u32 retransmits;
};

/* tcp_model_timeout(): how long `boundary` retransmissions would take from a first timeout of base. */
static __u64 model_timeout(__u32 boundary, __u64 base, __u64 rto_max)
{
	unsigned int threshold = 0;
	__u64 timeout;

	while (threshold < 40 && base << (threshold + 1) <= rto_max)
		threshold++;
	if (boundary <= threshold)
		return ((2ULL << boundary) - 1) * base;
	timeout = ((2ULL << threshold) - 1) * base;
	return add_ns(timeout, (boundary - threshold) * rto_max);
}

/*
 * retransmits_timed_out(). It counts from retrans_stamp, which tcp_retransmit_skb() sets at the first
 * retransmission, not when the data was first sent (a SYN's is set when it is sent: tcp_connect()).
 */
static int timed_out(const struct retransmission *timer, __u32 boundary, __u64 base)
{
	__u64 timeout = timer->socket->user_timeout_ns;

	if (!timer->retransmits)
		return 0;
	if (!timeout)
		timeout = model_timeout(boundary, base, timer->rto_max);
	/* retrans_stamp is in ms, the timer in jiffies; the kernel's never fires early. */
	return elapsed_ns(timer->at, timer->start) + 2 * timer->tick_ns >= timeout;
}

/* tcp_clamp_rto_to_user_timeout() */
static __u64 clamped_rto(const struct retransmission *timer)
{
	__u64 user_timeout = timer->socket->user_timeout_ns;
	__u64 elapsed = elapsed_ns(timer->at, timer->start);

	if (!user_timeout)
		return timer->rto;
	if (elapsed >= user_timeout)
		return timer->tick_ns;
	return min_ns(timer->rto, user_timeout - elapsed);
}

static void retransmit(struct retransmission *timer, __u32 linear_timeouts)
{
	if (!timer->start)
		timer->start = timer->at;
	timer->retransmits++;
	if (timer->retransmits > linear_timeouts)
		timer->rto = shift_ns(timer->rto, 1, timer->rto_max);
	timer->at = later(timer->at, clamped_rto(timer), timer->tick_ns);
}

__u64 timers_retransmit_fires(const struct socket_record *socket, __u64 tick_ns)
{
	__u64 rto = socket->rto_ns ? socket->rto_ns : RTO_INIT_NS;

	if (!socket->timer_ns)
		return TIMERS_NEVER;
	if (socket->flags & SOCKET_LOSS_TIMER) /* tcp_send_loss_probe() arms the other when it is through */
		return later(socket->timer_ns, rto, tick_ns);
	if (socket->flags & SOCKET_RETRANSMIT_TIMER)
		return add_ns(socket->timer_ns, lateness(rto, tick_ns));
	return TIMERS_NEVER;
}

static struct retransmission retransmission_of(const struct socket_record *socket, __u64 tick_ns)
{
	struct retransmission timer = {
		.socket = socket,
		.tick_ns = tick_ns,
		.at = timers_retransmit_fires(socket, tick_ns),
		.rto = socket->rto_ns ? socket->rto_ns : RTO_INIT_NS,
		.rto_max = rto_max_or_default(socket->rto_max_ns),
		.retransmits = socket->retransmits,
	};

	return timer;
}

__u64 timers_connect_ends(const struct socket_record *socket, __u64 tick_ns)
{
	struct retransmission timer = retransmission_of(socket, tick_ns);
	__u64 limit = (__u64)socket->syn_retries + socket->syn_linear_timeouts;
	int expiries;

	timer.start = socket->first_sent_ns;
	for (expiries = 0; expiries < MAX_EXPIRIES && timer.at != TIMERS_NEVER; expiries++) {
		if (timer.retransmits >= limit || timed_out(&timer, socket->syn_retries, RTO_INIT_NS))
			return timer.at;
		retransmit(&timer, socket->syn_linear_timeouts);
	}
	return TIMERS_NEVER;
}

/*
 * tcp_rtx_probe0_timed_out(): against a closed window the retransmissions are window probes, and
 * what counts is how long nothing has been heard; but with TCP_USER_TIMEOUT not that either. Before Linux 6.10 half of
 * this.
 */
static int closed_window_timed_out(const struct retransmission *timer)
{
	__u64 elapsed = elapsed_ns(timer->at, timer->start) + 2 * timer->tick_ns;
	__u64 user_timeout = timer->socket->user_timeout_ns, timeout = 2 * timer->rto_max;

	if (user_timeout && elapsed >= user_timeout)
		return 1;
	return elapsed_ns(timer->at, timer->socket->last_ack_ns) > timeout && elapsed > timeout;
}

/* The kernel does not count such a retransmission. But its start is known, or at least when the data was sent. */
static __u64 closed_window_start(const struct socket_record *socket)
{
	return socket->first_sent_ns ? socket->first_sent_ns : socket->last_sent_ns;
}

static __u64 data_ends(const struct socket_record *socket, __u64 tick_ns)
{
	struct retransmission timer = retransmission_of(socket, tick_ns);
	int expiries;

	if (!socket->snd_wnd)
		timer.start = closed_window_start(socket);
	else if (socket->retransmits)
		timer.start = socket->first_sent_ns;
	for (expiries = 0; expiries < MAX_EXPIRIES && timer.at != TIMERS_NEVER; expiries++) {
		if (socket->snd_wnd ? timed_out(&timer, socket->retries2, RTO_MIN_NS) : closed_window_timed_out(&timer))
			return timer.at;
		retransmit(&timer, 0);
	}
	return TIMERS_NEVER;
}

/* ---- keepalive: tcp_keepalive_timer() ---- */

static __u64 last_heard(const struct socket_record *socket)
{
	return max_ns(socket->last_received_ns, socket->last_ack_ns);
}

static int keepalive_gives_up(const struct socket_record *socket, __u64 elapsed, __u32 probes)
{
	if (socket->user_timeout_ns)
		return elapsed >= socket->user_timeout_ns && probes > 0;
	return probes >= socket->keepalive_probes;
}

static __u64 keepalive_ends(const struct socket_record *socket, __u64 tick_ns)
{
	__u64 armed_for = socket->probes_out ? socket->keepalive_intvl_ns : socket->keepalive_time_ns;
	__u64 at = add_ns(socket->keepalive_timer_ns, lateness(armed_for, tick_ns));
	__u32 probes = socket->probes_out;
	int expiries;

	for (expiries = 0; expiries < MAX_EXPIRIES && at != TIMERS_NEVER; expiries++) {
		__u64 elapsed = elapsed_ns(at, last_heard(socket)) + tick_ns;

		if (elapsed < socket->keepalive_time_ns) {
			at = later(at, socket->keepalive_time_ns - elapsed, tick_ns);
			continue;
		}
		if (keepalive_gives_up(socket, elapsed, probes))
			return at;
		probes++;
		at = later(at, socket->keepalive_intvl_ns, tick_ns);
	}
	return TIMERS_NEVER;
}

/* Jiffies are converted one by one. Keepalive goes by whole seconds. */
#define KEEPALIVE_SLACK_NS (NS_PER_S / 10)

/*
 * The count of probes alone does not tell: data that acknowledges nothing new goes past tcp_ack(), which would set it
 * back (tcp_rcv_established()). But a probe is only sent when nothing has come for keepalive_time.
 */
__u64 timers_keepalive_probe_sent(const struct socket_record *socket)
{
	__u64 sent = elapsed_ns(socket->keepalive_timer_ns, socket->keepalive_intvl_ns);

	if (!(socket->flags & SOCKET_KEEPALIVE) || !socket->probes_out || timers_in_flight(socket) ||
	    socket->unsent_bytes)
		return 0;
	return elapsed_ns(sent, last_heard(socket)) + KEEPALIVE_SLACK_NS >= socket->keepalive_time_ns ? sent : 0;
}

/* ---- zero window probes: tcp_probe_timer(), tcp_probe0_when() ---- */

static __u64 probe_interval(const struct socket_record *socket, __u32 backoff)
{
	return shift_ns(max_ns(socket->rto_ns, RTO_MIN_NS), backoff, rto_max_or_default(socket->rto_max_ns));
}

__u64 timers_window_probe_sent(const struct socket_record *socket)
{
	return elapsed_ns(socket->timer_ns, probe_interval(socket, socket->backoff));
}

/*
 * icsk_probes_tstamp is when the timer fired first: the intervals since, taken back from the next. An answer sets the
 * count of probes back (tcp_ack()), but only an open window the backoff and that time (tcp_ack_probe()). The backoff
 * stops at tcp_retries2 (tcp_send_probe0()): then what was sent last before the window closed tells.
 */
static __u64 probes_began(const struct socket_record *socket, __u64 tick_ns)
{
	__u32 backoff = socket->backoff, fired = backoff > socket->probes_out ? backoff : socket->probes_out;
	__u64 began = socket->timer_ns;
	__u32 i;

	for (i = 0; i < fired && i < MAX_EXPIRIES; i++) {
		__u64 interval = probe_interval(socket, backoff);

		/* The pending timer is taken as it stands. */
		began = elapsed_ns(began, i ? add_ns(interval, lateness(interval, tick_ns)) : interval);
		if (backoff)
			backoff--;
	}
	if (socket->snd_wnd || socket->backoff < socket->retries2 || !socket->last_sent_ns)
		return began;
	return min_ns(began, add_ns(socket->last_sent_ns, probe_interval(socket, 0)));
}

/* tcp_clamp_probe0_to_user_timeout() */
static __u64 clamped_probe(const struct socket_record *socket, __u64 wait, __u64 elapsed)
{
	return socket->user_timeout_ns ? min_ns(wait, socket->user_timeout_ns - elapsed) : wait;
}

static bool probes_timed_out(const struct socket_record *socket, __u64 elapsed)
{
	return socket->user_timeout_ns && elapsed >= socket->user_timeout_ns;
}

static __u64 window_probes_end(const struct socket_record *socket, __u64 tick_ns)
{
	__u64 at = add_ns(socket->timer_ns, lateness(probe_interval(socket, socket->backoff), tick_ns));
	__u64 began = probes_began(socket, tick_ns);
	__u32 probes = socket->probes_out, backoff = socket->backoff;
	int expiries;

	for (expiries = 0; expiries < MAX_EXPIRIES && at != TIMERS_NEVER; expiries++) {
		__u64 elapsed = elapsed_ns(at, began) + tick_ns;

		if (probes_timed_out(socket, elapsed) || probes >= socket->retries2)
			return at;
		probes++;
		if (backoff < socket->retries2)
			backoff++;
		at = later(at, clamped_probe(socket, probe_interval(socket, backoff), elapsed), tick_ns);
	}
	return TIMERS_NEVER;
}

/* ---- all of these ---- */

int timers_in_flight(const struct socket_record *socket)
{
	return socket->unacked_bytes > 0 || socket->packets_out > 0;
}

struct read_end timers_protocol_ends(const struct socket_record *socket, __u64 tick_ns)
{
	struct read_end end = {READ_END_NEVER, TIMERS_NEVER};

	if (socket->name.state == STATE_SYN_SENT) {
		end.at_ns = timers_connect_ends(socket, tick_ns);
		end.by = READ_END_CONNECT;
	} else if (timers_in_flight(socket)) {
		end.at_ns = data_ends(socket, tick_ns);
		end.by = socket->user_timeout_ns ? READ_END_USER_TIMEOUT : READ_END_RETRIES;
	} else if (socket->flags & SOCKET_PROBE_TIMER) {
		end.at_ns = window_probes_end(socket, tick_ns);
		end.by = socket->user_timeout_ns ? READ_END_USER_TIMEOUT : READ_END_WINDOW_PROBES;
	} else if (socket->flags & SOCKET_KEEPALIVE && socket->keepalive_timer_ns && !socket->unsent_bytes) {
		end.at_ns = keepalive_ends(socket, tick_ns);
		end.by = READ_END_KEEPALIVE;
	}
	if (end.at_ns == TIMERS_NEVER)
		end.by = READ_END_NEVER;
	return end;
}

/*
 * TCP_USER_TIMEOUT cuts the last wait short (tcp_clamp_probe0_to_user_timeout()): the timer is never set to later than
 * that after the first probe, which came one interval after the window had closed.
 */
static __u64 earliest_closed(const struct socket_record *socket)
{
	if (!socket->user_timeout_ns)
		return 0;
	return elapsed_ns(socket->timer_ns, add_ns(socket->user_timeout_ns, probe_interval(socket, 0)));
}

__u64 timers_window_closed_since(const struct socket_record *socket)
{
	__u64 began = socket->timer_ns;
	__u32 i;

	for (i = 0; i <= socket->backoff && i < MAX_EXPIRIES; i++)
		began = elapsed_ns(began, probe_interval(socket, i));
	return max_ns(began, earliest_closed(socket));
}

/* ---- closing: tcp_write_timeout(), tcp_probe_timer() and tcp_keepalive_timer() of an orphan ---- */

#define ORPHAN_RETRIES 8

/* tcp_orphan_retries(): once the timer is at its longest, an orphan is not waited for any more, unless told to. */
static __u32 orphan_retries(const struct socket_record *socket, __u64 interval)
{
	if (!socket->orphan_retries && interval < rto_max_or_default(socket->rto_max_ns))
		return ORPHAN_RETRIES;
	return socket->orphan_retries;
}

static __u64 orphan_data_ends(const struct socket_record *socket, __u64 tick_ns)
{
	struct retransmission timer = retransmission_of(socket, tick_ns);
	int expiries;

	if (socket->retransmits)
		timer.start = socket->first_sent_ns;
	for (expiries = 0; expiries < MAX_EXPIRIES && timer.at != TIMERS_NEVER; expiries++) {
		if (timed_out(&timer, orphan_retries(socket, timer.rto), RTO_MIN_NS))
			return timer.at;
		retransmit(&timer, 0);
	}
	return TIMERS_NEVER;
}

static __u64 orphan_probes_end(const struct socket_record *socket, __u64 tick_ns)
{
	__u64 at = add_ns(socket->timer_ns, lateness(probe_interval(socket, socket->backoff), tick_ns));
	__u64 began = probes_began(socket, tick_ns);
	__u32 probes = socket->probes_out, backoff = socket->backoff;
	int expiries;

	for (expiries = 0; expiries < MAX_EXPIRIES && at != TIMERS_NEVER; expiries++) {
		__u64 interval = probe_interval(socket, backoff), elapsed = elapsed_ns(at, began) + tick_ns;
		bool alive = interval < rto_max_or_default(socket->rto_max_ns);
		__u32 most = orphan_retries(socket, interval);

		if (probes_timed_out(socket, elapsed) || (!alive && backoff >= most) || probes >= most)
			return at;
		probes++;
		if (backoff < socket->retries2)
			backoff++;
		at = later(at, clamped_probe(socket, probe_interval(socket, backoff), elapsed), tick_ns);
	}
	return TIMERS_NEVER;
}

__u64 timers_closing_ends(const struct socket_record *socket, __u64 tick_ns)
{
	if (socket->flags & SOCKET_TIMEWAIT)
		return add_ns(socket->timer_ns, tick_ns);
	if (!(socket->flags & SOCKET_DEAD))
		return timers_protocol_ends(socket, tick_ns).at_ns;
	if (timers_in_flight(socket))
		return orphan_data_ends(socket, tick_ns);
	/* In FIN_WAIT2 sk_timer runs, but what it leads to depends on TCP_LINGER2: not told. */
	return socket->flags & SOCKET_PROBE_TIMER ? orphan_probes_end(socket, tick_ns) : TIMERS_NEVER;
}
