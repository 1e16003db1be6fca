/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every piece of a look, from the kernel or from sockstall itself, is a record: a header and a
 * fixed body (RECORD_PROCESS, RECORD_REGION, RECORD_NOTE and RECORD_LOCK end in text). Records follow each other in a
 * byte stream, each a multiple of 8 bytes long. The same bytes are what a recording holds.
 *
 * Times ending in _ns are nanoseconds on CLOCK_MONOTONIC unless the comment says otherwise; 0 means
 * "not known". Integers are in host order, ports too; addresses are in network order and IPv4 is
 * always kept as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2).
 *
 * A change of a record costs this: old recordings must replay in every later version (src/history/adapt.h). So
 * - a member is added at the end, and 0 in it means "not known", or a flag bit says that it is known;
 * - no member is removed, moved or given another meaning; one that is no longer used keeps its place;
 * - a new type goes before RECORD_TYPES; its size is a multiple of 8; it ends in text only if it is listed in adapt.c;
 * - tests/recordings has recordings of each release: make one of the new version when it is released.
 */
#ifndef SOCKSTALL_RECORD_H
#define SOCKSTALL_RECORD_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum record_type {
	RECORD_LOOK = 1, /* opens a look */
	RECORD_THREAD, /* a thread; its RECORD_SOCKET, RECORD_LOOP and RECORD_DETAIL follow it where its flags say so */
	RECORD_SOCKET, /* a socket: of the thread before it, or found by the socket scan */
	RECORD_REQUEST, /* a half-open connection of a listener (TCP_NEW_SYN_RECV) */
	RECORD_LISTENER,
	RECORD_LOOP, /* what a thread did with epoll since sockstall attached */
	RECORD_OWNER, /* a process that holds a socket open */
	RECORD_EPOLL, /* an epoll instance and a process that holds it open */
	RECORD_EVENT, /* something a tracepoint saw since the look before */
	RECORD_PROCESS, /* where a process runs: its cgroup */
	RECORD_NETNS, /* a network namespace, and its name */
	RECORD_USAGE, /* what a process with a loop is, and how much it has open */
	RECORD_NOTE, /* a text about a thread */
	RECORD_DETAIL, /* more of the thread before it: where its stack is, what it shares */
	RECORD_REGION, /* a piece of a process's address space */
	RECORD_INSTANCE, /* an epoll instance that was read; its RECORD_WATCHes follow it */
	RECORD_WATCH, /* a descriptor that it watches; its RECORD_SOCKET follows where its flags say so */
	RECORD_ADDRESS, /* of a network namespace */
	RECORD_TRANSLATION, /* a connection whose addresses conntrack translates */
	RECORD_LOST, /* what this look could not bring along */
	RECORD_PIPE_READER, /* a process that holds an end of a pipe open; an owner_record */
	RECORD_PIPE_WRITER,
	RECORD_UNREAD, /* a process of which reads do not come back */
	RECORD_HELD, /* a connection that may be stuck; its RECORD_SOCKET follows */
	RECORD_SERVICE, /* what the connections of a listener come to */
	RECORD_LOCK, /* a lock that a thread sleeps in, and who has it */
	RECORD_TYPES,
};

struct record_header {
	__u32 type;
	__u32 size; /* of the whole record, header included */
};

_Static_assert(sizeof(struct record_header) == 8, "record_header");

#endif
