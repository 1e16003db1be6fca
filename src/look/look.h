/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A look: everything that was seen at one moment, as the bytes of its records and an index into them.
 * The probe or the recording reader fills `bytes`; look_index() checks every record and makes the
 * arrays. Reports read the arrays and change nothing.
 */
#ifndef SOCKSTALL_LOOK_LOOK_H
#define SOCKSTALL_LOOK_LOOK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "detail_record.h"
#include "event_record.h"
#include "held_record.h"
#include "lock_record.h"
#include "look_record.h"
#include "loop_record.h"
#include "owner_record.h"
#include "service_record.h"
#include "socket_record.h"
#include "thread_record.h"
#include "watch_record.h"

struct thread_view {
	const struct thread_record *thread;
	const struct socket_record *socket; /* of the descriptor it is in; or NULL */
	const struct loop_record *loop; /* with epoll; or NULL */
	const struct loop_record *loops; /* one for each interface; loop is among them */
	size_t loop_count;
	bool after_loop; /* a thread of its process that stands before it has counters */
	const struct detail_record *detail; /* or NULL */
};

struct watch_view {
	const struct instance_record *instance;
	const struct watch_record *watch;
	const struct socket_record *socket; /* that it leads to; or NULL */
};

struct held_view {
	const struct held_record *held;
	const struct socket_record *socket;
};

/* Arrays point into bytes: valid until bytes change or look_free(). */
struct look {
	struct buffer bytes;
	/* Whose look it is, by whoever fills bytes: */
	const char *host; /* NULL: not known */
	unsigned int host_at; /* its place in struct looks */
	bool with_others; /* looks of several hosts are reported on together */
	const struct look_record *head;
	struct {
		struct thread_view *items;
		size_t count;
	} threads; /* sorted by pid, then tid */
	struct {
		struct watch_view *items;
		size_t count;
	} watches; /* of one instance after the other */
	struct {
		struct held_view *items;
		size_t count;
	} held; /* sorted by cookie */
#define LOOK_ARRAY(type, name)             \
	struct {                           \
		const struct type **items; \
		size_t count;              \
	} name
	LOOK_ARRAY(socket_record, sockets); /* of the socket scan */
	LOOK_ARRAY(socket_record, connections); /* of the file scan, for chains */
	LOOK_ARRAY(request_record, requests);
	LOOK_ARRAY(listener_record, listeners);
	LOOK_ARRAY(service_record, services);
	LOOK_ARRAY(owner_record, owners); /* sorted by cookie, then pid, then fd */
	LOOK_ARRAY(owner_record, owners_by_inode); /* the same, by inode, then pid, then fd */
	LOOK_ARRAY(owner_record, pipe_readers); /* sorted like owners */
	LOOK_ARRAY(owner_record, pipe_writers);
	LOOK_ARRAY(epoll_record, epolls); /* sorted by pid, then fd */
	LOOK_ARRAY(instance_record, instances);
	LOOK_ARRAY(event_record, events);
	LOOK_ARRAY(process_record, processes); /* sorted by pid */
	LOOK_ARRAY(usage_record, usages); /* sorted by pid */
	LOOK_ARRAY(note_record, notes); /* sorted by tid, then kind */
	LOOK_ARRAY(lock_record, locks); /* sorted by tid: of each thread one */
	LOOK_ARRAY(netns_record, namespaces);
	LOOK_ARRAY(address_record, addresses);
	LOOK_ARRAY(translation_record, translations);
	LOOK_ARRAY(region_record, regions); /* of one process after the other, by address */
	LOOK_ARRAY(lost_record, lost);
	LOOK_ARRAY(unread_record, unread); /* processes that cannot be looked at */
#undef LOOK_ARRAY
};

/* The looks of several hosts at about the same moment, each at the place that it knows as host_at. */
struct looks {
	const struct look_step *items;
	size_t count;
};

struct look_step {
	const struct look *look; /* NULL: of this host there is none yet */
	const struct look *previous; /* the one before; or NULL */
	const struct look *chained; /* of several hosts: the last one with both ends of each wait; or NULL */
	bool is_old; /* the look was there at the step before, too */
};

/*
 * Indexes bytes. Returns 0, -ENOMEM, or -EBADMSG where the bytes are no look: a record of an unknown
 * type, a wrong size, text without an end, a part without its thread.
 */
