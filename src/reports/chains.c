/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The process at the end of chains of waits: one finding for each, however many wait. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/sorted.h"
#include "base/wording.h"
#include "look/sleeping.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/chain_due.h"
#include "reports/chain_filter.h"
#include "reports/chain_order.h"
#include "reports/chain_row.h"
#include "reports/chain_words.h"
#include "reports/fill.h"
#include "reports/now_in.h"
#include "reports/reports.h"
#include "reports/waits/asked.h"
#include "reports/waits/path.h"
#include "rows/report.h"
#include "rules/chain.h"
#include "system/address.h"

/* A process takes up a question within this time. */
#define TAKEN_UP_NS NS_PER_S

/* All that wait for one end. */
struct group {
	size_t paths;
	struct chain_due due;
	unsigned int fits; /* filters: see filter.h */
};

struct scene {
	struct report *report;
	const struct look *look, *previous; /* previous: or NULL */
	const struct scope *scope;
	struct waits waits;
	struct chain_asked asked;
	struct chain_path *paths; /* by wait */
	size_t *order; /* of the waits: those with one end stand together, the longest path first */
};

/* ---- Ends ---- */

/* The facts that the verdict uses. */
static struct chain_evidence facts_of(const struct scene *scene, size_t from)
{
	const struct chain_path *path = &scene->paths[from];
	const struct wait *last = &scene->waits.items[path->last];
	const struct process_view *process = path->cycle ? NULL : waits_process(&scene->waits, last);
	const struct thread_view *doing = path->cycle ? NULL : waits_doing(&scene->waits, last);
	bool one = last->lock && last->lock->holder_tid; /* whatever other threads there are */

	return (struct chain_evidence){
		.cycle = path->cycle,
		.limited = path->limited,
		.last = last,
		.doing = doing,
		.unread = doing && chain_is_unread(&scene->waits, last),
		.polls = doing && chain_slept_unread(&scene->waits, last, doing->thread),
		.in_loop = one ? last->holder && thread_in_loop(last->holder->thread) : process && process->in_loop,
		.sure = path->sure,
	};
}

