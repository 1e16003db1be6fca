/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Handshakes that do not complete, connections that no one accepts, and the listeners behind them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/wording.h"
#include "look/listeners.h"
#include "look/owners.h"
#include "look/sleeping.h"
#include "look/unix_path.h"
#include "options/ages.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/handshake_end.h"
#include "reports/handshake_row.h"
#include "reports/reports.h"
#include "reports/top_sources.h"
#include "rows/report.h"
#include "rules/handshake.h"
#include "rules/listener.h"
#include "system/address.h"
#include "system/tcp_states.h"

/* ---- Handshakes ---- */

static struct listener_evidence *tally_of(struct scene *scene, __u64 cookie, const struct socket_name *name)
{
	size_t at = listeners_find(&scene->listeners, cookie);
	const struct listener_record *listener;

	if (at == LISTENERS_NONE && name->kind != SOCKET_KIND_UNIX) {
		listener = listeners_of(&scene->listeners, name);
		at = listener ? listeners_find(&scene->listeners, listener->name.cookie) : LISTENERS_NONE;
	}
	return at == LISTENERS_NONE ? NULL : &scene->tallies[at];
}

static void of_request(struct handshake *handshake, struct scene *scene, const struct request_record *request)
{
	struct handshake_evidence *evidence = &handshake->evidence;

	handshake->name = &request->name;
	handshake->tally = tally_of(scene, request->listener_cookie, &request->name);
	evidence->stage = STAGE_SYN_RECV;
	evidence->request = request;
	evidence->since_ns = request->first_synack_ns;
	if (handshake->tally)
		evidence->listener = handshake->tally->listener;
}

static void of_connect(struct handshake *handshake, const struct socket_record *socket)
{
	struct handshake_evidence *evidence = &handshake->evidence;

	evidence->stage = STAGE_SYN_SENT;
	evidence->since_ns = socket->first_sent_ns;
}

/* Nothing was ever sent on it, so lsndtime is still from when the handshake was complete. */
static void of_not_accepted(struct handshake *handshake, struct scene *scene, const struct socket_record *socket)
{
	struct handshake_evidence *evidence = &handshake->evidence;

	handshake->tally = tally_of(scene, socket->listener_cookie, &socket->name);
	evidence->stage = STAGE_ACCEPT_QUEUE;
	evidence->since_ns = socket->last_sent_ns;
	if (handshake->tally)
		evidence->listener = handshake->tally->listener;
}

static void of_unix_queued(struct handshake *handshake, struct scene *scene, size_t place)
{
	const struct socket_record *socket = scene->look->sockets.items[place];
	struct handshake_evidence *evidence = &handshake->evidence;

	handshake->tally = tally_of(scene, socket->listener_cookie, &socket->name);
	evidence->stage = STAGE_ACCEPT_QUEUE;
	evidence->since_ns = unix_queued_since(&scene->unix_ones, place);
	evidence->at_least = true;
	if (handshake->tally)
		evidence->listener = handshake->tally->listener;
}

static void of_unix_connect(struct handshake *handshake, struct scene *scene, const struct thread_view *view)
{
	struct handshake_evidence *evidence = &handshake->evidence;

	handshake->name = &view->socket->name;
	handshake->view = view;
	evidence->socket = view->socket;
	evidence->stage = STAGE_CONNECT;
	evidence->since_ns = look_asleep_since(scene->look, view->thread);
	evidence->at_least = view->thread->flags & THREAD_AT_LEAST;
	evidence->listener = unix_connect_listener(&scene->unix_ones, &scene->listeners, view);
	if (evidence->listener)
		handshake->tally = tally_of(scene, evidence->listener->name.cookie, handshake->name);
}

/* Threads that connect come by themselves. */
static bool of_unix(struct handshake *handshake, struct scene *scene, size_t place)
{
	if (handshake->name->state != STATE_ESTABLISHED || handshake->evidence.socket->flags & SOCKET_ACCEPTED)
		return false;
	of_unix_queued(handshake, scene, place);
	return true;
}

/* False: this socket is no handshake. */
static bool of_socket(struct handshake *handshake, struct scene *scene, size_t place)
{
	const struct socket_record *socket = scene->look->sockets.items[place];

	handshake->name = &socket->name;
	handshake->evidence.socket = socket;
	if (socket->name.kind == SOCKET_KIND_UNIX)
		return of_unix(handshake, scene, place);
	switch (socket->name.state) {
	case STATE_SYN_SENT:
		of_connect(handshake, socket);
		return true;
	case STATE_ESTABLISHED:
	case STATE_CLOSE_WAIT:
		if (socket->flags & (SOCKET_ACCEPTED | SOCKET_DEAD))
			return false;
		of_not_accepted(handshake, scene, socket);
		return true;
	}
	return false;
}

