/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which way there is to end it, and what will follow, in words. Pure. See act.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "act/act.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/wording.h"
#include "system/address.h"
#include "system/tcp_states.h"

const char *const act_result_names[ACT_RESULTS] = {
	[ACT_PLANNED] = "planned",
	[ACT_DONE] = "done",
	[ACT_CHANGED] = "changed",
	[ACT_FAILED] = "failed",
};

const char *const act_peer_names[PEERS] = {
	[PEER_ANSWERS] = "answers",
	[PEER_SILENT] = "silent",
	[PEER_RESET] = "reset",
};

int act_fail(struct act *act, enum act_result result, int err, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	act->error = length < 0 ? "no memory" : arena_printf(&act->arena, "%s", text);
	act->result = result;
	if (length >= 0)
		free(text);
	return err;
}

/* A command name is another process's own words. */
static const char *say_process(struct act *act)
{
	struct buffer name = {0};
	const char *said = "?";

	if (!text_printable(&name, act->target.comm) && !buffer_append(&name, "", 1))
		said = arena_printf(&act->arena, "%s (pid %u, descriptor %d)", name.data, act->target.pid,
				    act->target.fd);
	buffer_free(&name);
	return said;
}

static const char *say_holder(struct act *act)
{
	return act->target.held ? arena_printf(&act->arena, " of %s", say_process(act)) : "";
}

static bool is_tcp(const struct act *act)
{
	return act->target.socket.name.kind == SOCKET_KIND_TCP;
}

static const char *say_what(struct act *act)
{
	const struct socket_name *name = &act->target.socket.name;
	const char *state = tcp_state_name(name->state);

	if (!is_tcp(act))
		return arena_printf(&act->arena, "the unix socket%s, cookie %llu", say_holder(act), name->cookie);
	return arena_printf(&act->arena, "the %s %s -> %s%s, %s, network namespace %u, cookie %llu",
			    act->target.half_open ? "half-open request" : "connection", say_local(&act->arena, name),
			    say_peer(&act->arena, name), say_holder(act), state ? state : "?", name->netns,
			    name->cookie);
}

/* ---- What there is ---- */

/* The states in which a process may still wait for the peer. */
static bool may_wait(__u8 state)
{
	switch (state) {
	case STATE_ESTABLISHED:
	case STATE_FIN_WAIT1:
	case STATE_FIN_WAIT2:
	case STATE_CLOSE_WAIT:
		return true;
	}
	return false;
}

static bool is_not_accepted(const struct act_target *target)
{
	__u8 state = target->socket.name.state;

	return !target->held && !target->socket.name.inode && !target->half_open &&
	       (state == STATE_ESTABLISHED || state == STATE_CLOSE_WAIT);
}

static enum act_how choose(const struct act *act)
{
	if (is_tcp(act) && (act->target.can_destroy || !act->target.held || !may_wait(act->target.socket.name.state)))
		return ACT_DESTROY;
	return ACT_SHUTDOWN;
}

static int refuse(struct act *act, const char *why)
{
	return act_fail(act, ACT_FAILED, -EOPNOTSUPP, "%s", why);
}

static int check_destroy(struct act *act)
{
	__u8 state = act->target.socket.name.state;

	if (!is_tcp(act))
		return refuse(act,
			      "SOCK_DESTROY ends TCP connections only; --how shutdown ends a read of a unix socket");
	/* Linux 5.10 refuses it; where it can be done it helps no one. FIN_WAIT2 may be one of these, too. */
	if (state == STATE_TIME_WAIT || state == STATE_CLOSE || state == STATE_LISTEN ||
	    (state == STATE_FIN_WAIT2 && !act->target.socket.has_info))
		return refuse(act, state == STATE_LISTEN
					   ? "a listener is not ended: end one of its connections, or its process"
					   : "it is already over: no one waits for it");
	if (!act->target.can_destroy)
		return refuse(act, "this kernel is built without CONFIG_INET_DIAG_DESTROY: it cannot end a connection "
				   "from outside; try --how shutdown or keepalive");
	/* Linux before bac76cf89816 (6.11): it would lose its data and its timer, and stay for ever. */
	if (act->target.orphan && !act->target.ends_orphans)
		return refuse(act, "no process has it open any more, and this kernel cannot end such a connection "
				   "(before Linux 6.11 it would stay forever): its own timers will end it");
	return 0;
}