static struct chain_evidence evidence_of(struct scene *scene, size_t from)
{
	const struct chain_path *path = &scene->paths[from];
	struct arena *arena = &scene->report->arena;
	struct chain_evidence evidence = facts_of(scene, from);
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

static const char *make_links(struct scene *scene, size_t from, const struct chain_evidence *evidence,
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

/* It has been asleep since about when it was asked: it did nothing for others meanwhile. */
static bool has_slept_since(const struct scene *scene, const struct chain_evidence *evidence)
{
	const struct wait *last = evidence->last;

	return evidence->doing && last->since_ns &&
	       look_asleep_since(scene->look, evidence->doing->thread) <= last->since_ns + TAKEN_UP_NS;
}

static bool has_been_blocked_since(const struct scene *scene, const struct chain_evidence *evidence,
				   const struct verdict *verdict)
{
	return verdict->is & END_IS_BLOCKED && evidence->doing &&
	       (evidence->doing->thread->threads <= 1 || evidence->last->holder) && has_slept_since(scene, evidence);
}

/* It has not slept since the look before: it computes, and is not just at work on something else. */
static bool has_run_since(const struct scene *scene, const struct chain_evidence *evidence)
{
	const struct thread_record *now = evidence->doing ? evidence->doing->thread : NULL;
	const struct thread_view *before =
		scene->previous && now ? look_thread(scene->previous, now->pid, now->tid) : NULL;

	return !scene->previous ||
	       (before && before->thread->start_ns == now->start_ns && before->thread->voluntary == now->voluntary);
}

/* A thread waits for who goes on serving others by design as well: for work (BLPOP), for news. */
static bool may_be_by_design(const struct scene *scene, const struct chain_evidence *evidence,
			     const struct verdict *verdict)
{
	if (verdict->is & END_IS_IDLE)
		return !has_slept_since(scene, evidence);
	return verdict->is & END_IS_RUNNING && !has_run_since(scene, evidence);
}

/*
 * Whether something is due at the end of a chain. It is if the request was made on behalf of another, or is still
 * unread. Otherwise a thread's request counts. The last bytes that an event loop sent may be no request: an answer to a
 * ping, or a line of a log. They count if the process that got them has not moved since. Its state at this moment is a
 * sample, and no evidence.
 */
static bool is_asked(const struct scene *scene, size_t from, const struct chain_evidence *evidence,
		     const struct verdict *verdict)
{
	const struct chain_path *path = &scene->paths[from];

	if ((path->asked && path->blocked) || chain_was_asked(&scene->asked, &scene->waits, from, path->depth) ||
	    chain_is_unread(&scene->waits, evidence->last))
		return true;
	if (path->blocked)
		return !may_be_by_design(scene, evidence, verdict);
	return has_been_blocked_since(scene, evidence, verdict);
}

/*
 * A chain has at least two members. Whatever the process at its end does, it is at fault only if it owes something: to the
 * last that waits, or through that one to another (a database sends a few bytes before it computes: the rest is owed only
 * where somebody waits for it).
 */
static bool is_finding(const struct scene *scene, size_t from, const struct chain_evidence *evidence,
		       const struct verdict *verdict)
{
	const struct chain_path *path = &scene->paths[from];
	const struct wait *last = evidence->last;

	if (!path->cycle && path->depth < 2 && !last->peer_pid)
		return false;
	if (verdict->is & (END_IS_DEADLOCK | END_IS_STUCK | END_IS_QUEUE))
		return true;
	if (!path->evident || !is_asked(scene, from, evidence, verdict))
		return false;
	return path->asked || last->verdict->is & IS_OWED;
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

static unsigned int fits_of_path(const struct scene *scene, size_t from)
{
	const struct chain_path *path = &scene->paths[from];

	/* A wait from outside leads into a cycle: all of that fits. */
	return chain_fits(scene->scope, &scene->waits, from, path->cycle ? CHAIN_LINKS_MOST : path->depth);
}

static bool path_is_finding(const struct scene *scene, size_t from)
{
	struct chain_evidence evidence = facts_of(scene, from);

	return is_finding(scene, from, &evidence, chain_verdict(&evidence)->verdict);
}

/*
 * The path that is shown of those with one end (scene->order[first] to end): the longest finding that fits the filters, or
 * the longest of those that fit them together, or the longest. A process that was asked for may wait for
 * the same end as others that are stuck, and be idle itself: then nothing is stuck.
 */
static size_t choose(const struct scene *scene, size_t first, size_t end, bool *stuck)
{
	const struct selection *selection = &scene->scope->selection;
	size_t chosen = WAITS_NONE, i;
	unsigned int fits = 0;

	for (i = first; i < end; i++) {
		unsigned int own;

		if (!path_is_finding(scene, scene->order[i]))
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

static int add_wait(struct scene *scene, const struct wait *wait, const char *chain)
{
	const struct report_wait added = {
		.cookie = wait->socket->name.cookie,
		.peer_cookie = wait->peer ? wait->peer->name.cookie : 0,
		.listener = wait->found == FOUND_QUEUE ? wait->listener->name.cookie : 0,
		.pid = wait->pid,
		.tid = wait->tid,
		.host_at = scene->look->host_at,
		.peer_host_at = scene->look->host_at,
		.chain = chain,
	};

	return report_add_wait(scene->report, &added);
}

/* Whatever waits for that end hangs on it. */
static int add_waits(struct scene *scene, size_t first, const struct group *group)
{
	const struct row *row = &scene->report->rows[scene->report->count - 1];
	int err = 0;

	for (size_t i = first; i < first + group->paths && !err; i++)
		err = add_wait(scene, &scene->waits.items[scene->order[i]], row->id);
	return err;
}

static int add_row(struct scene *scene, size_t from, bool stuck, const struct group *group)
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
static struct group find_group(const struct scene *scene, size_t first)
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

static int add_rows(struct scene *scene)
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
		if (!filter_is_met(&scene->scope->selection, group.fits))
			continue;
		from = choose(scene, i, i + group.paths, &stuck);
		err = add_row(scene, from, stuck, &group);
		if (!err && stuck)
			err = add_waits(scene, i, &group);
	}
	return err;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.report = report, .look = look, .previous = previous, .scope = scope};
	int err = waits_collect(&scene.waits, look, previous, min_age_of(scope, ROW_CHAIN));

	if (!err)
		err = chain_asked_collect(&scene.asked, look);
	if (!err)
		err = chain_find_paths(&scene.waits, &scene.paths);
	if (!err)
		err = add_rows(&scene);
	waits_free(&scene.waits);
	chain_asked_free(&scene.asked);
	free(scene.paths);
	free(scene.order);
	return err;
}

const struct report_kind report_chains = {
	.name = "chains",
	.commands = 1u << COMMAND_CHAINS,
	.run = run,
};
