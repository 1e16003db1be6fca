// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* From here on, what asks for the end is read from a descriptor, so that no signal falls into a gap. */
int signals_open(bool dump)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	/* Ignored, as whoever starts sockstall may have left it, children could not be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (dump)
		sigaddset(&set, SIGUSR1);
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

int signals_take(int fd)
{
	struct signalfd_siginfo signal;

	return read(fd, &signal, sizeof(signal)) == sizeof(signal) ? (int)signal.ssi_signo : 0;
}
