/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads that are blocked reading a socket or a pipe. */
#include <errno.h>

#include "fill.h"
#include "report.h"
#include "report_kinds.h"
#include "tcp_states.h"
#include "verdict_reader.h"

/* One blocked reader on its way into the report. */
struct reader {
	const struct look *look;
	const struct thread_view *view;
	__u64 since_ns;	    /* when it fell asleep; 0: not known */
	__u64 least_age_ns; /* it has slept for at least this long */
	struct reader_evidence evidence;
	const struct reader_rule *rule;
};

static const char *const kinds[] = {
	[SOCKET_KIND_TCP] = "tcp",   [SOCKET_KIND_UDP] = "udp",	 [SOCKET_KIND_UNIX] = "unix",
	[SOCKET_KIND_PIPE] = "pipe", [SOCKET_KIND_OTHER] = NULL,
};

static const char *kind_name(const struct socket_record *socket)
{
	return socket->name.kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[socket->name.kind] : NULL;
}

static bool is_tcp(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_TCP;
}

static bool is_reader(const struct thread_view *view)
{
	return view->socket && view->thread->flags & THREAD_SLEEPING &&
	       view->thread->syscall_kind == SYSCALL_READS;
}

/*
 * Whether this end called connect(). An accepted socket never has a port that bind() named, and has
 * its listener's backlog. In doubt (a backlog of 0, a port that others use) it is a server: a server's verdicts
 * claim less.
 */
static bool is_client(const struct socket_record *socket)
{
	if (socket->flags & SOCKET_PORT_BOUND)
		return true;
	if (socket->flags & SOCKET_LISTENER_CHILD)
		return false;
	return socket->flags & SOCKET_AUTOBOUND;
}

/*
 * Where the kernel does not tell when a thread fell asleep (no CONFIG_SCHED_INFO), the look before does:
 * a thread that has not been switched since has slept all the time.
 */
static __u64 least_age(const struct look *previous, const struct thread_view *view)
{
	const struct thread_record *now = view->thread, *before;
	const struct thread_view *last = previous ? look_thread(previous, now->pid, now->tid) : NULL;

	if (!last || !is_reader(last))
		return 0;
	before = last->thread;
	if (before->start_ns != now->start_ns || before->voluntary != now->voluntary ||
	    before->involuntary != now->involuntary || before->syscall != now->syscall || before->fd != now->fd)
		return 0;
	return now->seen_ns > before->seen_ns ? now->seen_ns - before->seen_ns : 0;
}

static void find_age(struct reader *reader, const struct look *previous)
{
	__u64 now = reader->look->head->seen_ns;

	reader->since_ns = look_asleep_since(reader->look, reader->view->thread);
	if (!reader->since_ns)
		reader->least_age_ns = least_age(previous, reader->view);
	else
		reader->least_age_ns = now > reader->since_ns ? now - reader->since_ns : 0;
}

static void judge(struct reader *reader)
{
	const struct socket_record *socket = reader->view->socket;
	__u64 tick_ns = reader->look->head->tick_ns;

	reader->evidence = (struct reader_evidence){
		.thread = reader->view->thread,
		.socket = socket,
		.now_ns = reader->look->head->seen_ns,
		.long_idle_ns = reader->look->head->long_idle_ns,
		.tick_ns = tick_ns,
		.client = is_client(socket),
		.spoke_last = reader_speaker(socket, tick_ns),
		.end = timers_read_ends(socket, reader->since_ns, tick_ns),
	};
	reader->rule = reader_verdict(&reader->evidence);
}

/*
 * last_arrival is when the thread last got a CPU: it stays as it is while it sleeps, and no two sleeps of
 * a thread have the same. Where it is not known, the number of switches does as well.
 */
static const char *make_id(struct arena *arena, const struct thread_record *thread)
{
	unsigned long long nap = thread->last_arrival ? thread->last_arrival : thread->voluntary;

	return arena_printf(arena, "reader-%u-%u-%llx-%d-%d", thread->pid, thread->tid, nap, thread->syscall,
			    thread->fd);
}

