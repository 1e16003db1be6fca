// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Cookies of TCP sockets, where BPF cannot have them drawn (before Linux 5.12). The kernel draws one whenever it tells
 * of a socket over netlink: so each socket without is asked for by its addresses, once in its life.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <bpf/bpf.h>

#include "probe_load.h"

#define REPLY_SIZE 8192

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

static int open_diag(void)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

static int ask(int diag, const struct inet_diag_req_v2 *body, __u16 flags)
{
	struct request request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | flags,
		},
		.body = *body,
	};

	return send(diag, &request, sizeof(request), 0) == sizeof(request) ? 0 : -errno;
}

/* Reads a dump to its end: what it says is of no use, that it was said is. */
static void skip_dump(int diag)
{
	char reply[REPLY_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const void *)reply;
	ssize_t got;

	do {
		got = recv(diag, reply, sizeof(reply), 0);
	} while (got >= (ssize_t)sizeof(*header) && header->nlmsg_type == SOCK_DIAG_BY_FAMILY);
}

void probe_cookies_of_listeners(void)
{
	static const __u8 families[] = { AF_INET, AF_INET6 };
	int diag = open_diag();
	size_t i;

	for (i = 0; diag >= 0 && i < sizeof(families); i++) {
		struct inet_diag_req_v2 body = {
			.sdiag_family = families[i],
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = 1 << TCP_LISTEN,
		};

		if (!ask(diag, &body, NLM_F_DUMP))
			skip_dump(diag);
	}
	if (diag >= 0)
		close(diag);
}

static void copy_address(__be32 to[4], const __u8 from[16], __u16 family)
{
	if (family == AF_INET)
		memcpy(to, from + 12, 4);
	else
		memcpy(to, from, 16);
}

/* 0: the kernel knows no such connection, or no longer. */
static __u64 ask_cookie(int diag, const struct socket_name *name)
{
	char reply[REPLY_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const void *)reply;
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	struct inet_diag_req_v2 body = {
		.sdiag_family = (__u8)name->family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = ~0U,
		.id = {
			.idiag_sport = htons(name->local_port),
			.idiag_dport = htons(name->peer_port),
			.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
		},
	};
	ssize_t got;

	copy_address(body.id.idiag_src, name->local_addr, name->family);
	copy_address(body.id.idiag_dst, name->peer_addr, name->family);
	if (ask(diag, &body, 0))
		return 0;
	got = recv(diag, reply, sizeof(reply), 0);
	/* Where the connection has gone, a listener of its port is found in place of it. */
	if (got < (ssize_t)NLMSG_LENGTH(sizeof(*message)) || header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    message->idiag_state == TCP_LISTEN)
		return 0;
	return message->id.idiag_cookie[0] | (__u64)message->id.idiag_cookie[1] << 32;
}

/* The name in a record of a TCP connection, or NULL. Listeners got their cookies before. */
static struct socket_name *connection_of(struct record_header *header)
{
	struct socket_name *name = NULL;

	if (header->type == RECORD_SOCKET)
		name = &((struct socket_record *)header)->name;
	else if (header->type == RECORD_REQUEST)
		name = &((struct request_record *)header)->name;
	return name && name->kind == SOCKET_KIND_TCP && name->peer_port ? name : NULL;
}

/* unix_diag_get_exact() finds a unix socket of its own network namespace only. 0: it is gone, or there is no unix_diag. */
static __u64 ask_unix_cookie(int diag, __u64 inode)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.body = {
			.sdiag_family = AF_UNIX,
			.udiag_states = ~0u,
			.udiag_ino = (__u32)inode,
			.udiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
		},
	};
	char reply[REPLY_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const void *)reply;
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	ssize_t got;

	if (send(diag, &request, sizeof(request), 0) != sizeof(request))
		return 0;
	got = recv(diag, reply, sizeof(reply), 0);
	if (got < (ssize_t)NLMSG_LENGTH(sizeof(*message)) || header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    message->udiag_ino != (__u32)inode)
		return 0;
	return message->udiag_cookie[0] | (__u64)message->udiag_cookie[1] << 32;
}

/* The netlink socket of the namespace that was asked last: records of one mostly stand together. */
struct asker {
	int diag; /* or negative */
	__u32 netns; /* 0: none yet */
};

static void close_asker(const struct asker *asker)
{
	if (asker->netns && asker->diag >= 0)
		close(asker->diag);
}

static int diag_of(struct probe *probe, struct asker *asker, __u32 netns)
{
	if (asker->netns == netns)
		return asker->diag;
	close_asker(asker);
	asker->netns = netns;
	asker->diag = probe_in_namespace(probe, netns, open_diag);
	return asker->diag;
}

/* Of a unix socket that somebody asks for. */
static __u64 draw_unix(struct probe *probe, struct asker *asker, __u64 inode)
{
	__u32 netns;
	int diag;

	if (bpf_map_lookup_elem(bpf_map__fd(probe->skeleton->maps.wanted_sockets), &inode, &netns))
		return 0;
	diag = diag_of(probe, asker, netns);
	return diag < 0 ? 0 : ask_unix_cookie(diag, inode);
}

void probe_cookies_of_owners(struct probe *probe, struct buffer *scan)
{
	const struct socket_record *connection = NULL;
	struct record_header *header;
	struct asker asker = { 0 };
	size_t offset = 0;

	if (probe_features()->local_storage)
		return;
	probe_cookies_draw(probe, scan);
	while ((header = record_next(scan, &offset))) {
		struct owner_record *owner = (void *)header;

		if (header->type == RECORD_SOCKET)
			connection = (const void *)header;
		if (header->type != RECORD_OWNER || owner->cookie)
			continue;
		if (connection && connection->name.inode == owner->inode)
			owner->cookie = connection->name.cookie;
		else
			owner->cookie = draw_unix(probe, &asker, owner->inode);
	}
	close_asker(&asker);
}

void probe_cookies_draw(struct probe *probe, struct buffer *buffer)
{
	struct record_header *header;
	struct asker asker = { 0 };
	size_t offset = 0;

	if (probe_features()->local_storage)
		return;
	while ((header = record_next(buffer, &offset))) {
		struct socket_name *name = connection_of(header);
		int diag;

		if (!name || name->cookie)
			continue;
		diag = diag_of(probe, &asker, name->netns);
		if (diag >= 0)
			name->cookie = ask_cookie(diag, name);
	}
	close_asker(&asker);
}
