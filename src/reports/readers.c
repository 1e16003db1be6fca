/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Threads that are blocked reading a socket or a pipe. */
#include <errno.h>
#include <string.h>

#include "base/sorted.h"
#include "look/owners.h"
#include "look/sleeping.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/fill_connection.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/known.h"
#include "rules/reader.h"
#include "system/address.h"

/* A client's first data may stay without an answer for this many times as long as a read. */
#define FIRST_DATA_TIMES 5

/* One blocked reader on its way into the report. */
struct reader {
	const struct look *look, *previous; /* previous: or NULL */
	const struct thread_view *view;
	struct sleeping sleeping;
	struct reader_evidence evidence;
	const struct reader_rule *rule;
	const struct held_record *held; /* of one that waits in poll, select or epoll for a DNS server; else NULL */
};

#define DNS_PORT 53

static bool is_dns(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_UDP && socket->name.peer_port == DNS_PORT;
}

/* At most this many threads of one process are searched: a server of streams is found among the first. */
#define SIBLINGS 256

/*
 * The threads of a look are sorted by process. Another one of this process serves the same port, and has a stream
 * there.
 */
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

/* A stream's thread that this look met at work slept at the look before. */
static bool was_beside_streams(const struct reader *reader)
{
	const struct thread_record *thread = reader->view->thread;
	const struct thread_view *before =
		reader->previous ? look_thread(reader->previous, thread->pid, thread->tid) : NULL;

	return before && before->socket && before->socket->name.cookie == reader->view->socket->name.cookie &&
	       is_beside_streams(reader->previous, before);
}

/*
 * Where it is not in its wait, it was a moment ago. One without time to wait is a look in passing: a script in redis
 * makes it, which is at work on a request.
 */
static bool came_back(const struct look *look, const struct thread_view *view, __u64 since_ns)
{
	const struct loop_record *loop = look_loop(view, LOOP_EPOLL);

	if (view->thread->flags & (THREAD_STOPPED | THREAD_FROZEN))
		return false;
	if (loop && loop->entered_ns > since_ns)
		return loop->timeout_ns && (loop->waiting || loop->entered_ns + NS_PER_S > view->thread->seen_ns);
	return view->thread->syscall_kind == SYSCALL_WAITS_EPOLL && view->thread->flags & THREAD_SLEEPING &&
	       look_asleep_since(look, view->thread) > since_ns;
}

/* A loop of it has come back to its wait since that moment: it read the question, and went on. */
static bool goes_on(const struct look *look, const struct owner_record *owner, __u64 since_ns)
{
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < owner->pid);

	for (; i < look->threads.count && look->threads.items[i].thread->pid == owner->pid; i++)
		if (came_back(look, &look->threads.items[i], since_ns))
			return true;
	return false;
}

/*
 * Its server is on this machine, and one of those that answer when there is something. The services of a look are few.
 */
static bool is_served_by_design(const struct look *look, const struct socket_record *socket)
{
	const struct socket_name *name = &socket->name;

	for (size_t i = 0; address_peer_is_here(name) && i < look->services.count; i++) {
		const struct service_record *service = look->services.items[i];
		const struct owner_record *owner = owners_main(look, service->name.cookie);

		if (service->name.local_port == name->peer_port && service->name.netns == name->netns && owner &&
		    known_to_wait(owner->comm) && goes_on(look, owner, socket->last_sent_ns))
			return true;
	}
	return false;
}

/* ---- Clients that have sent nothing ---- */

static bool is_silent_client(const struct thread_view *view, const struct socket_name *name)
{
	const struct socket_record *socket = view->socket;

	return sleeping_in(view, SYSCALL_READS) && socket->name.kind == SOCKET_KIND_TCP && !socket->bytes_received &&
	       socket->name.local_port == name->local_port && !socket_is_client(socket);
}

/* How many threads of the process wait so. Each thread counts from the first on: of a thousand, some hundred do. */
static __u32 count_held(const struct look *look, const struct thread_view *view)
{
	const struct thread_view *first = look->threads.items, *end = first + look->threads.count, *at = view;
	__u32 count = 0;

	while (at > first && at[-1].thread->pid == view->thread->pid && view - at < SIBLINGS)
		at--;
	for (; at < end && at->thread->pid == view->thread->pid && count * 2 < view->thread->threads; at++)
		count += is_silent_client(at, &view->socket->name);
	return count;
}

