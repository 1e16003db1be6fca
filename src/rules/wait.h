/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A wait of a thread or an event loop on a socket, and what is known of its other end. */
#ifndef SOCKSTALL_RULES_WAIT_H
#define SOCKSTALL_RULES_WAIT_H

#include <stdbool.h>

#include "look/look.h"
#include "rules/verdict.h"

struct wait_evidence {
	const struct socket_record *socket; /* of kind SOCKET_KIND_NONE: a lock, or a child is awaited */
	const struct lock_record *lock; /* or NULL */
	__u64 now_ns;
};

/* The rules about waits that no other report judges: see verdict.h. */
struct wait_rule {
	bool (*applies)(const struct wait_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
};

extern const struct wait_rule wait_rules[];
extern const size_t wait_rule_count;

/* For waits of an event loop for an answer, in connect(), for a lock, for a child. One rule always applies. */
const struct wait_rule *wait_verdict(const struct wait_evidence *evidence);

#define WAITS_NONE ((size_t)-1)

/* Of the pid of a wait: those above are of another host (reports/waits/far.h). PID_MAX_LIMIT is one more. */
#define WAIT_PID_MASK 0x3fffff

enum wait_found {
	FOUND_NOTHING, /* it is not seen, or in doubt */
	FOUND_REMOTE, /* on another machine */
	FOUND_PROCESS, /* peer_pid holds it */
	FOUND_QUEUE, /* it lies in, or before, the accept queue of peer_pid's listener */
};

/* A thread asleep on a socket, in a lock or for a child, or a connection on which an event loop awaits an answer. */
struct wait {
	const struct socket_record *socket; /* for a lock or a child: one of SOCKET_KIND_NONE, all zeros */
	const struct lock_record *lock; /* that it waits for; or NULL */
	const struct thread_view *holder; /* the thread that has the lock; NULL: not known, or not seen */
	const struct thread_view *view; /* NULL: of an event loop */
	__u32 pid, tid; /* tid 0: of an event loop */
	__s32 fd;
	const char *comm; /* the kernel's 16 bytes */
	__u64 since_ns;
	const struct verdict *verdict;
	enum severity severity; /* NONE: nothing tells whether anything is due */
	enum wait_found found;
	const struct socket_record *peer; /* the other end, where it has a record of its own; else NULL */
	const struct listener_record *listener;
	__u32 peer_pid;
	__s32 peer_fd; /* -1: not known */
	const char *peer_comm;
	__u64 peer_start_ns; /* of the process, CLOCK_BOOTTIME; 0: not known */
	__u64 peer_cookie; /* of the socket that peer_fd is; 0: not known */
	__u32 peer_holders; /* processes that hold it; 0: not known */
	bool peer_alone; /* the others of them, if any, only wait for children or signals */
	size_t next; /* the wait of the process at the other end; WAITS_NONE */
	bool sure; /* that next is what it waits for: not only the nearest in time */
	/* With waits of several hosts (reports/waits/far.h): */
	const struct look *seen_by; /* the look of the host that it is of; NULL: the one whose waits it is among */
	const struct look *peer_by; /* likewise of the process at its other end */
	bool was_asked; /* somebody waits for its process: known from its own host */
	bool leads_away; /* its chain goes on on another host, and is shown there */
	bool goes_on; /* whatever comes: a loop answers others meanwhile, or its process has set a limit to the wait */
};

/* The process that waits: among those of another host its pid is another one (far.h). */
static inline __u32 wait_pid(const struct wait *wait)
{
	return wait->pid & WAIT_PID_MASK;
}

#endif
