/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A connection of our own, closed while its peer does not read, to see what SOCK_DESTROY does to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "system/diag.h"

struct trial {
	int listener, orphan, peer; /* -1: none */
	struct socket_name name; /* of the orphan */
};

static void take_name(__u8 to[16], __u16 *port, const struct sockaddr_in *from)
{
	memset(to, 0, 16);
	to[10] = to[11] = 0xff;
	memcpy(to + 12, &from->sin_addr, 4);
	*port = ntohs(from->sin_port);
}

static int make_pair(struct trial *trial)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in own = {0};
	socklen_t size = sizeof(address);
	int small = 1;

	trial->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	trial->orphan = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (trial->listener < 0 || trial->orphan < 0 ||
	    setsockopt(trial->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) ||
	    bind(trial->listener, (void *)&address, size) || listen(trial->listener, 1) ||
	    getsockname(trial->listener, (void *)&address, &size) || connect(trial->orphan, (void *)&address, size))
		return -errno;
	trial->peer = accept4(trial->listener, NULL, NULL, SOCK_CLOEXEC);
	size = sizeof(own);
	if (trial->peer < 0 || getsockname(trial->orphan, (void *)&own, &size))
		return -errno;
	take_name(trial->name.local_addr, &trial->name.local_port, &own);
	take_name(trial->name.peer_addr, &trial->name.peer_port, &address);
	return 0;
}

/* More than the peer's window takes, so that it stays in FIN_WAIT1. */
static void make_orphan(struct trial *trial)
{
	static const char data[65536];

	while (send(trial->orphan, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	close(trial->orphan);
	trial->orphan = -1;
}

static bool is_ended(struct trial *trial)
{
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int diag = own < 0 ? -1 : diag_open(own);
	struct diag_socket found;
	bool ended = false;

	if (diag >= 0 && !diag_get(diag, &trial->name, 0, &found) && !diag_destroy(diag, &found))
		ended = diag_get(diag, &trial->name, 0, &found) == -ENOENT;
	if (diag >= 0)
		close(diag);
	if (own >= 0)
		close(own);
	return ended;
}

/* Closing the peer with data that it has not read sends a RST: nothing stays, however it went. */
static void close_all(struct trial *trial)
{
	int *fds[] = {&trial->listener, &trial->orphan, &trial->peer};
	size_t i;

	for (i = 0; i < COUNT_OF(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
}

bool diag_ends_orphans(void)
{
	struct trial trial = {.listener = -1, .orphan = -1, .peer = -1};
	bool ends = false;

	if (!make_pair(&trial)) {
		make_orphan(&trial);
		ends = is_ended(&trial);
	}
	close_all(&trial);
	return ends;
}
