/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A look with chains has all processes, and knows which network namespace has which address. A namespace gets the name
 * of a pod or a container if all of its processes are of that one. So pods that use the machine's own network do not
 * give their name to its addresses: there are other processes. If some may be missing, or only containers are seen,
 * nothing gets a name.
 */
#include "reports/peer_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/places.h"

struct place {
	__u32 netns;
	const char *name; /* NULL: several, or none */
};

struct places {
	struct place *items; /* sorted by netns */
	size_t count;
	bool complete; /* as far as one can see */
};

static const struct place *find(const struct places *places, __u32 netns)
{
	size_t i = LOWER_BOUND(places->count, at, places->items[at].netns < netns);

	return i < places->count && places->items[i].netns == netns ? &places->items[i] : NULL;
}

static int compare_places(const void *left, const void *right)
{
	return COMPARE(((const struct place *)left)->netns, ((const struct place *)right)->netns);
}

static const char *name_of(const struct look *look, __u32 pid)
{
	return look_process_name(look, pid, PROCESS_POD) ?: look_process_name(look, pid, PROCESS_CONTAINER);
}

/* Makes one of those that share a namespace. */
static void merge(struct places *places)
{
	size_t i, kept = 0;

	if (places->count)
		qsort(places->items, places->count, sizeof(*places->items), compare_places);
	for (i = 0; i < places->count; i++) {
		struct place *last = kept ? &places->items[kept - 1] : NULL, *place = &places->items[i];

		if (!last || last->netns != place->netns)
			places->items[kept++] = *place;
		else if (!place->name || (last->name && strcmp(last->name, place->name) != 0))
			last->name = NULL;
	}
	places->count = kept;
}

/* One for each namespace that has threads. */
static int find_places(struct places *places, const struct look *look)
{
	size_t i;

	*places = (struct places){.items = calloc(look->threads.count + 1, sizeof(*places->items))};
	if (!places->items)
		return -ENOMEM;
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_record *thread = look->threads.items[i].thread;
		const char *name;

		if (!thread->netns || (i && look->threads.items[i - 1].thread->pid == thread->pid))
			continue;
		name = name_of(look, thread->pid);
		places->complete |= !name;
		places->items[places->count++] = (struct place){thread->netns, name};
	}
	merge(places);
	for (i = 0; i < look->lost.count; i++)
		places->complete &= look->lost.items[i]->where != LOST_THREADS;
	return 0;
}

static const char *name_here(const struct places *places, const struct look *look, const struct row *row)
{
	__u32 from = row->netns > 0 ? (__u32)row->netns : 0, netns;
	const struct place *place;

	if (!places->complete || places_is_loopback(row->peer.s6_addr))
		return NULL;
	netns = places_netns_of(look, from, row->peer.s6_addr);
	place = netns ? find(places, netns) : NULL;
	return place ? place->name : NULL;
}

static void name_peer(struct row *row, struct report *report, const struct places *places, const struct look *look,
		      const struct hosts *hosts)
{
	const char *name;

	if (!row->has_peer || !row->peer_addr)
		return;
	name = name_here(places, look, row) ?: hosts_name(hosts, &row->peer);
	if (name)
		row->peer_name = arena_printf(&report->arena, "%s", name);
}

int peer_names_fill(struct report *report, size_t first, const struct look *look, const struct hosts *hosts)
{
	struct places places = {0};
	size_t i;
	int err = look->addresses.count && report->count > first ? find_places(&places, look) : 0;

	for (i = first; i < report->count && !err; i++)
		if (report->rows[i].host_at == look->host_at)
			name_peer(&report->rows[i], report, &places, look, hosts);
	free(places.items);
	return err;
}
