/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/address.h"
#include "system/diag_ask.h"
#include "system/tcp_states.h"

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21 /* Linux 4.5 */
#endif

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

static bool is_same_file(int a, int b)
{
	struct stat first, second;

	return !fstat(a, &first) && !fstat(b, &second) && first.st_ino == second.st_ino &&
	       first.st_dev == second.st_dev;
}

static int open_there(int netns_fd, int own)
{
	int diag;

	if (setns(netns_fd, CLONE_NEWNET))
		return -errno;
	diag = diag_open_here();
	/* Staying in the wrong namespace would make all that follows wrong. */
	if (setns(own, CLONE_NEWNET))
		abort();
	return diag;
}

/* A netlink socket belongs to the namespace that it is made in. */
int diag_open(int netns_fd)
{
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), diag;

	if (own < 0)
		return -errno;
	diag = is_same_file(own, netns_fd) ? diag_open_here() : open_there(netns_fd, own);
	close(own);
	return diag;
}

static void put_address(__be32 to[4], const __u8 from[16], bool ipv4)
{
	memcpy(to, from + (ipv4 ? 12 : 0), ipv4 ? 4 : 16);
}

static void take_address(__u8 to[16], const __be32 from[4], __u8 family)
{
	static const __u8 prefix[12] = {[10] = 0xff, [11] = 0xff};

	if (family != AF_INET) {
		memcpy(to, from, 16);
		return;
	}
	memcpy(to, prefix, sizeof(prefix));
	memcpy(to + sizeof(prefix), from, 4);
}

static void take_info(struct diag_socket *socket, const struct rtattr *attribute)
{
	struct tcp_info info = {0};
	size_t size = RTA_PAYLOAD(attribute);

	memcpy(&info, RTA_DATA(attribute), size < sizeof(info) ? size : sizeof(info));
	socket->has_info = true;
	socket->bytes_received = info.tcpi_bytes_received;
	socket->unacked = info.tcpi_unacked;
}

static void take_attributes(struct diag_socket *socket, const struct nlmsghdr *header)
{
	const struct rtattr *attribute = (const void *)((const struct inet_diag_msg *)NLMSG_DATA(header) + 1);
	int left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(struct inet_diag_msg)));

	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == INET_DIAG_INFO)
			take_info(socket, attribute);
}

bool diag_take(struct diag_socket *socket, const struct nlmsghdr *header)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);

	memset(socket, 0, sizeof(*socket));
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return false;
	socket->name.kind = SOCKET_KIND_TCP;
	socket->name.family = message->idiag_family;
	socket->name.state = message->idiag_state;
	socket->name.inode = message->idiag_inode;
	socket->name.uid = message->idiag_uid;
	socket->name.cookie = message->id.idiag_cookie[0] | (__u64)message->id.idiag_cookie[1] << 32;
	socket->name.local_port = ntohs(message->id.idiag_sport);
	socket->name.peer_port = ntohs(message->id.idiag_dport);
	socket->interface = message->id.idiag_if;
	take_address(socket->name.local_addr, message->id.idiag_src, message->idiag_family);
	take_address(socket->name.peer_addr, message->id.idiag_dst, message->idiag_family);
	take_attributes(socket, header);
	return true;
}

/* One walk or one question. */
struct asker {
	int (*each)(void *context, const struct diag_socket *socket);
	void *context;
};

static int take_message(void *context, const struct nlmsghdr *header)
{
	const struct asker *asker = context;
	struct diag_socket socket;

	if (!asker->each || !diag_take(&socket, header))
		return 0;
	return asker->each(asker->context, &socket);
}

static int ask(int diag, struct request *request, struct asker asker)
{
	request->diag.sdiag_protocol = IPPROTO_TCP;
	request->diag.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	return diag_ask(diag, &request->header, sizeof(*request), take_message, &asker);
}

/* The kernel looks up by what is on the wire: mapped addresses are IPv4's. */
static void make_exact(struct request *request, __u16 type, const struct socket_name *name, __u32 interface)
{
	bool ipv4 = address_is_ipv4(name->local_addr);
	struct inet_diag_sockid *id = &request->diag.id;

	*request = (struct request){
		.header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST},
		.diag = {.sdiag_family = ipv4 ? AF_INET : AF_INET6, .idiag_states = ~0u},
	};
	if (type == SOCK_DESTROY)
		request->header.nlmsg_flags |= NLM_F_ACK;
	put_address(id->idiag_src, name->local_addr, ipv4);
	put_address(id->idiag_dst, name->peer_addr, ipv4);
	id->idiag_sport = htons(name->local_port);
	id->idiag_dport = htons(name->peer_port);
	id->idiag_if = interface;
	id->idiag_cookie[0] = name->cookie ? (__u32)name->cookie : (__u32)INET_DIAG_NOCOOKIE;
	id->idiag_cookie[1] = name->cookie ? (__u32)(name->cookie >> 32) : (__u32)INET_DIAG_NOCOOKIE;
}

static int keep(void *context, const struct diag_socket *socket)
{
	*(struct diag_socket *)context = *socket;
	return 0;
}

/* Where no connection has these addresses, the kernel's lookup goes on to listeners. */
static bool is_it(const struct diag_socket *found, const struct socket_name *name)
{
	return found->name.state != STATE_LISTEN && found->name.local_port == name->local_port &&
	       found->name.peer_port == name->peer_port && address_equal(found->name.local_addr, name->local_addr) &&
	       address_equal(found->name.peer_addr, name->peer_addr) &&
	       (!name->cookie || found->name.cookie == name->cookie);
}

int diag_get(int diag, const struct socket_name *name, __u32 interface, struct diag_socket *found)
{
	struct request request;
	int err;

	memset(found, 0, sizeof(*found));
	make_exact(&request, SOCK_DIAG_BY_FAMILY, name, interface);
	err = ask(diag, &request, (struct asker){.each = keep, .context = found});
	/* ESTALE: it has another cookie. */
	if (err == -ESTALE || (!err && !is_it(found, name)))
		return -ENOENT;
	return err;
}

static int walk(int diag, __u32 states, struct asker asker)
{
	static const __u8 families[] = {AF_INET, AF_INET6};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(families) && !err; i++) {
		struct request request = {
			.header = {.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
			.diag = {.sdiag_family = families[i], .idiag_states = states},
		};

		err = ask(diag, &request, asker);
		/* A kernel without IPv6. */
		if (families[i] == AF_INET6 && err == -ENOENT)
			err = 0;
	}
	return err;
}

int diag_walk(int diag, int (*each)(void *context, const struct diag_socket *socket), void *context)
{
	return walk(diag, ~(1u << STATE_LISTEN), (struct asker){.each = each, .context = context});
}

int diag_touch_listeners(int diag)
{
	return walk(diag, 1u << STATE_LISTEN, (struct asker){.each = NULL});
}

int diag_destroy(int diag, const struct diag_socket *socket)
{
	struct request request;
	int err;

	make_exact(&request, SOCK_DESTROY, &socket->name, socket->interface);
	err = ask(diag, &request, (struct asker){.each = NULL});
	return err == -ESTALE ? -ENOENT : err;
}

bool diag_can_destroy(int diag)
{
	struct diag_socket nobody = {.name = {.cookie = 1}};

	return diag_destroy(diag, &nobody) != -EOPNOTSUPP;
}
