/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Unix sockets that listen: by BPF where the kernel has an iterator of them (Linux 5.15, 2c860a43dd77), else over
 * netlink. unix_diag tells which sockets' connections lie in the queue, but not who waits in connect() for room there.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "probe/namespaces.h"
#include "system/diag_ask.h"
#include "system/tcp_states.h"

/* Connections and threads of one scan that a look takes along; a listener's own counts stay exact. */
#define UNIX_MOST 8192

bool probe_unix_is_asked_for(const struct probe *probe)
{
	return BIT(probe->scope.command) & HANDSHAKES && !probe->attached.unix_iter;
}

static int make_iterator(struct probe *probe, const struct probe_namespace *namespace, const struct bpf_link *link)
{
	int iterator = probe_namespace_enter(probe, namespace);

	if (iterator)
		return iterator;
	iterator = bpf_iter_create(bpf_link__fd(link));
	probe_namespace_leave(probe, namespace);
	return iterator;
}

int probe_dns_scan(struct probe *probe, const struct probe_namespace *namespace, struct buffer *buffer)
{
	int err, fd = probe->attached.dns_iter ? make_iterator(probe, namespace, probe->attached.dns_iter) : -ENOENT;

	if (fd < 0)
		return 0;
	err = probe_read_fd(fd, buffer, &probe->losses.count[LOST_SOCKETS]);
	close(fd);
	return err;
}

static int scan(struct probe *probe, const struct probe_namespace *namespace, struct buffer *buffer)
{
	struct sockstall_bpf__bss *bss = probe->attached.skeleton->bss;
	int err, fd = make_iterator(probe, namespace, probe->attached.unix_iter);

	if (fd < 0)
		return 0; /* gone since its TCP sockets were looked at */
	bss->unix_room = UNIX_MOST;
	err = probe_read_fd(fd, buffer, &probe->losses.count[LOST_SOCKETS]);
	close(fd);
	probe->losses.count[LOST_SOCKETS] += bss->lost_unix;
	bss->lost_unix = 0;
	return err;
}

/* ---- Over netlink ---- */

struct asking {
	struct buffer *buffer;
	__u32 netns;
	__u64 seen_ns;
	size_t room;
	__u64 lost;
};

static struct socket_name name_of(const struct asking *asking, const struct diag_unix *found)
{
	return (struct socket_name){
		.cookie = found->cookie,
		.inode = found->inode,
		.netns = asking->netns,
		.family = AF_UNIX,
		.kind = SOCKET_KIND_UNIX,
		.state = STATE_LISTEN,
	};
}

/* A connection that is not accepted has no name yet, except that of its client's socket. */
static int add_queued(struct asking *asking, const struct diag_unix *found, __u32 client)
{
	struct socket_record record = {
		.header = {RECORD_SOCKET, sizeof(record)},
		.name = {.netns = asking->netns,
			 .family = AF_UNIX,
			 .kind = SOCKET_KIND_UNIX,
			 .state = STATE_ESTABLISHED},
		.flags = SOCKET_UNREAD_CUT,
		.seen_ns = asking->seen_ns,
		.peer_inode = client,
		.listener_cookie = found->cookie,
	};

	if (!asking->room) {
		asking->lost++;
		return 0;
	}
	asking->room--;
	return buffer_append(asking->buffer, &record, sizeof(record));
}

static int add_listener(void *context, const struct diag_unix *found)
{
	struct asking *asking = context;
	struct listener_record record = {
		.header = {RECORD_LISTENER, sizeof(record)},
		.name = name_of(asking, found),
		.seen_ns = asking->seen_ns,
		.accept_queue = found->queued,
		.accept_queue_max = found->limit,
		.sock_type = found->type,
		.path_length = (__u16)found->path_length,
	};
	size_t i;
	int err;

	memcpy(record.path, found->path, found->path_length);
	err = buffer_append(asking->buffer, &record, sizeof(record));
	for (i = 0; i < found->client_count && !err; i++)
		err = add_queued(asking, found, found->clients[i]);
	return err;
}

static int ask(struct probe *probe, const struct probe_namespace *namespace, struct buffer *buffer)
{
	struct asking asking = {
		.buffer = buffer,
		.netns = namespace->inode,
		.seen_ns = clock_ns(CLOCK_MONOTONIC),
		.room = UNIX_MOST,
	};
	int diag = probe_in_namespace(probe, namespace->inode, diag_open_here);
	int err;

	if (diag < 0)
		return 0;
	err = diag_unix_listeners(diag, add_listener, &asking);
	close(diag);
	probe->losses.count[LOST_SOCKETS] += asking.lost;
	return err == -ENOMEM ? err : 0; /* a kernel without CONFIG_UNIX_DIAG has none of this */
}

int probe_unix_scan(struct probe *probe, const struct probe_namespace *namespace, struct buffer *buffer)
{
	if (!(BIT(probe->scope.command) & HANDSHAKES))
		return 0;
	return (probe->attached.unix_iter ? scan : ask)(probe, namespace, buffer);
}