static int check_descriptor(struct act *act)
{
	if (act->target.half_open || is_not_accepted(&act->target))
		return refuse(act, "no process has it open yet: only --how destroy ends it");
	if (!act->target.held)
		return refuse(act, "no process was found that has it open: only --how destroy ends it");
	if (is_tcp(act) && !may_wait(act->target.socket.name.state))
		return refuse(act, "it is not connected: only --how destroy ends it");
	return 0;
}

/* SHUT_RD ends no write, and SHUT_WR would send the process a SIGPIPE. */
static int check_shutdown(struct act *act)
{
	return act->target.writing ? refuse(act, "shutdown ends reads, but this thread is blocked in a write")
				   : check_descriptor(act);
}

static int check_tcp(struct act *act)
{
	return is_tcp(act) ? check_descriptor(act) : refuse(act, "a unix socket has no keepalive: --how shutdown");
}

/* ---- What will follow ---- */

/* As tcp_need_reset() in the kernel has it. */
static bool gets_reset(__u8 state)
{
	return may_wait(state) || state == STATE_SYN_RECV;
}

static const char *say_ends(struct act *act, const char *with)
{
	if (!act->target.held)
		return "no process is informed";
	if (act->target.writing)
		return arena_printf(
			&act->arena,
			"its write ends with %s, or returns what was sent so far, and the next write ends with %s",
			with, with);
	return arena_printf(&act->arena, "%s with %s", act->target.reading ? "its read ends" : "reads of it end", with);
}

static const char *follows_destroy(struct act *act)
{
	__u8 state = act->target.socket.name.state;

	if (act->target.half_open)
		return "the request is dropped without a RST: the peer is not informed; if it sends its SYN again, a "
		       "new handshake begins";
	if (is_not_accepted(&act->target))
		return "the peer gets a RST (ECONNRESET there); the connection keeps its place in the accept queue until "
		       "it is accepted, and a read of it then ends with ECONNABORTED";
	if (state == STATE_SYN_SENT)
		return "connect ends with ECONNABORTED; nothing is sent to the peer";
	return arena_printf(&act->arena, "%s; the peer gets %s", say_ends(act, "ECONNABORTED"),
			    gets_reset(state) ? "a RST (ECONNRESET there)" : "nothing");
}

static const char *follows_shutdown(struct act *act)
{
	return arena_printf(&act->arena, "%s; %s", say_ends(act, "end-of-file"),
			    is_tcp(act) ? "the peer is not informed, and writes still go to it"
					: "writes of the peer fail with EPIPE");
}

static const char *follows_keepalive(struct act *act)
{
	const struct act_times *times = &act->times;
	unsigned int total = times->time_s + times->interval_s * times->probes;

	return arena_printf(
		&act->arena,
		"after %u s of silence the kernel sends a keepalive probe every %u s, %u times; if the peer does not "
		"answer, %s after %u s at most; if it answers, the wait goes on%s; the options stay set",
		times->time_s, times->interval_s, times->probes, say_ends(act, "ETIMEDOUT"), total,
		act->target.socket.unacked ? "; while data is in flight, the limit on retransmissions applies instead"
					   : "");
}

static const char *follows_probe(struct act *act)
{
	return arena_printf(&act->arena,
			    "keepalive probes ask the peer's kernel for at most %llu s, then the socket's options are "
			    "restored; the wait goes on, but if the peer does not know this connection, %s",
			    ACT_PROBE_NS / NS_PER_S, say_ends(act, "ECONNRESET"));
}

static const struct {
	int (*check)(struct act *act);
	const char *(*follows)(struct act *act);
} ways[ACT_HOWS] = {
	[ACT_DESTROY] = {check_destroy, follows_destroy},
	[ACT_SHUTDOWN] = {check_shutdown, follows_shutdown},
	[ACT_KEEPALIVE] = {check_tcp, follows_keepalive},
	[ACT_PROBE] = {check_tcp, follows_probe},
};

int act_describe(struct act *act, enum act_how how)
{
	enum socket_kind kind = act->target.socket.name.kind;
	int err;

	if (kind != SOCKET_KIND_TCP && kind != SOCKET_KIND_UNIX)
		return refuse(
			act, "it is neither a TCP connection nor a unix stream socket: there is no safe way to end it");
	act->how = how == ACT_CHOOSE ? choose(act) : how;
	act->what = say_what(act);
	err = ways[act->how].check(act);
	if (!err)
		act->follows = ways[act->how].follows(act);
	return err;
}
