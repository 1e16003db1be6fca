/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The other end of a connection: the socket whose addresses are the same the other way round, in whatever network
 * namespace; through address translation, the one that conntrack tells of, or the one that has the same place in both
 * streams of bytes.
 */
#include "reports/waits/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/owners.h"
#include "system/tcp_states.h"

struct place {
	const __u8 *local_addr, *peer_addr;
	__u16 local_port, peer_port;
};

struct ends_translation {
	struct place at, other; /* of the socket, and of its other end, each as it sees itself */
	const struct translation_record *record;
	bool client; /* the socket is the client's */
};

static struct place place_of(const struct socket_name *name)
{
	return (struct place){name->local_addr, name->peer_addr, name->local_port, name->peer_port};
}

static int compare_places(const struct place *a, const struct place *b)
{
	int order = memcmp(a->local_addr, b->local_addr, 16);

	if (!order)
		order = memcmp(a->peer_addr, b->peer_addr, 16);
	if (!order)
		order = COMPARE(a->local_port, b->local_port);
	return order ? order : COMPARE(a->peer_port, b->peer_port);
}

/* ---- Collecting ---- */

static int compare_ends(const void *left, const void *right)
{
	const struct end *a = left, *b = right;
	struct place at = place_of(&a->socket->name), bt = place_of(&b->socket->name);
	int order = compare_places(&at, &bt);

	if (!order)
		order = COMPARE(a->socket->name.inode, b->socket->name.inode);
	return order ? order : COMPARE(a->pid, b->pid);
}

static bool is_connection(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_TCP &&
	       (socket->name.state == STATE_ESTABLISHED || socket->name.state == STATE_CLOSE_WAIT ||
		socket->name.state == STATE_FIN_WAIT2);
}

static void add_held(struct ends *ends, const struct socket_record *socket)
{
	struct end end = {.socket = socket};

	if (!is_connection(socket))
		return;
	if (socket->flags & SOCKET_ACCEPTED) {
		const struct owner_record *owner = owners_main(ends->look, socket->name.cookie);

		if (!owner)
			return;
		end.pid = owner->pid;
		end.fd = owner->fd;
		end.comm = owner->comm;
	}
	ends->items[ends->count++] = end;
}

static int collect_ends(struct ends *ends)
{
	const struct look *look = ends->look;
	size_t i;

	ends->items =
		calloc(look->sockets.count + look->connections.count + look->threads.count + 1, sizeof(*ends->items));
	if (!ends->items)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++)
		add_held(ends, look->sockets.items[i]);
	for (i = 0; i < look->connections.count; i++)
		add_held(ends, look->connections.items[i]);
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];

		if (view->socket && is_connection(view->socket))
			ends->items[ends->count++] = (struct end){view->socket, view->thread->pid, view->thread->fd,
								  view->thread->process_comm};
	}
	qsort(ends->items, ends->count, sizeof(*ends->items), compare_ends);
	return 0;
}

static int compare_streams(const struct socket_record *a, __u32 sent, __u32 received)
{
	int order = COMPARE(a->snd_nxt, sent);

	return order ? order : COMPARE(a->rcv_nxt, received);
}

static int compare_by_streams(const void *left, const void *right)
{
	const struct end *a = *(const struct end *const *)left, *b = *(const struct end *const *)right;
	int order = compare_streams(a->socket, b->socket->snd_nxt, b->socket->rcv_nxt);

	return order ? order : COMPARE(a, b);
}

static int index_streams(struct ends *ends)
{
	size_t i;

	ends->by_streams = calloc(ends->count + 1, sizeof(*ends->by_streams));
	if (!ends->by_streams)
		return -ENOMEM;
	for (i = 0; i < ends->count; i++)
		if (ends->items[i].socket->flags & SOCKET_HAS_MORE)
			ends->by_streams[ends->streams_count++] = &ends->items[i];
	qsort(ends->by_streams, ends->streams_count, sizeof(*ends->by_streams), compare_by_streams);
	return 0;
}

static int compare_translations(const void *left, const void *right)
{
	const struct ends_translation *a = left, *b = right;
	int order = compare_places(&a->at, &b->at);

	return order ? order : COMPARE(a->record, b->record);
}

