/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/watch_facts.h"

#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "look/timers.h"
#include "system/address.h"
#include "system/tcp_states.h"

static const struct {
	__u32 bit;
	const char *name;
} flags[] = {
	{WATCH_IN, " in"},
	{WATCH_OUT, " out"},
	{WATCH_RDHUP, " rdhup"},
	{WATCH_PRI, " pri"},
	{1u << 6, " rdnorm"},
	{1u << 7, " rdband"},
	{1u << 8, " wrnorm"},
	{1u << 9, " wrband"},
	{1u << 10, " msg"},
	{WATCH_EDGE, " et"},
	{WATCH_ONESHOT, " oneshot"},
	{1u << 29, " wakeup"},
	{WATCH_EXCLUSIVE, " exclusive"},
};

const char *watch_events(struct arena *arena, __u32 events)
{
	char text[128] = "";
	size_t i, used = 0;

	for (i = 0; i < COUNT_OF(flags); i++) {
		if (!(events & flags[i].bit))
			continue;
		memcpy(text + used, flags[i].name, strlen(flags[i].name) + 1);
		used += strlen(flags[i].name);
	}
	return arena_printf(arena, "%s", used ? text + 1 : "");
}

static const char *socket_kind_name(const struct socket_record *socket)
{
	switch (socket->name.kind) {
	case SOCKET_KIND_TCP:
		return socket->name.state == STATE_LISTEN ? "listener" : "tcp";
	case SOCKET_KIND_UDP:
		return "udp";
	case SOCKET_KIND_UNIX:
		return "unix";
	}
	return "socket";
}

/* Names of anonymous inodes, as the kernel gives them. */
static const struct {
	const char *name, *kind;
} anonymous[] = {
	{"[eventfd]", "eventfd"},	{"[timerfd]", "timerfd"},   {"[signalfd]", "signalfd"},
	{"inotify", "inotify"},		{"[eventpoll]", "epoll"},   {"[fanotify]", "fanotify"},
	{"[pidfd]", "pidfd"},		{"[io_uring]", "io_uring"}, {"[userfaultfd]", "userfaultfd"},
	{"[perf_event]", "perf_event"},
};

const char *watch_kind(const struct watch_record *watch, const struct socket_record *socket)
{
	size_t i;

	if (!(watch->flags & WATCH_FOUND))
		return NULL;
	if (socket)
		return socket_kind_name(socket);
	for (i = 0; i < COUNT_OF(anonymous); i++) {
		if (!strcmp(watch->name, anonymous[i].name))
			return anonymous[i].kind;
	}
	if (S_ISSOCK(watch->mode))
		return "socket";
	if (S_ISFIFO(watch->mode))
		return "pipe";
	return S_ISCHR(watch->mode) ? "device" : "file";
}

static bool is_connection(const struct socket_record *socket)
{
	return socket && socket->name.kind == SOCKET_KIND_TCP && socket->name.state != STATE_LISTEN;
}

enum watch_role watch_role(const struct watch_record *watch, const struct socket_record *socket)
{
	static const char *const helpers[] = {"eventfd", "signalfd", "timerfd", "pidfd", "pipe"};
	const char *kind = watch_kind(watch, socket);
	size_t i;

	if (is_connection(socket))
		return WATCH_CONNECTION;
	if (socket && socket->name.kind == SOCKET_KIND_UNIX && socket->name.state == STATE_ESTABLISHED)
		return WATCH_CONNECTION;
	for (i = 0; kind && i < COUNT_OF(helpers); i++) {
		if (!strcmp(kind, helpers[i]))
			return WATCH_HELPER;
	}
	return WATCH_UNKNOWN;
}

static bool is_listener(const struct socket_record *socket)
{
	return socket && socket->name.state == STATE_LISTEN;
}