static size_t handshake_count(const struct scene *scene)
{
	return scene->look->requests.count + scene->look->sockets.count + scene->unix_ones.connect_count;
}

/* Requests first, then sockets, then threads. False: there is no handshake at this place. */
static bool handshake_at(struct handshake *handshake, struct scene *scene, size_t at)
{
	const struct look *look = scene->look;

	*handshake = (struct handshake){
		.evidence = {.now_ns = now_of(scene), .min_age_ns = min_age_of(scene->scope, ROW_HANDSHAKE)},
	};
	if (at < look->requests.count) {
		of_request(handshake, scene, look->requests.items[at]);
		return true;
	}
	at -= look->requests.count;
	if (at < look->sockets.count)
		return of_socket(handshake, scene, at);
	of_unix_connect(handshake, scene, scene->unix_ones.connects[at - look->sockets.count]);
	return true;
}

static bool is_shown(const struct scene *scene, const struct judged *judged)
{
	if (!judged->rule)
		return false;
	if (!severity_is_stuck(judged->rule->severity))
		return scene->scope->all;
	return !judged->tally || !listener_folds(judged->tally, judged->rule->which);
}

static int add_handshakes(struct scene *scene)
{
	struct handshake handshake;
	size_t i;
	int err = 0;

	for (i = 0; i < handshake_count(scene) && !err; i++)
		if (is_shown(scene, &scene->judged[i]) && handshake_at(&handshake, scene, i))
			err = handshake_row_add(scene, &handshake, scene->judged[i].rule);
	return err;
}

/* ---- Tallies: what a listener's handshakes come to ---- */

static void keep_oldest(__u64 *oldest, __u64 since_ns)
{
	if (since_ns && (!*oldest || since_ns < *oldest))
		*oldest = since_ns;
}

static void tally_request(struct listener_evidence *tally, const struct request_record *request)
{
	tally->requests++;
	if (!request->acked) {
		tally->silent += request->num_timeout > 0;
		keep_oldest(&tally->oldest_silent_ns, request->first_synack_ns);
	}
	keep_oldest(&tally->oldest_request_ns, request->first_synack_ns);
}

static void tally_handshake(struct handshake *handshake, const struct handshake_rule *rule)
{
	struct listener_evidence *tally = handshake->tally;

	if (handshake->evidence.request)
		tally_request(tally, handshake->evidence.request);
	if (!severity_is_stuck(rule->severity))
		return;
	tally->stuck[rule->which]++;
	if (rule->which == HANDSHAKE_QUEUE_FULL || rule->which == HANDSHAKE_NOT_ACCEPTED)
		keep_oldest(&tally->oldest_complete_ns, handshake->evidence.since_ns);
}

static double drops_per_s(const struct listener_record *now, const struct listener_record *before)
{
	__u32 drops = now->drops - before->drops; /* sk_drops is an int that may wrap */

	if (now->seen_ns <= before->seen_ns)
		return NAN;
	return drops / fill_seconds(now->seen_ns - before->seen_ns);
}

static void begin_tally(struct scene *scene, size_t at)
{
	const struct listener_record *listener = scene->listeners.by_cookie[at];
	size_t last = listeners_find(&scene->before, listener->name.cookie);

	scene->tallies[at] = (struct listener_evidence){
		.listener = listener,
		.now_ns = now_of(scene),
		.min_age_ns = min_age_of(scene->scope, ROW_LISTENER),
		.half_open = listener->syn_queue,
		.drops_per_s = NAN,
		/* A filter by the other end wants these connections, and a folded row does not name them. */
		.may_fold = !scene->scope->selection.peer_given &&
			    filter_is_port(&scene->scope->selection, listener->name.local_port),
	};
	if (last == LISTENERS_NONE)
		return;
	scene->tallies[at].drops_per_s = drops_per_s(listener, scene->before.by_cookie[last]);
}

/* Each is judged once: a flood has 100,000 of them. */
static void judge(struct scene *scene, size_t at)
{
	struct judged *judged = &scene->judged[at];
	struct handshake handshake;

	if (!handshake_at(&handshake, scene, at))
		return;
	judged->rule = handshake_verdict(&handshake.evidence);
	judged->tally = handshake.tally;
	if (handshake.tally)
		tally_handshake(&handshake, judged->rule);
}

static int make_tallies(struct scene *scene)
{
	size_t i;

	scene->tallies = calloc(scene->listeners.count + 1, sizeof(*scene->tallies));
	scene->judged = calloc(handshake_count(scene) + 1, sizeof(*scene->judged));
	if (!scene->tallies || !scene->judged)
		return -ENOMEM;
	for (i = 0; i < scene->listeners.count; i++)
		begin_tally(scene, i);
	for (i = 0; i < handshake_count(scene); i++)
		judge(scene, i);
	for (i = 0; i < scene->listeners.count; i++) {
		if (scene->tallies[i].requests > scene->tallies[i].half_open)
			scene->tallies[i].half_open = scene->tallies[i].requests;
	}
	return 0;
}

