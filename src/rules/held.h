/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about established connections on which no thread sleeps: an event loop waits, or nobody. See verdict.h. */
#ifndef SOCKSTALL_RULES_HELD_H
#define SOCKSTALL_RULES_HELD_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look/look.h"
#include "look/timers.h"
#include "rules/verdict.h"

enum held_waiter {
	WAITER_NOBODY,
	WAITER_LOOP,
	WAITER_THREAD, /* in poll or select, for this connection alone */
};

struct held_evidence {
	const struct held_record *held;
	const struct socket_record *socket;
	__u64 now_ns;
	__u64 closed_since_ns; /* the peer's window, at the latest; 0: it is not closed, as far as is known */
	__u64 tick_ns;
	__u64 polled_since_ns; /* when a thread fell asleep in poll for this connection alone; 0: none, or not known */
	bool read_on; /* the look before found other bytes unread: it is slow, but it reads */
	__u64 ends_ns; /* when the kernel gives up if the peer never answers again; TIMERS_NEVER */
	/* For the words alone: */
	enum held_waiter waiter;
	const char *syscall; /* the waiter's; NULL: not known */
	__u32 owner_pid; /* 0: not known */
	const char *owner; /* "node (pid 12)" */
};

/* When a verdict is told, beside --min-age. */
enum held_patience {
	HELD_AT_ONCE, /* as of threads */
	HELD_ANSWER, /* HELD_ANSWER_NS: an answer may take a while */
	HELD_LIKELY, /* HELD_LIKELY_NS: and what looks like a request may be none */
	HELD_WINDOW, /* HELD_WINDOW_NS: a peer on a slow line pauses for seconds */
};

#define HELD_ANSWER_NS (5 * NS_PER_S)
#define HELD_LIKELY_NS (10 * NS_PER_S)
#define HELD_WINDOW_NS (10 * NS_PER_S)

struct held_rule {
	bool (*applies)(const struct held_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	bool writes; /* what is wrong is with what is written: a record of type writer; else reader */
	enum held_patience patience;
	__u64 (*since)(const struct held_evidence *evidence);
	const char *(*why)(struct arena *arena, const struct held_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct held_evidence *evidence);
};

/* The evidence that the kernel's record has. previous: the look before, or NULL. */
struct held_evidence held_evidence_of(const struct look *look, const struct look *previous,
				      const struct held_view *view);

extern const struct held_rule held_rules[];
extern const size_t held_rule_count;

/* All that it knows is that a thread waits, as one does that reads: that may be a subscription, or a long poll. */
bool held_is_a_read(const struct held_rule *rule);

/* The rule that applies; NULL: nothing tells that anything is wrong. */
const struct held_rule *held_verdict(const struct held_evidence *evidence);

#endif