static bool others_queue(const struct look *look, const struct socket_name *name)
{
	for (size_t i = 0; i < look->listeners.count; i++) {
		const struct listener_record *listener = look->listeners.items[i];

		if (listener->accept_queue && listener->name.kind == SOCKET_KIND_TCP &&
		    listener->name.local_port == name->local_port && listener->name.netns == name->netns)
			return true;
	}
	return false;
}

/* The evidence that more than this one read has. To look through others costs, so only where it decides. */
static void look_around(struct reader *reader, __u64 min_age_ns)
{
	struct reader_evidence *evidence = &reader->evidence;

	evidence->patience_ns = FIRST_DATA_TIMES * min_age_ns;
	if (reader->view->socket->name.kind == SOCKET_KIND_TCP && evidence->client &&
	    evidence->spoke_last == SPEAKER_WE)
		evidence->served_by_design = is_served_by_design(reader->look, reader->view->socket);
	if (reader->view->socket->name.kind == SOCKET_KIND_TCP && !evidence->client &&
	    !reader->view->socket->bytes_sent && reader->view->socket->bytes_received)
		evidence->beside_streams = is_beside_streams(reader->look, reader->view) || was_beside_streams(reader);
	if (is_silent_client(reader->view, &reader->view->socket->name)) {
		evidence->held_threads = count_held(reader->look, reader->view);
		evidence->others_queue = others_queue(reader->look, &reader->view->socket->name);
	}
}

static void judge(struct reader *reader, __u64 min_age_ns)
{
	reader->evidence = reader_evidence_of(reader->look, reader->view, reader->sleeping.since_ns);
	look_around(reader, min_age_ns);
	reader->rule = reader_verdict(&reader->evidence);
}

static bool waits_alone(const struct held_record *held)
{
	return held->flags & HELD_POLL_ALONE && !(held->flags & HELD_EPOLL);
}

static void fill_waiter(struct row *row, const struct reader *reader)
{
	const struct thread_record *thread = reader->view->thread;

	row->reader.held.waiter = !reader->held || waits_alone(reader->held) ? "thread" : "loop";
	if (reader->held && reader->held->flags & HELD_EPOLL && thread->syscall_kind == SYSCALL_WAITS_EPOLL)
		row->reader.held.epoll_fd = (int32_t)thread->args[0];
}

static void fill_reader(struct row *row, struct report *report, const struct reader *reader)
{
	const struct socket_record *socket = reader->view->socket;

	row->reader.syscall = fill_syscall(report, reader->view->thread);
	row->reader.kind = is_dns(socket) ? "dns" : fill_kind(socket);
	if (reader->evidence.tries)
		row->reader.dns_try = reader->evidence.tries;
	if (socket->rcvtimeo_ns)
		row->reader.rcvtimeo_s = fill_seconds(socket->rcvtimeo_ns);
	row->reader.returns_by_s = fill_until(reader->look->head->seen_ns, reader->evidence.end.at_ns);
	row->reader.alarm_s = fill_until(reader->look->head->seen_ns, reader->view->thread->alarm_ns ?: TIMERS_NEVER);
	row->change_key = (int64_t)((uint64_t)socket->retransmits << 32 | socket->probes_out | reader->evidence.tries);
	fill_unix_peer(&row->reader.peer, report, reader->look, socket);
	fill_waiter(row, reader);
	if (socket->name.kind == SOCKET_KIND_TCP)
		fill_reader_connection(row, reader->look, socket);
}

/* A question is one wait, however often it is asked again. */
static const char *make_id(struct arena *arena, const struct reader *reader)
{
	const struct socket_name *name = &reader->view->socket->name;

	if (reader->held)
		return arena_printf(arena, "reader-dns-%u-%llu", name->netns, name->inode);
	return sleeping_id(arena, "reader", reader->view->thread);
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
	if (!reader->held)
		row->fd = reader->view->thread->fd;
	row->id = make_id(&report->arena, reader);
	row->verdict = rule->verdict->name;
	row->severity = stuck ? rule->severity : SEVERITY_NONE;
	row->stuck = stuck;
	row->why = rule->why(&report->arena, &reader->evidence);
	row->advice = rule->advice ? rule->advice(&report->arena, &reader->evidence) : NULL;
	return 0;
}

