/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Is the peer there? Keepalive with the shortest times makes the kernel ask; that its answer came shows in the count of
 * segments. (The age of the last ACK is too coarse: of an idle connection the question goes out within a jiffy.) Then
 * everything is put back, by a guard: a child that waits for this process to say so, or to end, however it ends. See
 * act.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/tcp.h>

#include "act/act.h"
#include "base/clock.h"
#include "system/tcp_states.h"

#define POLL_MS 20

#define KEEPIDLE_MAX 32767 /* MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL of the kernel; */
#define KEEPCNT_MAX  127 /* and MAX_TCP_KEEPCNT */

/*
 * In the order in which they are set. TCP_USER_TIMEOUT would end the connection at the second unanswered probe
 * (tcp_keepalive_timer()), so it is off meanwhile. SO_KEEPALIVE comes last: it starts the timer.
 */
enum { USER_TIMEOUT, COUNT, INTERVAL, IDLE, KEEPALIVE, OPTIONS };

static const struct {
	int level, name;
} options[OPTIONS] = {
	[USER_TIMEOUT] = {IPPROTO_TCP, TCP_USER_TIMEOUT}, [COUNT] = {IPPROTO_TCP, TCP_KEEPCNT},
	[INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL},	  [IDLE] = {IPPROTO_TCP, TCP_KEEPIDLE},
	[KEEPALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
};

struct probing {
	int socket;
	int before[OPTIONS], during[OPTIONS];
	pid_t guard;
	int guard_fd; /* closed: put everything back */
};

static int get_option(int fd, int option, int *value)
{
	socklen_t size = sizeof(*value);

	return getsockopt(fd, options[option].level, options[option].name, value, &size) ? -errno : 0;
}

static int set_option(int fd, int option, int value)
{
	return setsockopt(fd, options[option].level, options[option].name, &value, sizeof(value)) ? -errno : 0;
}

static int read_options(struct probing *probing)
{
	int i, err = 0;

	for (i = 0; i < OPTIONS && !err; i++)
		err = get_option(probing->socket, i, &probing->before[i]);
	/* Taken from a sysctl, they may be what setsockopt() would not take back. */
	if (!err && (probing->before[IDLE] > KEEPIDLE_MAX || probing->before[INTERVAL] > KEEPIDLE_MAX ||
		     probing->before[COUNT] > KEEPCNT_MAX))
		err = -ERANGE;
	return err;
}

/*
 * Where keepalive is on already, the application counts on its own number of probes: then there is one of ours, and
 * no second one before everything is put back.
 */
static void choose_options(struct probing *probing)
{
	probing->during[USER_TIMEOUT] = 0;
	probing->during[COUNT] = KEEPCNT_MAX;
	probing->during[INTERVAL] = probing->before[KEEPALIVE] ? KEEPIDLE_MAX : 1;
	probing->during[IDLE] = 1;
	probing->during[KEEPALIVE] = 1;
}

/* An option that the application has set meanwhile stays. In this order the timer starts with the times put back. */
static int put_back(const struct probing *probing)
{
	int i, value, err = 0, first = 0;

	for (i = 0; i < OPTIONS; i++) {
		err = get_option(probing->socket, i, &value);
		if (!err && value == probing->during[i] && value != probing->before[i])
			err = set_option(probing->socket, i, probing->before[i]);
		first = first ? first : err;
	}
	return first;
}

/* In the child: a signal to the whole group or terminal must not end it. */
static void guard(const struct probing *probing, int wait_fd)
{
	sigset_t all;
	char byte;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	while (read(wait_fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(put_back(probing) ? 1 : 0);
}

static int start_guard(struct probing *probing)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	probing->guard = fork();
	if (!probing->guard) {
		close(ends[1]);
		guard(probing, ends[0]);
	}
	close(ends[0]);
	probing->guard_fd = ends[1];
	if (probing->guard >= 0)
		return 0;
	close(ends[1]);
	return -EAGAIN;
}

/* Returns 0 once everything is as it was. */
static int end_guard(struct probing *probing)
{
	int status;

	close(probing->guard_fd);
	while (waitpid(probing->guard, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

static int set_options(struct probing *probing)
{
	int i, err = 0;

	for (i = 0; i < OPTIONS && !err; i++) {
		if (probing->during[i] != probing->before[i] || i == IDLE)
			err = set_option(probing->socket, i, probing->during[i]);
	}
	return err;
}

static int get_info(const struct act *act, struct tcp_info *info)
{
	socklen_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return getsockopt(act->copy, IPPROTO_TCP, TCP_INFO, info, &size) ? -errno : 0;
}

static bool has_answered(struct act *act, __u32 segments_before, __u64 begun_ns)
{
	struct tcp_info info;

	if (get_info(act, &info))
		return false;
	if (info.tcpi_state == STATE_CLOSE) {
		act->peer = PEER_RESET;
		return true;
	}
	if (info.tcpi_segs_in == segments_before)
		return false;
	act->peer = PEER_ANSWERS;
	act->answer_s = (double)(clock_ns(CLOCK_MONOTONIC) - begun_ns) / 1e9;
	return true;
}

/* The segments were counted before the question could go out. */
static int wait_for_answer(struct act *act, __u32 segments_before)
{
	struct pollfd cancel = {.fd = act->cancel_fd, .events = POLLIN};
	__u64 begun = clock_ns(CLOCK_MONOTONIC);

	act->peer = PEER_SILENT;
	while (!has_answered(act, segments_before, begun)) {
		if (clock_ns(CLOCK_MONOTONIC) - begun > ACT_PROBE_NS)
			return 0;
		if (poll(&cancel, 1, POLL_MS) > 0)
			return -EINTR;
	}
	return 0;
}

static int ask_and_put_back(struct act *act, struct probing *probing, __u32 segments_before)
{
	int err = read_options(probing), restored;

	if (err == -ERANGE)
		return act_fail(act, ACT_FAILED, err, "its keepalive times are too large to be restored");
	choose_options(probing);
	if (!err)
		err = start_guard(probing);
	if (err)
		return act_fail(act, ACT_FAILED, err, "cannot begin to probe: %s", strerror(-err));
	err = set_options(probing);
	if (!err)
		err = wait_for_answer(act, segments_before);
	restored = end_guard(probing);
	/* No option can be set on a connection that is over. */
	if (restored && act->peer != PEER_RESET)
		return act_fail(act, ACT_FAILED, restored, "the socket's options could not be restored");
	return err;
}

/* Data in flight is asked for again and again by itself, and no keepalive probe goes out then. */
int act_probe_peer(struct act *act)
{
	struct probing probing = {.socket = act->copy};
	struct tcp_info info;
	int err = get_info(act, &info);

	if (err)
		return act_fail(act, ACT_FAILED, err, "TCP_INFO: %s", strerror(-err));
	if (info.tcpi_unacked || info.tcpi_probes)
		err = wait_for_answer(act, info.tcpi_segs_in);
	else
		err = ask_and_put_back(act, &probing, info.tcpi_segs_in);
	if (err == -EINTR && !act->error) {
		act->peer = PEER_NOT_ASKED;
		return act_fail(act, ACT_FAILED, err, "interrupted; everything is as it was");
	}
	if (err && !act->error)
		return act_fail(act, ACT_FAILED, err, "cannot probe: %s", strerror(-err));
	return err;
}
