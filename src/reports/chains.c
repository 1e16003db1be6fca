/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The process at the end of chains of waits: one finding for each, however many wait. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/sorted.h"
#include "base/wording.h"
#include "options/filter.h"
#include "reports/chain_case.h"
#include "reports/chain_filter.h"
#include "reports/chain_row.h"
#include "reports/chain_words.h"
#include "reports/fill.h"
#include "reports/now_in.h"
#include "reports/reports.h"
#include "reports/waits/chain_due.h"
#include "reports/waits/chain_order.h"
#include "reports/waits/far.h"
#include "system/address.h"

/* All that wait for one end. */
struct group {
	size_t paths;
	struct chain_due due;
	unsigned int fits; /* filters: see filter.h */
};

/* ---- Ends ---- */

static struct chain_evidence evidence_of(struct chain_scene *scene, size_t from)
{
	const struct chain_path *path = &scene->paths[from];
	struct arena *arena = &scene->report->arena;
	struct chain_evidence evidence = chain_facts(scene, from);
	__u64 since;

	if (evidence.doing)
		evidence.doing = waits_worker(&scene->waits, evidence.last);
	evidence.who = chain_say_awaited(arena, evidence.last);
	evidence.chain = chain_say(arena, &scene->waits, path->cycle ? path->last : from, path->depth);
	if (evidence.doing)
		evidence.in = loop_now_in(arena, scene->look, evidence.doing->thread, evidence.doing->socket);
	since = evidence.doing ? look_asleep_since(scene->look, evidence.doing->thread) : 0;
	if (since)
		evidence.in_for = say_since(arena, scene->look->head->seen_ns, since);
	return evidence;
}

/* ---- Rows ---- */

static const char *make_links(struct chain_scene *scene, size_t from, const struct chain_evidence *evidence,
			      const struct verdict *verdict)
{
	const struct chain_path *path = &scene->paths[from];
	size_t i, at = path->cycle ? path->last : from;
	const struct wait *before = NULL;
	const char *links = NULL;

	for (i = 0; i < path->depth && i < CHAIN_LINKS_MOST; i++) {
		const struct wait *wait = &scene->waits.items[at];

		links = chain_add_wait(scene->report, scene->look, links, wait, before);
		before = wait;
		at = wait->next;
	}
	if (path->cycle || !evidence->last->peer_pid)
		return links;
	return chain_add_end(scene->report, scene->look, links, evidence, verdict);
}

static const char *make_id(struct arena *arena, const struct chain_evidence *evidence)
{
	const struct wait *last = evidence->last;

	if (evidence->cycle)
		return last->lock || last->fd < 0 ? arena_printf(arena, "chain-cycle-%u-%u", last->pid, last->tid)
						  : arena_printf(arena, "chain-cycle-%u-%d", last->pid, last->fd);
	if (last->peer_pid)
		return arena_printf(arena, "chain-%u", last->peer_pid);
	return arena_printf(arena, "chain-%u-%s", last->pid, say_peer(arena, &last->socket->name));
}

static unsigned int fits_of_path(const struct chain_scene *scene, size_t from)
{
	const struct chain_path *path = &scene->paths[from];

	/* A wait from outside leads into a cycle: all of that fits. */
	return chain_fits(scene->scope, &scene->waits, from, path->cycle ? CHAIN_LINKS_MOST : path->depth);
}

/*
 * The path that is shown of those with one end (scene->order[first] to end): the longest finding that fits the filters,
 * or the longest of those that fit them together, or the longest. A process that was asked for may wait for the same
 * end as others that are stuck, and be idle itself: then nothing is stuck.
 */
static size_t choose(const struct chain_scene *scene, size_t first, size_t end, bool *stuck)
{
	const struct selection *selection = &scene->scope->selection;
	size_t chosen = WAITS_NONE, i;
	unsigned int fits = 0;

	for (i = first; i < end; i++) {
		unsigned int own;

		if (!chain_is_finding(scene, scene->order[i]))
			continue;
		own = fits_of_path(scene, scene->order[i]);
		fits |= own;
		if (chosen == WAITS_NONE || filter_is_met(selection, own))
			chosen = scene->order[i];
		if (filter_is_met(selection, own))
			break;
	}
	*stuck = chosen != WAITS_NONE && filter_is_met(selection, fits);
	return *stuck ? chosen : scene->order[first];
}

/* The overview has only those that are stuck, also with --all, unless a person looks at their page. */
static bool shows_normal(const struct scope *scope)
{
	return scope->all && (scope->command == COMMAND_CHAINS || scope->chains);
}

static int add_wait(struct chain_scene *scene, const struct wait *wait, const char *chain)
{
	const struct report_wait added = {
		.cookie = wait->socket->name.cookie,
		.peer_cookie = wait->peer ? wait->peer->name.cookie : 0,
		.listener = wait->found == FOUND_QUEUE ? wait->listener->name.cookie : 0,
		.pid = wait_pid(wait),
		.tid = wait->tid,
		.host_at = (wait->seen_by ?: scene->look)->host_at,
		.peer_host_at = (wait->peer_by ?: scene->look)->host_at,
		.chain = chain,
	};

	return report_add_wait(scene->report, &added);
}

