/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Looks built in C, for tests. Records stay where they are until look_finish(), so that a test may
 * keep the pointers and fill in what it is about; everything else has a sane default:
 *
 *	struct look_builder builder;
 *	struct look look = {0};
 *	struct socket_record *socket;
 *
 *	look_begin(&builder, 100 * SECOND);
 *	look_add_sleeping(&builder, 10, 11, "reader", 60 * SECOND);
 *	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, TCP_ESTABLISHED);
 *	look_connect(&socket->name, "10.0.0.1", 4000, "10.0.0.2", 80);
 *	look_finish(&builder, &look);
 *	…
 *	look_free(&look);
 *
 * look_finish() gives the builder's memory back; what the look holds are copies.
 */
#ifndef SOCKSTALL_MAKE_LOOK_H
#define SOCKSTALL_MAKE_LOOK_H

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "look/look.h"
#include "system/syscalls.h"

#define MILLISECOND 1000000ULL
#define SECOND	    1000000000ULL

/* CLOCK_REALTIME minus CLOCK_MONOTONIC in every built look. 2026-01-01T00:00:00Z was MONOTONIC 0. */
#define LOOK_REALTIME_OFFSET (1767225600ULL * SECOND)
#define LOOK_NETNS	     4026531840u

struct look_builder {
	struct record_header **records;
	size_t count;
	__u64 seen_ns;
	struct thread_record *thread; /* the last one */
};

/* As much of the text as fits, with a NUL behind it; `to` is zeroed. */
static inline void look_copy_text(char *to, size_t size, const char *text)
{
	memcpy(to, text, strnlen(text, size - 1));
}

/* A zeroed record, `extra` bytes longer than its fixed part. */
static inline void *look_add(struct look_builder *builder, enum record_type type, size_t extra)
{
	size_t size = look_record_size(type) + extra;
	struct record_header *header = calloc(1, size);

	if (!(builder->count & (builder->count - 1))) /* doubles: a test may make a hundred thousand */
		builder->records = reallocarray(builder->records, 2 * builder->count + 1, sizeof(*builder->records));
	assert(header && builder->records);
	header->type = type;
	header->size = size;
	builder->records[builder->count++] = header;
	return header;
}

/* seen_ns is on CLOCK_MONOTONIC. The look before was one second earlier; the scheduler's clock is MONOTONIC. */
static inline struct look_record *look_begin(struct look_builder *builder, __u64 seen_ns)
{
	struct look_record *head;

	*builder = (struct look_builder){.seen_ns = seen_ns};
	head = look_add(builder, RECORD_LOOK, 0);
	head->number = 1;
	head->seen_ns = seen_ns;
	head->realtime_ns = LOOK_REALTIME_OFFSET + seen_ns;
	head->boottime_ns = seen_ns;
	head->previous_ns = seen_ns > SECOND ? seen_ns - SECOND : 0;
	head->tick_ns = 4 * MILLISECOND;
	head->interval_ns = SECOND;
	head->sched_offset_valid = 1;
	head->long_idle_ns = 300 * SECOND;
	head->namespaces = 1;
	return head;
}

/* A thread in user space, in no syscall. tid == pid makes a thread group's leader. */
static inline struct thread_record *look_add_thread(struct look_builder *builder, __u32 pid, __u32 tid,
						    const char *comm)
{
	struct thread_record *thread = look_add(builder, RECORD_THREAD, 0);

	thread->pid = pid;
	thread->tid = tid;
	thread->start_ns = thread->process_start_ns = 1 * SECOND;
	thread->seen_ns = builder->seen_ns;
	thread->syscall = thread->fd = -1;
	thread->threads = 1;
	thread->netns = LOOK_NETNS;
	look_copy_text(thread->comm, sizeof(thread->comm), comm);
	look_copy_text(thread->process_comm, sizeof(thread->process_comm), comm);
	builder->thread = thread;
	return thread;
}

/* A thread asleep since then (CLOCK_MONOTONIC; it then ran for no time at all). */
static inline struct thread_record *look_add_sleeping(struct look_builder *builder, __u32 pid, __u32 tid,
						      const char *comm, __u64 asleep_since_ns)
{
	struct thread_record *thread = look_add_thread(builder, pid, tid, comm);

	thread->flags = THREAD_SLEEPING | THREAD_FAIR;
	thread->state = 1; /* TASK_INTERRUPTIBLE */
	thread->last_arrival = asleep_since_ns;
	return thread;
}

