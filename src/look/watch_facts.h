/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Facts about a watched descriptor. Pure. `socket` is the socket behind it, or NULL. */
#ifndef SOCKSTALL_LOOK_WATCH_FACTS_H
#define SOCKSTALL_LOOK_WATCH_FACTS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "socket_record.h"
#include "watch_record.h"

/* A TCP connection is idle for long, where nothing else was asked for, after this. */
#define LONG_IDLE_NS 300000000000ULL

/* Flags of epoll_event.events (linux/eventpoll.h). */
#define WATCH_IN	0x1u
#define WATCH_PRI	0x2u
#define WATCH_OUT	0x4u
#define WATCH_RDHUP	0x2000u
#define WATCH_EXCLUSIVE (1u << 28)
#define WATCH_ONESHOT	(1u << 30)
#define WATCH_EDGE	(1u << 31)

/* "in out rdhup et": as epoll_ctl(2) names them; err and hup are always on and not told. */
const char *watch_events(struct arena *arena, __u32 events);

/* "tcp", "listener", "eventfd", …: constant text. NULL: not known. */
const char *watch_kind(const struct watch_record *watch, const struct socket_record *socket);

/* The role of a watch for its loop. */
enum watch_role {
	WATCH_UNKNOWN, /* it may bring work from outside: a listener, say, or another epoll instance */
	WATCH_CONNECTION,
	WATCH_HELPER, /* beside a connection: a latch, a signal, a timer, the end of a parent */
	WATCH_ROLES,
};

enum watch_role watch_role(const struct watch_record *watch, const struct socket_record *socket);

/* Bytes that a read, or connections that accept, would return at once; 0 where there are none or it is not known. */
__u32 watch_unread(const struct watch_record *watch, const struct socket_record *socket);

/* It was told once of what is there, and is not told again: edge-triggered, armed for input, and unread. */
bool watch_is_missed(const struct watch_record *watch, const struct socket_record *socket);

/*
 * Since when what was missed has lain there, as far as it is known: the last data of a connection came then;
 * connections of a listener have been seen since then.
 */
__u64 watch_missed_since(const struct watch_record *watch, const struct socket_record *socket);

/*
 * The condition that a level-triggered watch reports again and again until its loop does something: "it is not read",
 * …; constant text. NULL: none, or nothing shows whether the loop acts: listeners, datagrams, and files that leave no
 * trace.
 */
const char *watch_repeats(const struct watch_record *watch, const struct socket_record *socket);

/* How long neither end has been heard. */
__u64 watch_idle_ns(const struct socket_record *socket);

/* When the kernel itself would end the connection if the peer were gone; TIMERS_NEVER where nothing would. */
__u64 watch_ends(const struct socket_record *socket, __u64 tick_ns);

/* An established connection to another machine, idle for longer than this, that nothing would ever end. */
bool watch_is_idle_unbounded(const struct socket_record *socket, __u64 tick_ns, __u64 long_idle_ns);

#endif