/* Less than SO_RCVLOWAT is not told, and what lies in a record that is not whole cannot be read. */
__u32 watch_unread(const struct watch_record *watch, const struct socket_record *socket)
{
	if (is_listener(socket))
		return watch->queue;
	if (!is_connection(socket) || watch->flags & WATCH_ULP || socket->unread_bytes < socket->rcvlowat)
		return 0;
	return socket->unread_bytes;
}

/*
 * A one-shot watch that has fired is off: its mask has no event left, and some thread handles the event. A peer's close
 * was reported by an event of its own. A program that watches both ways at once, edge-triggered, calls epoll_ctl once
 * per connection and remembers what is ready (.NET, gRPC, nginx): it leaves data unread until it wants it. If others
 * watch a listener, too, one of them got the event.
 */
bool watch_is_missed(const struct watch_record *watch, const struct socket_record *socket)
{
	return socket && (socket->name.state == STATE_ESTABLISHED || is_listener(socket)) &&
	       watch->events & WATCH_EDGE && watch->events & WATCH_IN && !(watch->events & WATCH_OUT) &&
	       !(watch->flags & WATCH_SHARED) && watch_unread(watch, socket);
}

__u64 watch_missed_since(const struct watch_record *watch, const struct socket_record *socket)
{
	return is_listener(socket) ? watch->unread_since_ns : socket->last_received_ns;
}

#define RCV_SHUTDOWN  1 /* socket_record's shutdown: include/net/sock.h */
#define BOTH_SHUTDOWN 3

/* EPOLLHUP and EPOLLERR come whatever the mask says. */
static const char *connection_repeats(const struct watch_record *watch, const struct socket_record *socket)
{
	if (socket->name.state == STATE_CLOSE || socket->shutdown == BOTH_SHUTDOWN)
		return "it has been hung up";
	if (socket->sk_err)
		return "its error is not taken";
	if (watch->events & (WATCH_IN | WATCH_RDHUP) && socket->shutdown & RCV_SHUTDOWN)
		return "it is at its end of file";
	/* Reads and writes of other sockets are not counted. */
	if (!is_connection(socket))
		return NULL;
	if (watch->events & WATCH_IN && socket->unread_bytes)
		return "its data is not read";
	return watch->events & WATCH_OUT ? "it can be written to, and nothing is" : NULL;
}

const char *watch_repeats(const struct watch_record *watch, const struct socket_record *socket)
{
	static const char *const read_by_read[] = {"eventfd", "timerfd", "signalfd", "inotify", "pipe", "pidfd"};
	const char *kind = watch_kind(watch, socket);
	size_t i;

	if (watch->events & (WATCH_EDGE | WATCH_ONESHOT))
		return NULL;
	if (socket)
		return watch_role(watch, socket) == WATCH_CONNECTION || socket->name.state == STATE_CLOSE
			       ? connection_repeats(watch, socket)
			       : NULL;
	for (i = 0; kind && i < COUNT_OF(read_by_read); i++)
		if (!strcmp(kind, read_by_read[i]))
			return "it is not read";
	return NULL;
}

__u64 watch_idle_ns(const struct socket_record *socket)
{
	__u64 last = socket->last_received_ns;

	if (socket->last_sent_ns > last)
		last = socket->last_sent_ns;
	return socket->seen_ns > last ? socket->seen_ns - last : 0;
}

__u64 watch_ends(const struct socket_record *socket, __u64 tick_ns)
{
	struct socket_record copy = *socket;

	copy.rcvtimeo_ns = 0; /* ends a read, not a wait for events */
	return timers_read_ends(&copy, 0, tick_ns).at_ns;
}

bool watch_is_idle_unbounded(const struct socket_record *socket, __u64 tick_ns, __u64 long_idle_ns)
{
	return is_connection(socket) && socket->name.state == STATE_ESTABLISHED &&
	       !address_peer_is_here(&socket->name) && watch_idle_ns(socket) >= long_idle_ns &&
	       watch_ends(socket, tick_ns) == TIMERS_NEVER;
}
