/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Plan, check, do, tell: see act.h. */
#include "act/act.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wording.h"
#include "system/address.h"
#include "system/process.h"
#include "system/tcp_states.h"

int act_plan(struct act *act, const struct row *row, enum act_how how, const struct act_times *times)
{
	int err;

	memset(act, 0, sizeof(*act));
	act->pidfd = act->diag = act->copy = act->cancel_fd = -1;
	act->answer_s = NAN;
	act->how = how;
	act->times = times ? *times : ACT_TIMES_DEFAULT;
	act->target.fd = -1;
	if (row->id)
		act->id = arena_printf(&act->arena, "%s", row->id);
	err = act_find(act, row);
	if (!err)
		err = act_describe(act, how);
	if (!err)
		act_warn(act);
	return err;
}

/* ---- Is it still what it was? ---- */

static int check_process(struct act *act)
{
	struct act_target *target = &act->target;
	char comm[16];
	__u64 ticks;
	int copy;

	if (process_start(target->pid, &ticks, comm) || ticks != target->start_ticks)
		return act_fail(act, ACT_CHANGED, -ESTALE, "process %u has ended meanwhile", target->pid);
	copy = (int)syscall(SYS_pidfd_getfd, act->pidfd, target->fd, 0);
	if (act->copy >= 0)
		close(act->copy);
	act->copy = copy;
	return copy < 0 ? act_fail(act, ACT_CHANGED, -ESTALE, "descriptor %d of process %u was closed meanwhile",
				   target->fd, target->pid)
			: 0;
}

static int check_cookie(struct act *act)
{
	__u64 cookie = 0;
	socklen_t size = sizeof(cookie);

	if (getsockopt(act->copy, SOL_SOCKET, SO_COOKIE, &cookie, &size) || cookie != act->target.socket.name.cookie)
		return act_fail(act, ACT_CHANGED, -ESTALE, "descriptor %d of process %u is another socket now",
				act->target.fd, act->target.pid);
	return 0;
}

/* The cookie goes over from a request to the connection that becomes of it: the state must be the same, too. */
static int check_connection(struct act *act)
{
	const struct diag_socket *then = &act->target.socket;
	struct diag_socket now;
	int err = diag_get(act->diag, &then->name, then->interface, &now);

	if (err == -ENOENT)
		return act_fail(act, ACT_CHANGED, -ESTALE, "it has ended meanwhile");
	if (err)
		return act_fail(act, ACT_FAILED, err, "sock_diag: %s", strerror(-err));
	if (now.name.state != then->name.state || now.has_info != then->has_info)
		return act_fail(act, ACT_CHANGED, -ESTALE, "it has gone from %s to %s meanwhile",
				tcp_state_name(then->name.state), tcp_state_name(now.name.state));
	if (now.name.inode != then->name.inode)
		return act_fail(act, ACT_CHANGED, -ESTALE, "it was accepted or closed meanwhile");
	if (act->target.reading && now.bytes_received != then->bytes_received)
		return act_fail(act, ACT_CHANGED, -ESTALE, "the peer has sent something meanwhile");
	return 0;
}

/* Whether the target still is what it was; -ESTALE with error set where not. A new copy of the socket, too. */
static int check(struct act *act)
{
	int err = 0;

	if (act->target.held)
		err = check_process(act);
	if (!err && act->target.held)
		err = check_cookie(act);
	return err || act->diag < 0 ? err : check_connection(act);
}

/* ---- Doing it ---- */

static int destroy(struct act *act)
{
	int err = diag_destroy(act->diag, &act->target.socket);

	if (err == -ENOENT)
		return act_fail(act, ACT_CHANGED, -ESTALE, "it has ended meanwhile");
	if (err == -EPERM)
		return act_fail(act, ACT_FAILED, err, "SOCK_DESTROY needs CAP_NET_ADMIN in its network namespace");
	return err ? act_fail(act, ACT_FAILED, err, "SOCK_DESTROY: %s", strerror(-err)) : 0;
}

