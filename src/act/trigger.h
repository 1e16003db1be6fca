/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which stalls meet a condition for the first time. Each does once in its life: when it opens, or at a later look, as
 * when it grows older than the condition says. What is normal is no stall, shown or not. Pure.
 */
#ifndef SOCKSTALL_TRIGGER_H
#define SOCKSTALL_TRIGGER_H

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
