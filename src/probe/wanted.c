/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Collects what a look needs to know about owners, from its records. See owners.h. */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "look/loop_rates.h"
#include "look/records.h"
#include "look/unserved_dates.h"
#include "probe/load/load.h"
#include "probe/owners.h"
#include "system/address.h"
#include "system/tcp_states.h"

/* A reader must be asleep this long before the walk is worth its socket's cookie. */
#define COOKIE_MIN_AGE_NS NS_PER_S

int wanted_cookie(struct wanted *wanted, __u64 cookie)
{
	return cookie ? buffer_append(&wanted->cookies, &cookie, sizeof(cookie)) : 0;
}

/* Has the walk look for the key. Where there is no more room it goes without an owner, which is counted. */
static bool mark(struct probe *probe, const struct bpf_map *map, const void *key, const void *value)
{
	if (!bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		return true;
	probe->losses.count[LOST_OWNERS]++;
	return false;
}

static bool mark_socket(struct probe *probe, struct wanted *wanted, __u64 inode, __u32 netns)
{
	if (!mark(probe, probe->attached.skeleton->maps.wanted_sockets, &inode, &netns))
		return false;
	wanted->marked++;
	return true;
}

/* A socket that is not found by its state, as those in a handshake are. */
static int want_owner(struct probe *probe, struct wanted *wanted, const struct socket_record *socket)
{
	if (!socket->name.inode || !mark_socket(probe, wanted, socket->name.inode, socket->name.netns))
		return 0;
	return wanted_cookie(wanted, socket->name.cookie);
}

/* The inode of a unix socket, or of its other end: both are in one network namespace, whoever holds them. */
static int want_inode(struct probe *probe, struct wanted *wanted, __u64 inode, __u32 netns)
{
	if (!inode || !mark_socket(probe, wanted, inode, netns))
		return 0;
	return buffer_append(&wanted->inodes, &inode, sizeof(inode));
}

static int want_pipe(struct wanted *wanted, const struct socket_name *name, __u64 number)
{
	struct wanted_pipe pipe = {.inode = name->inode, .number = number};

	return buffer_append(&wanted->pipes, &pipe, sizeof(pipe));
}

/* Has the walk bring the other end too, if it is on this machine. */
static void want_peer(struct probe *probe, const struct socket_name *name)
{
	struct peer_key key = {.local_port = name->peer_port, .peer_port = name->local_port};
	__u8 yes = 1;

	memcpy(key.local_addr, name->peer_addr, sizeof(key.local_addr));
	memcpy(key.peer_addr, name->local_addr, sizeof(key.peer_addr));
	if (bpf_map_update_elem(bpf_map__fd(probe->attached.skeleton->maps.wanted_peers), &key, &yes, BPF_ANY))
		probe->losses.count[LOST_OWNERS] += probe_is_about_chains(probe);
}

/*
 * The owner of a local service that has not answered this thread is wanted: some services answer only when there is
 * news.
 */
static int note_asked(struct wanted *wanted, const struct thread_record *thread, const struct socket_record *socket)
{
	__u16 port = socket->name.peer_port;

	if (thread->syscall_kind != SYSCALL_READS || socket->name.kind != SOCKET_KIND_TCP || !socket->bytes_sent ||
	    !address_peer_is_here(&socket->name))
		return 0;
	return buffer_append(&wanted->asked, &port, sizeof(port));
}

/* On whatever address it listens: that is for the rules. */
static bool is_asked(const struct wanted *wanted, const struct service_record *service)
{
	const __u16 *ports = (const void *)wanted->asked.data;
	size_t i, count = wanted->asked.size / sizeof(*ports);

	for (i = 0; i < count; i++)
		if (ports[i] == service->name.local_port)
			return true;
	return false;
}

static int want_reader(struct probe *probe, struct wanted *wanted, const struct thread_record *thread,
		       const struct socket_record *socket)
{
	__u64 asleep = thread->last_arrival + (__u64)probe->clock.offset_ns;
	int err = 0;

	if (socket->name.kind == SOCKET_KIND_UNIX)
		err = want_inode(probe, wanted, socket->peer_inode, socket->name.netns);

	if (probe->use_chains && socket->name.kind == SOCKET_KIND_TCP)
		want_peer(probe, &socket->name);
	if (!err && socket->name.kind == SOCKET_KIND_PIPE && socket->peer_inode)
		err = want_pipe(wanted, &socket->name, socket->peer_inode);
	/* It got no number: the thread scan had no more room to note it in. */
	if (probe_is_about_chains(probe) && socket->name.kind == SOCKET_KIND_PIPE && !socket->peer_inode)
		probe->losses.count[LOST_OWNERS]++;
	/* Other processes that could write to it. */
	if (!err && probe->use_chains && socket->name.kind == SOCKET_KIND_UNIX)
		err = want_inode(probe, wanted, socket->name.inode, socket->name.netns);

	if (!err && asleep + COOKIE_MIN_AGE_NS <= thread->seen_ns)
		err = note_asked(wanted, thread, socket);
	/* Without local storage the walk draws none. */
	if (err || !probe_features()->local_storage || socket->name.cookie || !socket->name.inode ||
	    socket->name.kind == SOCKET_KIND_PIPE || asleep + COOKIE_MIN_AGE_NS > thread->seen_ns)
		return err;
	if (mark_socket(probe, wanted, socket->name.inode, socket->name.netns))
		wanted->sockets++;
	return 0;
}

/*
 * A loop that has stayed away for a while, or waits on another instance than before: whether its events lie there
 * decides.
 */
static void want_epolls(struct probe *probe, struct wanted *wanted, const struct thread_record *thread,
			const struct loop_record *loop)
{
	__u64 left_ns = loop->returned_ns;

	if (loop->interface != LOOP_EPOLL || !(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)))
		return;
	if (loop->waiting)
		left_ns = loop->epoll_fd_before ? loop->entered_ns : 0;
	if (left_ns && unserved_may_be_new(left_ns, !loop->waiting && loop_was_looping(loop), probe->owners->scanned_ns,
					   thread->seen_ns))
		wanted->epolls = true;
}

