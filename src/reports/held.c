/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Connections that may be stuck and on which no thread sleeps: readers and writers that an event loop waits for, or
 * nobody.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/owners.h"
#include "look/sleeping.h"
#include "look/watch_facts.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/fill_connection.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/held.h"

/* One connection on its way into the report. */
struct connection {
	const struct look *look;
	const struct held_view *view;
	const struct owner_record *owner;
	const struct thread_view *waiter; /* NULL: none, or it is not in the look */
	struct held_evidence evidence;
	const struct held_rule *rule;
	__u64 since_ns;
	bool stuck;
};

struct scene {
	struct report *report;
	const struct look *look, *previous;
	const struct scope *scope;
	__u64 *slept_on; /* inodes of sockets on which threads sleep: those are their readers and writers; sorted */
	size_t slept_count;
};

static int collect_slept_on(struct scene *scene)
{
	const struct look *look = scene->look;
	size_t i;

	scene->slept_on = calloc(look->threads.count + 1, sizeof(*scene->slept_on));
	if (!scene->slept_on)
		return -ENOMEM;
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];

		/* One that is frozen does not read. */
		if (!(view->thread->flags & THREAD_FROZEN) &&
		    (sleeping_in(view, SYSCALL_READS) || sleeping_in(view, SYSCALL_WRITES)))
			scene->slept_on[scene->slept_count++] = view->socket->name.inode;
	}
	qsort(scene->slept_on, scene->slept_count, sizeof(*scene->slept_on), compare_numbers);
	return 0;
}

static bool is_slept_on(const struct scene *scene, __u64 inode)
{
	return scene->slept_count &&
	       bsearch(&inode, scene->slept_on, scene->slept_count, sizeof(inode), compare_numbers);
}

/* ---- Who holds it, and who waits ---- */

/* Among the holders of a shared socket, the one whose thread waits for it. */
static const struct owner_record *find_owner(const struct look *look, const struct held_view *view)
{
	size_t i, count;
	const struct owner_record *const *owners = look_owners(look, view->socket->name.cookie, &count);

	for (i = 0; owners && i < count && view->held->waiter_pid; i++)
		if (owners[i]->pid == view->held->waiter_pid)
			return owners[i];
	return owners_main(look, view->socket->name.cookie);
}

static enum held_waiter waiter_of(const struct held_record *held)
{
	if (held->flags & HELD_POLL_ALONE && !(held->flags & HELD_EPOLL))
		return WAITER_THREAD;
	return held->flags & (HELD_EPOLL | HELD_POLL) ? WAITER_LOOP : WAITER_NOBODY;
}

/* Threads take turns at one instance in Go and wherever several call epoll_wait on it. */
static bool takes_turns(const struct scene *scene, const struct connection *connection)
{
	const struct held_view *before =
		scene->previous ? look_held(scene->previous, connection->view->socket->name.cookie) : NULL;

	if (connection->view->held->waiters != 1)
		return true;
	return before && before->held->waiter_tid && before->held->waiter_tid != connection->view->held->waiter_tid;
}

/* Its loop was told of it, and is told again: the loop is the finding (edge_stall). */
static bool is_missed_by_a_loop(const struct scene *scene, const struct held_view *view)
{
	size_t i;

	for (i = 0; i < scene->look->watches.count; i++) {
		const struct watch_view *watch = &scene->look->watches.items[i];

		if (watch->socket && watch->socket->name.inode == view->socket->name.inode &&
		    watch_is_missed(watch->watch, watch->socket))
			return true;
	}
	return false;
}

static bool is_told_elsewhere(const struct scene *scene, const struct connection *connection)
{
	if (connection->rule->patience == HELD_ANSWER || connection->rule->patience == HELD_LIKELY)
		return look_is_unread_there(scene->look, &connection->view->socket->name);
	return connection->view->socket->unread_bytes && is_missed_by_a_loop(scene, connection->view);
}

static bool judge(struct connection *connection, const struct scene *scene, const struct held_view *view)
{
	struct held_evidence evidence = held_evidence_of(scene->look, scene->previous, view);

	*connection = (struct connection){.look = scene->look, .view = view, .evidence = evidence};
	connection->rule = held_verdict(&evidence);
	if (!connection->rule || is_slept_on(scene, view->socket->name.inode) || is_told_elsewhere(scene, connection))
		return false;
	connection->owner = find_owner(scene->look, view);
	/* Closed or handed over while the look was taken. */
	if (!connection->owner)
		return false;
	connection->waiter = look_thread(scene->look, view->held->waiter_pid, view->held->waiter_tid);
	connection->since_ns = connection->rule->since(&evidence);
	return true;
}

/* ---- Rows ---- */

static enum row_type type_of(const struct connection *connection)
{
	return connection->rule->writes ? ROW_WRITER : ROW_READER;
}