/* "10.0.0.1" or "2001:db8::1" as the 16 bytes that records hold. */
static inline void look_address(__u8 address[16], const char *text)
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
	int ok;

	if (strchr(text, ':')) {
		ok = inet_pton(AF_INET6, text, address);
	} else {
		memcpy(address, mapped, sizeof(mapped));
		ok = inet_pton(AF_INET, text, address + sizeof(mapped));
	}
	assert(ok == 1);
	(void)ok;
}

/* Both ends, and the family that goes with them. */
static inline void look_connect(struct socket_name *name, const char *local, __u16 local_port, const char *peer,
				__u16 peer_port)
{
	name->family = strchr(local, ':') ? AF_INET6 : AF_INET;
	look_address(name->local_addr, local);
	look_address(name->peer_addr, peer);
	name->local_port = local_port;
	name->peer_port = peer_port;
}

/* Cookies count up from 1001 in the order of the records; so do inodes, from 5001. */
static inline void look_name(struct look_builder *builder, struct socket_name *name, enum socket_kind kind, __u8 state)
{
	name->cookie = 1000 + builder->count;
	name->inode = 5000 + builder->count;
	name->netns = LOOK_NETNS;
	name->kind = kind;
	name->state = state;
	if (kind == SOCKET_KIND_UNIX || kind == SOCKET_KIND_PIPE)
		name->family = kind == SOCKET_KIND_UNIX ? AF_UNIX : AF_UNSPEC;
	else
		look_connect(name, "10.0.0.1", 4000, "10.0.0.2", 80);
}

/* A socket as the socket scan finds it; Linux's default limits. */
static inline struct socket_record *look_add_socket(struct look_builder *builder, enum socket_kind kind, __u8 state)
{
	struct socket_record *socket = look_add(builder, RECORD_SOCKET, 0);

	look_name(builder, &socket->name, kind, state);
	socket->seen_ns = builder->seen_ns;
	socket->flags = SOCKET_ACCEPTED;
	socket->rto_ns = 200 * MILLISECOND;
	socket->rto_max_ns = 120 * SECOND;
	socket->keepalive_time_ns = 7200 * SECOND;
	socket->keepalive_intvl_ns = 75 * SECOND;
	socket->keepalive_probes = 9;
	socket->retries2 = 15;
	socket->syn_retries = 6;
	socket->rcvlowat = 1;
	return socket;
}

/* The socket that the thread just added is in. Must come right behind it. */
static inline struct socket_record *look_add_thread_socket(struct look_builder *builder, enum socket_kind kind,
							   __u8 state)
{
	assert(builder->records[builder->count - 1] == &builder->thread->header);
	builder->thread->flags |= THREAD_HAS_SOCKET;
	if (builder->thread->fd < 0)
		builder->thread->fd = 3;
	return look_add_socket(builder, kind, state);
}

/* Counters of the thread just added; they come behind its socket, if it has one, in the order of the enum. */
static inline struct loop_record *look_add_loop_of(struct look_builder *builder, enum loop_interface interface)
{
	struct loop_record *loop = look_add(builder, RECORD_LOOP, 0);

	builder->thread->loops++;
	loop->interface = interface;
	loop->epoll_fd = -1;
	loop->timeout_ns = LOOP_TIMEOUT_INFINITE;
	return loop;
}

static inline struct loop_record *look_add_loop(struct look_builder *builder)
{
	struct loop_record *loop = look_add_loop_of(builder, LOOP_EPOLL);

	loop->epoll_fd = 4;
	loop->max_events = 64;
	return loop;
}

/* More of the thread just added; comes behind its socket and its loop. */
static inline struct detail_record *look_add_detail(struct look_builder *builder)
{
	struct detail_record *detail = look_add(builder, RECORD_DETAIL, 0);

	builder->thread->flags |= THREAD_HAS_DETAIL;
	return detail;
}

