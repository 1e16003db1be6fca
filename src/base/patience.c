/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/patience.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/signals.h"

#define TICK_US	 50000
#define PATIENCE 10 /* ticks */

/* One at a time; written by the signal handler too. */
static volatile sig_atomic_t fd_now, instead_now, ticks, gave_up, patience = PATIENCE;
static struct sigaction before;

static bool takes_more(int fd)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};

	return poll(&out, 1, 0) > 0;
}

/* A signal handler: it calls only functions that are safe in one, see signal-safety(7). */
static void on_tick(int signal)
{
	int kept = errno;

	(void)signal;
	if (!signals_asked() || takes_more(fd_now))
		ticks = 0;
	else if (++ticks >= patience)
		gave_up = 1;
	if (gave_up && instead_now >= 0)
		dup2(instead_now, fd_now);
	errno = kept;
}

static void tick_every(suseconds_t us)
{
	const struct itimerval every = {.it_interval = {.tv_usec = us}, .it_value = {.tv_usec = us}};

	setitimer(ITIMER_REAL, &every, NULL);
}

void patience_begin(int fd, int instead)
{
	/* Other calls of ncurses go on after the handler. Only write() must return, and only if nothing replaces it. */
	struct sigaction action = {.sa_handler = on_tick, .sa_flags = instead >= 0 ? SA_RESTART : 0};

	fd_now = fd;
	instead_now = instead;
	ticks = gave_up = 0;
	sigaction(SIGALRM, &action, &before);
	tick_every(TICK_US);
}

bool patience_end(void)
{
	tick_every(0);
	sigaction(SIGALRM, &before, NULL);
	if (gave_up)
		patience = 1;
	return gave_up;
}

/* Whole lines, as many as a pipe takes at once; or as much of one. */
static size_t piece_of(const char *bytes, size_t size)
{
	const char *end;

	if (size <= PIPE_BUF)
		return size;
	end = memrchr(bytes, '\n', PIPE_BUF);
	return end ? (size_t)(end - bytes) + 1 : PIPE_BUF;
}

/* Another process that shares the descriptor may have set O_NONBLOCK on it. */
static int wait_to_go_on(int fd)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};

	if (errno == EAGAIN)
		poll(&out, 1, -1);
	else if (errno != EINTR)
		return -errno;
	return gave_up ? -ECANCELED : 0;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	ssize_t written;
	int err = 0;

	while (size && !err) {
		written = write(fd, bytes, piece_of(bytes, size));
		if (written < 0) {
			err = wait_to_go_on(fd);
			continue;
		}
		ticks = 0;
		bytes += written;
		size -= (size_t)written;
	}
	return err;
}

int patience_write(int fd, const char *bytes, size_t size)
{
	int err;

	patience_begin(fd, -1);
	err = write_all(fd, bytes, size);
	patience_end();
	return err;
}
