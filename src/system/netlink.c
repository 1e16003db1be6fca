/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/netlink.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "system/netlink_answer.h"

/* netlink_recvmsg() lets a dump fill no more than this at a time. */
#define DATAGRAM_MOST 32768

static int connect_to_kernel(int fd)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const struct timeval patience = {.tv_sec = 1};

	/* From here on netlink_getsockbyportid() refuses all other senders. */
	if (connect(fd, (const void *)&kernel, sizeof(kernel)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return -errno;
	return 0;
}

int netlink_open(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), err;

	if (fd < 0)
		return -errno;
	err = connect_to_kernel(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Between its port and its connection the socket takes what anybody sends: that has another sender. */
static int take_datagram(int fd, struct netlink_answer *answer)
{
	_Alignas(struct nlmsghdr) char bytes[DATAGRAM_MOST];
	struct sockaddr_nl from = {0};
	socklen_t from_size = sizeof(from);
	ssize_t got = recvfrom(fd, bytes, sizeof(bytes), MSG_TRUNC, (void *)&from, &from_size);

	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (from_size != sizeof(from) || from.nl_family != AF_NETLINK || from.nl_pid)
		return 0;
	return got > (ssize_t)sizeof(bytes) ? -EMSGSIZE : netlink_answer_take(answer, bytes, (size_t)got);
}

static int own_port(int fd, __u32 *port)
{
	struct sockaddr_nl own = {0};
	socklen_t size = sizeof(own);

	if (getsockname(fd, (void *)&own, &size))
		return -errno;
	*port = own.nl_pid;
	return 0;
}

int netlink_ask(int fd, struct nlmsghdr *request, size_t size, __u16 type,
		int (*each)(void *context, const struct nlmsghdr *header), void *context)
{
	static __u32 sequence;
	struct netlink_answer answer = {.seq = ++sequence, .type = type, .each = each, .context = context};
	int err = own_port(fd, &answer.port);

	if (err)
		return err;
	request->nlmsg_len = (__u32)size;
	request->nlmsg_seq = answer.seq;
	if (send(fd, request, size, 0) < 0)
		return -errno;
	while (!answer.done && !err)
		err = take_datagram(fd, &answer);
	return err;
}