/* ---- Listeners ---- */

static void fill_listener(struct row *row, const struct listener_evidence *tally)
{
	const struct listener_record *listener = tally->listener;

	row->listener.accept_queue = listener->accept_queue;
	row->listener.accept_queue_max = listener->accept_queue_max;
	if (listener->somaxconn)
		row->listener.somaxconn = listener->somaxconn;
	if (listener->name.kind == SOCKET_KIND_UNIX)
		return;
	row->listener.syn_queue = listener->syn_queue;
	row->listener.drops = listener->drops;
	row->listener.drops_per_s = tally->drops_per_s;
	row->listener.half_open = tally->half_open;
	row->listener.oldest_half_open_s = fill_since(tally->now_ns, tally->oldest_request_ns);
}

static int64_t count_acceptors(const struct look *look, __u64 inode)
{
	int64_t count = 0;
	size_t i;

	for (i = 0; i < look->threads.count; i++)
		if (sleeping_in(&look->threads.items[i], SYSCALL_ACCEPTS) &&
		    look->threads.items[i].socket->name.inode == inode)
			count++;
	return count;
}

static int add_listener(struct scene *scene, struct listener_evidence *tally, const struct listener_rule *rule)
{
	const struct socket_name *name = &tally->listener->name;
	struct arena *arena = &scene->report->arena;
	struct row *row = report_add(scene->report, scene->look, ROW_LISTENER);

	if (!row)
		return -ENOMEM;
	fill_socket(row, scene->report, name);
	row->path = unix_path(arena, tally->listener);
	handshake_fill_owner(row, scene, name->cookie);
	row->fits |= filter_holders_of(&scene->scope->selection, scene->look, name->cookie);
	fill_age(row, scene->look, tally->now_ns, rule->since ? rule->since(tally) : 0);
	fill_listener(row, tally);
	/* Without --all the thread scan leaves them out. */
	if (scene->scope->all && name->inode)
		row->listener.acceptors = count_acceptors(scene->look, name->inode);
	if (tally->requests > LISTENER_FOLD)
		row->listener.top_sources = top_sources(arena, scene->look, name->cookie);
	row->peer_addr = NULL;
	row->peer_port = NOT_KNOWN;
	tally->owner = owners_say(arena, scene->look, name->cookie);
	tally->owner_pids = owners_pids(arena, scene->look, name->cookie);
	row->recurs = true;
	if (severity_is_stuck(rule->severity))
		row->id = listener_row_id(arena, name);
	row->verdict = rule->verdict->name;
	row->listener.attacked = rule->verdict->is & IS_ATTACK;
	row->severity = rule->severity;
	row->stuck = severity_is_stuck(rule->severity);
	row->why = rule->why(arena, tally);
	row->advice = rule->advice ? rule->advice(arena, tally) : NULL;
	return 0;
}

static int add_listeners(struct scene *scene)
{
	size_t i;
	int err = 0;

	for (i = 0; i < scene->listeners.count && !err; i++) {
		const struct listener_rule *rule = listener_verdict(&scene->tallies[i]);

		/* The evidence of this look is missing; stalls.c keeps the finding as it was. */
		if (look_is_put_off(scene->look, scene->tallies[i].listener->name.netns))
			continue;
		if (severity_is_stuck(rule->severity) || scene->scope->all)
			err = add_listener(scene, &scene->tallies[i], rule);
	}
	return err;
}

static int run_scene(struct scene *scene, const struct look *previous)
{
	int err = listeners_index(&scene->listeners, scene->look);

	if (!err && previous)
		err = listeners_index(&scene->before, previous);
	if (!err)
		err = unix_queues_collect(&scene->unix_ones, scene->look);
	if (!err)
		err = make_tallies(scene);
	if (!err)
		err = add_handshakes(scene);
	if (!err)
		err = add_listeners(scene);
	return err;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	struct scene scene = {.report = report, .look = look, .scope = scope};
	int err = run_scene(&scene, previous);

	listeners_free(&scene.listeners);
	listeners_free(&scene.before);
	unix_queues_free(&scene.unix_ones);
	free(scene.tallies);
	free(scene.judged);
	return err;
}

static const char *why_closed(struct arena *arena, const struct row *row, const struct look *look)
{
	(void)arena;
	return row->type == ROW_HANDSHAKE ? handshake_end_reason(look, row->cookie) : NULL;
}

const struct report_kind report_handshakes = {
	.name = "handshakes",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_HANDSHAKES,
	.run = run,
	.why_closed = why_closed,
};
