/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads that are blocked writing to a socket or a pipe. */
#include <errno.h>

#include "look/sleeping.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/fill_connection.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/writer.h"

/* One blocked writer on its way into the report. */
struct writer {
	const struct look *look;
	const struct thread_view *view;
	struct sleeping sleeping;
	struct writer_evidence evidence;
	const struct writer_rule *rule;
};

static void judge(struct writer *writer)
{
	writer->evidence = writer_evidence_of(writer->look, writer->view, writer->sleeping.since_ns);
	writer->rule = writer_verdict(&writer->evidence);
}

static void fill_writer(struct row *row, struct report *report, const struct writer *writer)
{
	const struct socket_record *socket = writer->view->socket;

	row->writer.syscall = fill_syscall(report, writer->view->thread);
	row->writer.kind = fill_kind(socket);
	if (socket->sndtimeo_ns)
		row->writer.sndtimeo_s = fill_seconds(socket->sndtimeo_ns);
	row->writer.returns_by_s = fill_until(writer->evidence.now_ns, writer->evidence.end.at_ns);
	row->change_key = (int64_t)((uint64_t)socket->retransmits << 32 | socket->probes_out);
	fill_receiver(&row->writer.peer, report, writer->evidence.reader);
	row->writer.held.waiter = "thread";
	if (socket->name.kind == SOCKET_KIND_TCP)
		fill_writer_connection(row, writer->look, socket);
}

static int add_row(struct report *report, const struct writer *writer, const struct scope *scope, bool stuck)
{
	const struct thread_record *thread = writer->view->thread;
	const struct writer_rule *rule = writer->rule;
	struct row *row = report_add(report, writer->look, ROW_WRITER);

	if (!row)
		return -ENOMEM;
	fill_thread(row, report, writer->look, thread);
	row->fits = filter_thread(&scope->selection, writer->look, thread);
	fill_socket(row, report, &writer->view->socket->name);
	fill_sleep(row, writer->look, thread, writer->sleeping.since_ns);
	if (!writer->sleeping.since_ns && writer->sleeping.least_age_ns)
		fill_least_age(row, writer->sleeping.least_age_ns);
	fill_writer(row, report, writer);
	row->fd = thread->fd;
	row->id = sleeping_id(&report->arena, "writer", thread);
	row->verdict = rule->verdict->name;
	row->severity = stuck ? rule->severity : SEVERITY_NONE;
	row->stuck = stuck;
	row->why = rule->why(&report->arena, &writer->evidence);
	row->advice = rule->advice ? rule->advice(&report->arena, &writer->evidence) : NULL;
	return 0;
}

static int report_writer(struct report *report, struct writer *writer, const struct look *previous,
			 const struct scope *scope)
{
	bool stuck;

	writer->sleeping = sleeping_since(writer->look, previous, writer->view, SYSCALL_WRITES);
	judge(writer);
	stuck = severity_is_stuck(writer->rule->severity) &&
		writer->sleeping.least_age_ns >= min_age_of(scope, ROW_WRITER);
	return stuck || scope->all ? add_row(report, writer, scope, stuck) : 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->threads.count && !err; i++) {
		struct writer writer = {.look = look, .view = &look->threads.items[i]};

		if (sleeping_in(writer.view, SYSCALL_WRITES))
			err = report_writer(report, &writer, previous, scope);
	}
	return err;
}

const struct report_kind report_writers = {
	.name = "writers",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_WRITERS,
	.run = run,
};
