/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A connection that may be stuck, whoever waits on it: found by the socket scan. */
#ifndef SOCKSTALL_HELD_RECORD_H
#define SOCKSTALL_HELD_RECORD_H

#include "record.h"
#include "turns.h"

enum held_flag {
	HELD_WAITED = 1 << 0, /* somebody waits on the socket: its wait queue is not empty */
	HELD_EPOLL = 1 << 1, /* an epoll instance watches it */
	HELD_POLL = 1 << 2, /* a thread waits for it in poll or select: waiter_* is that thread */
	HELD_POLL_ALONE = 1 << 3, /* and that thread waits for nothing else */
	HELD_TURNS = 1 << 4, /* the members about turns are known */
	HELD_FIRST = 1 << 5, /* a client that has never heard a byte from its server, and has asked */
	HELD_TALKS = 1 << 6, /* struct turns: talks */
};

/* Followed by its socket_record. */
struct held_record {
	struct record_header header;
	__u32 flags; /* enum held_flag */
	/* A thread asleep in the wait of the instance, or in poll. Thread ids; 0: none. */
	__u32 waiter_pid;
	__u32 waiter_tid;
	__u32 waiters; /* threads asleep there; of many not all are counted */
	__u32 srtt_us; /* smoothed round trip; 0: not known */
	__u32 pad;
	/* The conversation, as looks saw it: see turns.h. */
	__u32 turn; /* enum turn_open */
	__u32 bursts;
	__u32 answered;
	__u32 twice;
	__u64 slowest_ns;
	__u64 second_ns; /* slowest */
	__u32 at_once; /* see struct turns */
	__u32 pongs;
	__u32 peer_burst;
	/* Of HELD_FIRST: connections to the same server that the same process waited for, and that were answered. */
	__u32 siblings;
	__u64 siblings_slowest_ns; /* of their answers, as far as looks saw them */
	__u64 instance; /* for the probe alone: 0 in every look */
};

/*
 * Which connections belong together, without asking for their process: those that one epoll instance watches, or that
 * the threads of one process wait for in poll; and to which server.
 */
struct sibling_key {
	__u64 instance; /* an address in the kernel; it leaves it no further than for a look-up */
	__u8 peer_addr[16];
	__u16 peer_port;
	__u8 pad[6];
};

_Static_assert(sizeof(struct sibling_key) == 32, "sibling_key");

struct siblings {
	__u32 answered;
	__u32 slowest; /* in ticks */
};

_Static_assert(sizeof(struct held_record) == 96, "held_record");

#endif
