/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Each event-loop thread, and the loops that stand still or turn for nothing. */
#include "reports/loop_case.h"
#include "reports/reports.h"

static int report_one(struct loop_case *one, const struct look *previous, const struct scope *scope)
{
	bool all = scope->all || scope->healthy_loops || scope->command == COMMAND_EPOLL;
	const struct loop_rule *rule;

	if (!loop_case_find(one, previous, scope))
		return 0;
	rule = loop_verdict(&one->evidence);
	if (!one->loop && !one->evidence.waiting && !severity_is_stuck(rule->severity))
		return 0;
	return severity_is_stuck(rule->severity) || all ? loop_row_add(one, scope, rule) : 0;
}

#define EXITED 0x30 /* EXIT_DEAD | EXIT_ZOMBIE: it has neither descriptors nor a namespace */

/* One row for each of its interfaces. */
static int report_thread(struct report *report, const struct look *look, const struct look *previous, size_t at,
			 const struct scope *scope)
{
	const struct thread_view *view = &look->threads.items[at];
	struct loop_case none = {.report = report, .look = look, .at = at, .view = view, .thread = view->thread}, one;
	size_t i;
	int err = 0;

	if (view->thread->state & EXITED)
		return 0;
	for (i = 0; i < view->loop_count && !err; i++) {
		one = none;
		one.loop = &view->loops[i];
		err = report_one(&one, previous, scope);
	}
	if (!err && !view->loop)
		err = report_one(&none, previous, scope);
	return err;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->threads.count && !err; i++)
		err = report_thread(report, look, previous, i, scope);
	return err;
}

const struct report_kind report_loops = {
	.name = "loops",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_EPOLL,
	.run = run,
};
