/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Finds the stalls that meet a condition for the first time. Each stall does so at most once: when it opens, or at a
 * later look, for example when it grows old enough. Normal rows are no stalls, even if they are shown. Pure.
 */
#ifndef SOCKSTALL_ACT_TRIGGER_H
#define SOCKSTALL_ACT_TRIGGER_H

#include "rows/condition.h"
#include "rows/report.h"

struct trigger {
	const struct condition *condition;
	struct buffer met; /* of the look before: hashes of ids, uint64_t, sorted */
};

/*
 * Calls each() for every row of a report, after stalls_update(), that meets the condition and has not done so before.
 * Returns 0 or -ENOMEM.
 */
int trigger_look(struct trigger *trigger, const struct report *report,
		 void (*each)(void *context, const struct row *row), void *context);
void trigger_free(struct trigger *trigger);

#endif