static inline struct region_record *look_add_region(struct look_builder *builder, __u32 pid, __u64 start, __u64 end,
						    const char *permissions, const char *name)
{
	size_t length = strlen(name);
	struct region_record *region = look_add(builder, RECORD_REGION, (length / 8 + 1) * 8);

	region->process_start_ns = 1 * SECOND;
	region->pid = pid;
	region->start = start;
	region->end = end;
	region->inode = name[0] == '/' ? length : 0;
	look_copy_text(region->permissions, sizeof(region->permissions), permissions);
	region->name_length = length;
	memcpy(region->name, name, length);
	return region;
}

/* An epoll instance that was read; its watches must come right behind it. */
static inline struct instance_record *look_add_instance(struct look_builder *builder, __u32 pid, __s32 fd)
{
	struct instance_record *instance = look_add(builder, RECORD_INSTANCE, 0);

	instance->process_start_ns = 1 * SECOND;
	instance->seen_ns = builder->seen_ns;
	instance->pid = pid;
	instance->fd = fd;
	instance->flags = INSTANCE_SCANNED;
	return instance;
}

/* An edge-triggered watch for input. */
static inline struct watch_record *look_add_watch(struct look_builder *builder, struct instance_record *instance,
						  __s32 fd)
{
	struct watch_record *watch = look_add(builder, RECORD_WATCH, 0);

	watch->pid = instance->pid;
	watch->fd = fd;
	watch->flags = WATCH_FOUND;
	watch->events = 0x80000019;
	instance->listed++;
	instance->watches++;
	instance->edge++;
	return watch;
}

/* What the watch just added leads to. */
static inline struct socket_record *look_add_watch_socket(struct look_builder *builder, struct watch_record *watch,
							  enum socket_kind kind, __u8 state)
{
	watch->flags |= WATCH_HAS_SOCKET;
	watch->mode = 0140000; /* S_IFSOCK */
	return look_add_socket(builder, kind, state);
}

/* A connection that may be stuck, watched by an epoll instance; its socket follows. */
static inline struct held_record *look_add_held(struct look_builder *builder, struct socket_record **socket)
{
	struct held_record *held = look_add(builder, RECORD_HELD, 0);

	held->flags = HELD_WAITED | HELD_EPOLL;
	*socket = look_add_socket(builder, SOCKET_KIND_TCP, 1 /* TCP_ESTABLISHED */);
	(*socket)->flags |= SOCKET_ACCEPTED;
	return held;
}

static inline struct listener_record *look_add_listener(struct look_builder *builder, const char *local, __u16 port)
{
	struct listener_record *listener = look_add(builder, RECORD_LISTENER, 0);

	look_name(builder, &listener->name, SOCKET_KIND_TCP, 10 /* TCP_LISTEN */);
	look_connect(&listener->name, local, port, strchr(local, ':') ? "::" : "0.0.0.0", 0);
	listener->seen_ns = builder->seen_ns;
	listener->accept_queue_max = 128;
	listener->synack_retries = 5;
	listener->somaxconn = 4096;
	listener->max_syn_backlog = 512;
	listener->syncookies = 1;
	return listener;
}

/* Half-open at this listener, since the first SYN-ACK. */
static inline struct request_record *look_add_request(struct look_builder *builder,
						      const struct listener_record *listener, const char *peer,
						      __u16 peer_port, __u64 first_synack_ns)
{
	struct request_record *request = look_add(builder, RECORD_REQUEST, 0);

	look_name(builder, &request->name, SOCKET_KIND_TCP, 12 /* TCP_NEW_SYN_RECV */);
	request->name.inode = 0;
	request->name.netns = listener->name.netns;
	request->name.family = listener->name.family;
	memcpy(request->name.local_addr, listener->name.local_addr, sizeof(request->name.local_addr));
	request->name.local_port = listener->name.local_port;
	look_address(request->name.peer_addr, peer);
	request->name.peer_port = peer_port;
	request->listener_cookie = listener->name.cookie;
	request->seen_ns = builder->seen_ns;
	request->first_synack_ns = first_synack_ns;
	request->timeout_ns = SECOND;
	request->rto_max_ns = 120 * SECOND;
	request->synack_retries = listener->synack_retries;
	request->defer_accept = listener->defer_accept;
	return request;
}

