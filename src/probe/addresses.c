/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * For chains: which address is whose on this machine, as the process says that may ask (address_helper.h). A
 * namespace's answer is kept until it is asked again, or has gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apart/address_helper.h"
#include "base/array.h"
#include "probe/namespaces.h"

/* How long a look may go on asking; and the only one of a run. */
#define ASKING_NS      100000000ULL
#define ONCE_ASKING_NS 2000000000ULL

/* Beside what a run is about, a namespace is not asked again before this. */
#define RENEWAL_NS 5000000000ULL

struct known_addresses {
	__u32 netns;
	bool seen; /* at this look */
	__u64 asked_ns; /* CLOCK_MONOTONIC; 0: never */
	struct buffer records;
};

struct address_cache {
	struct known_addresses *items;
	size_t count, capacity;
	size_t next; /* of those that are asked in turn */
};

/* With --netns self there is no right to enter another. */
static bool is_open(const struct probe *probe, __u32 netns)
{
	return netns == probe->namespaces->own_inode ||
	       (!probe->namespaces->only_own && !selection_is_own(&probe->scope.selection));
}

static struct known_addresses *find_or_add(struct address_cache *cache, __u32 netns)
{
	struct known_addresses *items;
	size_t i;

	for (i = 0; i < cache->count; i++)
		if (cache->items[i].netns == netns)
			return &cache->items[i];
	items = array_grow(cache->items, cache->count, &cache->capacity, 16, sizeof(*items));
	if (!items)
		return NULL;
	cache->items = items;
	items += cache->count++;
	*items = (struct known_addresses){.netns = netns};
	return items;
}

static void forget_gone(struct address_cache *cache)
{
	size_t i, kept = 0;

	for (i = 0; i < cache->count; i++) {
		if (cache->items[i].seen)
			cache->items[kept++] = cache->items[i];
		else
			buffer_free(&cache->items[i].records);
	}
	cache->count = kept;
}

static int note_namespaces(struct probe *probe, struct address_cache *cache)
{
	const struct probe_namespaces *namespaces = probe->namespaces;
	struct known_addresses *known;
	size_t i;

	for (i = 0; i < cache->count; i++)
		cache->items[i].seen = false;
	for (i = 0; i < namespaces->count; i++) {
		if (!is_open(probe, namespaces->items[i].inode))
			continue;
		known = find_or_add(cache, namespaces->items[i].inode);
		if (!known)
			return -ENOMEM;
		known->seen = true;
	}
	forget_gone(cache);
	return 0;
}

/* One that has vanished, or cannot be entered, is as good as another machine. Without an answer what is known holds. */
static int ask_one(struct probe *probe, struct known_addresses *known)
{
	struct buffer records = {0};
	__u64 lost = 0;
	int fd = probe_namespace_open(probe, known->netns), err = 0;

	known->asked_ns = clock_ns(CLOCK_MONOTONIC);
	if (fd < 0)
		return 0;
	err = address_helper_ask(probe->addresses, fd, known->netns, &records, &lost);
	close(fd);
	if (err || (lost && !records.size)) {
		buffer_free(&records);
	} else {
		buffer_free(&known->records);
		known->records = records;
	}
	if (probe_is_about_chains(probe))
		probe->losses.count[LOST_OWNERS] += lost;
	return err;
}

static bool is_due(const struct probe *probe, const struct known_addresses *known, __u64 now)
{
	return !known->asked_ns || probe_is_about_chains(probe) || known->asked_ns + RENEWAL_NS <= now;
}

/* Those that are not known yet, then the others in turn. At least one is asked, whatever the time. */
static int ask_due(struct probe *probe, struct address_cache *cache)
{
	__u64 began = clock_ns(CLOCK_MONOTONIC), now = began;
	__u64 most_ns = probe->pace.once ? ONCE_ASKING_NS : ASKING_NS;
	size_t i;
	int err = 0;

	for (i = 0; i < cache->count && !err && now - began < most_ns; i++) {
		if (cache->items[i].asked_ns)
			continue;
		err = ask_one(probe, &cache->items[i]);
		now = clock_ns(CLOCK_MONOTONIC);
	}
	for (i = 0; i < cache->count && !err && now - began < most_ns; i++) {
		struct known_addresses *known = &cache->items[cache->next++ % cache->count];

		if (known->asked_ns >= began || !is_due(probe, known, began))
			continue;
		err = ask_one(probe, known);
		now = clock_ns(CLOCK_MONOTONIC);
	}
	return err;
}

int probe_addresses_add(struct probe *probe, struct buffer *buffer)
{
	struct address_cache *cache = probe->known_addresses;
	size_t i;
	int err;

	if (!probe->addresses)
		return 0;
	err = note_namespaces(probe, cache);
	if (!err)
		err = ask_due(probe, cache);
	for (i = 0; i < cache->count && !err; i++)
		err = buffer_append(buffer, cache->items[i].records.data, cache->items[i].records.size);
	return err;
}

struct address_cache *probe_addresses_new(void)
{
	return calloc(1, sizeof(struct address_cache));
}

void probe_addresses_free(struct address_cache *cache)
{
	size_t i;

	if (!cache)
		return;
	for (i = 0; i < cache->count; i++)
		buffer_free(&cache->items[i].records);
	free(cache->items);
	free(cache);
}
