/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Listening sockets with their connections: who is asked, who answers, and who has stopped answering. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/listeners.h"
#include "look/owners.h"
#include "look/service_dates.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/reports.h"
#include "reports/service_cause.h"
#include "rules/service.h"
#include "system/address.h"
#include "system/tcp_states.h"

/* One service on its way into the report. */
struct service {
	const struct service_record *record;
	__u64 syn_queue, drops;
	double drops_s; /* in which they were counted; NAN: they are not known */
	__u32 accept_queue, accept_queue_max;
	__u64 oldest_queued_ns;
};

struct scene {
	struct report *report;
	const struct look *look, *previous;
	const struct scope *scope;
	struct service *items; /* sorted by place */
	size_t count;
	struct listeners before;
};

/* ---- Places ---- */

static int compare_names(const struct socket_name *a, const struct socket_name *b)
{
	int order = COMPARE(a->netns, b->netns);

	if (!order)
		order = COMPARE(a->local_port, b->local_port);
	return order ? order : memcmp(a->local_addr, b->local_addr, sizeof(a->local_addr));
}

static int compare_services(const void *left, const void *right)
{
	const struct service *a = left, *b = right;

	return compare_names(&a->record->name, &b->record->name);
}

static int compare_with_name(const void *name, const void *item)
{
	return compare_names(name, &((const struct service *)item)->record->name);
}

static struct service *find(const struct scene *scene, const struct socket_name *name)
{
	if (!scene->count)
		return NULL;
	return bsearch(name, scene->items, scene->count, sizeof(*scene->items), compare_with_name);
}

/* The service that a connection came through: at its own address, or at a wildcard. */
static struct service *find_of_connection(const struct scene *scene, const struct socket_name *name)
{
	static const __u8 any[2][16] = {{[10] = 0xff, [11] = 0xff}};
	struct service *found = find(scene, name);
	struct socket_name wild = *name;
	size_t i;

	for (i = address_is_ipv4(name->local_addr) ? 0 : 1; i < 2 && !found; i++) {
		memcpy(wild.local_addr, any[i], sizeof(wild.local_addr));
		found = find(scene, &wild);
	}
	return found;
}

/* ---- What the look has of each ---- */

static void add_drops(struct scene *scene, struct service *service, const struct listener_record *listener)
{
	size_t last = scene->previous ? listeners_find(&scene->before, listener->name.cookie) : LISTENERS_NONE;
	const struct listener_record *before = last == LISTENERS_NONE ? NULL : scene->before.by_cookie[last];

	if (!before || listener->seen_ns <= before->seen_ns)
		return;
	service->drops += listener->drops - before->drops;
	service->drops_s = fill_seconds(listener->seen_ns - before->seen_ns);
}

static void add_listener(struct scene *scene, const struct listener_record *listener)
{
	struct service *service = find(scene, &listener->name);

	if (!service)
		return;
	service->accept_queue += listener->accept_queue;
	service->accept_queue_max += listener->accept_queue_max;
	service->syn_queue += listener->syn_queue;
	add_drops(scene, service, listener);
}

static bool is_queued(const struct socket_record *socket)
{
	return !(socket->flags & (SOCKET_ACCEPTED | SOCKET_DEAD)) &&
	       (socket->name.state == STATE_ESTABLISHED || socket->name.state == STATE_CLOSE_WAIT);
}

static void add_queued(struct scene *scene, const struct socket_record *socket)
{
	struct service *service = is_queued(socket) ? find_of_connection(scene, &socket->name) : NULL;
	__u64 since = socket->last_sent_ns; /* nothing was: when the handshake was complete */

	if (service && since && (!service->oldest_queued_ns || since < service->oldest_queued_ns))
		service->oldest_queued_ns = since;
}

static int collect(struct scene *scene)
{
	const struct look *look = scene->look;
	size_t i;

	scene->items = calloc(look->services.count + 1, sizeof(*scene->items));
	if (!scene->items || (scene->previous && listeners_index(&scene->before, scene->previous)))
		return -ENOMEM;
	for (i = 0; i < look->services.count; i++)
		if (!look_is_put_off(look, look->services.items[i]->name.netns))
			scene->items[scene->count++] =
				(struct service){.record = look->services.items[i], .drops_s = NAN};
	qsort(scene->items, scene->count, sizeof(*scene->items), compare_services);
	for (i = 0; i < look->listeners.count; i++)
		add_listener(scene, look->listeners.items[i]);
	for (i = 0; i < look->sockets.count; i++)
		add_queued(scene, look->sockets.items[i]);
	return 0;
}

/* ---- Rows ---- */

/* The holder of the connection that has waited longest; else that of the listener. */
static const struct owner_record *owner_of(const struct look *look, const struct service_record *record)
{
	const struct owner_record *owner = NULL;

	if (record->worst_inode)
		owner = look_owner_of_inode(look, record->worst_inode);
	return owner ? owner : owners_main(look, record->name.cookie);
}

static void find_words(struct service_evidence *evidence, const struct scene *scene, const struct owner_record *owner)
{
	struct arena *arena = &scene->report->arena;

	if (!owner)
		return;
	evidence->owner = arena_printf(arena, "%s (pid %u)", look_comm(arena, owner->comm), owner->pid);
	if (!owners_is_last_choice(owner))
		evidence->owner_pids = arena_printf(arena, "%u", owner->pid);
}