static int want_listener(struct probe *probe, struct wanted *wanted, const struct listener_record *listener)
{
	bool is_unix = listener->name.kind == SOCKET_KIND_UNIX;

	/* For TCP the record of the service asks for the owner. */
	if (!probe->scope.all && !listener->accept_queue && !listener->syn_queue && !(is_unix && probe->show_services))
		return 0;
	/* The walk draws no cookies there: they are asked for by inode (cookies.c). */
	if (is_unix && !probe_features()->local_storage)
		mark_socket(probe, wanted, listener->name.inode, listener->name.netns);
	return wanted_cookie(wanted, listener->name.cookie);
}

/* Whose it is, and who holds the connection that has waited longest; where somebody waits, or all are shown. */
static int want_service(struct probe *probe, struct wanted *wanted, const struct service_record *service)
{
	int err = 0;

	if (!probe->show_services && !probe->scope.all && !service->owed_since_ns && !service->near_since_ns &&
	    !service->oldest_unread_ns && !is_asked(wanted, service))
		return 0;
	if (service->worst_inode)
		err = want_inode(probe, wanted, service->worst_inode, service->name.netns);
	return err ? err : wanted_cookie(wanted, service->name.cookie);
}

int wanted_collect(struct probe *probe, const struct buffer *buffer, struct wanted *wanted)
{
	const struct thread_record *thread = NULL;
	bool of_watch = false; /* whose process is known */
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct socket_record *socket = (const void *)header;

		if (of_watch && header->type == RECORD_SOCKET)
			;
		else if (header->type == RECORD_THREAD)
			thread = (const void *)header;
		else if (header->type == RECORD_LOOP && thread)
			want_epolls(probe, wanted, thread, (const void *)header);
		else if (header->type == RECORD_SOCKET && thread && thread->flags & THREAD_HAS_SOCKET)
			err = want_reader(probe, wanted, thread, socket);
		else if (header->type == RECORD_SOCKET && socket->name.kind == SOCKET_KIND_UDP)
			; /* whose thread waits for it is known */
		else if (header->type == RECORD_SOCKET && !(socket->flags & SOCKET_ACCEPTED))
			; /* lies in an accept queue: its listener is wanted already */
		else if (header->type == RECORD_SOCKET && socket->name.state == STATE_SYN_SENT)
			err = wanted_cookie(wanted, socket->name.cookie);
		else if (header->type == RECORD_SOCKET)
			err = want_owner(probe, wanted, socket);
		else if (header->type == RECORD_LISTENER)
			err = want_listener(probe, wanted, (const void *)header);
		else if (header->type == RECORD_SERVICE)
			err = want_service(probe, wanted, (const void *)header);
		if (header->type != RECORD_THREAD && header->type != RECORD_LOOP)
			thread = NULL;
		of_watch = header->type == RECORD_WATCH;
	}
	return err;
}

void wanted_free(struct wanted *wanted)
{
	buffer_free(&wanted->cookies);
	buffer_free(&wanted->inodes);
	buffer_free(&wanted->pipes);
	buffer_free(&wanted->asked);
}

static void sort_numbers(struct buffer *numbers)
{
	if (numbers->size)
		qsort(numbers->data, numbers->size / sizeof(__u64), sizeof(__u64), compare_numbers);
}

void wanted_sort(struct wanted *wanted)
{
	sort_numbers(&wanted->cookies);
	sort_numbers(&wanted->inodes);
}
