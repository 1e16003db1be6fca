/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/address_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "rights/privileges.h"
#include "system/conntrack.h"
#include "system/interface_addresses.h"

#define PIECE 32768

/* More than 65536 addresses and as many translations take. */
#define MOST (16u << 20)

#define PATIENCE_NS 2000000000ULL

struct address_reply {
	__u64 size; /* of the records that follow */
	__u64 lost;
};

struct helper {
	int requests, own; /* own: the network namespace that it is in */
	struct buffer records;
};

/* A connection that cannot be read is not followed. */
static int collect(struct helper *helper, __u32 netns, __u64 *lost)
{
	int err = interface_addresses_add(&helper->records, netns);

	return err == -ENOMEM ? err : probe_conntrack_add(&helper->records, netns, lost);
}

/* A descriptor of something else is refused by setns(). One's own namespace needs no right to enter. */
static int collect_there(struct helper *helper, int netns_fd, __u32 netns, __u64 *lost)
{
	int err;

	if (setns(netns_fd, CLONE_NEWNET))
		return errno == EPERM ? collect(helper, netns, lost) : -errno;
	err = collect(helper, netns, lost);
	/* Staying there would keep alive what everyone else has left. */
	if (setns(helper->own, CLONE_NEWNET))
		abort();
	return err;
}

/* The head, and then the records in pieces. */
static int send_all(struct helper *helper, struct address_reply *reply)
{
	const char *at = helper->records.data;
	size_t left = reply->size = helper->records.size, size;

	if (send(helper->requests, reply, sizeof(*reply), MSG_NOSIGNAL) < 0)
		return -errno;
	for (; left; at += size, left -= size) {
		size = left < PIECE ? left : PIECE;
		if (send(helper->requests, at, size, MSG_NOSIGNAL) < 0)
			return -errno;
	}
	return 0;
}

static bool serve_one(struct helper *helper)
{
	struct address_reply reply = {0};
	__u32 netns = 0;
	int fd;
	ssize_t got = apart_receive(helper->requests, &netns, sizeof(netns), &fd);

	if (got == -EINTR)
		return true;
	buffer_reset(&helper->records);
	if (got == sizeof(netns) && fd >= 0)
		collect_there(helper, fd, netns, &reply.lost);
	if (fd >= 0)
		close(fd);
	return got == sizeof(netns) && !send_all(helper, &reply);
}

static void serve(int requests, void *context)
{
	struct helper helper = {.requests = requests, .own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};

	(void)context;
	if (helper.own < 0)
		return;
	privileges_drop(PRIVILEGE_ADDRESSES);
	while (serve_one(&helper))
		;
	buffer_free(&helper.records);
}

int address_helper_start(struct apart *helper)
{
	return apart_start(helper, "sockstall-addr", serve, NULL);
}

/* ---- Asking it ---- */

static ssize_t read_until(int fd, void *to, size_t size, __u64 deadline_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	ssize_t got;

	if (now >= deadline_ns || poll(&wait, 1, (int)((deadline_ns - now) / 1000000) + 1) <= 0)
		return -ETIMEDOUT;
	got = read(fd, to, size);
	return got < 0 ? -errno : got ? got : -EPIPE;
}

static int read_records(int fd, struct buffer *buffer, size_t size, __u64 deadline_ns)
{
	char *to = size > MOST ? NULL : buffer_reserve(buffer, size);
	size_t have = 0;
	ssize_t got = 0;

	if (!to)
		return size > MOST ? -EBADMSG : -ENOMEM;
	while (have < size && got >= 0) {
		got = read_until(fd, to + have, size - have, deadline_ns);
		have += got > 0 ? (size_t)got : 0;
	}
	if (got >= 0)
		buffer->size += size;
	return got < 0 ? (int)got : 0;
}

static int ask(int fd, int netns_fd, __u32 netns, struct buffer *buffer, __u64 *lost)
{
	__u64 deadline_ns = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	struct address_reply reply = {0};
	ssize_t got;
	int err = apart_send(fd, &netns, sizeof(netns), netns_fd);

	if (err)
		return err;
	got = read_until(fd, &reply, sizeof(reply), deadline_ns);
	if (got != sizeof(reply))
		return got < 0 ? (int)got : -EBADMSG;
	*lost += reply.lost;
	return reply.size ? read_records(fd, buffer, reply.size, deadline_ns) : 0;
}

int address_helper_ask(struct apart *helper, int netns_fd, __u32 netns, struct buffer *buffer, __u64 *lost)
{
	int err = helper->fd < 0 ? -EPIPE : ask(helper->fd, netns_fd, netns, buffer, lost);

	if (!err || err == -ENOMEM)
		return err;
	if (helper->fd >= 0)
		close(helper->fd);
	helper->fd = -1;
	++*lost;
	return 0;
}