static __u64 patience_of(const struct reader *reader, const struct scope *scope)
{
	if (is_dns(reader->view->socket) && !scope->min_age_given)
		return READER_DNS_NS;
	return min_age_of(scope, ROW_READER);
}

static int report_judged(struct report *report, const struct reader *reader, const struct scope *scope)
{
	bool stuck = severity_is_stuck(reader->rule->severity) &&
		     reader->sleeping.least_age_ns >= patience_of(reader, scope);

	/* No sentence is written for idle readers that are not shown: there may be thousands. */
	return stuck || scope->all ? add_row(report, reader, scope, stuck) : 0;
}

static int report_reader(struct report *report, struct reader *reader, const struct scope *scope)
{
	reader->sleeping = sleeping_since(reader->look, reader->previous, reader->view, SYSCALL_READS);
	judge(reader, min_age_of(scope, ROW_READER));
	return report_judged(report, reader, scope);
}

/* ---- Waits for a DNS server in poll, select or epoll ---- */

/* How long this poll may last, ns; 0: for ever, or not known. *limited: it has a limit. */
static __u64 poll_limit(const struct thread_record *thread, bool *limited)
{
	const char *call = look_syscall(thread);
	int ms = (int)thread->args[2];

	*limited = call && ((!strcmp(call, "poll") && ms >= 0) || (!strcmp(call, "ppoll") && thread->args[2]));
	return *limited && !strcmp(call, "poll") ? (__u64)ms * NS_PER_MS : 0;
}

/*
 * Each try lasts as long as its poll may, and somewhat longer on a busy machine; what came before this one was seen
 * from the first look at its socket on, which is somewhat later than its first poll.
 */
static unsigned int count_tries(__u64 first_seen_ns, __u64 since_ns, __u64 limit_ns)
{
	unsigned int before;

	if (!first_seen_ns || !limit_ns || since_ns <= first_seen_ns)
		return 1;
	before = (unsigned int)((since_ns - first_seen_ns + limit_ns / 2) / limit_ns);
	return 1 + (before ? before : 1);
}

static void judge_dns(struct reader *reader)
{
	const struct socket_record *socket = reader->view->socket;
	bool alone = waits_alone(reader->held), limited = false;
	__u64 slept = alone ? look_asleep_since(reader->look, reader->view->thread) : 0, since = slept;
	__u64 limit = alone ? poll_limit(reader->view->thread, &limited) : 0, now = reader->look->head->seen_ns;
	__u64 seen = socket->flags & SOCKET_FIRST_SEEN && socket->flags & SOCKET_NEVER_HEARD ? socket->entered_ns : 0;

	if (seen && (!since || seen < since))
		since = seen;
	reader->sleeping = (struct sleeping){.since_ns = since, .least_age_ns = since && now > since ? now - since : 0};
	reader->evidence = reader_evidence_of(reader->look, reader->view, since);
	reader->evidence.only_dns = limited;
	reader->evidence.tries = alone ? count_tries(seen, slept, limit) : 0;
	reader->rule = reader_verdict(&reader->evidence);
}

static int report_dns(struct report *report, const struct look *look, const struct held_view *view,
		      const struct scope *scope)
{
	const struct thread_view *waiter = look_thread(look, view->held->waiter_pid, view->held->waiter_tid);
	struct thread_view own;
	struct reader reader = {.look = look, .view = &own, .held = view->held};

	if (!is_dns(view->socket) || !waiter || !(waiter->thread->flags & THREAD_SLEEPING))
		return 0;
	own = (struct thread_view){.thread = waiter->thread, .socket = view->socket};
	judge_dns(&reader);
	return report_judged(report, &reader, scope);
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	for (i = 0; i < look->threads.count && !err; i++) {
		struct reader reader = {.look = look, .previous = previous, .view = &look->threads.items[i]};

		if (sleeping_in(reader.view, SYSCALL_READS))
			err = report_reader(report, &reader, scope);
	}
	for (i = 0; i < look->held.count && !err; i++)
		err = report_dns(report, look, &look->held.items[i], scope);
	return err;
}

const struct report_kind report_readers = {
	.name = "readers",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_READERS,
	.run = run,
};
