/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about the process at the end of a chain of waits: see verdict.h. */
#ifndef SOCKSTALL_RULES_CHAIN_H
#define SOCKSTALL_RULES_CHAIN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "rules/verdict.h"
#include "rules/wait.h"

struct chain_evidence {
	bool cycle; /* the chain is a cycle, without an end */
	bool limited; /* and somebody of it may have a time limit, which is not seen */
	const struct wait *last; /* the last wait; in a cycle, one of its waits */
	const struct thread_view *doing; /* what the process at its other end is doing; NULL: not known */
	bool unread; /* the request lies unread there */
	bool polls; /* and its only thread has been in poll or select ever since: for something else */
	bool in_loop; /* a thread of that process is in its event loop's wait */
	const char *in; /* and that in words: "futex", "recvfrom 10.0.0.1:80 -> 10.0.0.2:5000"; NULL: not known */
	const char *in_for; /* and for how long; NULL: not known */
	const char *who; /* the process at the end: "java (pid 7)" */
	const char *chain; /* "curl (pid 5) waits for nginx (pid 6), which waits for java (pid 7)" */
	bool sure; /* false: a step was guessed by times */
};

struct chain_rule {
	bool (*applies)(const struct chain_evidence *evidence);
	const struct verdict *verdict;
	const char *(*why)(struct arena *arena, const struct chain_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct chain_evidence *evidence);
};

extern const struct chain_rule chain_rules[];
extern const size_t chain_rule_count;

/* The rule that applies: there is always one. */
const struct chain_rule *chain_verdict(const struct chain_evidence *evidence);

#endif
