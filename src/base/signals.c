/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static volatile sig_atomic_t taken; /* one that asks for the end */

/* From here on, what asks for the end is read from a descriptor, so that no signal falls into a gap. */
int signals_open(bool dump)
{
	sigset_t set;
	int fd;

	/* Ignored, as whoever starts sockstall may have left it, children could not be waited for. */
	signal(SIGCHLD, SIG_DFL);
	/* Blocked by them it could not interrupt a write: patience.h. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
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
	struct pollfd waker = {.fd = fd, .events = POLLIN};

	return poll(&waker, 1, 0) > 0;
}

int signals_take(int fd)
{
	struct signalfd_siginfo signal;

	if (read(fd, &signal, sizeof(signal)) != sizeof(signal))
		return 0;
	if (signal.ssi_signo != SIGUSR1)
		taken = 1;
	return (int)signal.ssi_signo;
}

bool signals_asked(void)
{
	sigset_t pending;

	return taken ||
	       (!sigpending(&pending) && (sigismember(&pending, SIGINT) > 0 || sigismember(&pending, SIGTERM) > 0 ||
					  sigismember(&pending, SIGHUP) > 0));
}