/* Whatever waits for that end hangs on it. */
static int add_waits(struct chain_scene *scene, size_t first, const struct group *group)
{
	const struct row *row = &scene->report->rows[scene->report->count - 1];
	int err = 0;

	for (size_t i = first; i < first + group->paths && !err; i++)
		err = add_wait(scene, &scene->waits.items[scene->order[i]], row->id);
	return err;
}

static int add_row(struct chain_scene *scene, size_t from, bool stuck, const struct group *group)
{
	struct chain_evidence evidence = evidence_of(scene, from);
	const struct chain_rule *rule = chain_verdict(&evidence);
	struct arena *arena = &scene->report->arena;
	struct row *row;

	if (!stuck && !shows_normal(scene->scope))
		return 0;
	row = report_add(scene->report, scene->look, ROW_CHAIN);
	if (!row)
		return -ENOMEM;
	chain_fill_end(row, scene->report, scene->look, &evidence);
	fill_age(row, scene->look, scene->look->head->seen_ns, group->due.oldest_ns);
	row->fits = group->fits;
	row->chain.waiters = (int64_t)group->due.waiters;
	row->chain.cycle = evidence.cycle;
	row->chain.queue = rule->verdict->is & END_IS_QUEUE;
	row->chain.links = make_links(scene, from, &evidence, rule->verdict);
	row->id = make_id(arena, &evidence);
	if (row->with_others)
		row->id = report_id(scene->report, row->host, row->id);
	row->recurs = true;
	row->verdict = rule->verdict->name;
	row->stuck = stuck;
	row->severity =
		stuck ? severity_of_chain(rule->verdict->is & END_IS_DEADLOCK, group->due.waiters) : SEVERITY_NONE;
	row->change_key = (int64_t)group->due.waiters;
	row->why = rule->why(arena, &evidence);
	row->advice = rule->advice(arena, &evidence);
	return 0;
}

/* ---- Groups ---- */

/* The group that begins at this place in scene->order. */
static struct group find_group(const struct chain_scene *scene, size_t first)
{
	const size_t *order = scene->order + first;
	struct group group = {.paths = 0};
	size_t left = scene->waits.count - first, i;

	for (i = 0; i < left && chain_same_end(&scene->waits, &scene->paths[order[0]], &scene->paths[order[i]]); i++)
		group.fits |= chain_fits_wait(scene->scope, &scene->waits, &scene->waits.items[order[i]]);
	group.paths = i;
	group.due = chain_count(scene->paths, order, i);
	return group;
}

static int add_rows(struct chain_scene *scene)
{
	struct group group;
	size_t i, from;
	bool stuck;
	int err = 0;

	scene->order = chain_order(&scene->waits, scene->paths);
	if (!scene->order)
		return -ENOMEM;
	for (i = 0; i < scene->waits.count && !err; i += group.paths) {
		group = find_group(scene, i);
		if (scene->waits.items[scene->paths[scene->order[i]].last].leads_away ||
		    !filter_is_met(&scene->scope->selection, group.fits))
			continue;
		from = choose(scene, i, i + group.paths, &stuck);
		err = add_row(scene, from, stuck, &group);
		if (!err && stuck)
			err = add_waits(scene, i, &group);
	}
	return err;
}

static int add_chains(struct chain_scene *scene)
{
	return chain_find_paths(&scene->waits, &scene->paths) ?: add_rows(scene);
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct chain_scene scene = {.report = report, .look = look, .previous = previous, .scope = scope};
	int err = chain_collect(&scene) ?: add_chains(&scene);

	chain_free(&scene);
	return err;
}

/* ---- Several hosts ---- */

static int collect_all(struct chain_scene *scenes, struct far_host *hosts, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		if (!scenes[i].look)
			continue;
		err = chain_collect(&scenes[i]);
		chain_cut_false_steps(&scenes[i].waits);
		hosts[i] = (struct far_host){.waits = &scenes[i].waits, .asked = &scenes[i].asked};
	}
	return err ?: far_join(hosts, count);
}

static int run_scenes(struct chain_scene *scenes, struct far_host *hosts, size_t count)
{
	int err = collect_all(scenes, hosts, count);

	for (size_t i = 0; i < count && !err; i++)
		err = scenes[i].look ? add_chains(&scenes[i]) : 0;
	return err;
}

static int run_on_hosts(struct report *report, const struct looks *looks, const struct scope *scope)
{
	struct chain_scene *scenes = calloc(looks->count, sizeof(*scenes));
	struct far_host *hosts = calloc(looks->count, sizeof(*hosts));
	int err = scenes && hosts ? 0 : -ENOMEM;

	for (size_t i = 0; i < looks->count && !err; i++) {
		const struct look *look = looks->items[i].look;

		if (look && report_is_wanted(&report_chains, look, scope))
			scenes[i] = (struct chain_scene){
				.report = report, .look = look, .previous = looks->items[i].previous, .scope = scope};
	}
	if (!err)
		err = run_scenes(scenes, hosts, looks->count);
	for (size_t i = 0; i < looks->count && scenes; i++)
		chain_free(&scenes[i]);
	free(scenes);
	free(hosts);
	return err;
}

const struct report_kind report_chains = {
	.name = "chains",
	.commands = 1u << COMMAND_CHAINS,
	.run = run,
	.run_on_hosts = run_on_hosts,
};