static bool is_old_enough(const struct scene *scene, const struct connection *connection)
{
	__u64 age = connection->evidence.now_ns - connection->since_ns;

	if (!connection->since_ns || connection->since_ns > connection->evidence.now_ns)
		return false;
	if (connection->rule->patience == HELD_ANSWER && age < HELD_ANSWER_NS)
		return false;
	if (connection->rule->patience == HELD_LIKELY && age < HELD_LIKELY_NS)
		return false;
	if (connection->rule->patience == HELD_WINDOW && !scene->scope->min_age_given)
		return age >= HELD_WINDOW_NS;
	return age >= min_age_of(scene->scope, type_of(connection));
}

static const char *syscall_of(const struct scene *scene, const struct connection *connection)
{
	return connection->waiter ? fill_syscall(scene->report, connection->waiter->thread) : NULL;
}

static struct waiter_fields waiter_fields_of(const struct connection *connection)
{
	static const char *const names[] = {[WAITER_NOBODY] = NULL, [WAITER_LOOP] = "loop", [WAITER_THREAD] = "thread"};
	const struct thread_view *waiter = connection->waiter;
	struct waiter_fields fields = {.waiter = names[waiter_of(connection->view->held)], .epoll_fd = NOT_KNOWN};

	if (waiter && waiter->thread->syscall_kind == SYSCALL_WAITS_EPOLL && connection->view->held->flags & HELD_EPOLL)
		fields.epoll_fd = (int32_t)waiter->thread->args[0];
	return fields;
}

static void fill_reader(struct row *row, const struct connection *connection)
{
	row->reader.kind = "tcp";
	row->reader.syscall = connection->evidence.syscall;
	row->reader.returns_by_s = fill_until(connection->evidence.now_ns, connection->evidence.ends_ns);
	row->reader.held = waiter_fields_of(connection);
	fill_reader_connection(row, connection->look, connection->view->socket);
}

static void fill_writer(struct row *row, const struct connection *connection)
{
	row->writer.kind = "tcp";
	row->writer.syscall = connection->evidence.syscall;
	row->writer.returns_by_s = fill_until(connection->evidence.now_ns, connection->evidence.ends_ns);
	row->writer.held = waiter_fields_of(connection);
	fill_writer_connection(row, connection->look, connection->view->socket);
}

static void fill_who(struct row *row, const struct scene *scene, const struct connection *connection)
{
	const struct socket_name *name = &connection->view->socket->name;
	const struct owner_record *owner = connection->owner;

	fill_process(row, scene->report, scene->look, owner->pid, owner->comm);
	row->process_start_ns = owner->process_start_ns;
	row->fd = owner->fd;
	if (connection->view->held->waiter_pid == owner->pid && !takes_turns(scene, connection))
		row->tid = connection->view->held->waiter_tid;
	fill_socket(row, scene->report, name);
	row->fits = filter_socket(&scene->scope->selection, scene->look, name) |
		    filter_holders_of(&scene->scope->selection, scene->look, name->cookie);
}

static int add_row(struct scene *scene, struct connection *connection)
{
	struct arena *arena = &scene->report->arena;
	const struct socket_record *socket = connection->view->socket;
	const struct held_rule *rule = connection->rule;
	struct row *row = report_add(scene->report, scene->look, type_of(connection));

	if (!row)
		return -ENOMEM;
	connection->evidence.waiter = waiter_of(connection->view->held);
	connection->evidence.syscall = syscall_of(scene, connection);
	connection->evidence.owner_pid = connection->owner->pid;
	connection->evidence.owner = owners_say(arena, scene->look, socket->name.cookie);
	fill_who(row, scene, connection);
	fill_age(row, scene->look, connection->evidence.now_ns, connection->since_ns);
	(rule->writes ? fill_writer : fill_reader)(row, connection);
	row->id = arena_printf(arena, "%s-held-%u-%llu", rule->writes ? "writer" : "reader", socket->name.netns,
			       socket->name.cookie);
	row->recurs = true;
	row->change_key = (int64_t)((uint64_t)socket->retransmits << 32 | socket->probes_out);
	row->verdict = rule->verdict->name;
	row->severity = connection->stuck ? rule->severity : SEVERITY_NONE;
	row->stuck = connection->stuck;
	row->why = rule->why(arena, &connection->evidence);
	row->advice = rule->advice(arena, &connection->evidence);
	return 0;
}

static bool is_asked_for(const struct scene *scene, const struct connection *connection)
{
	switch (scene->scope->command) {
	case COMMAND_READERS:
		return !connection->rule->writes;
	case COMMAND_WRITERS:
		return connection->rule->writes;
	default:
		return true;
	}
}

static int add_connection(struct scene *scene, const struct held_view *view)
{
	struct connection connection;

	if (!judge(&connection, scene, view) || !is_asked_for(scene, &connection))
		return 0;
	connection.stuck = is_old_enough(scene, &connection);
	return connection.stuck || scene->scope->all ? add_row(scene, &connection) : 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.report = report, .look = look, .previous = previous, .scope = scope};
	int err = look->held.count ? collect_slept_on(&scene) : 0;
	size_t i;

	for (i = 0; i < look->held.count && !err; i++)
		err = add_connection(&scene, &look->held.items[i]);
	free(scene.slept_on);
	return err;
}

const struct report_kind report_held = {
	.name = "held",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_READERS | 1u << COMMAND_WRITERS,
	.run = run,
};
