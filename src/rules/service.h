/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about services, that is listening sockets and their connections: see verdict.h. */
#ifndef SOCKSTALL_RULES_SERVICE_H
#define SOCKSTALL_RULES_SERVICE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "rules/verdict.h"
#include "service_record.h"

/* Causes for which a process does not answer, in the order in which they are looked for. */
enum service_cause {
	CAUSE_UNKNOWN,
	CAUSE_STOPPED, /* by a signal or a tracer */
	CAUSE_FROZEN, /* with its cgroup */
	CAUSE_THROTTLED, /* its CPU quota is used up */
	CAUSE_LOOP, /* the only thread of its event loop is elsewhere */
	CAUSE_LOCK, /* threads that were asked sleep in one lock */
	CAUSE_PEER, /* it asked another service, and has no answer */
	CAUSE_CPU, /* its threads compute, or wait for a CPU */
	CAUSES,
};

extern const char *const service_cause_names[CAUSES];

/* Connections of the process to one address on which it spoke last. */
struct service_awaits {
	__u64 count;
	__u64 likely; /* of these, on so many a thread sleeps, or the turns of a loop speak for it */
	__u64 certain; /* of these, on so many nobody can answer, or it lasts longer than ever before */
	__u64 oldest_ns; /* when it asked on the first of them */
	const char *addr; /* NULL: there is none */
	__u16 port;
	const char *peer; /* both: "10.0.0.5:5432" */
};

struct service_evidence {
	const struct service_record *service; /* NULL: its connections were not counted */
	__u64 now_ns;
	__u64 min_age_ns;
	__u64 interval_ns;
	__u32 accept_queue, accept_queue_max; /* of all its listeners */
	__u64 oldest_queued_ns; /* when the oldest connection came that nobody has accepted; 0: there is none */
	const char *owner; /* "nginx (pid 10)"; NULL: not known */
	const char *owner_pids; /* as -p takes them; NULL: not known */
	enum service_cause cause;
	const char *doing; /* the cause in words: "all 25 threads are in a lock"; NULL: not known */
	bool certain; /* the cause alone would keep it from answering anybody */
	/*
	 * Likewise where clients asked about when it last answered: the cause shows that those were questions. 0: it
	 * does not.
	 */
	__u64 near_since_ns;
	__u64 near_likely_ns; /* it most likely shows that */
	struct service_awaits awaits;
};

struct service_rule {
	bool (*applies)(const struct service_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	__u64 (*since)(const struct service_evidence *evidence); /* NULL: it is normal */
	const char *(*why)(struct arena *arena, const struct service_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct service_evidence *evidence); /* NULL: none */
};

extern const struct service_rule service_rules[];
extern const size_t service_rule_count;

/* The rule that applies: there is always one. */
const struct service_rule *service_verdict(const struct service_evidence *evidence);

/*
 * Another report has the same finding: of connections that nobody accepts their listener, of bytes that lie unread
 * their connection (a reader that is not_read) or the loop that missed them.
 */
bool service_is_told_elsewhere(const struct service_rule *rule);

#endif
