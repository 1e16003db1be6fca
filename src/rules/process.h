/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about processes of which reads do not come back: see verdict.h. */
#ifndef SOCKSTALL_RULES_PROCESS_H
#define SOCKSTALL_RULES_PROCESS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "look_record.h"
#include "rules/verdict.h"

struct process_rule {
	bool (*applies)(const struct unread_record *process);
	const struct verdict *verdict;
	enum severity severity;
	const char *(*why)(struct arena *arena, const struct unread_record *process, __u64 now_ns);
	const char *(*advice)(struct arena *arena, const struct unread_record *process);
};

extern const struct process_rule process_rules[];
extern const size_t process_rule_count;

/* The rule that applies: there is always one. */
const struct process_rule *process_verdict(const struct unread_record *process);

/* "epoll descriptors, memory": what was read of it. */
const char *process_parts(struct arena *arena, const struct unread_record *process);

#endif
