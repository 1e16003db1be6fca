/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/handshake_row.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/wording.h"
#include "look/owners.h"
#include "look/places.h"
#include "look/sleeping.h"
#include "look/unix_path.h"
#include "options/filter.h"
#include "reports/fill.h"
#include "reports/reports.h"
#include "rows/report.h"
#include "rules/handshake.h"
#include "rules/listener.h"
#include "system/address.h"
#include "system/tcp_states.h"

bool handshake_fill_owner(struct row *row, struct scene *scene, __u64 cookie)
{
	const struct owner_record *owner = owners_main(scene->look, cookie);

	if (!owner)
		return false;
	fill_process(row, scene->report, scene->look, owner->pid, owner->comm);
	row->fd = owner->fd;
	row->process_start_ns = owner->process_start_ns;
	return true;
}

/* The cookie goes over from the request to the socket that becomes of it. */
static const char *make_id(struct arena *arena, const struct handshake *handshake)
{
	const struct socket_name *name = handshake->name;

	if (handshake->view)
		return sleeping_id(arena, "handshake", handshake->view->thread);
	/* Its cookie may come later; the client's socket has been there since before. */
	if (name->kind == SOCKET_KIND_UNIX && handshake->evidence.socket->peer_inode)
		return arena_printf(arena, "handshake-%u-unix-%llu", name->netns,
				    handshake->evidence.socket->peer_inode);
	if (name->cookie)
		return arena_printf(arena, "handshake-%u-%llu", name->netns, name->cookie);
	return arena_printf(arena, "handshake-%u-%s-%s", name->netns, say_local(arena, name), say_peer(arena, name));
}

static void fill_request(struct row *row, struct scene *scene, const struct request_record *request)
{
	__u64 tick_ns = scene->look->head->tick_ns;

	row->handshake.retransmits = request->num_timeout;
	row->handshake.retransmits_max = request->synack_retries;
	row->handshake.next_retransmit_s = fill_until(now_of(scene), timers_request_fires(request, tick_ns));
}

static void fill_connect(struct row *row, struct scene *scene, const struct socket_record *socket)
{
	__u64 tick_ns = scene->look->head->tick_ns;

	row->handshake.retransmits = socket->retransmits;
	row->handshake.retransmits_max = (int64_t)socket->syn_retries + socket->syn_linear_timeouts;
	row->handshake.next_retransmit_s = fill_until(now_of(scene), timers_retransmit_fires(socket, tick_ns));
}

static void fill_queues(struct row *row, const struct listener_record *listener)
{
	if (!listener)
		return;
	row->handshake.accept_queue = listener->accept_queue;
	row->handshake.accept_queue_max = listener->accept_queue_max;
	if (listener->name.kind == SOCKET_KIND_TCP)
		row->handshake.syn_queue = listener->syn_queue;
}

static void fill_stage(struct row *row, struct scene *scene, const struct handshake *handshake)
{
	static const char *const stages[] = {
		[STAGE_SYN_RECV] = "SYN_RECV",
		[STAGE_SYN_SENT] = "SYN_SENT",
		[STAGE_ACCEPT_QUEUE] = "ACCEPT_QUEUE",
		[STAGE_CONNECT] = "CONNECT",
	};
	const struct handshake_evidence *evidence = &handshake->evidence;

	row->handshake.side = evidence->stage == STAGE_SYN_SENT || handshake->view ? "client" : "server";
	row->handshake.stage = stages[evidence->stage];
	row->handshake.gives_up_s = fill_until(evidence->now_ns, evidence->ends_ns);
	if (evidence->stage == STAGE_SYN_RECV)
		fill_request(row, scene, evidence->request);
	else if (evidence->stage == STAGE_SYN_SENT)
		fill_connect(row, scene, evidence->socket);
	else if (evidence->stage == STAGE_ACCEPT_QUEUE && !(evidence->socket->flags & SOCKET_UNREAD_CUT))
		row->handshake.bytes_waiting = evidence->socket->unread_bytes;
	fill_queues(row, evidence->listener);
	row->change_key = (int64_t)evidence->stage << 32;
	if (row->handshake.retransmits != NOT_KNOWN)
		row->change_key |= row->handshake.retransmits;
}

const char *listener_row_id(struct arena *arena, const struct socket_name *name)
{
	return arena_printf(arena, "listener-%u-%llu", name->netns, name->cookie);
}

/* The listener of a handshake, or on this machine the one that a client's SYN is for. */
static const struct listener_record *listener_of(const struct handshake *handshake)
{
	return handshake->evidence.listener ?: handshake->evidence.asked;
}

/* On a listener that is a finding its handshakes hang. */
static const char *cause_of(struct scene *scene, const struct handshake *handshake, const struct handshake_rule *rule)
{
	const struct listener_record *listener = listener_of(handshake);
	size_t at = listener ? listeners_find(&scene->listeners, listener->name.cookie) : LISTENERS_NONE;

	if (at == LISTENERS_NONE || !severity_is_stuck(rule->severity) ||
	    !severity_is_stuck(listener_verdict(&scene->tallies[at])->severity))
		return NULL;
	return listener_row_id(&scene->report->arena, &listener->name);
}

