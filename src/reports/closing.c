/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Connections whose closing does not get on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/owners.h"
#include "look/sleeping.h"
#include "look/timers.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/fill_connection.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/closing.h"
#include "system/tcp_states.h"

/* More than this many of one process and verdict are one finding. */
#define FOLDED 100

struct closing {
	const struct socket_record *socket;
	const struct owner_record *owner; /* or NULL */
	const struct closing_rule *rule;
	__u64 since_ns;
	unsigned int fits; /* see filter.h */
	bool stuck;
};

/* A connection that its application has half closed, and that it still holds. */
struct half_closed {
	__u32 pid;
	__u64 since_ns;
	const struct socket_record *socket;
};

struct scene {
	struct report *report;
	const struct look *look;
	const struct scope *scope;
	struct closing *items; /* sorted: what may be folded stands together, the oldest first */
	size_t count;
	struct half_closed *passed; /* sorted by process, then time */
	size_t passed_count;
};

/* A connection in an accept queue is left to handshakes, and one on which a loop still sends to writers. */
static bool is_closing(const struct look *look, const struct socket_record *socket)
{
	switch (socket->name.state) {
	case STATE_CLOSE_WAIT:
		return socket->flags & (SOCKET_ACCEPTED | SOCKET_DEAD) && !look_held(look, socket->name.cookie);
	case STATE_FIN_WAIT1:
	case STATE_FIN_WAIT2:
	case STATE_LAST_ACK:
	case STATE_CLOSING:
		return true;
	}
	return false;
}

static int compare_passed(const void *left, const void *right)
{
	const struct half_closed *a = left, *b = right;
	int order = COMPARE(a->pid, b->pid);

	return order ? order : COMPARE(a->since_ns, b->since_ns);
}

static int collect_passed(struct scene *scene)
{
	const struct look *look = scene->look;
	size_t i;

	scene->passed = calloc(look->sockets.count + 1, sizeof(*scene->passed));
	if (!scene->passed)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++) {
		const struct socket_record *socket = look->sockets.items[i];
		const struct owner_record *owner;

		if (socket->name.state != STATE_FIN_WAIT2 || socket->flags & (SOCKET_DEAD | SOCKET_TIMEWAIT))
			continue;
		owner = owners_main(look, socket->name.cookie);
		if (owner)
			scene->passed[scene->passed_count++] =
				(struct half_closed){owner->pid, closing_since(socket, look->head->seen_ns), socket};
	}
	qsort(scene->passed, scene->passed_count, sizeof(*scene->passed), compare_passed);
	return 0;
}

/* The connection of the same process that it half closed when the end of file came on this one. */
static const struct socket_name *find_passed_on(const struct scene *scene, const struct closing *closing)
{
	__u64 since = closing_since(closing->socket, scene->look->head->seen_ns);
	__u64 from = since > CLOSING_PASSED_ON_NS ? since - CLOSING_PASSED_ON_NS : 0;
	const struct half_closed key = {closing->owner->pid, from, NULL};
	size_t i = LOWER_BOUND(scene->passed_count, at, compare_passed(&scene->passed[at], &key) < 0);

	if (i < scene->passed_count && scene->passed[i].pid == key.pid &&
	    scene->passed[i].since_ns <= since + CLOSING_PASSED_ON_NS)
		return &scene->passed[i].socket->name;
	return NULL;
}

static struct closing_evidence evidence_of(const struct scene *scene, const struct closing *closing, size_t connections)
{
	const struct look_record *head = scene->look->head;
	__u64 cookie = closing->socket->name.cookie;
	struct closing_evidence evidence = {
		.socket = closing->socket,
		.now_ns = head->seen_ns,
		.tick_ns = head->tick_ns,
		.patience_ns = closing_min_age(scene->scope),
		.long_idle_ns = head->long_idle_ns,
		.ends_ns = timers_closing_ends(closing->socket, head->tick_ns),
		.connections = connections,
	};

	if (closing->owner && closing->socket->name.state == STATE_CLOSE_WAIT)
		evidence.passed_on = find_passed_on(scene, closing);
	/* To judge takes no name of the owner: the sentences are made of few. */
	if (connections && closing->owner) {
		evidence.owner = owners_say(&scene->report->arena, scene->look, cookie);
		evidence.owner_pid = closing->owner->pid;
	}
	return evidence;
}

static struct closing judge(const struct scene *scene, const struct socket_record *socket)
{
	struct closing closing = {.socket = socket, .owner = owners_main(scene->look, socket->name.cookie)};
	struct closing_evidence evidence = evidence_of(scene, &closing, 0);
	__u64 now = evidence.now_ns;

	closing.fits = filter_socket(&scene->scope->selection, scene->look, &socket->name) |
		       filter_holders_of(&scene->scope->selection, scene->look, socket->name.cookie);
	closing.rule = closing_verdict(&evidence);
	closing.since_ns = closing_since(socket, now);
	closing.stuck = severity_is_stuck(closing.rule->severity) && closing.since_ns &&
			now >= closing.since_ns + min_age_of(scene->scope, ROW_CLOSING);
	return closing;
}

static __u32 owner_pid(const struct closing *closing)
{
	return closing->owner ? closing->owner->pid : 0;
}

static bool may_fold(const struct closing *a, const struct closing *b)
{
	return owner_pid(a) == owner_pid(b) && a->rule->verdict == b->rule->verdict && a->stuck == b->stuck &&
	       a->socket->name.netns == b->socket->name.netns;
}