static void fill_tcp(struct row *row, const struct reader *reader)
{
	const struct socket_record *socket = reader->view->socket;
	__u64 now = reader->look->head->seen_ns;

	row->reader.state = tcp_state_name(socket->name.state);
	row->reader.role = reader->evidence.client ? "client" : "server";
	if (socket->bytes_received)
		row->reader.last_received_s = fill_since(now, socket->last_received_ns);
	if (socket->bytes_sent)
		row->reader.last_sent_s = fill_since(now, socket->last_sent_ns);
	row->reader.bytes_received = socket->bytes_received;
	row->reader.bytes_sent = socket->bytes_sent;
	row->reader.unacked_bytes = socket->unacked_bytes;
	row->reader.retransmits = socket->retransmits;
	row->reader.keepalive = !!(socket->flags & SOCKET_KEEPALIVE);
	row->reader.keepalive_probes_max = socket->keepalive_probes;
	row->reader.keepalive_idle_s = fill_seconds(socket->keepalive_time_ns);
	row->reader.keepalive_interval_s = fill_seconds(socket->keepalive_intvl_ns);
	row->reader.keepalive_probes = timers_keepalive_probe_sent(socket) ? socket->probes_out : 0;
	if (socket->user_timeout_ns)
		row->reader.user_timeout_s = fill_seconds(socket->user_timeout_ns);
}

static void fill_reader(struct row *row, const struct reader *reader)
{
	const struct socket_record *socket = reader->view->socket;

	row->reader.syscall = look_syscall(reader->view->thread);
	row->reader.kind = kind_name(socket);
	if (socket->rcvtimeo_ns)
		row->reader.rcvtimeo_s = fill_seconds(socket->rcvtimeo_ns);
	row->reader.returns_by_s = fill_until(reader->look->head->seen_ns, reader->evidence.end.at_ns);
	row->change_key = (int64_t)socket->retransmits << 32 | socket->probes_out;
	if (is_tcp(socket))
		fill_tcp(row, reader);
}

static int add_row(struct report *report, const struct reader *reader, bool stuck)
{
	const struct reader_rule *rule = reader->rule;
	struct row *row = report_add(report, reader->look, ROW_READER);

	if (!row)
		return -ENOMEM;
	fill_thread(row, report, reader->look, reader->view->thread);
	fill_socket(row, report, &reader->view->socket->name);
	fill_sleep(row, reader->look, reader->view->thread, reader->since_ns);
	if (!reader->since_ns && reader->least_age_ns)
		fill_least_age(row, reader->least_age_ns);
	fill_reader(row, reader);
	row->fd = reader->view->thread->fd;
	row->id = make_id(&report->arena, reader->view->thread);
	row->verdict = rule->verdict;
	row->severity = stuck ? rule->severity : SEVERITY_NONE;
	row->stuck = stuck;
	row->why = rule->why(&report->arena, &reader->evidence);
	row->advice = rule->advice ? rule->advice(&report->arena, &reader->evidence) : NULL;
	return 0;
}

static int report_reader(struct report *report, struct reader *reader, const struct look *previous,
			 const struct options *options)
{
	bool stuck;

	find_age(reader, previous);
	judge(reader);
	stuck = severity_is_stuck(reader->rule->severity) &&
		reader->least_age_ns >= report_min_age(options, ROW_READER);
	/* Of thousands of idle readers not one sentence is written. */
	return stuck || options->all ? add_row(report, reader, stuck) : 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous,
	       const struct options *options)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->threads.count && !err; i++) {
		struct reader reader = {.look = look, .view = &look->threads.items[i]};

		if (is_reader(reader.view))
			err = report_reader(report, &reader, previous, options);
	}
	return err;
}

const struct report_kind report_readers = {
	.name = "readers",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_READERS,
	.run = run,
};