/* With chains, also in another namespace. */
static void find_asked(struct scene *scene, struct handshake *handshake)
{
	struct handshake_evidence *evidence = &handshake->evidence;
	struct arena *arena = &scene->report->arena;
	struct socket_name name = {.kind = SOCKET_KIND_TCP, .local_port = handshake->name->peer_port};

	if (evidence->stage != STAGE_SYN_SENT)
		return;
	if (address_peer_is_here(handshake->name))
		name.netns = handshake->name->netns;
	else
		name.netns = places_netns_of(scene->look, handshake->name->netns, handshake->name->peer_addr);
	memcpy(name.local_addr, handshake->name->peer_addr, sizeof(name.local_addr));
	if (name.netns)
		evidence->asked = listeners_full(&scene->listeners, &name) ?: listeners_of(&scene->listeners, &name);
	if (!evidence->asked)
		return;
	evidence->asked_owner = owners_say(arena, scene->look, evidence->asked->name.cookie);
	evidence->asked_pids = owners_pids(arena, scene->look, evidence->asked->name.cookie);
}

/* No verdict goes by it: of thousands that are folded into one finding it is not asked. */
static __u64 ends_at(const struct handshake_evidence *evidence, __u64 tick_ns)
{
	switch (evidence->stage) {
	case STAGE_SYN_RECV:
		return timers_request_ends(evidence->request, evidence->listener, tick_ns);
	case STAGE_SYN_SENT:
		return timers_connect_ends(evidence->socket, tick_ns);
	case STAGE_CONNECT:
		if (evidence->socket->flags & SOCKET_HAS_MORE && evidence->socket->sndtimeo_ns && evidence->since_ns)
			return evidence->since_ns + evidence->socket->sndtimeo_ns;
		break;
	case STAGE_ACCEPT_QUEUE:
		break;
	}
	return TIMERS_NEVER;
}

static __u64 owned_cookie(const struct handshake *handshake)
{
	if (handshake->evidence.stage == STAGE_SYN_SENT)
		return handshake->name->cookie;
	return handshake->evidence.listener ? handshake->evidence.listener->name.cookie : 0;
}

static void fill_peer(struct row *row, struct scene *scene, __u32 pid, const char comm[16])
{
	if (!pid)
		return;
	row->handshake.peer.pid = pid;
	row->handshake.peer.comm = look_comm(&scene->report->arena, comm);
}

/* The listener's owner has been filled in: of a thread that connects it is the other end. */
static void fill_unix(struct row *row, struct scene *scene, const struct handshake *handshake)
{
	const struct listener_record *listener = handshake->evidence.listener;
	const struct owner_record *owner = listener ? owners_main(scene->look, listener->name.cookie) : NULL;
	const struct socket_record *socket = handshake->evidence.socket;

	row->path = listener ? unix_path(&scene->report->arena, listener) : NULL;
	if (!handshake->view) {
		fill_peer(row, scene, socket->connect_pid, socket->connect_comm);
		row->fits |= filter_process(&scene->scope->selection, scene->look, socket->connect_pid,
					    socket->connect_comm);
		return;
	}
	if (owner)
		fill_peer(row, scene, owner->pid, owner->comm);
	row->fits |= filter_thread(&scene->scope->selection, scene->look, handshake->view->thread);
	fill_thread(row, scene->report, scene->look, handshake->view->thread);
	row->fd = handshake->view->thread->fd;
}

/* A socket that connects may be held by nobody that could be found; then it is who called connect(). */
static void fill_who(struct row *row, struct scene *scene, struct handshake *handshake)
{
	struct handshake_evidence *evidence = &handshake->evidence;
	const struct socket_record *socket = evidence->socket;
	__u64 cookie = owned_cookie(handshake);
	bool owned = handshake_fill_owner(row, scene, cookie);

	evidence->owner = owners_say(&scene->report->arena, scene->look, cookie);
	evidence->owner_pids = owners_pids(&scene->report->arena, scene->look, cookie);
	row->fits |= filter_holders_of(&scene->scope->selection, scene->look, cookie);
	if (handshake->name->kind == SOCKET_KIND_UNIX) {
		fill_unix(row, scene, handshake);
		return;
	}
	if (evidence->stage != STAGE_SYN_SENT || !socket->connect_pid)
		return;
	row->fits |= filter_process(&scene->scope->selection, scene->look, socket->connect_pid, socket->connect_comm);
	if (!owned)
		fill_process(row, scene->report, scene->look, socket->connect_pid, socket->connect_comm);
	if (row->pid == socket->connect_pid)
		row->tid = socket->connect_tid;
}

int handshake_row_add(struct scene *scene, struct handshake *handshake, const struct handshake_rule *rule)
{
	struct handshake_evidence *evidence = &handshake->evidence;
	struct arena *arena = &scene->report->arena;
	struct row *row = report_add(scene->report, scene->look, ROW_HANDSHAKE);

	if (!row)
		return -ENOMEM;
	evidence->path = evidence->listener ? unix_path(arena, evidence->listener) : NULL;
	evidence->ends_ns = ends_at(evidence, scene->look->head->tick_ns);
	fill_socket(row, scene->report, handshake->name);
	fill_age(row, scene->look, evidence->now_ns, evidence->since_ns);
	if (evidence->at_least && evidence->since_ns)
		fill_least_age(row, evidence->now_ns > evidence->since_ns ? evidence->now_ns - evidence->since_ns : 0);
	fill_stage(row, scene, handshake);
	fill_who(row, scene, handshake);
	find_asked(scene, handshake);
	row->id = make_id(arena, handshake);
	row->cause = cause_of(scene, handshake, rule);
	row->verdict = rule->verdict->name;
	row->severity = rule->severity;
	row->stuck = severity_is_stuck(rule->severity);
	row->why = rule->why(arena, evidence);
	row->advice = rule->advice ? rule->advice(arena, evidence) : NULL;
	return 0;
}
