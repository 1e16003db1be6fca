// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

/* From here on, what asks for the end is read from a descriptor, so that no signal falls into a gap. */
int signals_open(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

bool signals_came(int fd)
{
	struct pollfd waker = { .fd = fd, .events = POLLIN };

	return poll(&waker, 1, 0) > 0;
}