int look_index(struct look *look);

/*
 * Adds records to a look that has been indexed, and indexes it again. The bytes that it had are the caller's: what
 * points into them stays valid until *before is freed. Returns 0 or a negative errno.
 */
int look_extend(struct look *look, const struct buffer *records, struct buffer *before);

/* Forgets the contents, keeps the memory for the next look. */
void look_reset(struct look *look);
void look_free(struct look *look);

/* The thread, or NULL. */
const struct thread_view *look_thread(const struct look *look, __u32 pid, __u32 tid);

/* The thread's counters of this interface (enum loop_interface), or NULL. */
const struct loop_record *look_loop(const struct thread_view *view, __u32 interface);

/* The first epoll instance of a process; *count is how many follow it, itself included. */
const struct epoll_record *const *look_epolls(const struct look *look, __u32 pid, size_t *count);

/* The first owner of the socket with this cookie; *count is how many follow it, itself included. */
const struct owner_record *const *look_owners(const struct look *look, __u64 cookie, size_t *count);

/* The processes that hold the write ends (or the read ends) of the pipe with this number; likewise. */
const struct owner_record *const *look_pipe_ends(const struct look *look, __u64 number, bool writers, size_t *count);

/* The owners of the socket with this inode, likewise. */
const struct owner_record *const *look_owners_of_inode(const struct look *look, __u64 inode, size_t *count);

/* An owner of the socket with this inode; pid 1 only if there is no other. Or NULL. */
const struct owner_record *look_owner_of_inode(const struct look *look, __u64 inode);

/* The name that `ip netns` has for the network namespace with this inode, or NULL. */
const char *look_netns_name(const struct look *look, __u32 netns);

/* True if the look left out its sockets this time. */
bool look_is_put_off(const struct look *look, __u32 netns);

/* Where the process runs, or NULL where it is not known. */
const struct process_record *look_process(const struct look *look, __u32 pid);

/* Its cgroup path; likewise. */
const char *look_cgroup(const struct look *look, __u32 pid);

/* The name of its container; likewise. */
const char *look_process_name(const struct look *look, __u32 pid, enum process_name name);

/* Descriptors, threads and runtime of a process with loops, or NULL. */
const struct usage_record *look_usage(const struct look *look, __u32 pid);

/* A note about a thread (enum note_kind), raw; or NULL. */
const char *look_note(const struct look *look, __u32 tid, __u32 kind);

/* The lock that the thread sleeps in, or NULL: it sleeps in none, or nothing of it was read. */
const struct lock_record *look_lock(const struct look *look, __u32 tid);

/* The record of a process whose reads do not come back; NULL: it is none of these. */
const struct unread_record *look_unread(const struct look *look, __u32 pid);

/* The connection that may be stuck, by its cookie, or NULL. */
const struct held_view *look_held(const struct look *look, __u64 cookie);

/* By their addresses and ports these two are the ends of one connection. */
bool look_is_other_end(const struct socket_name *a, const struct socket_name *b);

/* True if the other end of this connection is on this machine, and what came there has lain unread. */
bool look_is_unread_there(const struct look *look, const struct socket_name *name);

/*
 * The 16 bytes of the name of a process that has a thread in the look, or of which reads do not come back; else NULL.
 */
const char *look_process_comm(const struct look *look, __u32 pid);

/* A comm as text: the kernel's 16 bytes (a recording's may lack the NUL), raw otherwise. Never NULL. */
const char *look_comm(struct arena *arena, const char comm[16]);

/* The size of a record's fixed part, header included; 0 for a type that does not exist. */
size_t look_record_size(__u32 type);

/* CLOCK_MONOTONIC to CLOCK_REALTIME, by this look's pair of clocks. 0 (not known) stays 0. */
__u64 look_realtime(const struct look *look, __u64 monotonic_ns);

/* The syscall that the thread is in; NULL: none, or not known. Lives as long as the look. */
static inline const char *look_syscall(const struct thread_record *thread)
{
	return thread->syscall_name[0] ? thread->syscall_name : NULL;
}

/* When this sleeping thread fell asleep, on CLOCK_MONOTONIC; 0 where the kernel does not tell. */
__u64 look_asleep_since(const struct look *look, const struct thread_record *thread);

#endif
