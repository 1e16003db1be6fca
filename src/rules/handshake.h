/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about handshakes: see verdict.h. */
#ifndef SOCKSTALL_RULES_HANDSHAKE_H
#define SOCKSTALL_RULES_HANDSHAKE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look/timers.h"
#include "rules/verdict.h"
#include "socket_record.h"

enum handshake_stage {
	STAGE_SYN_RECV, /* a request: half-open at a listener */
	STAGE_SYN_SENT, /* a socket that connects */
	STAGE_ACCEPT_QUEUE, /* a socket that is complete and not accepted */
	STAGE_CONNECT, /* a thread in connect(): the accept queue of a unix socket has no room */
};

struct handshake_evidence {
	enum handshake_stage stage;
	const struct request_record *request; /* STAGE_SYN_RECV, else NULL */
	const struct socket_record *socket; /* the other stages, else NULL */
	const struct listener_record *listener; /* NULL: not known, or a client */
	const char *path; /* what the listener is bound to, of a unix socket; NULL: not known */
	const char *owner; /* "nginx (pid 10)", of the listener or the client; NULL: not known */
	const struct listener_record
		*asked; /* of a client: the listener on this machine that its SYN is for; NULL: not known */
	const char *asked_owner, *asked_pids; /* of that, as owner and owner_pids */
	const char *owner_pids; /* as -p takes them; NULL: not known */
	__u64 now_ns, since_ns; /* since 0: not known */
	bool at_least; /* it may have begun before since_ns */
	__u64 min_age_ns;
	__u64 ends_ns; /* when the kernel gives up; for the sentence only */
};

enum handshake_verdict {
	HANDSHAKE_YOUNG,
	HANDSHAKE_NO_ANSWER,
	HANDSHAKE_NOT_ACCEPTED,
	HANDSHAKE_QUEUE_FULL,
	HANDSHAKE_DEFERRED,
	HANDSHAKE_PEER_SILENT,
	HANDSHAKE_VERDICT_COUNT,
};

struct handshake_rule {
	bool (*applies)(const struct handshake_evidence *evidence);
	enum handshake_verdict which;
	const struct verdict *verdict;
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct handshake_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct handshake_evidence *evidence); /* NULL: none */
};

extern const struct handshake_rule handshake_rules[];
extern const size_t handshake_rule_count;

/* The rule that applies: there is always one. */
const struct handshake_rule *handshake_verdict(const struct handshake_evidence *evidence);

#endif