static int compare(const void *left, const void *right)
{
	const struct closing *a = left, *b = right;
	int order = COMPARE(owner_pid(a), owner_pid(b));

	if (!order)
		order = strcmp(a->rule->verdict->name, b->rule->verdict->name);
	if (!order)
		order = COMPARE(a->stuck, b->stuck);
	if (!order)
		order = COMPARE(a->socket->name.netns, b->socket->name.netns);
	if (!order)
		order = COMPARE(a->since_ns, b->since_ns);
	return order ? order : COMPARE(a->socket->name.cookie, b->socket->name.cookie);
}

static int collect(struct scene *scene)
{
	const struct look *look = scene->look;
	struct closing closing;
	size_t i;

	scene->items = calloc(look->sockets.count + 1, sizeof(*scene->items));
	if (!scene->items)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++) {
		if (!is_closing(look, look->sockets.items[i]))
			continue;
		closing = judge(scene, look->sockets.items[i]);
		/* Before any are folded: what is asked for may be one of many. */
		if (!filter_is_met(&scene->scope->selection, closing.fits))
			continue;
		if (closing.stuck || scene->scope->all)
			scene->items[scene->count++] = closing;
	}
	qsort(scene->items, scene->count, sizeof(*scene->items), compare);
	return 0;
}

static const char *make_id(struct arena *arena, const struct closing *closing, size_t connections)
{
	const struct socket_name *name = &closing->socket->name;

	if (connections > 1)
		return arena_printf(arena, "closing-%u-%u-%s", owner_pid(closing), name->netns,
				    closing->rule->verdict->name);
	return arena_printf(arena, "closing-%u-%llu", name->netns, name->cookie);
}

static void fill_closing(struct row *row, const struct closing *closing, const struct closing_evidence *evidence)
{
	const struct socket_record *socket = closing->socket;
	__u64 now = evidence->now_ns;

	row->closing.state = tcp_state_name(socket->name.state);
	row->closing.fault = closing->stuck ? closing->rule->fault : NULL;
	row->closing.connections = (int64_t)evidence->connections;
	row->serves = !(socket->flags & SOCKET_TIMEWAIT) && !socket_is_client(socket);
	row->closing.orphaned = !!(socket->flags & SOCKET_DEAD);
	if (closing->owner || !closing_lingers(socket))
		row->closing.gives_up_s = fill_until(now, evidence->ends_ns);
	if (socket->flags & SOCKET_TIMEWAIT)
		return;
	fill_tcp(&row->closing.tcp, socket, closing_bytes_received(socket), now);
	row->closing.unread_bytes = socket->unread_bytes;
	row->closing.unsent_bytes = socket->unsent_bytes;
	row->closing.keepalive = !!(socket->flags & SOCKET_KEEPALIVE);
	if (socket->name.state == STATE_CLOSE_WAIT)
		row->closing.eof_read = !!(socket->flags & SOCKET_EOF_READ);
	row->change_key = (int64_t)((uint64_t)socket->name.state << 32 | socket->retransmits);
}

static int add_row(struct scene *scene, const struct closing *closing, size_t connections)
{
	struct arena *arena = &scene->report->arena;
	struct closing_evidence evidence = evidence_of(scene, closing, connections);
	const struct closing_rule *rule = closing->rule;
	struct row *row = report_add(scene->report, scene->look, ROW_CLOSING);

	if (!row)
		return -ENOMEM;
	row->fits = closing->fits;
	fill_socket(row, scene->report, &closing->socket->name);
	if (closing->owner) {
		fill_process(row, scene->report, scene->look, closing->owner->pid, closing->owner->comm);
		row->fd = closing->owner->fd;
	}
	fill_age(row, scene->look, evidence.now_ns, closing->since_ns);
	/* The kernel dates the state of a TIME_WAIT entry. For other sockets it dates only what came after it. */
	row->age_at_least = closing->since_ns && !(closing->socket->flags & SOCKET_TIMEWAIT);
	fill_closing(row, closing, &evidence);
	row->id = make_id(arena, closing, connections);
	row->recurs = connections > 1;
	row->verdict = rule->verdict->name;
	row->severity = closing->stuck ? rule->severity : SEVERITY_NONE;
	row->stuck = closing->stuck;
	row->why = rule->why(arena, &evidence);
	row->advice = rule->advice ? rule->advice(arena, &evidence) : NULL;
	if (connections > 1)
		row->change_key = 0;
	return 0;
}

static int add_rows(struct scene *scene)
{
	size_t i, end;
	int err = 0;

	for (i = 0; i < scene->count && !err; i = end) {
		for (end = i + 1; end < scene->count && may_fold(&scene->items[i], &scene->items[end]); end++)
			;
		if (end - i > FOLDED && scene->items[i].stuck) {
			err = add_row(scene, &scene->items[i], end - i);
			continue;
		}
		for (; i < end && !err; i++)
			err = add_row(scene, &scene->items[i], 1);
	}
	return err;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.report = report, .look = look, .scope = scope};
	int err = collect_passed(&scene);

	(void)previous;
	if (!err)
		err = collect(&scene);
	if (!err)
		err = add_rows(&scene);
	free(scene.passed);
	free(scene.items);
	return err;
}

const struct report_kind report_closing = {
	.name = "closing",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_CLOSING,
	.run = run,
};
