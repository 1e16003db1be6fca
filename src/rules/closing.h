/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about connections that are being closed: see verdict.h. */
#ifndef SOCKSTALL_RULES_CLOSING_H
#define SOCKSTALL_RULES_CLOSING_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "rules/verdict.h"
#include "socket_record.h"

struct closing_evidence {
	const struct socket_record *socket;
	__u64 now_ns, tick_ns;
	__u64 patience_ns; /* how long an application may take to close */
	__u64 long_idle_ns; /* how long it may take to answer before that */
	__u64 ends_ns; /* when the kernel drops it; TIMERS_NEVER */
	const char *owner; /* the process that holds it: "nginx (pid 7)"; NULL: none, or not known */
	__u32 owner_pid; /* 0: see owner */
	__u64 connections; /* that are like this one, itself included */
	const struct socket_name
		*passed_on; /* of a proxy: its own connection that it half closed for this one; NULL: none */
};

/* A proxy passes the end of file on within this. */
#define CLOSING_PASSED_ON_NS (2 * NS_PER_S)

struct closing_rule {
	bool (*applies)(const struct closing_evidence *evidence);
	const struct verdict *verdict;
	const char *fault; /* NULL: nobody's */
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct closing_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct closing_evidence *evidence); /* NULL: none */
};

/* Bytes of data. The kernel counts a FIN as a byte; this does not. */
__u64 closing_bytes_received(const struct socket_record *socket);

/* If no descriptor leads to it any more, its application is in close(), which waits as SO_LINGER says. */
bool closing_lingers(const struct socket_record *socket);

/*
 * The latest time at which its closing can have stopped. The kernel records no time for a FIN, but only
 * acknowledgements can come after it. 0: not known.
 */
__u64 closing_since(const struct socket_record *socket, __u64 now_ns);

extern const struct closing_rule closing_rules[];
extern const size_t closing_rule_count;

/* The rule that applies: there is always one. */
const struct closing_rule *closing_verdict(const struct closing_evidence *evidence);

#endif