/* SHUT_RD: the reader gets its end-of-file, and nothing is said to the peer that could not be taken back. */
static int shut_down(struct act *act)
{
	return shutdown(act->copy, SHUT_RD) ? act_fail(act, ACT_FAILED, -errno, "shutdown: %s", strerror(errno)) : 0;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

/* The times first: switching keepalive on starts the timer with them. */
static int keep_alive(struct act *act)
{
	int err = set(act->copy, IPPROTO_TCP, TCP_KEEPIDLE, (int)act->times.time_s);

	if (!err)
		err = set(act->copy, IPPROTO_TCP, TCP_KEEPINTVL, (int)act->times.interval_s);
	if (!err)
		err = set(act->copy, IPPROTO_TCP, TCP_KEEPCNT, (int)act->times.probes);
	if (!err)
		err = set(act->copy, SOL_SOCKET, SO_KEEPALIVE, 1);
	return err ? act_fail(act, ACT_FAILED, err, "setsockopt: %s", strerror(-err)) : 0;
}

static int (*const ways[ACT_HOWS])(struct act *act) = {
	[ACT_DESTROY] = destroy,
	[ACT_SHUTDOWN] = shut_down,
	[ACT_KEEPALIVE] = keep_alive,
	[ACT_PROBE] = act_probe_peer,
};

static volatile sig_atomic_t journal_waits;

static void on_journal_wait(int signal)
{
	(void)signal;
	journal_waits++;
}

static void interrupt_every(time_t s)
{
	const struct itimerval every = {.it_interval = {.tv_sec = s}, .it_value = {.tv_sec = s}};

	setitimer(ITIMER_REAL, &every, NULL);
}

/* A journal that does not read would hold it for ever. syslog(3) tries twice; each time it is interrupted after 1 s. */
static void tell_journal(struct act *act)
{
	struct sigaction interrupt = {.sa_handler = on_journal_wait}, before;

	journal_waits = 0;
	sigaction(SIGALRM, &interrupt, &before);
	interrupt_every(1);
	openlog("sockstall", LOG_PID, LOG_DAEMON);
	syslog(LOG_NOTICE, "end (%s), asked by uid %u: %s: %s%s%s", act_how_names[act->how], getuid(), act->what,
	       act_result_names[act->result], act->error ? ": " : "", act->error ? act->error : "");
	closelog();
	interrupt_every(0);
	sigaction(SIGALRM, &before, NULL);
	act->unlogged = journal_waits > 1;
}

int act_perform(struct act *act)
{
	int err = check(act);

	if (!err)
		err = ways[act->how](act);
	if (!err)
		act->result = ACT_DONE;
	tell_journal(act);
	return err;
}

/* ---- The record ---- */

static void fill_socket_name(struct row *row, struct arena *arena, const struct socket_name *name)
{
	row->cookie = name->cookie;
	if (name->netns)
		row->netns = name->netns;
	if (name->kind == SOCKET_KIND_UNIX)
		row->family = "unix";
	if (name->kind != SOCKET_KIND_TCP || !name->local_port)
		return;
	row->family = address_is_ipv4(name->local_addr) ? "inet" : "inet6";
	row->local_addr = say_address(arena, name->local_addr);
	row->local_port = name->local_port;
	row->peer_addr = say_address(arena, name->peer_addr);
	row->peer_port = name->peer_port;
	row->action.state = tcp_state_name(name->state);
}

static void fill_owner(struct row *row, const struct act_target *target)
{
	if (!target->held)
		return;
	row->pid = target->pid;
	row->fd = target->fd;
	row->comm = target->comm;
	if (target->tid)
		row->tid = target->tid;
}

void act_fill(const struct act *act, struct row *row)
{
	/* Only for the row's text, which lives as long as act. */
	struct arena *arena = (struct arena *)&act->arena;

	row_init(row, ROW_ACTION);
	row->time_ns = clock_ns(CLOCK_REALTIME);
	row->id = act->id;
	fill_socket_name(row, arena, &act->target.socket.name);
	fill_owner(row, &act->target);
	row->action.how = act_how_names[act->how];
	row->action.result = act_result_names[act->result];
	row->action.what = act->what;
	row->action.follows = act->follows;
	row->action.warning = act->warning;
	row->action.error = act->error;
	row->action.peer = act_peer_names[act->peer];
	row->action.answer_s = act->answer_s;
	if (act->how != ACT_KEEPALIVE)
		return;
	row->action.keepalive_time_s = act->times.time_s;
	row->action.keepalive_interval_s = act->times.interval_s;
	row->action.keepalive_probes = act->times.probes;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void act_close(struct act *act)
{
	close_if_open(&act->pidfd);
	close_if_open(&act->diag);
	close_if_open(&act->copy);
	arena_free(&act->arena);
}
