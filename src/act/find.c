/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Finds the subject of a row: the process, its descriptor, and the socket behind it. See act.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "act/act.h"
#include "options/missing.h"
#include "system/address.h"
#include "system/descriptors.h"
#include "system/netns.h"
#include "system/process.h"
#include "system/tcp_states.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C /* Linux 4.10 */
#endif

#define TICK_NS 10000000 /* USER_HZ is 100 */

#define NO_CONNECTION "it waits on no connection that can be ended"

static int open_process(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

static int copy_descriptor(int pidfd, int fd)
{
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return copy < 0 ? -errno : copy;
}

/* ---- A descriptor of a process ---- */

static enum socket_kind kind_of(int fd)
{
	int domain = 0, type = 0, protocol = 0;
	socklen_t size = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size))
		return SOCKET_KIND_NONE;
	if (domain == AF_UNIX)
		return type == SOCK_DGRAM ? SOCKET_KIND_OTHER : SOCKET_KIND_UNIX;
	if (domain != AF_INET && domain != AF_INET6)
		return SOCKET_KIND_OTHER;
	if (type == SOCK_STREAM && protocol == IPPROTO_TCP)
		return SOCKET_KIND_TCP;
	return protocol == IPPROTO_UDP ? SOCKET_KIND_UDP : SOCKET_KIND_OTHER;
}

static __u64 cookie_of(int fd)
{
	__u64 cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) ? 0 : cookie;
}

static int no_rights(struct act *act, int err, const char *what)
{
	if (err == -EPERM || err == -EACCES)
		return act_fail(act, ACT_FAILED, err, "%s is not permitted here: %s", what,
				geteuid() ? "run it as root"
					  : "a security module or user namespace protects that process even from root");
	return act_fail(act, ACT_FAILED, err, "%s: %s", what, strerror(-err));
}

static int take_process(struct act *act, __u32 pid, __u64 start_ns)
{
	struct act_target *target = &act->target;
	__u32 process;
	int err;

	act->pidfd = open_process((pid_t)pid);
	if (act->pidfd < 0 && (process = asked_for_process(pid)) && process != pid)
		return act_fail(act, ACT_FAILED, -ESRCH, "%u is a thread of process %u: pid=%u has it", pid, process,
				process);
	if (act->pidfd == -ESRCH)
		return act_fail(act, ACT_FAILED, -ESRCH, "there is no process %u", pid);
	if (act->pidfd < 0)
		return no_rights(act, act->pidfd, "pidfd_open");
	err = process_start(pid, &target->start_ticks, target->comm);
	if (err || (start_ns && start_ns / TICK_NS != target->start_ticks))
		return act_fail(act, ACT_CHANGED, -ESRCH, "pid %u is another process now", pid);
	target->pid = pid;
	return 0;
}

/* The socket behind the descriptor. */
static int take_descriptor(struct act *act, int fd)
{
	struct act_target *target = &act->target;
	struct stat st;

	act->copy = copy_descriptor(act->pidfd, fd);
	if (act->copy == -EBADF)
		return act_fail(act, ACT_FAILED, -EBADF, "process %u has no descriptor %d", target->pid, fd);
	if (act->copy == -ENOSYS)
		return act_fail(act, ACT_FAILED, -ENOSYS, "this kernel has no pidfd_getfd (Linux 5.6)");
	if (act->copy < 0)
		return no_rights(act, act->copy, "pidfd_getfd");
	target->held = true;
	target->fd = fd;
	target->socket.name.kind = kind_of(act->copy);
	if (target->socket.name.kind == SOCKET_KIND_NONE)
		return act_fail(act, ACT_FAILED, -ENOTSOCK, "descriptor %d of process %u is no socket", fd,
				target->pid);
	target->socket.name.cookie = cookie_of(act->copy);
	if (!fstat(act->copy, &st))
		target->socket.name.inode = st.st_ino;
	return 0;
}

/* ---- A connection, by cookie or addresses ---- */

struct search {
	struct act *act;
	struct socket_name wanted;
	bool has_addresses;
	unsigned int found;
	__u32 inode; /* of the namespace that is searched */
	__u32 only; /* what a selector says that must be; 0: nothing */
	int netns_fd;
};

