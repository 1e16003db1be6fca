/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A descriptor that an epoll instance watches. The list comes from /proc/PID/fdinfo, what the descriptors lead to from
 * BPF.
 */
#ifndef SOCKSTALL_WATCH_RECORD_H
#define SOCKSTALL_WATCH_RECORD_H

#include "record.h"

enum instance_flag {
	INSTANCE_CUT = 1 << 0, /* there was more than could be read: counts are too small */
	INSTANCE_SCANNED = 1 << 1, /* where each of its descriptors leads to was looked at */
	INSTANCE_READY = 1 << 2, /* events are there that no wait has fetched */
	INSTANCE_SENDING = 1 << 3, /* a watched socket holds data that its peer has yet to take */
	INSTANCE_TIMER = 1 << 4, /* a timerfd is watched: it may end the wait and what is behind it */
	INSTANCE_UNREAD = 1 << 5, /* of INSTANCE_READY: there is something to read */
	INSTANCE_ONE_CONNECTION =
		1 << 6, /* one connection is watched, and nothing else that brings work from outside */
	INSTANCE_SHARED = 1 << 7, /* all that brings work from outside others watch, too; but for unix connections */
};

/* An epoll instance that was read. */
struct instance_record {
	struct record_header header;
	__u64 process_start_ns;
	__u64 seen_ns; /* when its descriptors were looked at last */
	__u32 pid;
	__s32 fd;
	__u32 flags; /* enum instance_flag */
	__u32 watches;
	__u32 edge;
	__u32 oneshot;
	__u32 idle_unbounded; /* watches with WATCH_IDLE_UNBOUNDED */
	__u32 listed; /* how many watch_records follow; without --watches only those that tell something */
	/* Where a loop may turn for nothing: */
	__u64 still_since_ns; /* since when looks have found the connections that it watches with the same counters; 0: not known */
	__u64 still_io_calls; /* since then: of the thread that may turn, as thread_record counts them; ~0: not known */
	__u64 still_sleeps; /* its voluntary switches since then */
	__u32 still_tid; /* that thread; 0: none */
	__u32 ready; /* a descriptor that was on the ready list since, plus 1; 0: none was seen there */
};

_Static_assert(sizeof(struct instance_record) == 88, "instance_record");

enum watch_flag {
	WATCH_HAS_SOCKET = 1 << 0, /* a socket_record follows */
	WATCH_FOUND = 1 << 1, /* the descriptor still leads to what is watched: mode, name and socket are known */
	WATCH_ULP = 1 << 2, /* a protocol on top of TCP (TLS) decides what can be read */
	WATCH_IDLE_UNBOUNDED = 1 << 3, /* idle for long, and nothing would ever notice a dead peer */
	WATCH_SHARED =
		1 << 4, /* no connection, and others wait for it too: other epoll instances, or accept and the like */
};

/* A watched descriptor; follows its instance_record. */
struct watch_record {
	struct record_header header;
	__u64 inode;
	__u64 unread_since_ns; /* since when looks have found these very bytes unread; 0: none are */
	__u32 pid;
	__s32 fd;
	__u32 events; /* epoll_event.events */
	__u32 flags; /* enum watch_flag */
	__u32 mode; /* of the inode */
	__u32 queue; /* of a listener: connections that lie in its accept queue */
	char name[24]; /* of an anonymous inode: "[eventfd]"; else empty */
};

_Static_assert(sizeof(struct watch_record) == 72, "watch_record");

#endif
