/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * When the kernel itself will end a wait: its timers, played forward from what a record shows.
 *
 * All functions are pure and return a moment on CLOCK_MONOTONIC in ns, or TIMERS_NEVER. The moment may
 * lie a little before the look: a timer may be late. tick_ns is a jiffy: with it, the timer wheel's
 * coarseness (kernel/time/timer.c) is reckoned in; with 0 the times are what the kernel asks for.
 */
#ifndef SOCKSTALL_LOOK_TIMERS_H
#define SOCKSTALL_LOOK_TIMERS_H

#include "socket_record.h"

#define TIMERS_NEVER (~0ULL)

/* When the timer that is pending for this half-open connection fires. */
__u64 timers_request_fires(const struct request_record *request, __u64 tick_ns);

/* When a half-open connection will be dropped. listener NULL: as if its queue were short. */
__u64 timers_request_ends(const struct request_record *request, const struct listener_record *listener, __u64 tick_ns);

/* When the pending retransmission of a SYN or of data comes. */
__u64 timers_retransmit_fires(const struct socket_record *socket, __u64 tick_ns);

/* When connect() will fail with ETIMEDOUT. */
__u64 timers_connect_ends(const struct socket_record *socket, __u64 tick_ns);

/* The kernel mechanism that ends a blocked read. */
enum read_end_by {
	READ_END_NEVER,
	READ_END_RCVTIMEO, /* SO_RCVTIMEO */
	READ_END_RETRIES, /* data in flight and tcp_retries2 */
	READ_END_USER_TIMEOUT, /* data in flight, or keepalive, and TCP_USER_TIMEOUT */
	READ_END_KEEPALIVE,
	READ_END_WINDOW_PROBES, /* unsent data, a closed window and tcp_retries2 */
	READ_END_CONNECT, /* not connected yet: as connect() would */
};

struct read_end {
	enum read_end_by by;
	__u64 at_ns; /* TIMERS_NEVER for READ_END_NEVER */
};

/*
 * The first of everything that would end a read of this socket if its peer never answered again.
 * since_ns: when the read began to wait; 0: not known, then SO_RCVTIMEO is counted from the look.
 */
struct read_end timers_read_ends(const struct socket_record *socket, __u64 since_ns, __u64 tick_ns);

/* The same without SO_RCVTIMEO. */
struct read_end timers_protocol_ends(const struct socket_record *socket, __u64 tick_ns);

/* When the last keepalive probe was sent; 0: none is out, or something came since. */
__u64 timers_keepalive_probe_sent(const struct socket_record *socket);

/* When the last window probe was sent. Only where SOCKET_PROBE_TIMER is set and one is out. */
__u64 timers_window_probe_sent(const struct socket_record *socket);

/* Something of ours is on its way and not acknowledged. */
int timers_in_flight(const struct socket_record *socket);

/* The same for a write, which SO_SNDTIMEO may end. */
enum write_end_by {
	WRITE_END_NEVER,
	WRITE_END_SNDTIMEO,
	WRITE_END_PROTOCOL, /* retransmission (also of a SYN), window probes or TCP_USER_TIMEOUT */
};

struct write_end {
	enum write_end_by by;
	__u64 at_ns; /* TIMERS_NEVER for WRITE_END_NEVER */
};

struct write_end timers_write_ends(const struct socket_record *socket, __u64 since_ns, __u64 tick_ns);

/* When the kernel drops a connection that is being closed if its peer never answers again. */
__u64 timers_closing_ends(const struct socket_record *socket, __u64 tick_ns);

/* Since when the peer's window has been closed, by the window probes sent; where one is pending. */
__u64 timers_window_closed_since(const struct socket_record *socket);

#endif