static int collect_translations(struct ends *ends)
{
	const struct look *look = ends->look;
	size_t i;

	ends->translations = calloc(2 * look->translations.count + 1, sizeof(*ends->translations));
	if (!ends->translations)
		return -ENOMEM;
	for (i = 0; i < look->translations.count; i++) {
		const struct translation_record *t = look->translations.items[i];
		struct place client = {t->client_addr, t->asked_addr, t->client_port, t->asked_port};
		struct place server = {t->server_addr, t->asker_addr, t->server_port, t->asker_port};

		ends->translations[ends->translation_count++] = (struct ends_translation){client, server, t, true};
		ends->translations[ends->translation_count++] = (struct ends_translation){server, client, t, false};
	}
	qsort(ends->translations, ends->translation_count, sizeof(*ends->translations), compare_translations);
	return 0;
}

int ends_collect(struct ends *ends, const struct look *look)
{
	int err;

	ends->look = look;
	err = collect_ends(ends);
	if (!err)
		err = index_streams(ends);
	if (!err)
		err = collect_translations(ends);
	return err;
}

void ends_free(struct ends *ends)
{
	free(ends->items);
	free(ends->by_streams);
	free(ends->translations);
	*ends = (struct ends){0};
}

/* ---- Finding ---- */

/* Whether both are ends of one connection, by the bytes that each has sent and received. */
static bool streams_fit(const struct socket_record *a, const struct socket_record *b)
{
	if (!(a->flags & b->flags & SOCKET_HAS_MORE))
		return true;
	/* Bytes in flight are sent, and not yet received. */
	return b->rcv_nxt - a->snd_una <= a->snd_nxt - a->snd_una && a->rcv_nxt - b->snd_una <= b->snd_nxt - b->snd_una;
}

static int compare_with_place(const struct end *end, const struct place *place)
{
	struct place there = place_of(&end->socket->name);

	return compare_places(&there, place);
}

static size_t first_at(const struct ends *ends, const struct place *place)
{
	return LOWER_BOUND(ends->count, at, compare_with_place(&ends->items[at], place) < 0);
}

/* The only end at this place; NULL: no end is there, or more than one. */
static const struct end *find_at(const struct ends *ends, const struct place *place, const struct socket_record *of)
{
	const struct end *found = NULL;
	size_t i;

	for (i = first_at(ends, place); i < ends->count; i++) {
		const struct end *end = &ends->items[i];

		if (compare_with_place(end, place))
			break;
		if (!streams_fit(of, end->socket) || end->socket == of)
			continue;
		if (found && found->socket->name.inode != end->socket->name.inode)
			return NULL;
		if (!found)
			found = end;
	}
	return found;
}

static size_t first_translation(const struct ends *ends, const struct place *place)
{
	return LOWER_BOUND(ends->translation_count, at, compare_places(&ends->translations[at].at, place) < 0);
}

static const struct end *find_translated(const struct ends *ends, const struct socket_record *socket)
{
	struct place place = place_of(&socket->name);
	const struct end *found = NULL;
	size_t i;

	for (i = first_translation(ends, &place); i < ends->translation_count && !found; i++) {
		if (compare_places(&ends->translations[i].at, &place))
			break;
		found = find_at(ends, &ends->translations[i].other, socket);
	}
	return found;
}

const struct translation_record *ends_translation_of_client(const struct ends *ends, const struct socket_name *name,
							    size_t *at)
{
	struct place place = place_of(name);

	if (!*at)
		*at = first_translation(ends, &place);
	while (*at < ends->translation_count && !compare_places(&ends->translations[*at].at, &place)) {
		const struct ends_translation *translation = &ends->translations[(*at)++];

		if (translation->client)
			return translation->record;
	}
	*at = ends->translation_count + 1;
	return NULL;
}

/* Where conntrack does not know of it: 64 bits that are the same by chance are not. */
static const struct end *find_by_streams(const struct ends *ends, const struct socket_record *socket)
{
	const struct end *found = NULL;
	size_t i;

	if (!(socket->flags & SOCKET_HAS_MORE))
		return NULL;
	i = LOWER_BOUND(ends->streams_count, at,
			compare_streams(ends->by_streams[at]->socket, socket->rcv_nxt, socket->snd_nxt) < 0);
	for (; i < ends->streams_count; i++) {
		const struct end *end = ends->by_streams[i];

		if (compare_streams(end->socket, socket->rcv_nxt, socket->snd_nxt))
			break;
		if (found && found->socket->name.inode != end->socket->name.inode)
			return NULL;
		found = found ? found : end;
	}
	return found;
}

const struct end *ends_other(const struct ends *ends, const struct socket_record *socket)
{
	const struct socket_name *name = &socket->name;
	struct place mirrored = {name->peer_addr, name->local_addr, name->peer_port, name->local_port};
	const struct end *found = find_at(ends, &mirrored, socket);

	if (!found)
		found = find_translated(ends, socket);
	return found ? found : find_by_streams(ends, socket);
}
