/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/far_ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/places.h"
#include "system/address.h"

static int compare(const struct socket_name *a, const struct socket_name *b)
{
	int order = COMPARE(a->local_port, b->local_port);

	if (!order)
		order = COMPARE(a->peer_port, b->peer_port);
	if (!order)
		order = memcmp(a->local_addr, b->local_addr, sizeof(a->local_addr));
	return order ? order : memcmp(a->peer_addr, b->peer_addr, sizeof(a->peer_addr));
}

static int compare_items(const void *left, const void *right)
{
	const struct socket_record *const *a = left, *const *b = right;

	return compare(&(*a)->name, &(*b)->name);
}

static void add(struct far_ends *ends, const struct socket_record *socket)
{
	if (socket->name.kind == SOCKET_KIND_TCP)
		ends->items[ends->count++] = socket;
}

int far_ends_collect(struct far_ends *ends, const struct look *look)
{
	size_t i;

	ends->count = 0;
	ends->items =
		calloc(look->sockets.count + look->connections.count + look->held.count + 1, sizeof(*ends->items));
	if (!ends->items)
		return -ENOMEM;
	for (i = 0; i < look->sockets.count; i++)
		add(ends, look->sockets.items[i]);
	for (i = 0; i < look->connections.count; i++)
		add(ends, look->connections.items[i]);
	for (i = 0; i < look->held.count; i++)
		add(ends, look->held.items[i].socket);
	qsort(ends->items, ends->count, sizeof(*ends->items), compare_items);
	return 0;
}

void far_ends_free(struct far_ends *ends)
{
	free(ends->items);
	*ends = (struct far_ends){0};
}

static struct socket_name turned(const struct socket_name *name)
{
	struct socket_name other = {.local_port = name->peer_port, .peer_port = name->local_port};

	memcpy(other.local_addr, name->peer_addr, sizeof(other.local_addr));
	memcpy(other.peer_addr, name->local_addr, sizeof(other.peer_addr));
	return other;
}

const struct socket_record *const *far_ends_find(const struct far_ends *ends, const struct socket_name *name,
						 size_t *count)
{
	const struct socket_name other = turned(name);
	size_t first = LOWER_BOUND(ends->count, at, compare(&ends->items[at]->name, &other) < 0);

	for (*count = 0; first + *count < ends->count; ++*count)
		if (compare(&ends->items[first + *count]->name, &other))
			break;
	return (const struct socket_record *const *)ends->items + first;
}

bool far_ends_may_reach(const struct look *look, const struct socket_name *name, __u32 netns)
{
	__u32 there = address_peer_is_here(name) ? name->netns : places_netns_of(look, name->netns, name->peer_addr);

	return !there || there == netns;
}
