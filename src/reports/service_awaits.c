/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/service_awaits.h"

#include "base/sorted.h"
#include "look/far_ends.h"
#include "look/owners.h"
#include "look/service_dates.h"
#include "look/signs.h"
#include "look/sleeping.h"
#include "rules/held.h"
#include "system/address.h"
#include "system/tcp_states.h"

/* At most this many peers are told apart: a process asks few services. */
#define PEERS_MOST 16

struct peers {
	struct peer {
		const struct socket_name *name;
		struct service_awaits awaits;
	} items[PEERS_MOST];
	size_t count;
};

static __u64 asked_ns(const struct socket_record *socket)
{
	return socket->name.state == STATE_SYN_SENT ? socket->first_sent_ns : socket->last_sent_ns;
}

/* It asked there after it was asked itself, and not just now. `sleeps`: a thread waits for just that. */
static bool awaits(const struct awaiting *awaiting, const struct socket_record *socket, bool sleeps)
{
	__u64 asked = asked_ns(socket);

	if (socket->name.kind != SOCKET_KIND_TCP || !socket_is_client(socket) || !asked)
		return false;
	if (socket->name.state != STATE_SYN_SENT && reader_speaker(socket, awaiting->look->head->tick_ns) != SPEAKER_WE)
		return false;
	if (asked + awaiting->least_ns > awaiting->look->head->seen_ns)
		return false;
	return asked + SERVICE_SLACK_NS >= awaiting->owed_since_ns || (sleeps && awaiting->is_held_up);
}

/* All of its threads are stopped, or frozen. */
static bool is_kept(const struct look *look, __u32 pid)
{
	size_t i = LOWER_BOUND(look->threads.count, at, look->threads.items[at].thread->pid < pid), first = i;

	for (; i < look->threads.count && look->threads.items[i].thread->pid == pid; i++)
		if (!(look->threads.items[i].thread->flags & (THREAD_STOPPED | THREAD_FROZEN)))
			return false;
	return i > first;
}

/* Nobody has accepted it, or whoever has is stopped. */
static bool cannot_answer(const struct look *look, const struct socket_record *other)
{
	const struct owner_record *owner;

	if (!(other->flags & (SOCKET_ACCEPTED | SOCKET_DEAD)))
		return true;
	owner = owners_main(look, other->name.cookie);
	return owner && is_kept(look, owner->pid);
}

/*
 * Its other end is on this machine: two namespaces may have the same addresses, so each that looks like it must be so.
 */
static bool is_unanswerable_there(const struct awaiting *awaiting, const struct socket_name *name)
{
	size_t i, count, found = 0;
	const struct socket_record *const *others = far_ends_find(awaiting->ends, name, &count);

	for (i = 0; i < count; i++) {
		if (!far_ends_may_reach(awaiting->look, name, others[i]->name.netns))
			continue;
		if (!cannot_answer(awaiting->look, others[i]))
			return false;
		found++;
	}
	return found;
}

/* What came there has lain unread. */
static bool is_unread_there(const struct awaiting *awaiting, const struct socket_name *name)
{
	size_t i, count;
	const struct socket_record *const *others = far_ends_find(awaiting->ends, name, &count);

	for (i = 0; i < count; i++)
		if (others[i]->unread_bytes && look_held(awaiting->look, others[i]->name.cookie) &&
		    far_ends_may_reach(awaiting->look, name, others[i]->name.netns))
			return true;
	return false;
}

static bool has_address(const struct look *look, __u32 netns, const __u8 address[16])
{
	size_t i;

	for (i = 0; i < look->addresses.count; i++)
		if (look->addresses.items[i]->netns == netns &&
		    address_equal(look->addresses.items[i]->address, address))
			return true;
	return false;
}

/* Whether a connection to there may be one of this service's. */
static bool serves(const struct look *look, const struct service_record *service, const struct socket_name *name)
{
	const struct socket_name *at = &service->name;

	if (at->local_port != name->peer_port || !far_ends_may_reach(look, name, at->netns))
		return false;
	if (!address_is_any(at->local_addr))
		return address_equal(at->local_addr, name->peer_addr);
	return has_address(look, at->netns, name->peer_addr) ||
	       (at->netns == name->netns && address_peer_is_here(name));
}

/* It has sent nothing to anybody since then, and its process is stopped. */
static bool is_kept_since(const struct look *look, const struct service_record *service, __u64 then_ns)
{
	const struct owner_record *owner = owners_main(look, service->name.cookie);

	return service->answered_ns <= then_ns + SERVICE_NEAR_NS && owner && is_kept(look, owner->pid);
}

