/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about threads that are blocked writing: see verdict.h. */
#ifndef SOCKSTALL_RULES_WRITER_H
#define SOCKSTALL_RULES_WRITER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look/look.h"
#include "look/timers.h"
#include "rules/verdict.h"
#include "socket_record.h"
#include "thread_record.h"

struct writer_evidence {
	const struct thread_record *thread;
	const struct socket_record *socket;
	__u64 now_ns;
	__u64 closed_since_ns; /* the peer's window, at the latest; 0: it is not closed, as far as is known */
	struct write_end end; /* if the peer never answers again */
	/* For unix sockets and pipes: */
	__u64 slept_since_ns; /* when it fell asleep; 0: not known */
	__u64 untaken_since_ns; /* nothing was taken at the other end since; 0: not known */
	const struct owner_record *reader; /* a process that holds that end; NULL: not known */
};

struct writer_rule {
	bool (*applies)(const struct writer_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct writer_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct writer_evidence *evidence); /* NULL: none */
};

/* The evidence about a thread that has slept on a socket since since_ns. */
struct writer_evidence writer_evidence_of(const struct look *look, const struct thread_view *view, __u64 since_ns);

extern const struct writer_rule writer_rules[];
extern const size_t writer_rule_count;

/* The rule that applies: there is always one. */
const struct writer_rule *writer_verdict(const struct writer_evidence *evidence);

#endif