static inline struct owner_record *look_add_owner(struct look_builder *builder, const struct socket_name *name,
						  __u32 pid, __s32 fd, const char *comm)
{
	struct owner_record *owner = look_add(builder, RECORD_OWNER, 0);

	owner->cookie = name->cookie;
	owner->inode = name->inode;
	owner->process_start_ns = 1 * SECOND;
	owner->pid = pid;
	owner->fd = fd;
	look_copy_text(owner->comm, sizeof(owner->comm), comm);
	return owner;
}

static inline struct epoll_record *look_add_epoll(struct look_builder *builder, __u32 pid, __s32 fd)
{
	struct epoll_record *epoll = look_add(builder, RECORD_EPOLL, 0);

	epoll->seen_ns = builder->seen_ns;
	epoll->process_start_ns = 1 * SECOND;
	epoll->pid = pid;
	epoll->fd = fd;
	return epoll;
}

/* About this socket; its cookie and addresses are copied. */
static inline struct event_record *look_add_event(struct look_builder *builder, enum event_kind kind,
						  const struct socket_name *name)
{
	struct event_record *event = look_add(builder, RECORD_EVENT, 0);

	event->seen_ns = builder->seen_ns;
	event->name = *name;
	event->kind = kind;
	return event;
}

static inline struct process_record *look_add_process(struct look_builder *builder, __u32 pid, const char *cgroup)
{
	size_t length = strlen(cgroup);
	struct process_record *process = look_add(builder, RECORD_PROCESS, (length / 8 + 1) * 8);

	process->process_start_ns = 1 * SECOND;
	process->pid = pid;
	process->cgroup_length = length;
	memcpy(process->cgroup, cgroup, length);
	return process;
}

static inline struct note_record *look_add_note(struct look_builder *builder, __u32 tid, enum note_kind kind,
						const char *text)
{
	size_t length = strlen(text);
	struct note_record *note = look_add(builder, RECORD_NOTE, (length / 8 + 1) * 8);

	note->pid = note->tid = tid;
	note->kind = kind;
	note->length = length;
	memcpy(note->text, text, length);
	return note;
}

/* 10 descriptors open, the highest of them 11, of 1024. */
static inline struct usage_record *look_add_usage(struct look_builder *builder, __u32 pid, const char *runtime)
{
	struct usage_record *usage = look_add(builder, RECORD_USAGE, 0);

	usage->process_start_ns = 1 * SECOND;
	usage->pid = pid;
	usage->threads = 1;
	usage->fd_limit = 1024;
	usage->open_fds = 10;
	usage->highest_fd = 11;
	usage->user_watches = -1;
	usage->sockets = 4;
	look_copy_text(usage->runtime, sizeof(usage->runtime), runtime);
	return usage;
}

static inline struct netns_record *look_add_netns(struct look_builder *builder, __u32 netns, const char *name)
{
	struct netns_record *record = look_add(builder, RECORD_NETNS, 0);

	record->netns = netns;
	look_copy_text(record->name, sizeof(record->name), name);
	return record;
}

static inline struct lost_record *look_add_lost(struct look_builder *builder, enum lost_where where, __u64 count)
{
	struct lost_record *lost = look_add(builder, RECORD_LOST, 0);

	lost->where = where;
	lost->count = count;
	return lost;
}

/* Puts all records into the look (empty or used before) and gives the builder's memory back; not indexed. */
static inline void look_finish_bytes(struct look_builder *builder, struct look *look)
{
	size_t i;

	look_reset(look);
	for (i = 0; i < builder->count; i++) {
		int err;

		if (builder->records[i]->type == RECORD_THREAD)
			syscall_describe((void *)builder->records[i]);
		err = buffer_append(&look->bytes, builder->records[i], builder->records[i]->size);

		assert(!err);
		(void)err;
		free(builder->records[i]);
	}
	free(builder->records);
	*builder = (struct look_builder){0};
}

/* The same, and indexes the look, which must be a valid one. */
static inline void look_finish(struct look_builder *builder, struct look *look)
{
	int err;

	look_finish_bytes(builder, look);
	err = look_index(look);
	assert(!err);
	(void)err;
}

#endif