/* What it asked may have been read there, and so be no candidate of this look. */
static bool is_to_a_kept_service(const struct look *look, const struct socket_record *socket)
{
	bool found = false;
	size_t i;

	for (i = 0; i < look->services.count; i++) {
		if (!serves(look, look->services.items[i], &socket->name))
			continue;
		if (!is_kept_since(look, look->services.items[i], asked_ns(socket)))
			return false;
		found = true;
	}
	return found;
}

/*
 * That a read lasts proves no fault of the other end: it may be a subscription, or a long poll. These do: a dead peer,
 * unread bytes on this machine, a process there that is stopped or has not accepted, a wait that is longer than ever
 * before.
 */
static bool is_certain(const struct awaiting *awaiting, const struct socket_record *socket, enum severity held)
{
	return held > SEVERITY_SUSPECT || signs_data_unanswered(socket, awaiting->look->head->seen_ns) ||
	       is_unread_there(awaiting, &socket->name) || is_unanswerable_there(awaiting, &socket->name) ||
	       is_to_a_kept_service(awaiting->look, socket);
}

/* How bad it is by the turns that looks have seen, where no thread sleeps on it. */
static enum severity severity_of_held(const struct awaiting *awaiting, const struct held_view *view)
{
	struct held_evidence evidence = held_evidence_of(awaiting->look, awaiting->previous, view);
	const struct held_rule *rule = held_verdict(&evidence);

	if (rule && held_is_a_read(rule))
		return SEVERITY_SUSPECT;
	return rule ? rule->severity : SEVERITY_NONE;
}

static struct peer *peer_of(struct peers *peers, const struct socket_name *name)
{
	size_t i;

	for (i = 0; i < peers->count; i++)
		if (peers->items[i].name->peer_port == name->peer_port &&
		    address_equal(peers->items[i].name->peer_addr, name->peer_addr))
			return &peers->items[i];
	if (peers->count == PEERS_MOST)
		return NULL;
	peers->items[peers->count].name = name;
	return &peers->items[peers->count++];
}

static void add(struct peers *peers, const struct awaiting *awaiting, const struct socket_record *socket, bool sleeps)
{
	struct peer *peer = awaits(awaiting, socket, sleeps) ? peer_of(peers, &socket->name) : NULL;
	const struct held_view *view = peer ? look_held(awaiting->look, socket->name.cookie) : NULL;
	enum severity held = view ? severity_of_held(awaiting, view) : SEVERITY_NONE;
	__u64 asked = asked_ns(socket);

	if (!peer)
		return;
	peer->awaits.count++;
	peer->awaits.likely += sleeps || held != SEVERITY_NONE;
	peer->awaits.certain += is_certain(awaiting, socket, held);
	if (!peer->awaits.oldest_ns || asked < peer->awaits.oldest_ns)
		peer->awaits.oldest_ns = asked;
}

static void add_of_threads(struct peers *peers, const struct awaiting *awaiting)
{
	size_t i;

	for (i = awaiting->first; i < awaiting->first + awaiting->count; i++) {
		const struct thread_view *view = &awaiting->look->threads.items[i];

		if (view->socket && view->thread->flags & THREAD_SLEEPING)
			add(peers, awaiting, view->socket, true);
	}
}

static bool is_own(const struct awaiting *awaiting, const struct held_view *view)
{
	size_t i, count;
	const struct owner_record *const *owners = look_owners(awaiting->look, view->socket->name.cookie, &count);

	for (i = 0; i < count; i++)
		if (owners[i]->pid == awaiting->pid)
			return true;
	return false;
}

/* On others threads sleep, which have been counted. */
static void add_of_loops(struct peers *peers, const struct awaiting *awaiting)
{
	size_t i;

	for (i = 0; i < awaiting->look->held.count; i++) {
		const struct held_view *view = &awaiting->look->held.items[i];

		if (view->held->flags & (HELD_EPOLL | HELD_POLL) && is_own(awaiting, view))
			add(peers, awaiting, view->socket, view->held->flags & HELD_POLL_ALONE);
	}
}

struct service_awaits service_awaits_find(const struct awaiting *awaiting, struct arena *arena)
{
	struct peers peers = {.count = 0};
	const struct peer *most = peers.items;
	size_t i;

	add_of_threads(&peers, awaiting);
	add_of_loops(&peers, awaiting);
	for (i = 1; i < peers.count; i++)
		if (peers.items[i].awaits.count > most->awaits.count)
			most = &peers.items[i];
	if (!peers.count)
		return (struct service_awaits){0};
	return (struct service_awaits){
		.count = most->awaits.count,
		.likely = most->awaits.likely,
		.certain = most->awaits.certain,
		.oldest_ns = most->awaits.oldest_ns,
		.addr = say_address(arena, most->name->peer_addr),
		.port = most->name->peer_port,
		.peer = say_peer(arena, most->name),
	};
}
