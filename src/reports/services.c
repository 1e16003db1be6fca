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
#include "look/unix_queues.h"
#include "options/ages.h"
#include "reports/fill.h"
#include "reports/reports.h"
#include "reports/service_cause.h"
#include "reports/service_row.h"
#include "rules/service.h"
#include "system/address.h"
#include "system/tcp_states.h"

struct scene {
	struct service_scene common;
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

	return compare_names(a->name, b->name);
}

static int compare_with_name(const void *name, const void *item)
{
	return compare_names(name, ((const struct service *)item)->name);
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
	size_t last = scene->common.previous ? listeners_find(&scene->before, listener->name.cookie) : LISTENERS_NONE;
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
	const struct look *look = scene->common.look;
	size_t i;

	scene->items = calloc(look->services.count + 1, sizeof(*scene->items));
	if (!scene->items || far_ends_collect(&scene->common.ends, look) ||
	    (scene->common.previous && listeners_index(&scene->before, scene->common.previous)))
		return -ENOMEM;
	for (i = 0; i < look->services.count; i++)
		if (!look_is_put_off(look, look->services.items[i]->name.netns))
			scene->items[scene->count++] = (struct service){
				.record = look->services.items[i],
				.name = &look->services.items[i]->name,
				.drops_s = NAN,
			};
	qsort(scene->items, scene->count, sizeof(*scene->items), compare_services);
	for (i = 0; i < look->listeners.count; i++)
		add_listener(scene, look->listeners.items[i]);
	for (i = 0; i < look->sockets.count; i++)
		add_queued(scene, look->sockets.items[i]);
	return 0;
}

/* ---- Rows ---- */

/* The holder of the connection that has waited longest; else that of the listener. */
static const struct owner_record *owner_of(const struct look *look, const struct service *service)
{
	const struct owner_record *owner = NULL;

	if (service->record && service->record->worst_inode)
		owner = look_owner_of_inode(look, service->record->worst_inode);
	return owner ? owner : owners_main(look, service->name->cookie);
}

static void find_words(struct service_evidence *evidence, const struct scene *scene, const struct owner_record *owner)
{
	struct arena *arena = &scene->common.report->arena;

	if (!owner)
		return;
	evidence->owner = arena_printf(arena, "%s (pid %u)", look_comm(arena, owner->comm), owner->pid);
	if (!owners_is_last_choice(owner))
		evidence->owner_pids = arena_printf(arena, "%u", owner->pid);
}

static struct service_evidence evidence_of(const struct scene *scene, const struct service *service,
					   const struct owner_record *owner)
{
	const struct look_record *head = scene->common.look->head;
	struct service_evidence evidence = {
		.service = service->record,
		.now_ns = head->seen_ns,
		.min_age_ns = min_age_of(scene->common.scope, ROW_SERVICE),
		.interval_ns = head->stretched_ns ? head->stretched_ns : head->interval_ns,
		.accept_queue = service->accept_queue,
		.accept_queue_max = service->accept_queue_max,
		.oldest_queued_ns = service->oldest_queued_ns,
	};

	find_words(&evidence, scene, owner);
	if (owner)
		service_cause_find(&evidence, &scene->common, owner);
	return evidence;
}

/* Whether services with which nothing is wrong are shown. */
static bool shows_healthy(const struct scope *scope)
{
	return scope->all || scope->healthy_services || scope->command == COMMAND_SERVICES;
}

/* One cause is one finding: beside the reports of listeners, connections and loops some are theirs. */
static bool is_shown(const struct scope *scope, const struct service_rule *rule)
{
	if (service_is_told_elsewhere(rule) && scope->command != COMMAND_SERVICES)
		return scope->healthy_services;
	return severity_is_stuck(rule->severity) || shows_healthy(scope);
}

static int report_one(struct scene *scene, const struct service *service)
{
	const struct owner_record *owner = owner_of(scene->common.look, service);
	struct service_evidence evidence = evidence_of(scene, service, owner);
	const struct service_rule *rule = service_verdict(&evidence);

	if (!is_shown(scene->common.scope, rule))
		return 0;
	return service_row_add(scene->common.report, scene->common.look, scene->common.scope, service, owner,
			       &evidence);
}

/* ---- Unix sockets ---- */

/*
 * oldest[at]: since when the oldest connection has lain in the queue of now->by_cookie[at], at the latest; 0: none, or
 * not known.
 */
static void find_oldest(const struct look *look, const struct listeners *now, const struct unix_queues *queues,
			__u64 *oldest)
{
	size_t i, at;

	for (i = 0; i < look->sockets.count; i++) {
		const struct socket_record *socket = look->sockets.items[i];
		__u64 since =
			socket->name.kind == SOCKET_KIND_UNIX && is_queued(socket) ? unix_queued_since(queues, i) : 0;

		at = since ? listeners_find(now, socket->listener_cookie) : LISTENERS_NONE;
		if (at != LISTENERS_NONE && (!oldest[at] || since < oldest[at]))
			oldest[at] = since;
	}
}

static int report_unix_one(struct scene *scene, const struct listener_record *listener, __u64 oldest_ns)
{
	const struct service service = {
		.unix_one = listener,
		.name = &listener->name,
		.drops_s = NAN,
		.accept_queue = listener->accept_queue,
		.accept_queue_max = listener->accept_queue_max,
		.oldest_queued_ns = oldest_ns,
	};

	if (listener->name.kind != SOCKET_KIND_UNIX || look_is_put_off(scene->common.look, listener->name.netns))
		return 0;
	return report_one(scene, &service);
}

static int report_unix(struct scene *scene)
{
	struct listeners now = {0};
	struct unix_queues queues = {0};
	__u64 *oldest = calloc(scene->common.look->listeners.count + 1, sizeof(*oldest));
	int err = oldest ? listeners_index(&now, scene->common.look) : -ENOMEM;
	size_t i;

	if (!err)
		err = unix_queues_collect(&queues, scene->common.look);
	if (!err)
		find_oldest(scene->common.look, &now, &queues, oldest);
	for (i = 0; i < now.count && !err; i++)
		err = report_unix_one(scene, now.by_cookie[i], oldest[i]);
	unix_queues_free(&queues);
	listeners_free(&now);
	free(oldest);
	return err;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.common = {.report = report, .look = look, .previous = previous, .scope = scope}};
	int err = collect(&scene);
	size_t i;

	for (i = 0; i < scene.count && !err; i++)
		err = report_one(&scene, &scene.items[i]);
	/* One that is stuck is told elsewhere. */
	if (!err && shows_healthy(scope))
		err = report_unix(&scene);
	free(scene.items);
	far_ends_free(&scene.common.ends);
	listeners_free(&scene.before);
	return err;
}

const struct report_kind report_services = {
	.name = "services",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_SERVICES,
	.run = run,
};
