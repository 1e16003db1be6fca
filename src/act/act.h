/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Ending what is stuck. A row (a stall, or what a selector names) becomes a plan, the plan is described, and then
 * performed or not:
 *
 * 	struct act act;
 *
 * 	if (act_plan(&act, row, ACT_CHOOSE, NULL))
 * 		say(act.error);
 * 	else if (confirmed(act.what, act.how, act.follows))
 * 		act_perform(&act);
 * 	act_fill(&act, &record);	// the `action` record, whatever the outcome; its text lives in act
 * 	act_close(&act);
 *
 * Nothing is changed before act_perform(). It first looks again: if the process (by its start time), the socket (by its
 * cookie), its state or its received bytes have changed since the plan was made, it does nothing. It always writes one
 * line to syslog(3).
 *
 * Only the process that helper.h sets apart calls this; all others ask it (ask.h). Rights, beyond those of a look:
 * - destroy: CAP_NET_ADMIN in the user namespace that owns the socket's network namespace;
 * - shutdown, keepalive, probe, and any plan for a stall whose cookie is not known: pidfd_getfd(2), that is
 *   PTRACE_MODE_ATTACH: CAP_SYS_PTRACE;
 * - any of them in another network namespace: CAP_SYS_ADMIN for setns(2);
 * - system calls: pidfd_open, pidfd_getfd, setns, socket(AF_NETLINK, AF_UNIX), send*, recv*, connect (to /dev/log),
 *   getsockopt, setsockopt, shutdown, ioctl(SIOCGSKNS), fork and wait4 (the probe's guard); for a connection that no
 *   process has open also socket(AF_INET), bind, listen and accept4. PRIVILEGE_ACT has them.
 */
#ifndef SOCKSTALL_ACT_ACT_H
#define SOCKSTALL_ACT_ACT_H

#include "base/buffer.h"
#include "options/ways.h"
#include "rows/row.h"
#include "system/diag.h"

enum act_result {
	ACT_PLANNED,
	ACT_DONE,
	ACT_CHANGED, /* meanwhile: nothing was done */
	ACT_FAILED, /* or there is nothing that could be planned */
	ACT_RESULTS,
};

extern const char *const act_result_names[ACT_RESULTS];

/* How long ACT_PROBE waits for an answer. */
#define ACT_PROBE_NS 5000000000ULL

enum act_peer {
	PEER_NOT_ASKED,
	PEER_ANSWERS, /* its kernel does: that says nothing of its application */
	PEER_SILENT,
	PEER_RESET, /* it answered that there is no such connection */
	PEERS,
};

extern const char *const act_peer_names[PEERS]; /* NULL for the first */

/* The target, as it was when the plan was made. */
struct act_target {
	struct diag_socket socket; /* of TCP all, else kind, cookie and netns */
	bool half_open; /* a request: no socket yet */
	bool held; /* pid, fd and start_ticks: a process that has it open */
	bool orphan; /* closed by its process, and the kernel has not done with it */
	bool ends_orphans; /* this kernel can end such a one; known for an orphan only */
	bool reading, writing; /* a thread of it is known to wait in that */
	__u32 pid, tid; /* tid 0: not known */
	int fd;
	__u64 start_ticks; /* of the process, as /proc/PID/stat has it */
	char comm[16];
	bool can_destroy; /* this kernel can */
};

struct act {
	const char *what, *follows; /* one sentence each, for a person: printable */
	const char *error; /* why not; NULL: nothing is wrong */
	const char *warning; /* that who asks would cut himself off; NULL: he would not */
	enum act_how how;
	enum act_result result;
	struct act_times times; /* ACT_KEEPALIVE */
	enum act_peer peer; /* ACT_PROBE, performed; */
	double answer_s; /* and after how long it answered */
	bool unlogged; /* performed, and the journal did not take the line */
	int cancel_fd; /* ends the wait of ACT_PROBE when it becomes readable; -1: nothing does */
	/* For the functions below: */
	struct act_target target;
	struct arena arena;
	const char *id;
	int pidfd, diag, copy; /* -1: none; copy: of the socket */
};

/*
 * Finds what the row is about, and chooses a way if none is named. times may be NULL. Returns 0, or a negative errno
 * with error and result set: then there is nothing to perform. act_close() either way.
 */
int act_plan(struct act *act, const struct row *row, enum act_how how, const struct act_times *times);

/*
 * Does it. Takes up to ACT_PROBE_NS for a probe, else no time; and 2 s for a journal that does not read. Returns like
 * act_plan().
 */
int act_perform(struct act *act);

/* The record of it: text belongs to act. */
void act_fill(const struct act *act, struct row *row);

void act_close(struct act *act);

/* ---- Parts, for tests and for each other ---- */

/* Pure: picks the way and writes what and follows, or error. Returns 0 or -EOPNOTSUPP. */
int act_describe(struct act *act, enum act_how how);

/* Sets act->warning, for the way that is chosen: by who is above this process, and by SSH_CONNECTION. */
void act_warn(struct act *act);

/* Whether the value of SSH_CONNECTION ("client port server port") is this connection, seen from either end. */
bool act_is_ssh_connection(const struct socket_name *name, const char *text);

/* Fills act->target, opens pidfd, diag and copy. */
int act_find(struct act *act, const struct row *row);

/* Asks the peer, and puts everything back. Returns 0 or a negative errno. */
int act_probe_peer(struct act *act);

/* Sets error and result; returns err. */
int act_fail(struct act *act, enum act_result result, int err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
