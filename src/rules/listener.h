/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about listeners: see verdict.h. */
#ifndef SOCKSTALL_RULES_LISTENER_H
#define SOCKSTALL_RULES_LISTENER_H

#include <stdbool.h>

#include "rules/handshake.h"

/* More stuck handshakes of one verdict than this are reported as their listener. */
#define LISTENER_FOLD 100

struct listener_evidence {
	const struct listener_record *listener;
	const char *owner; /* as above */
	const char *owner_pids; /* as -p takes them; NULL: not known */
	__u64 now_ns;
	__u64 min_age_ns;
	double drops_per_s; /* NAN: not known */
	__u64 half_open; /* the kernel's count, or the requests seen where they are more */
	__u64 requests; /* of these, seen */
	__u64 silent; /* of the requests: no ACK, and the first timeout is over */
	__u64 stuck[HANDSHAKE_VERDICT_COUNT]; /* handshakes, by verdict */
	__u64 oldest_request_ns; /* when the oldest of each kind began; 0: there is none */
	__u64 oldest_silent_ns;
	__u64 oldest_complete_ns; /* its ACK has come: in the accept queue, or kept out of it */
	bool may_fold; /* not if single handshakes were asked for */
};

struct listener_rule {
	bool (*applies)(const struct listener_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	__u64 (*since)(const struct listener_evidence *evidence); /* NULL, or 0: not known */
	const char *(*why)(struct arena *arena, const struct listener_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct listener_evidence *evidence); /* NULL: none */
};

extern const struct listener_rule listener_rules[];
extern const size_t listener_rule_count;

/* The rule that applies: there is always one. */
const struct listener_rule *listener_verdict(const struct listener_evidence *evidence);

/* Its stuck handshakes of this verdict are too many to be shown one by one. */
bool listener_folds(const struct listener_evidence *evidence, enum handshake_verdict verdict);

#endif
