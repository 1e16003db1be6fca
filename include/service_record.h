/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sums over the connections of a listening socket: counted in the kernel, as the socket scan passes them. */
#ifndef SOCKSTALL_SERVICE_RECORD_H
#define SOCKSTALL_SERVICE_RECORD_H

#include "record.h"
#include "socket_record.h"

/* Connections on which the peer spoke last, by how long ago that was: below 1/2 s, 1 s, 2 s, … and more. */
#define SERVICE_AGES 10

struct service_age {
	__u64 oldest_ns,
		newest_ns; /* when the peer spoke last: of the first of these, and of the last; 0: there is none */
	__u32 count;
	__u32 asked; /* of these, the peer broke a silence, or lies unread: no mere acknowledgement */
	__u32 unread; /* of these, bytes lie unread */
	__u32 pad;
};

/* Of one group, whether or not the peer broke a silence: when it spoke last, on the first of these and on the last. */
struct service_span {
	__u64 oldest_ns, newest_ns;
};

/* Listening sockets on one address and port of one network namespace (SO_REUSEPORT: several), and their connections. */
struct service_record {
	struct record_header header;
	struct socket_name name; /* of the listener; of several: of that which the scan passed first */
	__u64 seen_ns;
	__u32 seen_tick; /* the low 32 bits of jiffies at that moment */
	__u32 listeners;
	__u32 connections; /* accepted, and not closed by this end */
	__u32 answered; /* of these, something has been sent on */
	__u32 asked; /* of these, something has come on */
	__u32 pending; /* the peer spoke last on */
	__u32 began; /* something has come on since the look before */
	__u32 sent; /* something was sent on since the look before */
	__u64 last_sent_ns; /* on any of them; 0: never */
	__u64 last_received_ns;
	__u64 oldest_pending_ns; /* when the peer spoke last, on the one on which that is longest ago; 0: there is none */
	__u64 oldest_unread_ns; /* likewise of those on which bytes lie unread */
	struct service_age ages[SERVICE_AGES];
	__u64 worst_inode; /* of the socket that is oldest_unread_ns or else oldest_pending_ns */
	__u64 worst_cookie;
	/* Filled by user space, from look to look: */
	__u64 answered_ns; /* when it was last seen to have sent anything, on connections that are gone, too; 0: never */
	__u64 owed_since_ns; /* since then nothing was sent and at every look somebody waited for it; 0: that is not so */
	__u64 pauses_ns
		[2]; /* the two longest times that somebody had to wait before anything was sent; 0: not that often */
	__u32 answers; /* looks in which something had been sent since the look before */
	__u32 pad;
	__u64 previous_ns; /* the moment of the look before; 0: there is none */
	struct service_span spans[SERVICE_AGES];
	/*
	 * By user space, as owed_since_ns, with those that spoke about when it last answered: questions, or
	 * acknowledgements.
	 */
	__u64 near_since_ns;
};

_Static_assert(sizeof(struct service_record) == 696, "service_record");

/* Where it listens, in one network namespace; the key of a table in BPF. */
struct service_place {
	__u8 address[16];
	__u32 port;
};

_Static_assert(sizeof(struct service_place) == 20, "service_place");

#endif