static struct service_evidence evidence_of(const struct scene *scene, const struct service *service,
					   const struct owner_record *owner)
{
	const struct look_record *head = scene->look->head;
	struct service_evidence evidence = {
		.service = service->record,
		.now_ns = head->seen_ns,
		.min_age_ns = min_age_of(scene->scope, ROW_SERVICE),
		.interval_ns = head->stretched_ns ? head->stretched_ns : head->interval_ns,
		.accept_queue = service->accept_queue,
		.accept_queue_max = service->accept_queue_max,
		.oldest_queued_ns = service->oldest_queued_ns,
	};

	find_words(&evidence, scene, owner);
	if (owner)
		service_cause_find(&evidence, scene->report, scene->look, scene->previous, scene->scope, owner);
	return evidence;
}

static double rate(const struct service_record *record, __u32 count)
{
	if (!record->previous_ns || record->seen_ns <= record->previous_ns)
		return NAN;
	return count / fill_seconds(record->seen_ns - record->previous_ns);
}

/* Nobody awaits an answer of a service that never sends anything (a log). */
static bool answers(const struct service_record *record)
{
	return record->answered_ns || !record->asked;
}

static void fill_counts(struct row *row, const struct service *service, __u64 now_ns)
{
	const struct service_record *record = service->record;

	row->service.connections = record->connections;
	if (answers(record)) {
		row->service.pending = record->pending;
		row->service.oldest_pending_s = fill_since(now_ns, record->oldest_pending_ns);
	}
	row->service.last_answer_s = fill_since(now_ns, record->answered_ns);
	row->service.answers_per_s = rate(record, record->sent);
	row->service.requests_per_s = rate(record, record->began);
	row->service.accept_queue = service->accept_queue;
	row->service.accept_queue_max = service->accept_queue_max;
	row->service.syn_queue = (int64_t)service->syn_queue;
	if (!isnan(service->drops_s))
		row->service.drops_per_s = (double)service->drops / service->drops_s;
}

/* The longest lag of the loops of a process in the last interval. */
static double lag_of(const struct look *look, __u32 pid)
{
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < pid), j;
	__u64 longest = 0;

	for (; i < look->threads.count && look->threads.items[i].thread->pid == pid; i++)
		for (j = 0; j < look->threads.items[i].loop_count; j++)
			if (look->threads.items[i].loops[j].lag_max_ns > longest)
				longest = look->threads.items[i].loops[j].lag_max_ns;
	return longest ? fill_seconds(longest) : NAN;
}

static void fill_cause(struct row *row, const struct service_evidence *evidence)
{
	row->service.cause = service_cause_names[evidence->cause];
	if (!evidence->awaits.count)
		return;
	row->service.awaits = (int64_t)evidence->awaits.count;
	row->service.awaits_addr = evidence->awaits.addr;
	row->service.awaits_port = evidence->awaits.port;
	row->service.awaits_oldest_s = fill_since(evidence->now_ns, evidence->awaits.oldest_ns);
}

static void fill_owner(struct row *row, const struct scene *scene, const struct owner_record *owner)
{
	if (!owner)
		return;
	fill_process(row, scene->report, scene->look, owner->pid, owner->comm);
	row->process_start_ns = owner->process_start_ns;
	row->service.lag_max_s = lag_of(scene->look, owner->pid);
}

static unsigned int fits_of(const struct scene *scene, const struct service_record *record,
			    const struct owner_record *owner)
{
	unsigned int fits = filter_holders_of(&scene->scope->selection, scene->look, record->name.cookie);

	return owner ? fits | filter_process(&scene->scope->selection, scene->look, owner->pid, owner->comm) : fits;
}

static int add_row(struct scene *scene, const struct service *service, const struct owner_record *owner,
		   const struct service_evidence *evidence, const struct service_rule *rule)
{
	struct arena *arena = &scene->report->arena;
	const struct socket_name *name = &service->record->name;
	struct row *row = report_add(scene->report, scene->look, ROW_SERVICE);

	if (!row)
		return -ENOMEM;
	fill_socket(row, scene->report, name);
	row->peer_addr = NULL;
	row->peer_port = NOT_KNOWN;
	fill_owner(row, scene, owner);
	row->fits = fits_of(scene, service->record, owner);
	fill_counts(row, service, evidence->now_ns);
	row->stuck = severity_is_stuck(rule->severity);
	row->verdict = rule->verdict->name;
	row->severity = rule->severity;
	row->why = rule->why(arena, evidence);
	if (!row->stuck)
		return 0;
	fill_age(row, scene->look, evidence->now_ns, rule->since(evidence));
	fill_cause(row, evidence);
	row->recurs = true;
	row->id = arena_printf(arena, "service-%u-%s", name->netns, say_local(arena, name));
	row->advice = rule->advice(arena, evidence);
	return 0;
}

/* One cause is one finding: beside the reports of listeners, connections and loops some are theirs. */
static bool is_shown(const struct scope *scope, const struct service_rule *rule)
{
	bool others_too = scope->all || scope->healthy_services || scope->command == COMMAND_SERVICES;

	if (service_is_told_elsewhere(rule) && scope->command != COMMAND_SERVICES)
		return scope->healthy_services;
	return severity_is_stuck(rule->severity) || others_too;
}

static int report_one(struct scene *scene, const struct service *service)
{
	const struct owner_record *owner = owner_of(scene->look, service->record);
	struct service_evidence evidence = evidence_of(scene, service, owner);
	const struct service_rule *rule = service_verdict(&evidence);

	return is_shown(scene->scope, rule) ? add_row(scene, service, owner, &evidence, rule) : 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.report = report, .look = look, .previous = previous, .scope = scope};
	int err = collect(&scene);
	size_t i;

	for (i = 0; i < scene.count && !err; i++)
		err = report_one(&scene, &scene.items[i]);
	free(scene.items);
	listeners_free(&scene.before);
	return err;
}

const struct report_kind report_services = {
	.name = "services",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_SERVICES,
	.run = run,
};