static bool fits(const struct search *search, const struct socket_name *name)
{
	const struct socket_name *wanted = &search->wanted;

	if (wanted->cookie && wanted->cookie != name->cookie)
		return false;
	return !search->has_addresses ||
	       (wanted->local_port == name->local_port && wanted->peer_port == name->peer_port &&
		address_equal(wanted->local_addr, name->local_addr) &&
		address_equal(wanted->peer_addr, name->peer_addr));
}

/* No file leads to it, and it is past the accept queue: the process has closed it (SOCK_DEAD). */
static bool is_orphan(const struct diag_socket *socket)
{
	switch (socket->name.state) {
	case STATE_FIN_WAIT1:
	case STATE_FIN_WAIT2:
	case STATE_CLOSING:
	case STATE_LAST_ACK:
		return socket->has_info && !socket->name.inode;
	}
	return false;
}

static int note_found(struct search *search, const struct diag_socket *socket)
{
	struct act_target *target = &search->act->target;

	if (search->found++)
		return 0;
	target->socket = *socket;
	target->socket.name.netns = search->inode;
	target->half_open = socket->name.state == STATE_SYN_RECV && !socket->has_info;
	search->act->diag = diag_open(search->netns_fd);
	target->can_destroy = search->act->diag >= 0 && diag_can_destroy(search->act->diag);
	target->orphan = is_orphan(socket);
	target->ends_orphans = target->orphan && target->can_destroy && diag_ends_orphans();
	return search->act->diag < 0 ? search->act->diag : 0;
}

static int consider(void *context, const struct diag_socket *socket)
{
	return fits(context, &socket->name) ? note_found(context, socket) : 0;
}

/* Searches by addresses if they are known: that is one question. A socket that is bound to a device is not found so. */
static int search_namespace(void *context, int netns_fd, __u32 inode)
{
	struct search *search = context;
	unsigned int before = search->found;
	int diag, err = -ENOENT;
	struct diag_socket socket;

	if (search->only && search->only != inode)
		return 0;
	diag = diag_open(netns_fd);
	if (diag < 0) /* may not enter: what it holds cannot be ended either */
		return 0;
	search->inode = inode;
	search->netns_fd = netns_fd;
	if (search->has_addresses)
		err = diag_get(diag, &search->wanted, 0, &socket);
	if (!err)
		err = note_found(search, &socket);
	else if (err == -ENOENT)
		err = diag_walk(diag, consider, search);
	close(diag);
	return search->found == before && err == -EPERM ? 0 : err;
}

static bool take_address(const char *text, int64_t port, __u8 address[16], __u16 *to)
{
	struct in6_addr parsed;

	if (!text || port == NOT_KNOWN || !address_parse(text, &parsed))
		return false;
	memcpy(address, &parsed, 16);
	*to = (__u16)port;
	return true;
}

static void take_wanted(struct search *search, const struct row *row)
{
	struct socket_name *wanted = &search->wanted;

	wanted->cookie = row->cookie;
	search->has_addresses =
		take_address(row->local_addr, row->local_port, wanted->local_addr, &wanted->local_port) &&
		take_address(row->peer_addr, row->peer_port, wanted->peer_addr, &wanted->peer_port);
}

static int search_one(struct search *search, int netns_fd)
{
	struct stat st;
	int err = netns_fd;

	if (netns_fd < 0)
		return err;
	err = fstat(netns_fd, &st) ? -errno : search_namespace(search, netns_fd, (__u32)st.st_ino);
	close(netns_fd);
	return err;
}

static int search_all(struct search *search, const struct row *row)
{
	int fd;

	if (search->act->copy >= 0) {
		fd = ioctl(search->act->copy, SIOCGSKNS);
		return search_one(search, fd < 0 ? -errno : fd);
	}
	if (row->netns != NOT_KNOWN)
		return search_one(search, netns_open((__u32)row->netns));
	if (search->only)
		return search_one(search, netns_open(search->only));
	return netns_walk(search_namespace, search);
}

/* A row of a report tells of its thread's namespace, where that is another; a selector of the socket's. */
static int take_namespace(struct search *search, const struct row *row)
{
	int err;

	if (row->type != ROW_ACTION)
		return 0;
	if (row->netns != NOT_KNOWN)
		search->only = (__u32)row->netns;
	if (!row->netns_name)
		return 0;
	err = netns_take_inode(netns_open_name(row->netns_name), &search->only);
	if (err == -ENOENT)
		return act_fail(search->act, ACT_FAILED, err,
				"there is no network namespace named %s (ip netns lists them)", row->netns_name);
	return err ? no_rights(search->act, err, "opening its network namespace") : 0;
}

