/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/waits/chain_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"

/* qsort() has no room for them; reports run one at a time. */
static const struct waits *sorted_waits;
static const struct chain_path *sorted_paths;

/* By its last wait, where nobody here is waited for: connections of one process to one server are one end. */
static int compare_remote(const struct wait *a, const struct wait *b)
{
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->leads_away, b->leads_away);
	if (!order)
		order = COMPARE(a->socket->name.peer_port, b->socket->name.peer_port);
	if (!order)
		order = memcmp(a->socket->name.peer_addr, b->socket->name.peer_addr, 16);
	return order || a->socket->name.kind == SOCKET_KIND_TCP ? order : COMPARE(a, b);
}

static int compare_ends(const struct waits *waits, const struct chain_path *a, const struct chain_path *b)
{
	const struct wait *last_a = &waits->items[a->last], *last_b = &waits->items[b->last];
	int order = COMPARE(a->cycle, b->cycle);

	if (!order && a->cycle)
		return COMPARE(a->last, b->last);
	if (!order)
		order = COMPARE(last_a->peer_pid, last_b->peer_pid);
	return order || last_a->peer_pid ? order : compare_remote(last_a, last_b);
}

static bool leads_to_dead(const struct chain_path *path)
{
	return sorted_waits->items[path->last].verdict->is & PEER_IS_DEAD;
}

/*
 * The path that is shown begins with a wait to which something is due. Of several connections to one server those that
 * are dead say most.
 */
static int compare_paths(const void *left, const void *right)
{
	size_t i = *(const size_t *)left, j = *(const size_t *)right;
	const struct chain_path *a = &sorted_paths[i], *b = &sorted_paths[j];
	int order = compare_ends(sorted_waits, a, b);

	if (!order)
		order = COMPARE(leads_to_dead(b), leads_to_dead(a));
	if (!order)
		order = COMPARE(b->due, a->due);
	if (!order)
		order = COMPARE(b->depth, a->depth);
	if (!order)
		order = COMPARE(a->oldest_ns, b->oldest_ns);
	return order ? order : COMPARE(i, j);
}

bool chain_same_end(const struct waits *waits, const struct chain_path *a, const struct chain_path *b)
{
	return !compare_ends(waits, a, b);
}

size_t *chain_order(const struct waits *waits, const struct chain_path *paths)
{
	size_t *order = calloc(waits->count + 1, sizeof(*order));

	for (size_t i = 0; i < waits->count && order; i++)
		order[i] = i;
	sorted_waits = waits;
	sorted_paths = paths;
	if (waits->count && order)
		qsort(order, waits->count, sizeof(*order), compare_paths);
	return order;
}
