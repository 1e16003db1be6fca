/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/queue_dates.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "look/records.h"
#include "socket_record.h"
#include "system/tcp_states.h"

/* A namespace that costs much is not looked at each time. */
#define KEPT_NS (30 * NS_PER_S)

/*
 * Known by its listener and its client's socket; once that is closed, by its own cookie, if it has one by then. A UDP
 * socket by its inode.
 */
struct queue_date {
	__u64 listener_cookie, peer_inode, cookie;
	__u64 since_ns, seen_ns;
};

static int compare(const void *left, const void *right)
{
	const struct queue_date *a = left, *b = right;
	int order = COMPARE(a->listener_cookie, b->listener_cookie);

	if (!order)
		order = COMPARE(a->peer_inode, b->peer_inode);
	return order ? order : COMPARE(a->cookie, b->cookie);
}

static bool is_queued(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_UNIX && socket->name.state == STATE_ESTABLISHED &&
	       socket->listener_cookie && !(socket->flags & SOCKET_ACCEPTED);
}

static bool is_dns(const struct socket_record *socket)
{
	return socket->name.kind == SOCKET_KIND_UDP && socket->name.peer_port;
}

/* The next such connection in the buffer, or NULL. */
static struct socket_record *next_queued(const struct buffer *buffer, size_t *offset)
{
	struct record_header *header;

	while ((header = record_next(buffer, offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type == RECORD_SOCKET && (is_queued(socket) || is_dns(socket)))
			return socket;
	}
	return NULL;
}

static size_t count_queued(const struct buffer *buffer)
{
	size_t offset = 0, count = 0;

	while (next_queued(buffer, &offset))
		count++;
	return count;
}

static struct queue_date *find(const struct queue_dates *dates, const struct queue_date *key)
{
	return dates->count ? bsearch(key, dates->items, dates->count, sizeof(*key), compare) : NULL;
}

static __u64 name_of(const struct socket_record *socket)
{
	if (is_dns(socket))
		return socket->name.inode;
	return socket->peer_inode ? 0 : socket->name.cookie;
}

static struct queue_date date(const struct queue_dates *before, struct socket_record *socket)
{
	struct queue_date now = {
		.listener_cookie = socket->listener_cookie,
		.peer_inode = socket->peer_inode,
		.cookie = name_of(socket),
		.since_ns = socket->seen_ns,
		.seen_ns = socket->seen_ns,
	};
	struct queue_date *known = find(before, &now);

	if (known) {
		now.since_ns = known->since_ns;
		known->seen_ns = 0; /* it has a new date */
	}
	socket->entered_ns = now.since_ns;
	socket->flags |= SOCKET_FIRST_SEEN;
	return now;
}

static void keep_unseen(struct queue_dates *now, const struct queue_dates *before, __u64 now_ns)
{
	size_t i;

	for (i = 0; i < before->count; i++)
		if (before->items[i].seen_ns && before->items[i].seen_ns + KEPT_NS > now_ns)
			now->items[now->count++] = before->items[i];
}

int queue_dates_write(struct queue_dates *dates, struct buffer *buffer, __u64 now_ns)
{
	size_t offset = 0, most = count_queued(buffer) + dates->count;
	struct queue_dates now = {.items = NULL};
	struct socket_record *socket;

	if (!most)
		return 0;
	now.items = calloc(most, sizeof(*now.items));
	if (!now.items)
		return -ENOMEM;
	while ((socket = next_queued(buffer, &offset)))
		now.items[now.count++] = date(dates, socket);
	keep_unseen(&now, dates, now_ns);
	qsort(now.items, now.count, sizeof(*now.items), compare);
	free(dates->items);
	*dates = now;
	return 0;
}

void queue_dates_free(struct queue_dates *dates)
{
	free(dates->items);
	*dates = (struct queue_dates){0};
}