static int find_connection(struct act *act, const struct row *row)
{
	struct search search = {.act = act};
	int err;

	take_wanted(&search, row);
	if (act->copy >= 0)
		search.wanted.cookie = act->target.socket.name.cookie;
	if (!search.wanted.cookie && !search.has_addresses)
		return act_fail(act, ACT_FAILED, -EOPNOTSUPP, NO_CONNECTION);
	err = take_namespace(&search, row);
	if (err)
		return err;
	err = search_all(&search, row);
	if (err && err != -ENOENT)
		return no_rights(act, err, "sock_diag in its network namespace");
	if (search.found > 1)
		return act_fail(act, ACT_FAILED, -ENOTUNIQ, "%u connections fit: name more of it (netns=, cookie=)",
				search.found);
	if (!search.found)
		return act_fail(act, ACT_FAILED, -ENOENT, "there is no such connection");
	return 0;
}

/* ---- Who has it open ---- */

/* Best effort: SOCK_DESTROY needs no holder, and then its sentence only knows no name. */
static void take_holder(struct act *act)
{
	struct act_target *target = &act->target;
	struct diag_socket socket = target->socket;
	__u32 pid = 0;
	int fd = socket.name.inode ? held_find(socket.name.inode, &pid) : -1;

	if (fd < 0)
		return;
	if (take_process(act, pid, 0) || take_descriptor(act, fd) || target->socket.name.cookie != socket.name.cookie)
		target->held = false;
	target->socket = socket;
	act->error = NULL;
	act->result = ACT_PLANNED;
}

/* ---- All of it ---- */

/* The row of a server's handshake names the listener's owner; the connection itself has no owner yet. */
static bool has_descriptor(const struct row *row)
{
	if (row->pid == NOT_KNOWN || row->fd == NOT_KNOWN || row->fd < 0)
		return false;
	return row->type != ROW_HANDSHAKE || !row->handshake.side || !strcmp(row->handshake.side, "client");
}

static int find_by_descriptor(struct act *act, const struct row *row)
{
	int err = take_process(act, (__u32)row->pid, row->process_start_ns);

	if (!err)
		err = take_descriptor(act, (int)row->fd);
	if (!err && row->cookie && row->cookie != act->target.socket.name.cookie)
		return act_fail(act, ACT_CHANGED, -ESTALE, "descriptor %d of process %u is not that socket",
				act->target.fd, act->target.pid);
	return err;
}

static int refuse_listener(struct act *act)
{
	return act_fail(act, ACT_FAILED, -EOPNOTSUPP,
			"a listener is not ended: it would lose its port and everything in its queues; end one of its "
			"connections, or its process");
}

static bool is_listener(int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && listens;
}

/* Its row says in what it was blocked before: that descriptor may be closed by now, and another's. */
static bool is_out_of_it(const struct row *row)
{
	return row->type == ROW_LOOP && row->loop.now && strcmp(row->loop.now, "blocked");
}

int act_find(struct act *act, const struct row *row)
{
	int err;

	if (row->type == ROW_LISTENER)
		return refuse_listener(act);
	if (is_out_of_it(row))
		return act_fail(act, ACT_FAILED, -EOPNOTSUPP, NO_CONNECTION);
	act->target.reading = row->type == ROW_READER;
	act->target.writing = row->type == ROW_WRITER;
	act->target.tid = row->tid != NOT_KNOWN ? (__u32)row->tid : 0;
	if (has_descriptor(row)) {
		err = find_by_descriptor(act, row);
		/* Without the right to copy a descriptor SOCK_DESTROY may still do, by cookie. */
		if (err && (err != -EPERM || !row->cookie))
			return err;
		act->error = NULL;
		act->result = ACT_PLANNED;
	}
	if (act->copy >= 0 && is_listener(act->copy))
		return refuse_listener(act);
	if (act->copy >= 0 && act->target.socket.name.kind != SOCKET_KIND_TCP)
		return 0;
	err = find_connection(act, row);
	if (!err && act->copy < 0)
		take_holder(act);
	return err;
}
