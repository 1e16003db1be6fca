/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Processes that cannot be looked at: reads of them do not come back. Nothing of theirs need be stuck, so only with
 * --all.
 */
#include <errno.h>

#include "reports/fill.h"
#include "reports/reports.h"
#include "rules/process.h"

static int add_row(struct report *report, const struct look *look, const struct unread_record *unread)
{
	const struct process_rule *rule = process_verdict(unread);
	struct row *row = report_add(report, look, ROW_PROCESS);
	struct arena *arena = &report->arena;

	if (!row)
		return -ENOMEM;
	fill_process(row, report, look, unread->pid, unread->comm);
	fill_age(row, look, look->head->seen_ns, unread->since_ns);
	row->process_start_ns = unread->process_start_ns;
	row->netns = unread->netns ? unread->netns : NOT_KNOWN;
	row->id = arena_printf(arena, "process-%u-%llx", unread->pid, unread->process_start_ns);
	row->recurs = true;
	row->verdict = rule->verdict->name;
	row->severity = rule->severity;
	row->why = rule->why(arena, unread, look->head->seen_ns);
	row->advice = rule->advice ? rule->advice(arena, unread) : NULL;
	row->process.reads_lost = unread->reads;
	row->process.reads_of = process_parts(arena, unread);
	return 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	(void)previous;
	(void)scope;
	for (i = 0; i < look->unread.count && !err; i++)
		err = add_row(report, look, look->unread.items[i]);
	return err;
}

const struct report_kind report_processes = {
	.name = "processes",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_HANDSHAKES | 1u << COMMAND_READERS | 1u << COMMAND_WRITERS |
		    1u << COMMAND_CLOSING | 1u << COMMAND_CHAINS | 1u << COMMAND_LOCKS | 1u << COMMAND_EPOLL |
		    1u << COMMAND_THREADS,
	.run = run,
};
