/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Limits of one address space, and of all of a look. */
#define MAPS_MAX      (16u << 20)
#define LOOK_MAPS_MAX (64u << 20)
#define REGIONS_MAX   65536

/* After this many lines the parser checks whether it should end. */
#define LINES_AT_ONCE 4096

static int add_region(struct process_maps *maps, size_t *capacity, const char *line, size_t length)
{
	size_t wanted = *capacity ? *capacity * 2 : 256;
	struct memory_region *regions;

	if (maps->count == *capacity) {
		regions = reallocarray(maps->regions, wanted, sizeof(*regions));
		if (!regions)
			return -ENOMEM;
		maps->regions = regions;
		*capacity = wanted;
	}
	maps->count += memory_map_parse(&maps->regions[maps->count], line, length);
	return 0;
}

/* A last line without an end was cut. */
static int parse(struct process_maps *maps)
{
	const char *at = maps->text.data, *end = at + maps->text.size, *stop;
	size_t capacity = 0, lines = 0;
	int err = 0;

	for (; !err && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop || maps->count == REGIONS_MAX) {
			maps->cut = 1;
			break;
		}
		err = add_region(maps, &capacity, at, (size_t)(stop - at));
		if (!err && !(++lines % LINES_AT_ONCE) && probe_is_asked_to_end())
			err = -ECANCELED;
	}
	return err;
}

static struct process_maps *find(const struct maps_cache *cache, __u32 pid)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		if (cache->items[i].pid == pid)
			return &cache->items[i];
	return NULL;
}

static struct process_maps *add(struct maps_cache *cache, __u32 pid, __u64 process_start_ns)
{
	struct process_maps *items;

	if (!(cache->count & (cache->count - 1))) {
		items = reallocarray(cache->items, cache->count ? cache->count * 2 : 1, sizeof(*items));
		if (!items)
			return NULL;
		cache->items = items;
	}
	items = &cache->items[cache->count++];
	*items = (struct process_maps){.pid = pid, .process_start_ns = process_start_ns};
	return items;
}

static int read_maps(struct probe *probe, struct process_maps *maps, __u32 tid)
{
	struct foreign_question question = {
		.request = {.kind = FOREIGN_MAPS, .pid = maps->pid, .tid = tid, .size = MAPS_MAX},
		.process_start_ns = maps->process_start_ns,
	};
	int err;

	if (probe->maps->bytes >= LOOK_MAPS_MAX) {
		maps->cut = 1;
		return 0;
	}
	err = foreign_ask_one(probe->foreign, &question, &maps->text);
	probe->maps->bytes += maps->text.size;
	maps->text.size = question.err == -ETIMEDOUT ? 0 : maps->text.size;
	return err;
}

int probe_maps_get(struct probe *probe, __u32 pid, __u32 tid, __u64 process_start_ns, const struct process_maps **found)
{
	struct process_maps *maps = find(probe->maps, pid);
	int err;

	*found = maps;
	if (maps && maps->count)
		return 0;
	if (!maps)
		maps = add(probe->maps, pid, process_start_ns);
	if (!maps)
		return -ENOMEM;
	*found = maps;
	err = read_maps(probe, maps, tid);
	return err ? err : parse(maps);
}

void probe_maps_forget(struct maps_cache *cache)
{
	size_t i;

	for (i = 0; i < cache->count; i++) {
		buffer_free(&cache->items[i].text);
		free(cache->items[i].regions);
	}
	free(cache->items);
	*cache = (struct maps_cache){0};
}

struct maps_cache *probe_maps_new(void)
{
	return calloc(1, sizeof(struct maps_cache));
}

void probe_maps_free(struct maps_cache *cache)
{
	if (!cache)
		return;
	probe_maps_forget(cache);
	free(cache);
}
