/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about locks that threads wait for: see verdict.h. */
#ifndef SOCKSTALL_RULES_LOCK_H
#define SOCKSTALL_RULES_LOCK_H

#include <stdbool.h>

#include "look/look.h"
#include "rules/verdict.h"

/*
 * Threads that take turns: whoever has the lock waits for the next event or connection, and the others wait for their
 * turn (Apache's AcceptMutex, leader and followers). That is idle, and no fault. holder: NULL: not seen.
 */
bool lock_takes_turns(const struct lock_record *lock, const struct thread_view *holder);

struct lock_evidence {
	const struct lock_record *lock; /* of the one who waits longest */
	const struct thread_view *holder; /* NULL: not known, or not seen; of a file's the only thread of the process */
	bool deadlock; /* the holder waits, over others or not, for somebody who waits for this lock */
	const char *chain; /* with deadlock: who waits for whom */
	const char *name; /* "mutex 0x7f00" */
	const char *who; /* "thread 7 (pool-1) of java (pid 5)", "cron (pid 7)", "2 readers"; NULL: not known */
	const char *in, *in_for; /* what the holder does, and for how long; NULL: not known */
	const char *waits; /* "3 threads wait, the longest for 31 s" */
};

struct lock_rule {
	bool (*applies)(const struct lock_evidence *evidence);
	const struct verdict *verdict;
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct lock_evidence *evidence);
	const char *(*advice)(struct arena *arena, const struct lock_evidence *evidence); /* NULL: none */
};

extern const struct lock_rule lock_rules[];
extern const size_t lock_rule_count;

/* The rule that applies: there is always one. */
const struct lock_rule *lock_verdict(const struct lock_evidence *evidence);

#endif
