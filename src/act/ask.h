/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Asking the process that ends connections: see helper.h. That process runs act_plan() and act_perform(); these
 * functions return the records they fill.
 */
#ifndef SOCKSTALL_ACT_ASK_H
#define SOCKSTALL_ACT_ASK_H

#include "act/message.h"
#include "apart/apart.h"

struct act_asker {
	struct apart helper;
	uint64_t plan; /* the last one's number */
};

struct act_answer {
	struct act_reply reply; /* reply.record is the `action` record, whatever came of it */
	struct arena arena; /* of its texts */
};

/*
 * Plans an end of what the row is about. asker may be NULL: nothing may be ended in this run. times may be NULL.
 * Returns what act_plan() does; act_answer_free() either way.
 */
int act_ask_plan(struct act_asker *asker, const struct row *row, enum act_how how, const struct act_times *times,
		 struct act_answer *answer);

/*
 * Does what was planned last, once. force: although its record has a warning. cancel_fd: ends the wait of a probe when
 * it becomes readable; -1: nothing does. Takes the place of the plan's answer; returns what act_perform() does.
 */
int act_ask_perform(struct act_asker *asker, bool force, int cancel_fd, struct act_answer *answer);

void act_answer_free(struct act_answer *answer);

#endif
