/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads that are blocked reading a socket or a pipe. */
#include <errno.h>

#include "look/sleeping.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/fill_connection.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/reader.h"

/* A client's first data may stay without an answer for this many times as long as a read. */
#define FIRST_DATA_TIMES 5

/* One blocked reader on its way into the report. */
struct reader {
	const struct look *look;
	const struct thread_view *view;
	struct sleeping sleeping;
	struct reader_evidence evidence;
	const struct reader_rule *rule;
};

/* As many threads of one process are searched: a server of streams is found among the first. */
#define SIBLINGS 256

/* The threads of a look are sorted by process. Another one of this process serves the same port, and has a stream there. */
static bool is_beside_streams(const struct look *look, const struct thread_view *view)
{
	const struct thread_view *first = look->threads.items, *end = first + look->threads.count, *at;
	const struct socket_name *name = &view->socket->name;

	for (at = view - first > SIBLINGS ? view - SIBLINGS : first; at < end && at < view + SIBLINGS; at++)
		if (at->thread->pid == view->thread->pid && at->socket && at->socket->name.kind == SOCKET_KIND_TCP &&
		    at->socket->name.local_port == name->local_port && at->socket->name.netns == name->netns &&
		    !socket_is_client(at->socket) && reader_is_stream(at->socket))
			return true;
	return false;
}

/* The evidence that more than this one read has. To look through others costs, so only where it decides. */
static void look_around(struct reader *reader, __u64 min_age_ns)
{
	struct reader_evidence *evidence = &reader->evidence;

	evidence->patience_ns = FIRST_DATA_TIMES * min_age_ns;
	if (reader->view->socket->name.kind == SOCKET_KIND_TCP && !evidence->client &&
	    !reader->view->socket->bytes_sent && reader->view->socket->bytes_received)
		evidence->beside_streams = is_beside_streams(reader->look, reader->view);
}

static void judge(struct reader *reader, __u64 min_age_ns)
{
	reader->evidence = reader_evidence_of(reader->look, reader->view, reader->sleeping.since_ns);
	look_around(reader, min_age_ns);
	reader->rule = reader_verdict(&reader->evidence);
}

static void fill_reader(struct row *row, struct report *report, const struct reader *reader)
{
	const struct socket_record *socket = reader->view->socket;

	row->reader.syscall = look_syscall(reader->view->thread);
	row->reader.kind = fill_kind(socket);
	if (socket->rcvtimeo_ns)
		row->reader.rcvtimeo_s = fill_seconds(socket->rcvtimeo_ns);
	row->reader.returns_by_s = fill_until(reader->look->head->seen_ns, reader->evidence.end.at_ns);
	row->reader.alarm_s = fill_until(reader->look->head->seen_ns, reader->view->thread->alarm_ns ?: TIMERS_NEVER);
	row->change_key = (int64_t)((uint64_t)socket->retransmits << 32 | socket->probes_out);
	fill_unix_peer(&row->reader.peer, report, reader->look, socket);
	row->reader.held.waiter = "thread";
	if (socket->name.kind == SOCKET_KIND_TCP)
		fill_reader_connection(row, reader->look, socket);
}

static int add_row(struct report *report, const struct reader *reader, const struct scope *scope, bool stuck)
{
	const struct reader_rule *rule = reader->rule;
	struct row *row = report_add(report, reader->look, ROW_READER);

	if (!row)
		return -ENOMEM;
	fill_thread(row, report, reader->look, reader->view->thread);
	row->fits = filter_thread(&scope->selection, reader->look, reader->view->thread);
	fill_socket(row, report, &reader->view->socket->name);
	fill_sleep(row, reader->look, reader->view->thread, reader->sleeping.since_ns);
	if (!reader->sleeping.since_ns && reader->sleeping.least_age_ns)
		fill_least_age(row, reader->sleeping.least_age_ns);
	fill_reader(row, report, reader);
	row->fd = reader->view->thread->fd;
	row->id = sleeping_id(&report->arena, "reader", reader->view->thread);
	row->verdict = rule->verdict->name;
	row->severity = stuck ? rule->severity : SEVERITY_NONE;
	row->stuck = stuck;
	row->why = rule->why(&report->arena, &reader->evidence);
	row->advice = rule->advice ? rule->advice(&report->arena, &reader->evidence) : NULL;
	return 0;
}

static int report_reader(struct report *report, struct reader *reader, const struct look *previous,
			 const struct scope *scope)
{
	bool stuck;

	reader->sleeping = sleeping_since(reader->look, previous, reader->view, SYSCALL_READS);
	judge(reader, min_age_of(scope, ROW_READER));
	stuck = severity_is_stuck(reader->rule->severity) &&
		reader->sleeping.least_age_ns >= min_age_of(scope, ROW_READER);
	/* No sentence is written for idle readers that are not shown: there may be thousands. */
	return stuck || scope->all ? add_row(report, reader, scope, stuck) : 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->threads.count && !err; i++) {
		struct reader reader = {.look = look, .view = &look->threads.items[i]};

		if (sleeping_in(reader.view, SYSCALL_READS))
			err = report_reader(report, &reader, previous, scope);
	}
	return err;
}

const struct report_kind report_readers = {
	.name = "readers",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_READERS,
	.run = run,
};
