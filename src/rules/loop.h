/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about event loops: see verdict.h. */
#ifndef SOCKSTALL_RULES_LOOP_H
#define SOCKSTALL_RULES_LOOP_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "look/loop_rates.h"
#include "look/loop_watches.h"
#include "rules/verdict.h"
#include "socket_record.h"
#include "thread_record.h"

struct loop_evidence {
	const struct thread_record *thread;
	const struct loop_record *loop; /* NULL: no wait was seen since sockstall attached */
	const struct socket_record *socket; /* that it is asleep in; or NULL */
	struct loop_rates rates;
	const char *doing; /* "asleep in recvfrom …", "running", "stopped by a signal" */
	__u64 min_age_ns;
	bool waiting; /* in its wait now */
	__u64 outside_ns; /* not waiting: for how long it has not been; 0: not known */
	bool taken_over; /* another thread of the process serves the same epoll instance */
	struct loop_watches watches;
	bool waits_elsewhere; /* it waits with another interface, which is its main one */
	bool has_runtime; /* that of an event loop is known: it is one, however little it watches */
	bool ended; /* it has closed the epoll instance: it is no loop any more */
	__s64 highest_fd; /* of the process; -1: not known */
	__s64 open_fds; /* of the process, where it is to be judged; -1: not known, or not here */
	__u64 fd_limit;
	__s64 user_watches; /* of all instances of its user, where that is to be judged here; -1: as above */
	__u64 watch_limit;
	__u64 open_files, file_limit; /* of the machine; 0: not known, or not to be judged here */
	int unserved_fd; /* an epoll instance of its process has events and no waiter; -1: none */
	__u64 unserved_ns; /* looks that far apart found it so, with something from outside, and nobody waited; 0: one look */
	bool guessed; /* other threads of the process could be the one that has left it */
	bool age_at_least; /* outside_ns is what was seen; it may have been away for longer */
	bool abandoned; /* that is its own: it waits on another one instead, as a loop within a loop does */
};

/* So much of an interval this long, at least, its quota has taken from a thread that is told to be late by it. */
#define THROTTLED_PERCENT 30
#define THROTTLED_SEEN_NS (NS_PER_S * 9 / 10)

struct loop_rule {
	bool (*applies)(const struct loop_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct loop_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct loop_evidence *evidence); /* NULL: none */
};

extern const struct loop_rule loop_rules[];
extern const size_t loop_rule_count;

/* The rule that applies: there is always one. */
const struct loop_rule *loop_verdict(const struct loop_evidence *evidence);

/* When the problem that the verdict names began, if its watches show it; else 0. */
__u64 loop_watches_since(const struct loop_evidence *evidence, const struct loop_rule *rule);

/* It has been outside its wait for too long: stalled, or blocked_in_read. */
bool loop_is_stalled(const struct loop_evidence *evidence);

#endif
